"""What is said where there is no compiler."""

from __future__ import annotations

import shutil

import pytest
import torch

from gan_core.training.backends.compiler import missing_compiler


def test_a_missing_compiler_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setenv("CXX", "cc-that-is-not-there")
    assert "no C++ compiler" in missing_compiler(torch.device("cpu"))
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/x" if name == "clang++" else None)
    assert missing_compiler(torch.device("cpu")) == ""
    assert "mps" in missing_compiler(torch.device("mps"))

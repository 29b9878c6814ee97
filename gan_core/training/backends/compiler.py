"""Whether anything can be compiled on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil

import torch


def find_compiler() -> str | None:
    """Where the C++ compiler is."""
    names = (os.environ.get("CXX", ""), "g++", "clang++", "c++")
    return next((path for name in names if name and (path := shutil.which(name))), None)


def missing_compiler(device: torch.device) -> str:
    """Why the networks cannot be compiled for this device, in one sentence; "" where they can."""
    if device.type == "cpu":
        if find_compiler() is None:
            return "There is no C++ compiler on this machine (g++ or clang++), so the networks run uncompiled."
        return ""
    if device.type == "cuda":
        return "" if importlib.util.find_spec("triton") else "Triton is not installed; the networks run uncompiled."
    return f"Networks are not compiled on {device.type}; they run as they are."

"""Whether torch.compile can do anything on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil

import torch


def missing_compiler(device: torch.device) -> str:
    """Why the networks cannot be compiled for this device, in one sentence; "" where they can."""
    if device.type == "cpu":
        names = (os.environ.get("CXX", ""), "g++", "clang++", "c++")
        if not any(name and shutil.which(name) for name in names):
            return "There is no C++ compiler on this machine (g++ or clang++), so the networks run uncompiled."
        return ""
    if device.type == "cuda":
        return "" if importlib.util.find_spec("triton") else "Triton is not installed; the networks run uncompiled."
    return f"Networks are not compiled on {device.type}; they run as they are."

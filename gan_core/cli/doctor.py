"""`doctor`: what this machine offers, and what may be wrong with it, in words."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from gan_core.config.codec import ConfigError
from gan_core.runs.storage.shared.lock import WITHOUT_LOCKS, RunLock, WithoutLocks
from gan_core.training import bfloat16_is_native, resolve_device

PACKAGES = ("torch", "torchvision", "streamlit", "numpy", "plotly", "pillow", "safetensors")
LITTLE_DISK_BYTES = 2_000_000_000
CLOCKS_APART_SECONDS = 5.0
COMPILERS = ("c++", "g++", "clang++", "cl")


def doctor(arguments: argparse.Namespace) -> int:
    """Print the findings; the status is 0 also where there are warnings."""
    found = examine(arguments.runs_dir, arguments.data_dir, arguments.device, arguments.threads)
    if arguments.json:
        print(json.dumps(found))
        return 0
    for key, value in found.items():
        if key not in ("versions", "warnings"):
            print(f"{key.replace('_', ' ')}: {_words(key, value)}")
    print("versions: " + ", ".join(f"{name} {version}" for name, version in found["versions"].items()))
    for warning in found["warnings"]:
        print(f"warning: {warning}")
    if not found["warnings"]:
        print("Nothing is wrong.")
    return 0


def examine(runs_dir: Path, data_dir: Path, device: str, threads: int | None) -> dict[str, Any]:
    """Everything that was found, JSON-ready; `warnings` is a list of sentences."""
    warnings: list[str] = []
    try:
        chosen = resolve_device(device)
    except ConfigError as error:
        warnings.append(str(error))
        chosen = torch.device("cpu")
    return {
        "device": chosen.type,
        "device_name": _device_name(chosen),
        "cores": os.cpu_count() or 1,
        "threads": threads or torch.get_num_threads(),
        "bfloat16": bfloat16_is_native(chosen),
        "memory_bytes": _memory_bytes(),
        "runs_dir": str(runs_dir.absolute()),
        "runs_dir_writable": _writable(runs_dir, "runs", warnings),
        "runs_dir_clock_seconds": _clock_ahead(runs_dir, warnings),
        "data_dir": str(data_dir.absolute()),
        "data_dir_writable": _writable(data_dir, "data", warnings),
        "disk_free_bytes": _disk_free(runs_dir, warnings),
        "compiler": _compiler(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.platform(),
        "versions": _versions(warnings),
        "warnings": warnings,
    }


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} ({torch.backends.cpu.get_cpu_capability()})"


def _memory_bytes() -> int | None:
    """The machine's memory; None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def nearest_folder(path: Path) -> Path:
    """`path`, or the nearest folder above it that exists."""
    path = path.absolute()
    return next((p for p in (path, *path.parents) if p.exists()), path)


def _writable(folder: Path, noun: str, warnings: list[str]) -> bool:
    """Whether files can be made in the folder, tried in the nearest one that exists; nothing is left behind."""
    try:
        with tempfile.TemporaryFile(dir=nearest_folder(folder)):
            return True
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        warnings.append(f"The {noun} folder {folder} cannot be written ({reason}); name another with --{noun}-dir.")
        return False


def _clock_ahead(folder: Path, warnings: list[str]) -> float | None:
    """By how many seconds the clock of what keeps the folder is ahead of this machine's; None where none can be told.

    That it has locks is seen to by the way.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=nearest_folder(folder), prefix=".doctor-") as file:
            now = time.time()
            ahead = os.fstat(file.fileno()).st_mtime - now
            lock = RunLock(Path(file.name), "doctor")
            lock.acquire()
            lock.release()
    except WithoutLocks:
        warnings.append(WITHOUT_LOCKS.format(folder))
        return None
    except OSError:  # it cannot be written, which is said already
        return None
    if abs(ahead) > CLOCKS_APART_SECONDS:
        way = "ahead of" if ahead > 0 else "behind"
        warnings.append(
            f"The clock of what keeps {folder} is {abs(ahead):,.0f} s {way} this machine's; set both by a time "
            "server, or the times of runs are not to be compared."
        )
    return round(ahead, 1)


def _disk_free(folder: Path, warnings: list[str]) -> int:
    free = shutil.disk_usage(nearest_folder(folder)).free
    if free < LITTLE_DISK_BYTES:
        warnings.append(f"Only {_size(free)} are free where runs are kept; a long run needs up to 2 GB.")
    return free


def _compiler() -> str | None:
    """A C++ compiler, which torch.compile needs; everything works without one."""
    return next((path for path in map(shutil.which, COMPILERS) if path), None)


def _versions(warnings: list[str]) -> dict[str, str]:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            warnings.append(f"{name} is not installed; pip install -r requirements.txt brings it.")
    return versions


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


def _words(key: str, value: Any) -> str:
    if value is None:
        return "none" if key == "compiler" else "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _size(value) if key.endswith("_bytes") else str(value)

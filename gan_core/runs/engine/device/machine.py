"""What was measured of this machine once, kept so that the same seed gives the same run however busy it is."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from gan_core.config.files import write_atomically

log = logging.getLogger(__name__)

PRECISIONS = ("float32", "bfloat16")


@functools.lru_cache(maxsize=4)
def device_label(device: str) -> str:
    """What tells one machine's device from another's: its model and torch's version."""
    model = device
    if device == "cuda":
        model = torch.cuda.get_device_name()
    elif device == "cpu":
        try:
            lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            kept = ("model name", "model\t", "cpu family", "stepping")
            model = "; ".join(dict.fromkeys(line.split(":")[1].strip() for line in lines if line.startswith(kept)))
        except (OSError, IndexError):
            pass
    return f"{device}: {model}; torch {torch.__version__}"


def remembered_precision(notes: Path, device: str, measure: Callable[[str], str]) -> str:
    """The precision measured best for this device, from `notes` (a small JSON file) or measured now and kept there.

    A file that cannot be read or written only means that it is measured again.
    """
    key = device_label(device)
    known = _read(notes)
    found = known.get(key)
    if found in PRECISIONS:
        return str(found)
    best = measure(device)
    try:
        write_atomically(notes, json.dumps(known | {key: best}, indent=1).encode())
    except OSError as error:
        log.warning("what was measured of this machine could not be kept: %s", error)
    return best


def _read(notes: Path) -> dict[str, Any]:
    try:
        known = json.loads(notes.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}

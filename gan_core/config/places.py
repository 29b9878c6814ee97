"""Where runs and data live and which device is meant, unless a command says otherwise: environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from gan_core.config.codec import ConfigError

DEVICES = ("auto", "cpu", "cuda", "mps")


def runs_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """`GANSCOPE_RUNS`, or `runs` in the working folder."""
    return place(environment.get("GANSCOPE_RUNS") or "runs")


def data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """`GANSCOPE_DATA`, or `data` in the working folder: fetched sets and people's own images."""
    return place(environment.get("GANSCOPE_DATA") or "data")


def place(text: str) -> Path:
    """A folder or file as people write it; "~" is their home, also where no shell has seen it. Raises ConfigError."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ConfigError(f'There is no home folder for "{text}"; write the whole path.') from None


def device_name(environment: Mapping[str, str] = os.environ) -> str:
    """`GANSCOPE_DEVICE`, or "auto": the best that is there."""
    return known_device(environment.get("GANSCOPE_DEVICE") or "auto", said_by="GANSCOPE_DEVICE")


def known_device(name: str, *, said_by: str = "device") -> str:
    """`name`, if it is one of DEVICES; ConfigError otherwise, which names what said it."""
    if name not in DEVICES:
        raise ConfigError(f'{said_by} is "{name}"; it must be one of {", ".join(DEVICES)}.')
    return name

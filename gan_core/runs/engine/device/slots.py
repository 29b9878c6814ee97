"""The devices that one server trains on: each GPU, or shares of the processor's threads, is a slot of the queue."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from gan_core.config.codec import ConfigError
from gan_core.config.places import DEVICES, device_name
from gan_core.training import resolve_device

VARIABLE = "GANSCOPE_DEVICES"
MOST_SLOTS = 64
_EXAMPLES = 'such as "cuda:0,cuda:1", or "cpu:2" for two runs at once on the processor'
_ONE = re.compile(r"(auto|cpu|cuda|mps)(?::(\d{1,4}))?")


@dataclass(frozen=True)
class Slot:
    """One run's place to train. name: "" where it is the only one."""

    device: torch.device
    name: str = ""


def cores() -> int:
    """Of the processor, that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def devices_text(environment: Mapping[str, str] = os.environ) -> str:
    """GANSCOPE_DEVICES, or GANSCOPE_DEVICE where that is not set. Raises ConfigError for an unknown one."""
    text = environment.get(VARIABLE, "").strip()
    if not text:
        return device_name(environment)
    if text not in DEVICES:
        for part in text.split(","):
            _read(text, part.strip())
    return text


def slots_of(text: str) -> tuple[Slot, ...]:
    """ "cuda:0,cuda:1", "cuda" for the best GPU, "cpu:2" for two shares of the processor, or one of `places.DEVICES`.

    All are of one kind: a run's random states mean nothing on another. Raises ConfigError in one sentence.
    """
    if "," not in text and ":" not in text:
        return (Slot(resolve_device(text)),)
    parts = [part.strip() for part in text.split(",")]
    asked = [_read(text, part) for part in parts]
    kinds = {kind for kind, _ in asked}
    if len(kinds) > 1:
        raise ConfigError(f'{VARIABLE} is "{text[:80]}"; all of its devices must be of one kind.')
    if len(set(asked)) < len(asked) or (len(asked) > 1 and kinds != {"cuda"}):
        what = (
            "name each GPU once" if kinds == {"cuda"} else f'write "{asked[0][0]}:{len(asked)}" for {len(asked)} runs'
        )
        raise ConfigError(f'{VARIABLE} is "{text[:80]}"; {what}.')
    kind = kinds.pop()
    if kind == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            f'{VARIABLE} is "{text[:80]}", but PyTorch finds no GPU here; "cpu:2" would train two runs at once on '
            "the processor."
        )
    return _processor(text, asked[0][1]) if kind == "cpu" else _gpus(text, [number for _, number in asked])


def _read(text: str, part: str) -> tuple[str, int]:
    found = _ONE.fullmatch(part)
    if found is None or found[1] in ("auto", "mps"):
        raise ConfigError(f'{VARIABLE} is "{text[:80]}"; it must list devices, {_EXAMPLES}.')
    return found[1], int(found[2] or (found[1] == "cpu"))


def _processor(text: str, count: int) -> tuple[Slot, ...]:
    if not 1 <= count <= MOST_SLOTS:
        raise ConfigError(
            f'{VARIABLE} is "{text[:80]}"; the number behind "cpu:" says how many runs train at once, '
            f"from 1 to {MOST_SLOTS}."
        )
    names = [f"share {at + 1} of {count} of the processor" for at in range(count)] if count > 1 else [""]
    return tuple(Slot(torch.device("cpu"), name) for name in names)


def _gpus(text: str, numbers: Sequence[int]) -> tuple[Slot, ...]:
    there = torch.cuda.device_count()
    for number in numbers:
        if number >= there:
            has = f"has cuda:0 to cuda:{there - 1}" if there > 1 else "has cuda:0 alone"
            raise ConfigError(f'{VARIABLE} is "{text[:80]}"; there is no cuda:{number}, this machine {has}.')
    named = len(numbers) > 1
    return tuple(Slot(torch.device("cuda", n), f"cuda:{n}" if named else "") for n in numbers)

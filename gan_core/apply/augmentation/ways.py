"""The ways to make a training set: which images of which kind it has, and how they are changed on the way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

NAMES = ("real", "synthetic", "both", "classic", "all")
MOST_RATIO, MOST_RATIOS = 10.0, 4
_RATIO = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?")


@dataclass(frozen=True)
class Way:
    """name: in JSON. base: one of NAMES. ratio: synthetic images for each real one, 0: none."""

    name: str
    base: str
    label: str
    ratio: float = 0.0
    filtered: bool = False

    @property
    def real(self) -> bool:
        return self.base != "synthetic"

    @property
    def classic(self) -> bool:
        return self.base in ("classic", "all")


_LABELS = {
    "real": "Real images", "synthetic": "Synthetic images alone", "both": "Real and synthetic",
    "classic": "Real, classic augmentation", "all": "Real and synthetic, classic augmentation",
}  # fmt: skip


def read_names(text: str) -> tuple[str, ...]:
    """The ways named in "real,both", in the order of NAMES; real, with which all are compared, is always one.

    Raises ValueError in one sentence.
    """
    asked = {word.strip() for word in text.split(",") if word.strip()}
    if unknown := sorted(asked - set(NAMES)):
        raise ValueError(f'There is no way called "{unknown[0][:40]}"; the ways are {", ".join(NAMES)}.')
    return tuple(name for name in NAMES if name in asked | {"real"})


def read_ratios(text: str) -> tuple[float, ...]:
    """Synthetic images for each real one, "1,2" -> (1.0, 2.0), without doubles. Raises ValueError in one sentence."""
    ratios: list[float] = []
    for word in text.split(","):
        if not _RATIO.fullmatch(word.strip()) or not 0 < float(word) <= MOST_RATIO:
            raise ValueError(
                f'The ratio "{word.strip()[:40]}" is none; ratios are above 0 and up to {MOST_RATIO:g}, as in 1,2.'
            )
        if float(word) not in ratios:
            ratios.append(float(word))
    if len(ratios) > MOST_RATIOS:
        raise ValueError(f"{len(ratios)} ratios were asked for; at most {MOST_RATIOS} are tried.")
    return tuple(ratios)


def plan(names: Sequence[str], ratios: Sequence[float], *, filtering: bool) -> list[Way]:
    """Every way that is tried, `real` first. With filtering, each with synthetic images comes without and with it.

    Synthetic images alone are as many as the real ones, as in Ravuri and Vinyals 2019, arXiv:1905.10887.
    """
    ways: list[Way] = []
    for name in names:
        mixed = name in ("both", "all")
        for ratio in ratios if mixed else (1.0,) if name == "synthetic" else (0.0,):
            several = mixed and len(ratios) > 1
            called = f"{name}:{ratio:g}" if several else name
            label = _LABELS[name] + (f", {ratio:g} to 1" if several else "")
            ways.append(Way(called, name, label, ratio))
            if filtering and ratio:
                ways.append(Way(f"{called}+filter", name, f"{label}, filtered", ratio, filtered=True))
    return ways

"""How strong an edit is over time: keyframes "SECONDS:STRENGTH", between them at rest at both ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from gan_core.latent.walks import EASINGS

MOST_KEYS = 100
_KEY = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,6})?):([0-9]{1,2}(?:\.[0-9]{1,6})?)")


@dataclass(frozen=True)
class Strength:
    """times in seconds, increasing; strengths from 0 (as it began) to 1 (the whole edit)."""

    times: tuple[float, ...]
    strengths: tuple[float, ...]
    easing: str = "ease-in-out"

    def at(self, seconds: float) -> float:
        """Before the first key and after the last it is theirs."""
        i = int(np.searchsorted(self.times, seconds, side="right")) - 1
        if i < 0 or i >= len(self.times) - 1:
            return self.strengths[max(0, i)]
        share = EASINGS[self.easing]((seconds - self.times[i]) / (self.times[i + 1] - self.times[i]))
        return self.strengths[i] + share * (self.strengths[i + 1] - self.strengths[i])


def read_strength(text: str, easing: str = "ease-in-out") -> Strength:
    """Keys with spaces or commas between, as "0:0 2:1 3.5:1 5:0". Raises ValueError, one sentence."""
    times, strengths = list[float](), list[float]()
    for part in text.replace(",", " ").split():
        match = _KEY.fullmatch(part)
        if match is None:
            raise ValueError(f'"{part[:40]}" is no keyframe; it must be SECONDS:STRENGTH, as 2:1.')
        time, strength = float(match[1]), float(match[2])
        if strength > 1:
            raise ValueError(f"The strength at {time:g} s is {strength:g}; it must be from 0 to 1, the whole edit.")
        if times and time <= times[-1]:
            raise ValueError(f"The keyframe at {time:g} s comes after {times[-1]:g} s; give them in order of time.")
        times.append(time)
        strengths.append(strength)
    if not 1 <= len(times) <= MOST_KEYS:
        raise ValueError(f"There are {len(times)} keyframes; there must be 1 to {MOST_KEYS}, as 0:0 2:1.")
    return Strength(tuple(times), tuple(strengths), easing)

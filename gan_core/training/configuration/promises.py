"""What a preset or a scene promises of its samples, as data: `python -m benchmarks.promises` holds them to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

MEASURES = {
    "modes": "modes with a sample within three standard deviations",
    "good share": "share of the samples within three standard deviations of a mode",
    "fid": "Fréchet distance of 500 samples, in the features that the run itself is measured by",
    "modes of the scene": "modes with 1% of 500 samples near them",
    "frechet of pixels": "Fréchet distance of 24 random projections of the pixels",
    "nearness to training": "distance to training images, over that of held-out ones",
    "energy at 2 pixels": "energy at a period of two pixels, over that of real images",
    "swing": "swing of the cloud's centre, in units of the plane",
}
"""Name of a measure -> what it is, in words; how it is taken is in `benchmarks`."""


@dataclass(frozen=True)
class Promise:
    """At the end of the run a measure (one of MEASURES) lies between two values, both included."""

    measure: str
    low: float = -math.inf
    high: float = math.inf

    def kept(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def words(self) -> str:
        """As in a table: "modes: 8", "good share: at least 0.95", "fid: at most 45"."""
        if self.low == self.high:
            return f"{self.measure}: {self.low:g}"
        parts = [f"at least {self.low:g}"] * math.isfinite(self.low) + [f"at most {self.high:g}"] * math.isfinite(
            self.high
        )
        return f"{self.measure}: {', '.join(parts)}"

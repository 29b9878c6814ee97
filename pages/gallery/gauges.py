"""What the gallery measures of each scene, one number that both sides show on one scale."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Gauge:
    """The number under a picture.

    column: of the run's records; or reads: "nearest", "checkerboard" or "places", read off the picture itself.
    log: the scale of its curve; low, high: its ends at least; size: its absolute value is shown; whole: a count.
    """

    label: str
    about: str
    column: str = ""
    reads: str = ""
    unit: str = ""
    log: bool = False
    size: bool = False
    whole: bool = False
    low: float | None = None
    high: float | None = None


GAUGES = {
    "collapse": Gauge(
        "Places found",
        "Of the eight places, those with at least a tenth of the points that each should have.",
        reads="places",
        unit=" of 8",
        whole=True,
        low=0,
        high=8,
    ),
    "dominance": Gauge(
        "Generator's gradient norm",
        "How strong the signal is that the generator learns from.",
        "g_grad_norm",
        log=True,
    ),
    "learning-rate": Gauge(
        "Generator's loss", "About 0.7 to 2 is usual for this loss.", "g_loss", log=True, size=True
    ),
    "normalisation": Gauge(
        "of the generated images that D rejects",
        "0.5 is guessing; near 1 D is never fooled.",
        "d_accuracy_fake",
        low=0.4,
        high=1,
    ),
    "critic": Gauge(
        "Generator's gradient norm",
        "A critic with a slope of at most 1 keeps it within bounds.",
        "g_grad_norm",
        log=True,
    ),
    "memorisation": Gauge(
        "grey levels from the nearest of the 50",
        "Median over the samples shown, out of 255.",
        reads="nearest",
        low=0,
    ),
    "checkerboard": Gauge(
        "of the energy is a pattern of two pixels",
        "In thousandths, over the samples shown.",
        reads="checkerboard",
        unit=" ‰",
        log=True,
    ),
    "oscillation": Gauge(
        "Distance from the real points",
        "Sliced Wasserstein distance, in units of the plane.",
        "sliced_wasserstein",
        low=0,
    ),
}
PICTURES: dict[str, dict[str, Any]] = {
    "memorisation": {
        "kind": "pairs",
        "across": 8,
        "legend": [["generated", "generated"], ["real", "the nearest of the 50 pictures"]],
    },
    "checkerboard": {"kind": "enlarged", "across": 4, "legend": [["", "Sixteen of the samples, enlarged"]]},
}
"""How the samples of some scenes are shown, where not as a plain grid."""


def gauge_of(name: str) -> dict[str, Any]:
    """As the component takes it."""
    return asdict(GAUGES[name])

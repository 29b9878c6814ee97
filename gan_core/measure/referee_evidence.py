"""What the referee goes by: a run's curves and looks at its samples, as plain numbers, up to some step."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_core.data.points import PointDataset
from gan_core.training.run_config import RunConfig

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """Everything that is known of a run.

    curves: column -> float64 [points], as a run's points ("step", "images", "d_loss", "g_grad_norm", ...).
    looks: column -> float64 [kept grids]: "step", "images" and `referee_eye.LOOKS`; the first is the untrained
        generator's.
    evaluations: column -> float64 [evaluations]: "step", "images" and what was measured ("fid", "memorisation", ...).
    floor: distance of real samples from real ones, mean and standard deviation.
    config: in force now. diverged: it stopped itself; error: its words.
    """

    curves: dict[str, Column]
    looks: dict[str, Column]
    config: RunConfig
    floor: tuple[float, float] = (0.0, 0.0)
    evaluations: dict[str, Column] = dataclasses.field(default_factory=dict)
    diverged: bool = False
    error: str = ""

    @property
    def is_plane(self) -> bool:
        """Whether the run makes points in the plane, not images."""
        return isinstance(self.config.data, PointDataset)

    @property
    def step(self) -> int:
        """The newest step that anything is known of."""
        return self._newest("step")

    @property
    def images(self) -> int:
        """The real images that had been seen by then."""
        return self._newest("images")

    def _newest(self, column: str) -> int:
        last = [int(table[column][-1]) for table in (self.curves, self.looks) if len(table.get(column, ()))]
        return max(last, default=0)

    def until(self, step: int) -> Evidence:
        """What was known at that step: nothing of the end, unless it had come."""

        def cut(table: dict[str, Column]) -> dict[str, Column]:
            return {name: column[table["step"] <= step] for name, column in table.items()}

        ended = self.diverged and step >= self.step
        return dataclasses.replace(
            self, curves=cut(self.curves), looks=cut(self.looks), evaluations=cut(self.evaluations), diverged=ended,
            error=self.error if ended else "",
        )  # fmt: skip


def window(table: dict[str, Column], name: str, start: float, end: float = 1.0) -> Column:
    """The known values of a column between two shares of the images seen so far, NaN left out."""
    column, images = table.get(name), table.get("images")
    if column is None or images is None or not len(images):
        return np.zeros(0)
    inside = (images >= start * images[-1]) & (images <= end * images[-1])
    values = column[inside]
    known: Column = values[np.isfinite(values)]
    return known


def middle(values: Column) -> float:
    """The median, NaN of nothing."""
    return float(np.median(values)) if len(values) else float("nan")

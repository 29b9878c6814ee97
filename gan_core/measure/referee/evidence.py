"""What the referee goes by: a run's curves and looks at its samples, as plain numbers, up to some step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.data.sets.points import PointDataset
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.due import WATCHED_LOOK_STEPS, WATCHED_STEPS, watched

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """One evaluation: measure -> value; floor: the same of real samples; untrained: of the generator before step 1.

    What is not known is missing, or NaN.
    """

    step: int
    images: int
    values: dict[str, float]
    floor: dict[str, float]
    untrained: dict[str, float]


@dataclass(frozen=True)
class Changed:
    """A field that was changed while the run trained: it holds from the step after `step` on."""

    step: int
    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Evidence:
    """Everything that is known of a run.

    curves: column -> float64 [points], as a run's points ("step", "images", "d_loss", "g_grad_norm", ...).
    looks: column -> float64 [kept grids]: "step", "images" and `referee_eye.LOOKS`; the first is the untrained
        generator's.
    aftermath: columns as of `looks`, of the looks soon after a live change, which come between two usual ones.
    measured: its evaluations, in order of steps. changes: what was changed on the way, in order of steps.
    floor: distance of real samples from real ones, mean and standard deviation.
    config: in force now. diverged: it stopped itself; error: its words.
    """

    curves: dict[str, Column]
    looks: dict[str, Column]
    config: RunConfig
    floor: tuple[float, float] = (0.0, 0.0)
    measured: tuple[Measured, ...] = ()
    changes: tuple[Changed, ...] = ()
    diverged: bool = False
    error: str = ""
    aftermath: dict[str, Column] = field(default_factory=dict)

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
            self, curves=cut(self.curves), looks=cut(self.looks), aftermath=cut(self.aftermath),
            diverged=ended, error=self.error if ended else "",
            measured=tuple(one for one in self.measured if one.step <= step),
            changes=tuple(one for one in self.changes if one.step < step),
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


def aftermath_steps(changed_at: Iterable[int]) -> frozenset[int]:
    """The steps of the looks that a run takes because of live changes: see `Due.aftermath`.

    Also those that runs of before 2026-12 took, half and whole a watch after each change.
    """
    found, watch = set[int](), None
    for step in sorted(changed_at):
        watch = watched(watch, step)
        found |= set(range(watch.start + WATCHED_LOOK_STEPS, watch.stop + 1, WATCHED_LOOK_STEPS))
        found |= set(range(step + WATCHED_LOOK_STEPS, step + WATCHED_STEPS + 1, WATCHED_LOOK_STEPS))
    return frozenset(found)


def middle(values: Column) -> float:
    """The median, NaN of nothing."""
    return float(np.median(values)) if len(values) else float("nan")

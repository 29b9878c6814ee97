"""Which steps are worth what: a point of the curves, samples to look at, a grid that is kept."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from gan_core.training.configuration.cost import beginning_steps, points_every_steps

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer

WATCHED_STEPS, WATCHED_POINT_STEPS, WATCHED_LOOK_STEPS = 100, 25, 50
"""After a live change: for so many steps, how far apart points of the curves are at the most, and looks."""


def watched(before: range | None, changed_at: int) -> range:
    """From the step of a live change to the last that is looked at because of it, the rhythm beginning at the first.

    A change while another is watched lets the watch go on for longer, in its rhythm: the first is not lost sight of.
    """
    start = before.start if before is not None and changed_at < before.stop else changed_at
    rest = -(changed_at - start) % WATCHED_LOOK_STEPS  # so that it ends with a look
    return range(start, changed_at + WATCHED_STEPS + rest)


class Due:
    """What the step that a trainer has just taken is worth.

    every_steps: how far apart points of the curves are, but for a while after a live change.
    """

    def __init__(self, trainer: Trainer) -> None:
        config, shape, class_count = trainer.config, trainer.shape, trainer.class_count
        self.every_steps = config.record.every_steps or points_every_steps(config, shape, class_count)
        self._trainer: Trainer = weakref.proxy(trainer)  # whose networks are to go with its last user
        self._beginning = beginning_steps(config, shape, class_count)
        self._grid_images = 0  # images seen when the last grid was kept
        self._watch: range | None = None  # the steps after live changes for which the run is looked at closely

    @property
    def point(self) -> bool:
        """At every so many steps, and more often for a while after a live change: a point of the curves is a mean."""
        return self._trainer.step_count % self.every_steps == 0 or self._watched(WATCHED_POINT_STEPS)

    @property
    def next_point(self) -> int:
        """The next step at which a point of the curves is due."""
        step, every = self._trainer.step_count, self.every_steps
        regular = step - step % every + every
        if self._watch is None or not self._watching:
            return regular
        return min(regular, step - (step - self._watch.start) % WATCHED_POINT_STEPS + WATCHED_POINT_STEPS)

    @property
    def grid(self) -> bool:
        """Whether the images seen have grown enough since the last kept grid; never at two points in a row.

        What is looked at because of a live change leaves the usual spacing as it is.
        """
        trainer, record = self._trainer, self._trainer.config.record
        if trainer.step_count % self.every_steps:
            return False
        pause = 2 * self.every_steps * trainer.config.batch_size * trainer.config.k_d
        grown = record.grid_growth * self._grid_images
        return trainer.images >= self._grid_images + max(pause if record.grid_growth else 0, grown)

    @property
    def beginning(self) -> bool:
        """Whether this is one of the first steps, each of which is worth a look: see `beginning_steps`."""
        return self._trainer.step_count <= self._beginning

    @property
    def aftermath(self) -> bool:
        """Whether this step, soon after a live change, is worth a look at what the change does."""
        return self._watched(WATCHED_LOOK_STEPS)

    @property
    def _watching(self) -> bool:
        """Whether the next step is soon after a live change, and the usual points of the curves are further apart."""
        soon = self._watch is not None and self._trainer.step_count < self._watch.stop
        return soon and self.every_steps > WATCHED_POINT_STEPS

    def _watched(self, every: int) -> bool:
        """One of the steps after a live change that are looked at, where the usual ones are further apart."""
        step, watch = self._trainer.step_count, self._watch
        soon = watch is not None and watch.start < step <= watch.stop and (step - watch.start) % every == 0
        return soon and self.every_steps > WATCHED_POINT_STEPS

    # --- what has happened

    def kept_grid(self) -> None:
        self._grid_images = self._trainer.images

    def changed(self) -> None:
        """A live field was set."""
        self._watch = watched(self._watch, self._trainer.step_count)

    def state(self) -> dict[str, Any]:
        """For a trainer's own: plain values."""
        watch = self._watch if self._watching else None
        changed = {} if watch is None else {"changed_at": watch.start, "watched_until": watch.stop}
        return {"grid_images": self._grid_images, **changed}

    def load_state(self, state: dict[str, Any]) -> None:
        self._grid_images = int(state["grid_images"])
        self._watch = None  # there only while something is watched
        if "changed_at" in state:  # files of before 2026-12 tell only of the last change
            start = int(state["changed_at"])
            self._watch = range(start, int(state.get("watched_until", start + WATCHED_STEPS)))

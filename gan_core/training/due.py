"""Which steps are worth what: a point of the curves, samples to look at, a grid that is kept."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from gan_core.training.configuration.cost import beginning_steps, points_every_steps

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer

WATCHED_STEPS, WATCHED_POINT_STEPS, WATCHED_LOOK_STEPS = 100, 25, 50
"""After a live change: for so many steps, how far apart points of the curves are at the most, and looks."""


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
        self._changed_at: int | None = None  # the step after which a live field was set last

    @property
    def point(self) -> bool:
        """At every so many steps, and more often for a while after a live change: a point of the curves is a mean."""
        return self._trainer.step_count % self.every_steps == 0 or self._watched(WATCHED_POINT_STEPS)

    @property
    def next_point(self) -> int:
        """The next step at which a point of the curves is due."""
        step, every = self._trainer.step_count, self.every_steps
        regular = step - step % every + every
        if self._changed_at is None or not self._watching:
            return regular
        return min(regular, step - (step - self._changed_at) % WATCHED_POINT_STEPS + WATCHED_POINT_STEPS)

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
        soon = self._changed_at is not None and self._trainer.step_count < self._changed_at + WATCHED_STEPS
        return soon and self.every_steps > WATCHED_POINT_STEPS

    def _watched(self, every: int) -> bool:
        """One of the steps after a live change that are looked at, where the usual ones are further apart."""
        since = 0 if self._changed_at is None else self._trainer.step_count - self._changed_at
        return 0 < since <= WATCHED_STEPS and since % every == 0 and self.every_steps > WATCHED_POINT_STEPS

    # --- what has happened

    def kept_grid(self) -> None:
        self._grid_images = self._trainer.images

    def changed(self) -> None:
        """A live field was set."""
        self._changed_at = self._trainer.step_count

    def state(self) -> dict[str, Any]:
        """For a trainer's own: plain values."""
        changed = {"changed_at": self._changed_at} if self._watching else {}
        return {"grid_images": self._grid_images, **changed}

    def load_state(self, state: dict[str, Any]) -> None:
        self._grid_images = int(state["grid_images"])
        self._changed_at = int(state["changed_at"]) if "changed_at" in state else None  # only while it is watched

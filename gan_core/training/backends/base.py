"""What a backend is: how the steps of one run are worked out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from torch import Tensor

from gan_core.training.step import StepParts

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer

Forward = Callable[[Tensor, Tensor | None], Tensor]


class Backend(Protocol):
    """Chosen when a run is made, recorded in its configuration, and its own for all its steps.

    name: as the configuration records it. parts: what a single step is made of, where it is looked into or only one
    player moves.
    """

    name: str
    parts: StepParts

    @property
    def generator(self) -> Forward:
        """The network's forward, as a step in parts calls it."""
        ...

    @property
    def discriminator(self) -> Forward: ...

    def run(self, trainer: Trainer, most: int) -> int:
        """Take the trainer at least one step on and at most so many; returns how many. Numbers go to its window."""
        ...


@dataclass
class Eager:
    """A step at a time, part by part."""

    name: str
    generator: Forward
    discriminator: Forward
    parts: StepParts

    def run(self, trainer: Trainer, most: int) -> int:
        trainer.step_in_parts()
        return 1

"""One path through the latent space as several checkpoints of a run draw it, in step with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.latent.checking import check_look
from gan_core.latent.look import OnPath
from gan_core.latent.model import Explorable
from gan_core.latent.where import at_time, render

BLOCK = 16  # frames made at once, and so between two words of progress

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class AtStep:
    """What one checkpoint makes of the path: frames uint8 [frames, H, W, C], at the same moments for each one."""

    step: int
    images: int
    frames: NDArray[np.uint8]


def spread(steps: Sequence[int], most: int) -> list[int]:
    """At most so many of a run's checkpoints, in order: the first, the last, and between them evenly by their number.

    >>> spread([100, 200, 300, 400, 500], 3)
    [100, 300, 500]
    """
    known = sorted(set(steps))
    if len(known) <= most:
        return known
    return [known[i] for i in np.linspace(0, len(known) - 1, most).round().astype(int)] if most > 1 else known[-1:]


def same_path(
    open_at: Callable[[int], Explorable],
    steps: Sequence[int],
    look: Any,
    frames: int,
    progress: Progress = lambda fraction, words: None,
) -> Iterator[AtStep]:
    """The path of `look`, checkpoint after checkpoint; each is opened once.

    look: JSON of a look whose place is a path; it is resolved anew for every checkpoint, since what a seed, a class
    or W stands for is the checkpoint's own. frames: at equal times from the path's start to its end, which in a loop
    is left out. Raises ValueError where a look does not fit.
    """
    total = max(1, len(steps) * frames)
    for i, step in enumerate(steps):
        model = open_at(step)
        seen = check_look(model, look)
        if not isinstance(seen.where, OnPath):
            raise ValueError("Only a path can be compared over time: the look's place must be one.")
        timeline = seen.where.path.timeline
        parts = frames if timeline.loop else max(1, frames - 1)
        looks = [at_time(seen, timeline.total * frame / parts) for frame in range(frames)]
        made = list[NDArray[np.uint8]]()
        for start in range(0, frames, BLOCK):
            progress((i * frames + start) / total, f"Checkpoint {i + 1} of {len(steps)}: step {step:,}")
            made.append(render(model, looks[start : start + BLOCK]))
        yield AtStep(model.step, model.images, np.concatenate(made))

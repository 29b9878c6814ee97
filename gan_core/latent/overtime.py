"""One path through the latent space as a run's generator draws it at several moments, in step with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.latent.looks.checking import check_look
from gan_core.latent.looks.look import OnPath
from gan_core.latent.looks.where import at_time, render
from gan_core.latent.model import Explorable

BLOCK = 16  # frames made at once, and so between two words of progress

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class AtStep:
    """What one moment's generator makes of the path: frames uint8 [frames, H, W, C], at the same places for each."""

    step: int
    images: int
    frames: NDArray[np.uint8]


def spread(steps: Sequence[int], most: int) -> list[int]:
    """At most so many of a run's moments, in order: the first, the last, and between them each about as many times
    the one before, as a generator learns most of what it learns early.

    >>> spread([100, 200, 300, 400, 500, 600, 700, 800], 4)
    [100, 200, 400, 800]
    """
    return thinned(sorted(set(steps)), most)


def thinned(counts: Sequence[int], most: int) -> list[int]:
    """As `spread`, of rising counts: what is left out first lies closest between its neighbours in relative terms."""
    kept = list(counts)
    while len(kept) > max(1, most):
        if len(kept) == 2:
            return kept[-1:]
        inner = range(1, len(kept) - 1)
        del kept[min(reversed(inner), key=lambda i: (kept[i + 1] + 1) / (kept[i - 1] + 1))]
    return kept


def same_path(
    open_at: Callable[[int], Explorable],
    steps: Sequence[int],
    look: Any,
    frames: int,
    progress: Progress = lambda fraction, words: None,
) -> Iterator[AtStep]:
    """The path of `look`, moment after moment; each is opened once.

    look: JSON of a look whose place is a path; it is resolved anew for every moment, since what a seed, a class
    or W stands for is the moment's own. frames: at equal times from the path's start to its end, which in a loop
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
            progress((i * frames + start) / total, f"Moment {i + 1} of {len(steps)}: step {step:,}")
            made.append(render(model, looks[start : start + BLOCK]))
        yield AtStep(model.step, model.images, np.concatenate(made))

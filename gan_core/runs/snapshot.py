"""Immutable snapshots and events published by a run's worker; they survive a code reload and pickling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.runs.evaluation_record import Evaluation
from gan_core.runs.states import WORDS, State


@dataclass(frozen=True)
class RunView:
    """One run as the outside sees it. Times in seconds; elapsed_seconds counts training only, not pauses.

    config: the RunConfig now in force, as JSON-ready data. queue_place: 1 is next; 0 is not queued.
    queue_words: for how long about, and why, it waits for the device (`Outlook.words`); "" where that is not known.
    error: one sentence, "" where all is well; advice: what usually helps, a sentence each.
    checkpoints: the steps that can be resumed or branched from, oldest first.
    seconds_per_step: the pace it is held to; 0 is full speed.
    recent_images_per_second: over about the last 10 seconds; 0 before it is known.
    parent_step: where a branch begins; while `step` is less it goes through its parent's steps again.
    twin_of: the run that trains in step with this one; it may be gone. sweep: the sweep that it is a member of.
    device_share: of the device's time that it has, which two that train in step have half of each.
    compiled_from_step: of a run that an earlier version left, from which step on its steps were compiled; 0: none.
    best_step: of `checkpoints` the one whose generator scored best; None before one was evaluated and kept.
    until_step, until_seconds: where it was asked to stop before `total_images` (see `RunStatus`), if it was.
    order: see `About`; the greatest is the newest run's. owner: as in `RunManifest`.
    processes: that began to train it together. slot: the device that it has now, where there are several.
    """

    id: str
    title: str
    preset: str
    state: State
    step: int
    images: int
    total_images: int
    elapsed_seconds: float
    recent_images_per_second: float
    device: str
    threads: int
    config: dict[str, Any]
    created: str
    parent: str = ""
    parent_step: int = 0
    queue_place: int = 0
    error: str = ""
    advice: tuple[str, ...] = ()
    checkpoints: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds_per_step: float = 0.0
    twin_of: str = ""
    best_step: int | None = None
    sweep: str = ""
    device_share: float = 1.0
    compiled_from_step: int = 0
    until_step: int | None = None
    until_seconds: float | None = None
    order: int = 0
    owner: str = ""
    processes: int = 1
    queue_words: str = ""
    slot: str = ""

    @property
    def backend(self) -> str:
        """How its steps are worked out now; "" where a run of an earlier version told of none."""
        return "compiled" if self.compiled_from_step else str(self.config.get("backend", ""))

    @property
    def eta_seconds(self) -> float | None:
        """Seconds until its end at the recent speed; None while that is not known."""
        if self.recent_images_per_second <= 0:
            return None
        return max(0, self.end_images - self.images) / (self.device_share * self.recent_images_per_second)

    @property
    def stopped_early(self) -> bool:
        """Whether it was stopped by what compares it with others, which `error` tells."""
        return self.state == "stopped" and bool(self.error)

    @property
    def cut_short(self) -> bool:
        """Whether it has come to where it was asked to stop, before its full length."""
        return self.state == "finished" and self.images < self.total_images

    @property
    def end_images(self) -> int:
        """Images that it will have seen at its end, as far as is known: at total_images, or where it is to stop."""
        if self.cut_short:
            return self.images
        ends = [self.total_images]
        if self.until_step is not None:
            a_step = int(self.config["batch_size"]) * int(self.config["k_d"])
            ends.append(self.images + max(0, self.until_step - self.step) * a_step)
        if self.until_seconds is not None and self.recent_images_per_second > 0:
            left = max(0.0, self.until_seconds - self.elapsed_seconds)
            ends.append(self.images + round(left * self.recent_images_per_second))
        return min(ends)

    @property
    def goal(self) -> str:
        """Where it is to stop, in words, as far as that lies ahead."""
        if self.until_step is not None and self.step < self.until_step:
            return f"step {self.until_step:,}"
        if self.until_seconds is not None and self.elapsed_seconds < self.until_seconds:
            return f"{_seconds(self.until_seconds)} of training"
        return "its planned length"

    @property
    def words(self) -> str:
        """Its state in words; of a run that came to where it was asked to stop, that, and what was planned."""
        if self.state == "queued" and self.queue_words:
            return f"{WORDS[self.state]}, {self.queue_words}"
        if self.stopped_early:
            return self.error[:1].lower() + self.error[1:].rstrip(".")
        if self.slot:
            return f"{WORDS[self.state]} on {self.slot}"
        if not self.cut_short:
            return WORDS[self.state]
        return f"stopped after {self._asked} as asked, {self.planned_share} of its planned length"

    @property
    def _asked(self) -> str:
        """The length that it was given; a branch's seconds count from its own first step, which they do not say."""
        if self.until_step is not None and self.step >= self.until_step:
            return f"{self.until_step:,} step{'s' * (self.until_step != 1)}"
        return "its time" if self.parent or self.until_seconds is None else _seconds(self.until_seconds)

    @property
    def planned_share(self) -> str:
        """How much of its planned length it has seen: "2%", never 0% of something nor 100% of less."""
        share = 100 * self.images / max(1, self.total_images)
        if 0 < share < 1:
            return "less than 1%"
        return f"{math.floor(share)}%"


def _seconds(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds >= 100 else f"{seconds:.3g} s"


@dataclass(frozen=True)
class Grid:
    """The sample grid of the run's fixed latents at one step.

    png: the atlas, `columns` x `rows` samples of size x size pixels without gaps, 1 or 3 channels.
    scores: float32 [columns * rows], D's score of each sample (probability "real", or the raw score).
    A run of points has a scene instead (`gan_core.training.observe.scene`): size 1, no columns, rows or scores, and
    the encoded scene as `png`.
    """

    step: int
    images: int
    columns: int
    rows: int
    size: int
    png: bytes
    scores: NDArray[np.float32]

    @property
    def is_scene(self) -> bool:
        return self.size == 1


@dataclass(frozen=True)
class StateChanged:
    view: RunView


@dataclass(frozen=True)
class Recorded:
    """One more point of the curves: column -> value, in the order of `store.COLUMNS`, `step` first."""

    run: str
    values: dict[str, float]


@dataclass(frozen=True)
class GridMade:
    """A sample grid: first as it is made; with `kept` again, once it is on disk and on the timeline."""

    run: str
    grid: Grid
    kept: bool


@dataclass(frozen=True)
class LiveChange:
    """A field was changed between two steps: it holds from the step after `step` on."""

    run: str
    step: int
    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Dissected:
    """One step of a run of points taken apart; `data` is what `observe.microscope.encode_dissection` makes of it."""

    run: str
    step: int
    data: bytes


@dataclass(frozen=True)
class Evaluated:
    """How good the generator was at a step was found out, and is written down."""

    run: str
    evaluation: Evaluation


Event = StateChanged | Recorded | GridMade | LiveChange | Dissected | Evaluated

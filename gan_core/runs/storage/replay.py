"""The steps that a branch repeats before its own: its parent's settings and live changes, up to its first step.

A run's life is one stage, or several: the first ones are its parent's (and theirs), each up to the step at which the
next one took over; the last one is its own and has no end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gan_core.runs.snapshot import LiveChange
from gan_core.runs.storage.manifest import Past, RunManifest


@dataclass(frozen=True)
class ReplaySegment:
    """Part of a run's life under one configuration; until: the step at which the next stage begins, if one does."""

    since: int
    until: float
    takes_over: bool
    config: dict[str, Any]
    changes: list[LiveChange]


def stages(manifest: RunManifest, changes: Sequence[LiveChange]) -> list[ReplaySegment]:
    """The whole life of a run, oldest first; changes: its own."""
    before = [
        ReplaySegment(
            past.since, past.until, past.takes_over, past.config,
            [LiveChange(manifest.id, step, path, None, value) for step, path, value in past.changes],
        )
        for past in manifest.past
    ]  # fmt: skip
    return [
        *before,
        ReplaySegment(manifest.parent_step, math.inf, bool(manifest.parent), manifest.config, list(changes)),
    ]


def ahead(life: Sequence[ReplaySegment], step: int | None) -> list[ReplaySegment]:
    """The stage in which a state at a step goes on, and those after it; None: from the very beginning.

    A state at the very step where a stage ends is still that stage's: it is the one that the next begins with.
    """
    return [stage for stage in life if step is None or stage.until > step]


def leading_to(life: Sequence[ReplaySegment], start: int | None, step: int) -> tuple[Past, ...]:
    """What leads from a state at `start` (None: from nothing) to `step`.

    Where it is there already, a part without steps tells with which settings it came there, if that is known.
    """
    if start == step:
        there = [stage for stage in life if stage.until == step or stage.since < step < stage.until]
        return tuple(_part(stage, step, step, takes_over=False) for stage in there[-1:])
    way = [stage for stage in ahead(life, start) if stage.since < step or stage.since == step == 0]
    parts = [_part(stage, stage.since, int(min(stage.until, step)), takes_over=stage.takes_over) for stage in way]
    if start is not None and start != parts[0].since:  # in the middle of it
        parts[0] = replace(parts[0], since=start, takes_over=False)
    return tuple(parts)


def _part(stage: ReplaySegment, since: int, until: int, *, takes_over: bool) -> Past:
    changes = tuple((c.step, c.path, c.after) for c in stage.changes if c.step < until)
    return Past(since, until, takes_over, stage.config, changes)

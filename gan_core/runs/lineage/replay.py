"""What a branch goes through again before it becomes itself: its parent's settings and changes, up to the step.

A run's life is one stage, or several: the first ones are its parent's (and theirs), each up to the step at which the
next one took over; the last one is its own and has no end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gan_core.runs.snapshot import LiveChange

if TYPE_CHECKING:
    from gan_core.runs.storage.run_folder import RunManifest

MOST_STAGES = 100  # of a config.json that is believed


@dataclass(frozen=True)
class Past:
    """Steps from `since` to `until` as another run took them; changes: (step, path, value) in their order.

    takes_over: the state at `since` was left by a stage before this one, with other settings perhaps.
    """

    since: int
    until: int
    takes_over: bool
    config: dict[str, Any]
    changes: tuple[tuple[int, str, Any], ...] = ()


@dataclass(frozen=True)
class ReplaySegment:
    """Part of a run's life under one configuration; until: the step at which the next stage begins, if one does."""

    since: int
    until: float
    takes_over: bool
    config: dict[str, Any]
    changes: list[LiveChange]


def stages(about: RunManifest, changes: Sequence[LiveChange]) -> list[ReplaySegment]:
    """The whole life of a run, oldest first; changes: its own."""
    before = [
        ReplaySegment(
            past.since, past.until, past.takes_over, past.config,
            [LiveChange(about.id, step, path, None, value) for step, path, value in past.changes],
        )
        for past in about.past
    ]  # fmt: skip
    return [*before, ReplaySegment(about.parent_step, math.inf, bool(about.parent), about.config, list(changes))]


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


def read_past(data: Any) -> tuple[Past, ...]:
    """As config.json has it. Raises TypeError, ValueError or KeyError where it is not what this version writes."""
    if not isinstance(data, list) or len(data) > MOST_STAGES:
        raise TypeError("the past")
    found = tuple(_read_stage(stage) for stage in data)
    borders = [step for past in found for step in (past.since, past.until)]
    if borders != sorted(borders) or any(a.until != b.since for a, b in pairwise(found)):
        raise ValueError("the steps of the past")
    return found


def _read_stage(data: Any) -> Past:
    since, until, takes_over = data["since"], data["until"], data["takes_over"]
    config, changes = data["config"], data["changes"]
    if len(data) != 5 or not isinstance(config, dict) or not isinstance(changes, list):
        raise TypeError("a part of the past")
    if not isinstance(takes_over, bool):
        raise TypeError("a part of the past")
    if not all(_is_step(step) for step in (since, until, *(step for step, _, _ in changes))):
        raise ValueError("a step of the past")
    if not all(isinstance(path, str) for _, path, _ in changes):
        raise TypeError("a change of the past")
    return Past(since, until, takes_over, config, tuple((step, path, value) for step, path, value in changes))


def _is_step(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2**53

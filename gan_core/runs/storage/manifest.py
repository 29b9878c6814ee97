"""config.json of a run: what was decided when it was made, and what a branch repeats before its own first step."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from gan_core.data.content import Content, read_contents

MAX_THREADS = MAX_PROCESSES = 1024
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
class RunManifest:
    """config.json: what was decided when the run was made. threads 0: as many as the process has.

    past: what a branch goes through before its own first step, from the checkpoint that it was given. twin_of: the
    run that trains in step with this one. sweep: the sweep that it is a member of. order: the how-manieth run of its
    folder it is, whatever the clock said; 0 for those of earlier versions, which came before.

    trained_on: what each dataset of its life held (`identity.place_of` -> content); an earlier version's run does not
    know that of the first, until it goes on. owner: the id of who started it; "" is whoever sits at the machine.
    processes: that train it together, when it was made.
    """

    id: str
    title: str
    preset: str
    created: str
    config: dict[str, Any]
    device: str
    threads: int
    channels: int
    classes: tuple[str, ...]
    parent: str = ""
    parent_step: int = 0
    torch_version: str = ""
    past: tuple[Past, ...] = ()
    twin_of: str = ""
    sweep: str = ""
    order: int = 0
    trained_on: dict[str, Content] = field(default_factory=dict)
    owner: str = ""
    processes: int = 1


def manifest_from(data: Any, run_id: str) -> RunManifest:
    """Raises TypeError, ValueError or KeyError where a field is missing, unknown or of a wrong type.

    The id is the folder's name whatever the file says, so that a folder may be renamed and cannot pose as another.
    """
    if not isinstance(data["classes"], list) or not isinstance(data["config"], dict):
        raise TypeError("classes or config")
    past = read_past(data.get("past", []))
    contents = read_contents(data.get("trained_on", {}))
    read = {"id": run_id, "classes": tuple(data["classes"]), "past": past, "trained_on": contents}
    manifest = RunManifest(**{**data, **read})
    texts = (
        manifest.title, manifest.preset, manifest.created, manifest.device, manifest.parent, manifest.torch_version,
        manifest.twin_of, manifest.sweep, manifest.owner,
    )  # fmt: skip
    if not all(isinstance(text, str) for text in (*texts, *manifest.classes)):
        raise TypeError("a text")
    limits = (
        (manifest.threads, MAX_THREADS),
        (manifest.channels, 4),
        (manifest.parent_step, 2**53),
        (manifest.order, 2**53),
        (manifest.processes, MAX_PROCESSES),
    )
    if not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= most for n, most in limits):
        raise ValueError("a number")
    if past and past[-1].until != manifest.parent_step:
        raise ValueError("the steps of the past")
    return manifest


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

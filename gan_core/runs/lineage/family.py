"""Trees of runs and their branches, laid out in rows without crossing lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gan_core.runs.snapshot import RunView


@dataclass(frozen=True)
class Member:
    """A run in its family, in a row of its own: a line from the step `begins` to its newest one.

    parent_row: the row of the run that it branched from; twin_row: of its twin, where that stands above it. -1: none,
    or none any more.
    """

    view: RunView
    begins: int
    parent_row: int
    twin_row: int


def families(views: Sequence[RunView]) -> list[list[Member]]:
    """Every run in one family, members by row, the family with the newest run first."""
    known = {view.id: view for view in views}
    branches: dict[str, list[RunView]] = {}
    for view in sorted(views, key=lambda v: (-v.parent_step, v.id)):  # who left late stands next to its parent's line
        if view.parent in known:
            branches.setdefault(view.parent, []).append(view)
    found, placed = [], set[str]()
    for root in sorted(views, key=lambda v: (v.parent in known, v.id)):  # who is not placed by then closes a loop
        if root.id in placed:
            continue
        members: list[Member] = []
        _place(root, -1, members, branches, placed)
        twin = known.get(root.twin_of)
        if twin is not None and twin.id not in placed and twin.twin_of == root.id and twin.parent not in known:
            _place(twin, -1, members, branches, placed)
        found.append(members)
    return sorted(found, key=lambda members: max(m.view.id for m in members), reverse=True)


def _place(
    root: RunView, parent_row: int, members: list[Member], branches: dict[str, list[RunView]], placed: set[str]
) -> None:
    """A run and all that came from it; a loop, which only an edited folder can have, is cut where it closes."""
    waiting = [(root, parent_row)]
    while waiting:
        view, above = waiting.pop()
        if view.id in placed:
            continue
        placed.add(view.id)
        row = len(members)
        twin_row = next((i for i, m in enumerate(members) if m.view.id == view.twin_of), -1)
        members.append(Member(view, view.parent_step if view.parent else 0, above, twin_row))
        waiting += [(branch, row) for branch in reversed(branches.get(view.id, []))]

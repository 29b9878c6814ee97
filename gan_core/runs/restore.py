"""A trainer at the place where the run was left: its newest sound checkpoint, or the very beginning."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gan_core.config.codec import replace_at
from gan_core.runs.checkpoints import newest_sound
from gan_core.runs.snapshot import LiveChange
from gan_core.runs.store import About, RunFolder
from gan_core.runs.writer import RunWriter
from gan_core.training import RunConfig, Trainer

_OURS = re.compile(r"\d{8,}(\.png|\.scene|\.pt|-generator\.safetensors)|\..+\.tmp")


@dataclass(frozen=True)
class Restored:
    """pending: changes made before a kill, after the checkpoint; to be made again at their steps."""

    trainer: Trainer
    elapsed_seconds: float
    checkpoint_step: int | None
    pending: list[LiveChange]
    warnings: list[str]


def restore(
    folder: RunFolder, writer: RunWriter, about: About, config: RunConfig, build: Callable[[RunConfig], Trainer]
) -> Restored:
    """`config` is the one that the run began with. What was written after the checkpoint is forgotten.

    Raises ValueError in one sentence where there are checkpoints but none can be used.
    """
    trainer = build(config)
    changes = folder.changes()
    found, warnings = newest_sound(folder)
    if found is None:
        if folder.checkpoints() or about.parent:
            raise ValueError(
                "No checkpoint of the run is whole any more, so it cannot go on; start a new one with its settings."
            )
        writer.rewind(-1)
        clear_away(folder)
        return Restored(trainer, 0.0, None, changes, warnings)
    row, state = found
    for change in changes:
        if change.step < row.step:
            trainer.config = replace_at(trainer.config, change.path, change.after)
    _load(trainer, state, branched=bool(about.parent) and row.step == about.parent_step)
    writer.rewind(row.step)
    clear_away(folder)
    pending = [change for change in changes if change.step >= row.step]
    return Restored(trainer, row.elapsed_seconds, row.step, pending, warnings)


def _load(trainer: Trainer, state: dict[str, Any], *, branched: bool) -> None:
    try:
        trainer.load_state(state, branched=branched)
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise ValueError("The checkpoint does not hold what this version keeps in one.") from error


def clear_away(folder: RunFolder) -> None:
    """Remove files that no row speaks of: what a kill cut short, and what was forgotten. For the lock's holder."""
    grids = {folder.grid_file(step, points=points) for step, _ in folder.grids() for points in (False, True)}
    rows = folder.checkpoints()
    listed = grids | {folder.checkpoint(row.step) for row in rows} | {folder.generator(row.step) for row in rows}
    for place in ("samples", "checkpoints"):
        for path in (folder.root / place).iterdir():
            if path not in listed and _OURS.fullmatch(path.name) and path.is_file():
                path.unlink(missing_ok=True)

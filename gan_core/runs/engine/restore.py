"""Rebuilds a run's trainer from its newest sound checkpoint, or from the beginning where there is none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gan_core.config.codec import replace_at
from gan_core.runs.snapshot import LiveChange
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.replay import ReplaySegment, ahead, stages
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.views import known_config
from gan_core.runs.storage.weights.checkpoints import newest_sound
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig, Trainer

_OURS = re.compile(r"\d{8,}(\.png|\.scene|\.pt|(-generator)?\.safetensors)|\..+\.tmp")


@dataclass(frozen=True)
class Restored:
    """pending: changes that were made at this step or later in its stage; to be made again at their steps.

    life: the stage that it goes on in, and those to come; the last is its own. backend: the recorded one.
    processes: that trained it up to its checkpoint.
    """

    trainer: Trainer
    elapsed_seconds: float
    checkpoint_step: int | None
    pending: list[LiveChange]
    warnings: list[str]
    life: list[ReplaySegment]
    backend: str
    processes: int = 1


def restore(
    folder: RunFolder, writer: RunWriter, manifest: RunManifest, build: Callable[[RunConfig], Trainer]
) -> Restored:  # fmt: skip
    """What was written after the checkpoint is forgotten.

    Raises ValueError in one sentence where there are checkpoints but none can be used.
    """
    life = stages(manifest, folder.changes())
    found, warnings = newest_sound(folder)
    if found is None:
        if folder.checkpoints() or life[0].since > 0 or life[0].takes_over:
            raise ValueError(
                "No checkpoint of the run is whole any more, so it cannot go on; start a new one with its settings."
            )
        trainer = build(known_config(manifest, life[0].config))
        writer.rewind(-1)
        clear_away(folder)
        return Restored(trainer, 0.0, None, life[0].changes, warnings, life, trainer.config.backend)
    row, state = found
    whole, life = life, ahead(life, row.step)
    stage = life[0]
    trainer = build(known_config(manifest, stage.config))
    made = [change for change in stage.changes if is_made(change, row.step)]
    for change in made:
        trainer.config = replace_at(trainer.config, change.path, change.after)
    backend = trainer.config.backend
    if state.get("library") and "backend" not in stage.config:  # an earlier version went over to it on the way
        trainer.config = replace_at(trainer.config, "backend", "compiled")
    trainer.renew_backend()
    if stage.takes_over and row.step == stage.since:
        take_over(trainer, state, manifest, whole[-len(life) - 1] if len(whole) > len(life) else None)
    else:
        _load(trainer, state, branched=False)
    writer.rewind(row.step)
    clear_away(folder)
    pending = [change for change in stage.changes if not is_made(change, row.step)]
    processes = count if isinstance(count := state.get("processes", 1), int) else 1
    return Restored(trainer, row.elapsed_seconds, row.step, pending, warnings, life, backend, processes)


def is_made(change: LiveChange, step: int) -> bool:
    """Whether a trainer restored at a step has a change behind it: a backend holds from the very step on."""
    return change.step < step or (change.step == step and change.path == "backend")


def take_over(trainer: Trainer, state: dict[str, Any], manifest: RunManifest, before: ReplaySegment | None) -> None:
    """Go on from what another stage has left, if it is known which; with the point of the curves that it began.

    Raises ValueError in one sentence where the state does not fit.
    """
    _load(trainer, state, branched=True)
    if before is None:
        return
    old, new = known_config(manifest, before.config), trainer.config  # what follows cannot change while a run trains
    if (old.batch_size, old.pack, type(old.loss)) == (new.batch_size, new.pack, type(new.loss)):
        trainer.window.load_state(state["window"])


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
    listed |= {folder.small_generator(row.step) for row in folder.generators()}
    for place in ("samples", "checkpoints", "generators"):
        if not (folder.root / place).is_dir():  # runs of earlier versions have no small generators
            continue
        for path in (folder.root / place).iterdir():
            if path not in listed and _OURS.fullmatch(path.name) and path.is_file():
                path.unlink(missing_ok=True)

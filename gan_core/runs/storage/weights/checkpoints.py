"""Checkpoints: a resume state and the averaged generator, written atomically and checked before they are used."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import torch
from safetensors.torch import save as save_safetensors

from gan_core.config.files import write_atomically
from gan_core.runs.evaluation_record import best_step
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.tables import CheckpointRow
from gan_core.runs.storage.weights.state_file import NotAState, load_state_file
from gan_core.runs.storage.writer import RunWriter

KEEP_AT_MOST = 12


class DamagedCheckpoint(ValueError):
    """The file is not the one that was written."""


def write_checkpoint(
    folder: RunFolder, writer: RunWriter, state: dict[str, Any], elapsed_seconds: float, *, by_hand: bool
) -> CheckpointRow:
    """Write state and generator durably, then their hashes into the database. Raises OSError."""
    step = int(state["step"])
    buffer = io.BytesIO()
    torch.save(state, buffer)
    data = buffer.getvalue()
    weights = {k: v.contiguous() for k, v in state["average"].items()}
    generator = save_safetensors(weights, {"run": folder.id, "step": str(step)})
    write_atomically(folder.checkpoint(step), data)
    write_atomically(folder.generator(step), generator)
    row = CheckpointRow(step, int(state["images"]), elapsed_seconds, _sha256(data), _sha256(generator), by_hand)
    writer.add_checkpoint(row)
    _thin_out(folder, writer)
    return row


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _thin_out(folder: RunFolder, writer: RunWriter) -> None:
    """Keep at most KEEP_AT_MOST automatic ones: drop the one whose neighbours are closest in relative terms.

    The newest two, the best and those made by hand stay.
    """
    rows = folder.checkpoints()
    best = best_step(folder.evaluations())
    automatic = [r for r in rows if not r.by_hand and r.step != best]
    if len(automatic) <= KEEP_AT_MOST:
        return
    images = [r.images for r in rows]

    def gap(row: CheckpointRow) -> float:
        place = images.index(row.images)  # never the last: the newest two are not asked about
        before = images[place - 1] if place else 0
        return images[place + 1] / max(1, before)

    drop = min(automatic[:-2], key=gap)
    writer.forget_checkpoint(drop.step)
    folder.checkpoint(drop.step).unlink(missing_ok=True)
    folder.generator(drop.step).unlink(missing_ok=True)


def read_checkpoint(folder: RunFolder, row: CheckpointRow) -> dict[str, Any]:
    """The state as it was written. Raises DamagedCheckpoint where the file is missing or another.

    Only after its SHA-256 agrees is it parsed, with torch's restricted unpickler, and only when all that it claims
    has been found in the file (see `state_file`), so that it cannot grow beyond its size in memory.
    """
    path = folder.checkpoint(row.step)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamagedCheckpoint(f"The checkpoint at step {row.step} cannot be read.") from error
    if _sha256(data) != row.sha256:
        raise DamagedCheckpoint(f"The checkpoint at step {row.step} is damaged.")
    try:
        state = load_state_file(data)
    except NotAState as error:
        raise DamagedCheckpoint(f"The checkpoint at step {row.step} {error}.") from error
    except Exception as error:  # whatever a file made to do harm makes of the unpickler
        raise DamagedCheckpoint(f"The checkpoint at step {row.step} cannot be read.") from error
    if not isinstance(state, dict) or (state.get("step"), state.get("images")) != (row.step, row.images):
        raise DamagedCheckpoint(f"The checkpoint at step {row.step} does not hold the state of that step.")
    return state


def newest_sound(
    folder: RunFolder, step: int | None = None
) -> tuple[tuple[CheckpointRow, dict[str, Any]] | None, list[str]]:
    """The newest checkpoint (up to a step) that is whole, with its state, or None; and a warning for each damaged
    one passed over.
    """
    warnings: list[str] = []
    for row in reversed(folder.checkpoints()):
        if step is not None and row.step > step:
            continue
        try:
            return (row, read_checkpoint(folder, row)), warnings
        except DamagedCheckpoint as error:
            warnings.append(f"{error} The one before it was used.")
    return None, warnings


def sound_files(folder: RunFolder, step: int | None = None) -> tuple[CheckpointRow, bytes, bytes] | None:
    """The newest checkpoint (up to a step) whose state and generator are both as written, with their bytes.

    None where there is none. Nothing is parsed.
    """
    for row in reversed(folder.checkpoints()):
        if step is not None and row.step > step:
            continue
        try:
            data, generator = folder.checkpoint(row.step).read_bytes(), folder.generator(row.step).read_bytes()
        except OSError:  # gone: thinned out in this moment, or lost
            continue
        if _sha256(data) == row.sha256 and _sha256(generator) == row.generator_sha256:
            return row, data, generator
    return None


def sound_generator(folder: RunFolder, step: int | None = None) -> CheckpointRow | None:
    """The newest checkpoint (up to a step) whose generator's file is as written; None where there is none."""
    for row in reversed(folder.checkpoints()):
        if step is not None and row.step > step:
            continue
        try:
            if _sha256(folder.generator(row.step).read_bytes()) == row.generator_sha256:
                return row
        except OSError:
            continue
    return None

"""A run gathered for TensorBoard: everything that a page shows of its course."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from gan_core.config.codec import walk
from gan_core.export.tensorboard import Logged, write_tensorboard
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.pictures import run_pictures
from gan_core.runs.storage.run_folder import UnreadableRun
from gan_core.runs.storage.views import first_config

MOST_PICTURES = 200
PLANE_PIXELS = 480  # a side, of a picture of points


def log_run(manager: Any, run_id: str, folder: Path) -> Path:
    """Write a run into `folder`/<run id>, so that one folder takes many runs; returns the file.

    manager: a `RunManager`. Raises UnknownRun, UnreadableRun or OSError.
    """
    return write_tensorboard(folder / run_id, logged(manager, run_id))


def log_archive(manager: Any, run_ids: Sequence[str]) -> bytes:
    """A zip of what `log_run` writes of each run, for TensorBoard once it is unpacked."""
    out = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="ganscope-") as folder, zipfile.ZipFile(out, "w") as archive:
        for run_id in run_ids:
            path = log_run(manager, run_id, Path(folder))
            archive.write(path, path.relative_to(folder))
    return out.getvalue()


def logged(manager: Any, run_id: str) -> Logged:
    """settings are those that it began with; what was changed later is told as such."""
    manifest, records = manager.manifest(run_id), manager.records(run_id)
    steps, seconds = records["step"], records["elapsed_seconds"]

    def seconds_at(step: int) -> float:
        row = int(np.searchsorted(steps, step, side="right")) - 1
        return float(seconds[row]) if row >= 0 else 0.0

    return Logged(
        name=manifest.title or manifest.preset or run_id,
        created=_seconds(manifest),
        records=records,
        settings={"preset": manifest.preset, **{path: value for path, _, value in walk(first_config(manifest))}},
        pictures=_pictures(manager, run_id),
        evaluations=[
            (row.step, row.elapsed_seconds, f"{row.features} {row.samples} samples", row.values)
            for row in manager.evaluations(run_id)
        ],
        changes=[
            (change.step, seconds_at(change.step), f"{change.path}: {change.before} -> {change.after}")
            for change in manager.changes(run_id)
        ],
    )


def _seconds(manifest: RunManifest) -> float:
    """Since 1970, when the run was made. Raises UnreadableRun where it does not say that."""
    try:
        return datetime.fromisoformat(manifest.created).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise UnreadableRun(f"The run {manifest.id} does not say when it was made.") from error


def _pictures(manager: Any, run_id: str) -> Iterator[tuple[int, bytes]]:
    """Kept grids, evenly thinned to MOST_PICTURES with the newest among them; one that is damaged is left out."""
    kept = [step for step, _ in manager.grids(run_id)]
    stride = -(-len(kept) // MOST_PICTURES) or 1
    picture = run_pictures(manager, run_id, PLANE_PIXELS)
    for step in kept[(len(kept) - 1) % stride :: stride]:
        try:
            png = picture(step)
        except ValueError:
            continue
        yield step, png

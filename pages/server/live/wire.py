"""The live channel's messages: one binary frame each, made once and sent as it is to every viewer.

A frame is a little-endian uint32 with the header's length, the header (JSON, UTF-8), then the blobs one after
another; `header["blobs"]` lists their lengths in bytes.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pages.server.security.public import public

if TYPE_CHECKING:
    from gan_core.measure.image_measures import ImageMeasure
    from gan_core.measure.plane import PlaneMeasure
    from gan_core.runs.evaluation.plane_constants import RunStage
    from gan_core.runs.evaluation_record import Evaluation
    from gan_core.runs.snapshot import Grid, LiveChange, RunView

# Names that gan_core.measure.plane gives; it brings torch, for which the server's start must not wait.
_MEASURES = ("modes_covered", "high_quality_share", "reverse_kl", "sliced_wasserstein", "mmd")

COLUMNS = (
    "step",
    "images",
    "elapsed_seconds",
    "images_per_second",
    "d_loss",
    "g_loss",
    "d_real",
    "d_fake",
    "d_accuracy_real",
    "d_accuracy_fake",
    "d_grad_norm",
    "g_grad_norm",
    "penalty",
    "g_lr",
    "d_lr",
    "instance_noise",
    "augmentation_strength",
    "d_sign_real",
    "d_held_out",
    *_MEASURES,
)
"""What a viewer gets of each record, in this order."""

HISTORY_POINTS = 4000


def pack(header: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> bytes:
    """One frame. NaN and infinity are not JSON: numbers that may be so travel in blobs."""
    text = json.dumps({**header, "blobs": [len(b) for b in blobs]}, allow_nan=False).encode()
    return b"".join((struct.pack("<I", len(text)), text, *blobs))


def unpack(frame: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Header and blobs of a frame (the viewer's side of `pack`, for tests and other clients)."""
    (length,) = struct.unpack_from("<I", frame)
    header = json.loads(frame[4 : 4 + length])
    blobs, at = [], 4 + length
    for size in header["blobs"]:
        blobs.append(frame[at : at + size])
        at += size
    return header, blobs


def view_header(view: RunView) -> dict[str, Any]:
    """A `RunView` for the viewer, without its configuration."""
    return {
        "id": view.id,
        "title": view.title,
        "preset": view.preset,
        "state": view.state,
        "words": view.words,
        "cut_short": view.cut_short,
        "step": view.step,
        "images": view.images,
        "total_images": view.end_images,
        "elapsed_seconds": view.elapsed_seconds,
        "images_per_second": view.recent_images_per_second,
        "eta_seconds": view.eta_seconds,
        "device": view.device,
        "queue_place": view.queue_place,
        "queue_words": view.queue_words,
        "slot": view.slot,
        "error": public(view.error),
        "advice": list(view.advice),
        "checkpoints": len(view.checkpoints),
        "parent_step": view.parent_step,
        "backend": view.backend,
    }


def grid_header(
    grid: Grid, kept: bool, caption: str = "", counted: Mapping[str, float] | None = None
) -> dict[str, Any]:  # fmt: skip
    """Where and what a sample grid is; two blobs follow: PNG (of size 1: encoded scene) and float32 scores.

    caption: what its picture shows, in a sentence. counted: numbers of it: see `Narrator.counted`.
    """
    return {
        "step": grid.step,
        "images": grid.images,
        "columns": grid.columns,
        "rows": grid.rows,
        "size": grid.size,
        "kept": kept,
        "caption": caption,
        "counted": dict(counted or {}),
    }


def grid_blobs(grid: Grid) -> list[bytes]:
    return [grid.png, np.ascontiguousarray(grid.scores, "<f4").tobytes()]


def stage_header(stage: RunStage) -> dict[str, Any]:
    """What stays for a whole run of points; its real points and latents, float32, are the two blobs that follow."""
    modes = stage.modes
    return {
        "extent": list(stage.extent),
        "modes": None
        if modes is None
        else {
            "centres": np.asarray(modes.centres).tolist(),
            "std": modes.std,
            "weights": np.asarray(modes.weights).tolist(),
        },
        "layers": [
            {"name": layer.name, "in": layer.inputs, "out": layer.units, "activation": layer.after}
            for layer in stage.layers
        ],
        "measures": [measure_header(m) for m in stage.measures],
        "latent": {"dim": int(stage.latents.shape[1]), "distribution": stage.latent_distribution},
        "floors": {
            name: {"mean": _plain(floor.mean), "low": _plain(floor.low), "high": _plain(floor.high)}
            for name, floor in stage.floors.items()
        },
    }


def stage_blobs(stage: RunStage) -> list[bytes]:
    return [np.ascontiguousarray(array, "<f4").tobytes() for array in (stage.real, stage.latents)]


def evaluation_header(evaluation: Evaluation) -> dict[str, Any]:
    """The measures of one step: each with the same of real images, and what they were taken on."""
    shares = evaluation.classes
    classes = {"names": shares.names, "generated": shares.generated, "real": shares.real}
    return {
        "step": evaluation.step,
        "images": evaluation.images,
        "features": evaluation.features,
        "samples": evaluation.samples,
        "values": _finite(evaluation.values),
        "floor": _finite(evaluation.floor),
        "classes": classes if shares.names else None,
        "best": evaluation.best,
    }


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def measure_header(measure: PlaneMeasure | ImageMeasure) -> dict[str, Any]:
    """What a page says about one measure."""
    return {
        "name": measure.name,
        "label": measure.label,
        "unit": measure.unit,
        "higher": measure.higher_is_better,
        "help": measure.help,
        "source": measure.source,
    }


def change_header(change: LiveChange) -> dict[str, Any]:
    return {"step": change.step, "path": change.path, "before": _plain(change.before), "after": _plain(change.after)}


def _plain(value: object) -> str | int | float | None:
    """A setting as JSON: words and numbers as they are, anything else as text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else str(value)


def records_blob(rows: Sequence[Mapping[str, float]]) -> bytes:
    """Records as float32 [len(rows), len(COLUMNS)]; a value that a record lacks is NaN."""
    table = [[row.get(name, math.nan) for name in COLUMNS] for row in rows]
    return np.asarray(table, "<f4").reshape(len(rows), len(COLUMNS)).tobytes()


def history_blob(columns: Mapping[str, NDArray[np.float64]], points: int = HISTORY_POINTS) -> bytes:
    """A run's whole history as float32 [n, len(COLUMNS)], thinned evenly to at most `points` rows.

    The newest row is always among them, so that what comes after joins on.
    """
    count = len(columns["step"])
    stride = max(1, math.ceil(count / points))
    rows = np.arange((count - 1) % stride, count, stride) if count else np.arange(0)
    empty = np.full(count, math.nan)
    table = np.stack([_held(name, columns.get(name, empty), stride)[rows] for name in COLUMNS], axis=1)
    return table.astype("<f4").tobytes()


def _held(name: str, values: NDArray[np.float64], stride: int) -> NDArray[np.float64]:
    """A measure is taken at few rows: of those left out, each kept row has the newest since the one before."""
    values = np.asarray(values, np.float64)
    if stride == 1 or name not in _MEASURES:
        return values
    rows = np.arange(len(values))
    newest = np.maximum.accumulate(np.where(np.isnan(values), -1, rows))
    return np.where((newest >= 0) & (rows - newest < stride), values[np.maximum(newest, 0)], math.nan)

"""A run as TensorBoard reads it: curves, measures, sample grids, settings and their changes in one event file."""

from __future__ import annotations

import io
import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary import hparams, text

GROUPS: dict[str, tuple[str, ...]] = {
    "loss": ("d_loss", "g_loss", "penalty"),
    "score": ("d_real", "d_fake", "d_held_out", "d_sign_real"),
    "accuracy": ("d_accuracy_real", "d_accuracy_fake"),
    "gradient_norm": ("d_grad_norm", "g_grad_norm"),
    "setting": ("g_lr", "d_lr", "instance_noise", "augmentation_strength"),
    "speed": ("images_per_second",),
    "progress": ("images", "elapsed_seconds"),
}
"""Under which heading a column of the curves stands; others, which measure the result, stand under "quality"."""

_GROUP_OF = {name: group for group, names in GROUPS.items() for name in names}


@dataclass(frozen=True)
class Logged:
    """What is written of a run.

    records: column -> float [points], `step` among them; a cell that is NaN is left out. pictures: (step, PNG).
    evaluations: (step, seconds, what on, name -> value), what on being the features and how many samples.
    settings: dotted field -> value, as flat as TensorBoard's table of hyperparameters is. changes: (step, seconds,
    sentence). created: seconds since 1970 at which the run began; an event's time is that plus the seconds trained.
    """

    name: str
    created: float
    records: Mapping[str, NDArray[np.floating[Any]]]
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    pictures: Iterable[tuple[int, bytes]] = ()
    evaluations: Iterable[tuple[int, float, str, Mapping[str, float]]] = ()
    changes: Iterable[tuple[int, float, str]] = ()


def write_tensorboard(folder: Path, run: Logged) -> Path:
    """Write `folder`/events.out.tfevents.<created>.ganscope, in the place of one written before; returns its path.

    The file appears whole or not at all. Raises OSError where the folder cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events.out.tfevents.{int(run.created)}.ganscope"
    temporary = folder / f".partial-{os.getpid()}"  # TensorBoard looks at names with "tfevents" in them only
    try:
        writer = RecordWriter(str(temporary))
        try:
            for event in _events(run):
                writer.write(event.SerializeToString())
            writer.flush()
        finally:
            writer.close()
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def tag_of(column: str) -> str:
    """ "d_loss" -> "loss/d_loss"; what measures the result -> "quality/..."."""
    return f"{_GROUP_OF.get(column, 'quality')}/{column}"


def _events(run: Logged) -> Iterable[Event]:
    yield Event(wall_time=run.created, file_version="brain.Event:2")
    yield from _settings(run)
    steps, seconds = run.records["step"], run.records["elapsed_seconds"]
    columns = {tag_of(name): values for name, values in run.records.items() if name != "step"}
    for i, step in enumerate(steps.tolist()):
        cells = [Summary.Value(tag=tag, simple_value=float(values[i])) for tag, values in columns.items()
                 if not math.isnan(values[i])]  # fmt: skip
        yield _event(run, step, float(seconds[i]), Summary(value=cells))
    for step, png in run.pictures:
        yield _event(run, step, _seconds_at(steps, seconds, step), _picture(png))
    for step, after, what, values in run.evaluations:
        cells = [Summary.Value(tag=f"quality/{name}/{_plain(what)}", simple_value=value)
                 for name, value in values.items() if math.isfinite(value)]  # fmt: skip
        yield _event(run, step, after, Summary(value=cells))
    for step, after, sentence in run.changes:
        yield _event(run, step, after, text("changes", sentence))


def _event(run: Logged, step: float, seconds: float, summary: Any) -> Event:
    return Event(wall_time=run.created + seconds, step=int(step), summary=summary)


def _settings(run: Logged) -> Iterable[Event]:
    """As a page of text, and in the table of hyperparameters beside the curves that a run is judged by."""
    lines = ["| setting | value |", "|---|---|"]
    lines += [f"| {path} | {_cell(value)} |" for path, value in run.settings.items()]
    yield _event(run, 0, 0.0, text("settings", "\n".join(lines)))
    measured = (name for name, values in run.records.items() if not np.isnan(values).all())
    judged = [tag_of(name) for name in measured if name in ("g_loss", "d_loss") or name not in (*_GROUP_OF, "step")]
    for summary in hparams(dict(run.settings), dict.fromkeys(judged, 0.0)):
        yield _event(run, 0, 0.0, summary)


def _picture(png: bytes) -> Summary:
    """The PNG as it is, without drawing it anew."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        width, height, depth = *image.size, len(image.getbands())
    shown = Summary.Image(width=width, height=height, colorspace=depth, encoded_image_string=png)
    return Summary(value=[Summary.Value(tag="samples", image=shown)])


def _seconds_at(steps: NDArray[Any], seconds: NDArray[Any], step: int) -> float:
    """Seconds trained when a step was reached: those of the last point not after it."""
    row = int(np.searchsorted(steps, step, side="right")) - 1
    return float(seconds[row]) if row >= 0 else 0.0


def _plain(words: str) -> str:
    """As a tag may be written."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", words).strip("_").lower()


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("|", "\\|").replace("\n", " ")

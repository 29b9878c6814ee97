"""Descriptions of models that can be explored, and the small files that they are read from."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gan_core.data.base import datasets
from gan_core.runs.snapshot import RunView
from gan_core.runs.storage.weights.foreign_weights import MOST_BYTES, Description

MOST_ENTRY_BYTES = 100_000


@dataclass(frozen=True)
class ModelEntry:
    """What is known of a model before it is opened; of an opened one (`ModelCatalog.entry`) the last six fields too.

    kind: "asset", "run" or "file". step: of the weights. steps: of all checkpoints of a run. live: it trains now.
    moments: of an opened run the steps at which its generator can be looked at, small generators' too.
    details: what an asset's card says beside (command, seed, date, metrics, licence), and `verdict`.
    """

    id: str
    label: str
    kind: str
    data: str
    channels: int
    size: int
    dim: int
    classes: tuple[str, ...]
    probability: bool
    step: int = 0
    steps: tuple[int, ...] = ()
    live: bool = False
    created: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    spaces: tuple[str, ...] = ("z",)
    style_layers: int = 0
    style_dim: int = 0
    has_discriminator: bool = False
    images: int = 0
    moments: tuple[int, ...] = ()

    def json(self) -> dict[str, Any]:
        """Plain data for the page."""
        return asdict(self)


def entry_of(model_id: str, label: str, kind: str, said: Description, **known: Any) -> ModelEntry:
    config = said.config
    return ModelEntry(
        id=model_id, label=label, kind=kind, data=datasets.name_of(config.data), channels=said.shape.channels,
        size=said.shape.size, dim=config.latent.dim, classes=said.classes if config.conditional else (),
        probability=config.loss.probability, step=said.step, **known,
    )  # fmt: skip


_DISTANCE, _FLOOR = "Fréchet distance, ", "Fréchet distance of real images to others, "
_NEAR, _SOME_WAY = 10.0, 25.0  # above the floor, in classifiers' features; judged by eye on what comes along


def verdict(metrics: Any) -> str:
    """In plain words how good a generator that comes along is, beside what real images score by the same.

    metrics: of its card, name -> number. "" where its distance or its floor is not known.
    """
    known = metrics if isinstance(metrics, dict) else {}
    found = {key: value for key, value in known.items() if type(value) in (int, float) and value >= 0}
    distance = next((value for key, value in found.items() if key.startswith(_DISTANCE)), None)
    floor = next((value for key, value in found.items() if key.startswith(_FLOOR)), None)
    if distance is None or floor is None:
        return ""
    numbers = f"its Fréchet distance is {distance:.1f}, where real images score {floor:.1f} (lower is better)"
    if distance - floor <= _NEAR:
        return f"Near its floor: {numbers}. Many of its pictures would pass for real ones."
    if distance - floor <= _SOME_WAY:
        return f"Some way from its floor: {numbers}. Most of its pictures can be recognised; few would pass for real."
    return f"Far from its floor: {numbers}. Expect smears and broken pictures among what it makes."


def run_label(view: RunView) -> str:
    return view.title or f"{view.preset or 'Run'}, {view.created[:16].replace('T', ' ')}"


def real_file(folder: Path, name: str) -> Path | None:
    """A file that lies in the folder itself; a link is none."""
    path = folder / name
    return path if path.is_file() and not path.is_symlink() else None


def stems(folder: Path, pattern: str) -> list[str]:
    """Names of the safetensors files in a folder, without their ending."""
    if not folder.is_dir():
        return []
    found = (path.stem for path in folder.glob("*.safetensors") if path.is_file() and not path.is_symlink())
    return sorted(stem for stem in found if re.fullmatch(pattern, stem))


def read_file(path: Path, most: int = MOST_BYTES + 1) -> bytes:
    with open(path, "rb") as file:
        return file.read(most)


def small_json(folder: Path, name: str) -> dict[str, Any]:
    """An object, empty where there is no readable one."""
    path = real_file(folder, name)
    try:
        found = json.loads(read_file(path, MOST_ENTRY_BYTES)) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

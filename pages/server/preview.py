"""Sample pictures of a dataset, or its points, made once and served to whoever looks at the same data."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from PIL import Image

from gan_core.config.codec import replace_at, to_dict
from gan_core.data import DataUnavailable, portrait
from pages.server.atlas import Previews, atlas_png

if TYPE_CHECKING:
    from gan_core.data.base import Dataset
    from gan_core.data.sets.points import PointDataset

ACROSS = 8
POINTS = 2000
PORTRAIT_PIXELS = 320
BLUE = (0, 114, 178)  # of what is real, as `portrait` paints it


def shows_points(dataset: Dataset) -> TypeGuard[PointDataset]:
    """Whether it is a set of points in the plane, which has an extent and no pictures."""
    return hasattr(dataset, "extent")


@functools.lru_cache(maxsize=8)
def real_points(dataset: PointDataset) -> dict[str, Any]:
    """The first points of a set in the plane: float32 [n, 2] in base64 under "points", and its "extent"."""
    points = dataset.load(1, Path()).images[:POINTS].reshape(-1, 2).numpy()
    return {"points": base64.b64encode(points.astype("<f4").tobytes()).decode(), "extent": list(dataset.extent)}


def points_preview(dataset: PointDataset) -> dict[str, Any]:
    """The real points, or the empty plane where there are none yet, as in a drawing that was cleared."""
    key = f"{type(dataset).__name__} {to_dict(dataset)}"
    try:
        return {**real_points(dataset), "key": key, "caption": "real points: what it will learn from"}
    except DataUnavailable:
        return {"points": "", "extent": list(dataset.extent), "key": key, "caption": "nothing to learn from yet"}


def portrait_key(previews: Previews, dataset: PointDataset, pixels: int = PORTRAIT_PIXELS) -> str:
    """Key of a picture of a set of points: blue on nothing, so that it suits light and dark pages."""
    described = json.dumps(["portrait", type(dataset).__qualname__, to_dict(dataset), pixels])
    key = hashlib.sha256(described.encode()).hexdigest()[:24]
    if key not in previews:
        shown = portrait(dataset, pixels)
        alpha = 255 - shown[..., :1]  # the colour has no red of its own: what is left of it is paper
        blue = np.broadcast_to(np.array(BLUE, np.uint8), shown.shape)
        out = io.BytesIO()
        Image.fromarray(np.concatenate([blue, alpha], axis=2)).save(out, "PNG")
        previews.put(key, out.getvalue())
    return key


def file_key(previews: Previews, path: Path) -> str:
    """Key of a picture that comes along, "" where there is none."""
    if not path.is_file():
        return ""
    data = path.read_bytes()
    key = hashlib.sha256(data).hexdigest()[:24]
    if key not in previews:
        previews.put(key, data)
    return key


def preview_key(
    previews: Previews, dataset: Dataset, size: int, data_dir: Path, across: int = ACROSS, down: int = ACROSS
) -> str:
    """Key of an atlas of `dataset`'s first images, `across` x `down`, by what it holds now; never fetches anything.

    Raises DataUnavailable where the data is not here.
    """
    name, digest = type(dataset).__qualname__, dataset.content(data_dir).digest
    described = json.dumps([name, to_dict(dataset), digest, size, across, down], sort_keys=True)
    key = hashlib.sha256(described.encode()).hexdigest()[:24]
    if key in previews:
        return key
    info = dataset.info(data_dir)
    if hasattr(dataset, "count"):  # the first images are the same however many are kept
        dataset = replace_at(dataset, "count", max(across * down, 100))
    if info.needs_download:
        raise DataUnavailable(
            f"These images are not on this machine yet: fetch them first ({info.download_megabytes} MB)."
        )
    previews.put(key, atlas_png(dataset.load(size, data_dir).images[: across * down].numpy(), across, down))
    return key

"""Sample pictures of a dataset, or its points, made once and served to whoever looks at the same data."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from gan_core.config.codec import to_dict
from gan_core.data import DataUnavailable
from pages.ui.atlas import Previews, atlas_png

ACROSS = 8
POINTS = 2000


def shows_points(dataset: Any) -> bool:
    """Whether it is a set of points in the plane, which has an extent and no pictures."""
    return hasattr(dataset, "extent")


@functools.lru_cache(maxsize=8)
def real_points(dataset: Any) -> dict[str, Any]:
    """The first points of a set in the plane: float32 [n, 2] in base64 under "points", and its "extent"."""
    points = dataset.load(1, Path()).images[:POINTS].reshape(-1, 2).numpy()
    return {"points": base64.b64encode(points.astype("<f4").tobytes()).decode(), "extent": list(dataset.extent)}


def preview_key(
    previews: Previews, dataset: Any, size: int, data_dir: Path, across: int = ACROSS, down: int = ACROSS
) -> str:
    """Key of an atlas of `dataset`'s first images, `across` x `down`; never fetches anything.

    Raises DataUnavailable where the data is not here.
    """
    name = type(dataset).__qualname__
    described = json.dumps([name, to_dict(dataset), size, across, down], sort_keys=True)
    key = hashlib.sha256(described.encode()).hexdigest()[:24]
    if key in previews:
        return key
    info = dataset.info(data_dir)
    if hasattr(dataset, "count"):  # the first images are the same however many are kept
        dataset = dataclasses.replace(dataset, count=max(across * down, 100))
    if info.needs_download:
        megabytes = info.download_megabytes
        raise DataUnavailable(
            f"These images are not on this machine yet: fetch them on the Data page ({megabytes} MB)."
        )
    previews.put(key, atlas_png(dataset.load(size, data_dir).images[: across * down].numpy(), across, down))
    return key

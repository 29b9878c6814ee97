"""Sample pictures of a dataset, made once and served to whoever looks at the same data."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from gan_core.config.codec import to_dict
from gan_core.data import DataUnavailable
from pages.ui.atlas import Previews, atlas_png

ACROSS = 8


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

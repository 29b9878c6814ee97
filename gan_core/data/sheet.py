"""A dataset for people to look at: what is known of it, and some of its images. Never fetches anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gan_core.config.codec import replace_at
from gan_core.config.fields import specs
from gan_core.data.base import Dataset, DataUnavailable, ImageInfo, datasets

_ENOUGH = 2_000  # images to choose the shown ones from, where a dataset can be cut short


@dataclass(frozen=True)
class DataSheet:
    """Plain data for a page.

    samples: uint8 [n, size, size, C], spread over the set, or over the classes where there are some;
    sample_labels: a class name each, or (); class_counts: training images of each class where all were loaded;
    problem: "" or one sentence saying why there is nothing to show.
    """

    name: str
    label: str
    help: str
    source: str
    info: ImageInfo
    samples: np.ndarray[Any, np.dtype[np.uint8]]
    sample_labels: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    problem: str = ""


def describe(dataset: Dataset, data_dir: Path, samples: int = 64, size: int | None = None) -> DataSheet:
    """What a data page shows; `size` is the samples' width (28, 32 or 64), by default the dataset's own.

    Takes a tenth of a second for what comes with the program, the first look at Fashion-MNIST half a second.
    """
    entry, info = datasets.get(datasets.name_of(dataset)), dataset.info(data_dir)
    size = size or info.native_size
    nothing = np.zeros((0, size, size, info.channels), np.uint8)
    texts = (entry.name, entry.label, entry.help, entry.source, info)
    if info.needs_download:
        return DataSheet(
            *texts, nothing, problem=f"{entry.label} is not on this machine ({info.download_megabytes} MB)."
        )
    looked_at = _cut_short(dataset, info, data_dir)
    try:
        loaded = looked_at.load(size, data_dir)
    except DataUnavailable as error:
        return DataSheet(*texts, nothing, problem=str(error))
    chosen = np.linspace(0, len(loaded.images) - 1, min(samples, len(loaded.images))).round().astype(np.int64)
    words: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    if loaded.labels is not None:
        labels = loaded.labels.numpy()
        words = tuple(loaded.classes[label] for label in labels[chosen])
        if looked_at is dataset:
            counts = tuple(int(n) for n in np.bincount(labels, minlength=len(loaded.classes)))
    shown = loaded.images.numpy()[chosen].transpose(0, 2, 3, 1).copy()
    return DataSheet(*texts, shown, words, counts)


def _cut_short(dataset: Dataset, info: ImageInfo, data_dir: Path) -> Dataset:
    """The same with only its first images where it has an option for that: they are enough, and sooner there."""
    if info.count <= _ENOUGH or "count" not in specs(type(dataset)):
        return dataset
    shorter = replace_at(dataset, "count", _ENOUGH)
    return dataset if shorter.info(data_dir).needs_download else shorter

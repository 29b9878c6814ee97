"""A dataset for people to look at: what is known of it, and some of its images. Never fetches anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan_core.config.codec import replace_at
from gan_core.config.fields import specs
from gan_core.data.base import Dataset, DataUnavailable, ImageInfo, datasets
from gan_core.data.sets.points import PointDataset

_PORTRAIT, _BLUE = 256, (0, 114, 178)  # pixels a side; the colour of what is real
_ENOUGH = 2_000  # images to choose the shown ones from, where a dataset can be cut short


@dataclass(frozen=True)
class DataSheet:
    """Plain data for a page.

    samples: uint8 [n, size, size, C], spread over the set, or over the classes where there are some; of points in
    the plane one picture [1, 256, 256, 3];
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
    if isinstance(dataset, PointDataset):
        found = dataset.problems()
        shown = nothing if found else portrait(dataset, _PORTRAIT)[None]
        return DataSheet(*texts, shown, problem=" ".join(found))
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


def portrait(dataset: PointDataset, pixels: int, count: int = _ENOUGH) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The stage with `count` points on it, uint8 [pixels, pixels, 3]: blue dots on white, y upwards."""
    x0, x1, y0, y1 = dataset.extent
    points = dataset.sample(count, torch.Generator().manual_seed(0)).double().numpy()
    places = np.floor((points - (x0, y0)) / (x1 - x0, y1 - y0) * pixels).astype(np.int64)
    hits = np.zeros((pixels, pixels))
    for across, up, ink in ((0, 0, 1.0), (1, 0, 0.5), (-1, 0, 0.5), (0, 1, 0.5), (0, -1, 0.5)):  # a soft dot
        column, row = places[:, 0] + across, places[:, 1] + up
        inside = (column >= 0) & (column < pixels) & (row >= 0) & (row < pixels)
        np.add.at(hits, (row[inside], column[inside]), ink)
    paper = np.exp(-1.2 * hits[::-1])[..., None]  # what is left of it under the dots
    colours: np.ndarray[Any, np.dtype[np.float64]] = 255 * paper + np.array(_BLUE) * (1 - paper)
    return colours.round().astype(np.uint8)

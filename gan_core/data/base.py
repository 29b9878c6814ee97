"""What a dataset is: options that load into one uint8 tensor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_core.config.registry import Registry
from gan_core.data.content import Content, published_digest

Progress = Callable[[float, str], None]
"""Called with the fraction done (0 to 1) and a few words; may raise to cancel."""


class DataUnavailable(Exception):
    """The data is not on this machine and cannot be had now; one sentence saying what to do."""


@dataclass(frozen=True)
class ImageInfo:
    """What is known of a dataset before it is loaded. Points in the plane have native_size 1 and 2 channels.

    problem: "", or one sentence where it cannot be loaded and cannot be fetched either.
    """

    channels: int
    native_size: int
    count: int
    classes: tuple[str, ...]
    needs_download: bool = False
    download_megabytes: int = 0
    licence: str = ""
    problem: str = ""


@dataclass(frozen=True)
class ImageSet:
    """Loaded images, square, in the size asked for; or points in the plane, as images of 2 channels and 1 pixel.

    images: uint8 [N, C, size, size], of points float32 [N, 2, 1, 1].
    labels: int64 [N], or None where there are no classes.
    held_out, held_out_labels: the same for images that no run trains on (may be empty: N = 0).
    factors: name -> float array [N], the known causes of each image (Shapes only).
    content: the digest of the dataset that they are of (`Content`), where whoever loaded them knows it.
    """

    images: Tensor
    labels: Tensor | None
    classes: tuple[str, ...]
    held_out: Tensor
    held_out_labels: Tensor | None
    factors: dict[str, np.ndarray[Any, np.dtype[np.float32]]] | None = None
    content: str = ""

    @property
    def channels(self) -> int:
        return int(self.images.shape[1])

    @property
    def size(self) -> int:
        return int(self.images.shape[-1])

    def to(self, device: torch.device) -> ImageSet:
        """The training images (and labels) on `device`; the rest stays where it is."""
        labels = None if self.labels is None else self.labels.to(device)
        return replace(self, images=self.images.to(device), labels=labels)


class Dataset:
    """A member of the dataset family: a frozen dataclass of options with these methods."""

    def info(self, data_dir: Path) -> ImageInfo:
        """Known without loading; must be quick (under 10 ms)."""
        raise NotImplementedError

    def load(self, size: int, data_dir: Path, progress: Progress | None = None) -> ImageSet:
        """The images at `size` pixels (28, 32 or 64); `data_dir` is where fetched and own data lives.

        Raises DataUnavailable when it is neither here nor to be fetched.
        """
        raise NotImplementedError

    def problems(self) -> list[str]:
        """A sentence for each reason why these options cannot work; empty where they can."""
        return []

    def origin(self) -> str:
        """What its source is known by, beside its name and its options: the checksums of its files."""
        return ""

    def content(self, data_dir: Path) -> Content:
        """What it holds, whatever its options: quick where it has been asked before.

        Raises DataUnavailable where that cannot be known.
        """
        name = datasets.name_of(self)
        return Content(published_digest(name, self.origin()), title=datasets.get(name).label)

    def elsewhere(self, digest: str, data_dir: Path) -> Dataset | None:
        """The dataset with these options that holds this content under another name; None where there is none."""
        return None

    def fetch(self, data_dir: Path, progress: Progress | None = None) -> None:
        """Have the files on this machine; nothing to do for what comes along. Raises DataUnavailable."""
        return


datasets: Registry[Dataset] = Registry("dataset", "dataset")

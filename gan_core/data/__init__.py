"""What a run learns from: every dataset loads into one uint8 tensor; `intake` is the one door for uploads."""

# ruff: noqa: I001  (members are registered, and shown, in the order of these lines)

from __future__ import annotations

from gan_core.data.base import Dataset, DataUnavailable, ImageInfo, ImageSet, Progress, datasets
from gan_core.data.fashion import FashionMnist
from gan_core.data.shapes import Shapes
from gan_core.data.emoji import Emoji

__all__ = [
    "DataUnavailable",
    "Dataset",
    "Emoji",
    "FashionMnist",
    "ImageInfo",
    "ImageSet",
    "Progress",
    "Shapes",
    "datasets",
]

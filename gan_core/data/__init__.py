"""What a run learns from: every dataset loads into one uint8 tensor; `intake` is the one door for uploads."""

from __future__ import annotations

from gan_core.data.base import Dataset, DataUnavailable, ImageInfo, ImageSet, Progress, datasets
from gan_core.data.fashion import FashionMnist

__all__ = ["DataUnavailable", "Dataset", "FashionMnist", "ImageInfo", "ImageSet", "Progress", "datasets"]

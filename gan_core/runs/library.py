"""Loaded datasets, kept while they are likely to be wanted again."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from pathlib import Path

from gan_core.config.codec import to_dict
from gan_core.data.base import Dataset, ImageSet, datasets

KEEP = 2


class DataLibrary:
    """Loads datasets and keeps the last two; safe to be asked by several threads."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, ImageSet] = OrderedDict()

    def load(self, data: Dataset, size: int) -> ImageSet:
        """Raises DataUnavailable where it is neither here nor to be fetched."""
        key = json.dumps([datasets.name_of(data), to_dict(data), size], sort_keys=True)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = data.load(size, self._data_dir)
                while len(self._kept) > KEEP:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def forget(self) -> None:
        """After a dataset changed on disk."""
        with self._lock:
            self._kept.clear()

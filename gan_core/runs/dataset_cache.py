"""Caches loaded datasets by their content while they are likely to be used again."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

from gan_core.config.codec import to_dict
from gan_core.data.base import Dataset, DataUnavailable, ImageSet, datasets

KEEP = 2
_TRIES = 5  # for a set that somebody changes while it is being read


class DatasetCache:
    """Loads datasets and keeps the last two; safe to be asked by several threads."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, ImageSet] = OrderedDict()

    def load(self, data: Dataset, size: int) -> ImageSet:
        """What it holds now. Raises DataUnavailable where it is neither here nor to be fetched."""
        with self._lock:
            for _ in range(_TRIES):
                digest = data.content(self.data_dir).digest
                if (found := self._found(data, size, digest)) is not None:
                    return found
                loaded = replace(data.load(size, self.data_dir), content=digest)
                if data.content(self.data_dir).digest == digest:
                    return self._keep(data, size, loaded)
        raise DataUnavailable(f"{datasets.get(datasets.name_of(data)).label} are being changed just now; try again.")

    def kept(self, data: Dataset, size: int, digest: str) -> ImageSet | None:
        """Of this content, where it is in memory: whatever lies on the disk by now."""
        with self._lock:
            return self._found(data, size, digest)

    def _found(self, data: Dataset, size: int, digest: str) -> ImageSet | None:
        key = _key(data, size, digest)
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def _keep(self, data: Dataset, size: int, loaded: ImageSet) -> ImageSet:
        self._kept[_key(data, size, loaded.content)] = loaded
        while len(self._kept) > KEEP:
            self._kept.popitem(last=False)
        return loaded


def _key(data: Dataset, size: int, digest: str) -> str:
    """By its options, and by what it holds rather than by what it is called."""
    options = {name: value for name, value in to_dict(data).items() if name != "slug"}
    return json.dumps([datasets.name_of(data), options, size, digest], sort_keys=True)

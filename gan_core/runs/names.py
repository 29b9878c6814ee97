"""Ids of runs and sweeps: they begin with the time of creation, so that they sort in that order."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gan_core.config.codec import to_dict
from gan_core.data import OwnImages, datasets, own_set
from gan_core.data.base import Dataset
from gan_core.training import PRESETS

_TRIED = 20
_NAMES = {"drawn": "Own drawing"}  # what a run is called where the label in a list is an invitation
_MILLISECOND = timedelta(milliseconds=1)

_lock = threading.Lock()
_newest = datetime.min.replace(tzinfo=UTC)


def named_after(config: Mapping[str, Any], preset: str) -> str:
    """What a run of this configuration is called after: the data it learns from where they are not the preset's."""
    data = config.get("data")
    if not isinstance(data, Mapping):
        return preset
    return str(data.get("slug") or (data.get("name") if _other_data(data, preset) else preset) or preset)


def data_label(config: Mapping[str, Any], preset: str) -> str:
    """The label of the data that a run learns from; "" where they are those that its preset is named after."""
    data = config.get("data")
    if not isinstance(data, Mapping) or not _other_data(data, preset) or data.get("name") not in datasets.names():
        return ""
    name = str(data["name"])
    return _NAMES.get(name, datasets.get(name).label)


def _other_data(data: Mapping[str, Any], preset: str) -> bool:
    return preset in PRESETS and dict(data) != to_dict(PRESETS[preset].config)["data"]


def own_title(data: Dataset, data_dir: Path) -> str:
    """The title of the set of one's own images that `data` is, "" for every other dataset."""
    if not isinstance(data, OwnImages) or not data.slug:
        return ""
    known = own_set(data_dir, data.slug)
    return "" if known.problem else known.title


def free_id(runs_dir: Path, preset: str) -> str:
    """A name that no run in the folder has; later ones of this process sort after it, also in one millisecond."""
    name = re.sub(r"[^a-z0-9]+", "-", preset.lower()).strip("-")[:40] or "run"
    stamp = _later_moment().strftime("%Y%m%d-%H%M%S%f")[:-3]
    tried = (f"{stamp}-{name}-{secrets.token_hex(2)}" for _ in range(_TRIED))
    return next(found for found in tried if not (runs_dir / found).exists())


def _later_moment() -> datetime:
    """Now in whole milliseconds, or a millisecond after the one before where that one was no earlier."""
    global _newest
    now = datetime.now(UTC)
    with _lock:
        _newest = max(now.replace(microsecond=now.microsecond // 1000 * 1000), _newest + _MILLISECOND)
        return _newest

"""Ids of runs and sweeps: they begin with the time of creation, so that they sort in that order."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gan_core.data import OwnImages, own_set
from gan_core.data.base import Dataset

_TRIED = 20
_MILLISECOND = timedelta(milliseconds=1)

_lock = threading.Lock()
_newest = datetime.min.replace(tzinfo=UTC)


def named_after(config: Mapping[str, Any], preset: str) -> str:
    """What a run of this configuration is called after: the set of one's own images it learns from, or a preset."""
    data = config.get("data")
    return str(data.get("slug") or preset) if isinstance(data, Mapping) else preset


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

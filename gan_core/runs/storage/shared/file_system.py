"""Whether a folder is shared by several machines: there SQLite's log in shared memory would not work."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from gan_core.config.codec import ConfigError

NETWORKS = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs", "orangefs",
    "panfs", "9p", "virtiofs",
})  # fmt: skip
_MOUNTS = Path("/proc/self/mountinfo")
_SAID = {"yes": True, "no": False}


def is_shared(folder: Path, environment: Mapping[str, str] = os.environ) -> bool:
    """By GANSCOPE_SHARED_RUNS (yes or no), else by the kind of its file system; False where that cannot be told.

    Raises ConfigError for another word.
    """
    said = environment.get("GANSCOPE_SHARED_RUNS", "")
    if said:
        if said not in _SAID:
            raise ConfigError(f'GANSCOPE_SHARED_RUNS is "{said}"; it must be yes or no.')
        return _SAID[said]
    try:
        device = os.stat(folder).st_dev
    except OSError:
        return False
    kind = _kinds().get(f"{os.major(device)}:{os.minor(device)}", "") if hasattr(os, "major") else ""
    return kind in NETWORKS or kind.startswith("fuse.")


@lru_cache(maxsize=1)
def _kinds() -> dict[str, str]:
    """Of the mounted file systems: device number -> kind. One mounted later is not known here."""
    try:
        lines = _MOUNTS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    cut = (line.partition(" - ") for line in lines)
    return {before.split()[2]: after.split()[0] for before, dash, after in cut if dash}

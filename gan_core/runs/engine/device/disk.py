"""The disk: how much of it runs may take, and whether their folders can be written."""

from __future__ import annotations

import secrets
from pathlib import Path

from gan_core.config.codec import ConfigError
from gan_core.runs.engine.advice import is_full_disk
from gan_core.runs.engine.device.budget import CAUTION_SHARE, Budget, gigabytes
from gan_core.runs.storage.disk_use import DiskMeter


class DiskBudget:
    """What runs and jobs take of the disk beside what they may, all together and each person."""

    def __init__(self, limits: Budget, runs_dir: Path) -> None:
        self.limits, self.meter = limits, DiskMeter(runs_dir)

    def cautions(self, owner: str) -> list[str]:
        """Which share is nearly used up, all together or this person's; a sentence each."""
        return [
            f"Runs take {gigabytes(used)} of the {gigabytes(limit)} of disk that {whose}; deleting some makes room."
            for used, limit, whose in self._shares(owner)
            if CAUTION_SHARE * limit <= used < limit
        ]

    def refuse_beyond(self, owner: str) -> None:
        """Raises ConfigError in one sentence where nothing new may be begun: the budget is used up."""
        for used, limit, whose in self._shares(owner):
            if used >= limit:
                raise ConfigError(
                    f"Runs take {gigabytes(used)}, and {gigabytes(limit)} of disk is what {whose}; "
                    "delete some before the next one begins."
                )

    def _shares(self, owner: str) -> list[tuple[int, int, str]]:
        """What is used of each budget that holds for this person, the budget in bytes, and whose it is."""
        total, each = self.limits.disk, self.limits.disk_each if owner else None
        if total is None and each is None:
            return []
        use = self.meter.use()
        shares = [(use.total, total, "they have on this server")] if total is not None else []
        if each is not None:
            shares.append((use.by_owner.get(owner, 0), each, "each person has"))
        return shares


def make_writable(folder: Path, what: str) -> None:
    """Make the folder where it is missing. Raises ConfigError in one sentence where nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{secrets.token_hex(4)}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        if is_full_disk(error):
            raise
        reason = error.strerror or str(error)
        raise ConfigError(f"The {what} folder {folder} cannot be written ({reason}); choose another.") from error

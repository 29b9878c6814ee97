"""Makes a `RunView` of a run from its manifest, status and changes, in memory or on disk."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gan_core.config.codec import ConfigError, from_dict, replace_at, to_dict
from gan_core.data.sets.points import PointDataset
from gan_core.runs.evaluation_record import best_step, read_evaluations
from gan_core.runs.snapshot import LiveChange, RunView
from gan_core.runs.states import LIVE
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.replay import ahead, stages
from gan_core.runs.storage.run_folder import RunFolder, UnreadableRun
from gan_core.runs.storage.shared.lock import is_held, noted
from gan_core.runs.storage.shared.waiting_job import read_job
from gan_core.runs.storage.tables import RunStatus, read_changes, read_checkpoints, read_status
from gan_core.training import RunConfig
from gan_core.training.backends.dense import is_plain

SETTLED_SECONDS = 2.0  # a file changed more recently may change again without its time of change telling
LONG_AGO_SECONDS = 86_400.0  # by no more do the clocks of two machines differ


def make_view(
    manifest: RunManifest, status: RunStatus, config: dict[str, Any], checkpoints: tuple[int, ...], *,
    speed: float = 0.0, pace: float = 0.0, place: int = 0, best: int | None = None, share: float = 1.0,
    waits: str = "", slot: str = "",
) -> RunView:  # fmt: skip
    return RunView(
        id=manifest.id, title=manifest.title, preset=manifest.preset, state=status.state, step=status.step,
        images=status.images, total_images=int(config["total_images"]), elapsed_seconds=status.elapsed_seconds,
        recent_images_per_second=speed, device=manifest.device, threads=manifest.threads, config=config,
        created=manifest.created, parent=manifest.parent, parent_step=manifest.parent_step,
        queue_place=max(0, place) if status.state == "queued" else 0,
        queue_words=waits if status.state == "queued" else "", error=status.error, advice=status.advice,
        checkpoints=checkpoints, warnings=status.warnings, seconds_per_step=pace,
        twin_of=manifest.twin_of, sweep=manifest.sweep, device_share=share,
        compiled_from_step=status.compiled_from_step, until_step=status.until_step, order=manifest.order,
        until_seconds=status.until_seconds, owner=manifest.owner, processes=manifest.processes,
        best_step=best if best in checkpoints else None, slot=slot if status.state in ("running", "stopping") else "",
    )  # fmt: skip


def first_config(manifest: RunManifest) -> RunConfig:
    """What the run itself began with. Raises UnreadableRun where this version knows no such configuration."""
    return known_config(manifest, manifest.config)


def known_config(manifest: RunManifest, config: dict[str, Any]) -> RunConfig:
    """A configuration of a run. Raises UnreadableRun."""
    try:
        known = from_dict(RunConfig, config)
        return known if "backend" in config else replace(known, backend=_backend_of_earlier(manifest, config, known))
    except (ConfigError, ValueError, TypeError, OverflowError, RecursionError) as error:
        why = str(error) if isinstance(error, ConfigError) else "a value in it is of a wrong kind."
        words = f"The run {manifest.id} has a configuration that this version cannot use: {why}"
        raise UnreadableRun(words) from error


def _backend_of_earlier(manifest: RunManifest, config: dict[str, Any], known: RunConfig) -> str:
    """What a run of a version before backends were recorded began with."""
    if manifest.device == "cpu" and is_plain(known):
        return "dense"
    return "inductor" if config.get("compiled") is True and not isinstance(known.data, PointDataset) else "reference"


def config_in_force(manifest: RunManifest, changes: list[LiveChange], at_step: int | None = None) -> RunConfig:
    """The configuration with every change up to a step, or up to now. Raises UnreadableRun.

    A branch has its parent's at the steps that it goes through again.
    """
    life = stages(manifest, changes)
    stage = life[-1] if at_step is None else ahead(life, at_step)[0]
    config = known_config(manifest, stage.config)
    for change in stage.changes:
        if at_step is None or change.step <= at_step:
            try:
                config = replace_at(config, change.path, change.after)
            except (ConfigError, OverflowError) as error:
                why = str(error) if isinstance(error, ConfigError) else "its value is of a wrong kind."
                raise UnreadableRun(f"The run {manifest.id} has a change that cannot be made: {why}") from error
    return config


@dataclass(frozen=True)
class _Stored:
    """A view with the state as it was written, and the files' sizes and times from which it was read."""

    view: RunView
    signature: tuple[Any, ...]


class ViewCache:
    """Views of runs that do not train in this process, read anew only where their files changed."""

    def __init__(self) -> None:
        self._kept: dict[Path, _Stored] = {}
        self._seen: dict[Path, tuple[tuple[Any, ...], float]] = {}  # signature, since when, by this process's clock

    def view(self, folder: RunFolder) -> RunView:
        """Raises UnreadableRun. "interrupted" where the files say that it trains but no process holds it, unless it
        waits for another machine to begin with it."""
        held = is_held(folder.lock)  # before reading: it may come to rest while we read
        view = self._as_written(folder)
        if view.state in LIVE and not held and not is_held(folder.lock):
            job = read_job(folder.root) if view.state == "queued" else None
            return replace(view, state="interrupted") if job is None else replace(view, queue_words=job.words)
        return replace(view, slot=noted(folder.lock)) if held and view.state in ("running", "stopping") else view

    def _as_written(self, folder: RunFolder) -> RunView:
        signature, newest = _signature(folder)
        stored = self._kept.get(folder.root)
        if stored is not None and stored.signature == signature:
            return stored.view
        manifest = folder.manifest()
        with folder.read() as db:
            db.execute("BEGIN")  # one moment for all of them
            status, rows, changes = read_status(db), read_checkpoints(db), read_changes(db, folder.id)
            best = best_step(read_evaluations(db))
        config = to_dict(config_in_force(manifest, changes))
        view = make_view(manifest, status, config, tuple(row.step for row in rows), best=best)
        if self._is_settled(folder.root, signature, newest):
            self._kept[folder.root] = _Stored(view, signature)
        return view

    def _is_settled(self, root: Path, signature: tuple[Any, ...], newest: float) -> bool:
        """Whether the files have not changed for a while, as seen here: another machine's clock may be wrong."""
        now = time.monotonic()
        known = self._seen.get(root)
        if known is None or known[0] != signature:
            known = self._seen[root] = signature, now
        return now - known[1] > SETTLED_SECONDS or time.time() - newest > LONG_AGO_SECONDS


def _signature(folder: RunFolder) -> tuple[tuple[Any, ...], float]:
    """Identity, size and time of every file that a view is made of, and the newest time in seconds since 1970."""
    found: list[Any] = []
    newest = 0.0
    for path in (folder.root / "config.json", folder.database, folder.root / f"{folder.database.name}-wal"):
        try:
            stat = path.stat()
        except OSError:
            continue
        if stat.st_size:  # a reader may leave an empty log behind
            found += [path.name, stat.st_ino, stat.st_size, stat.st_mtime_ns]
            newest = max(newest, stat.st_mtime)
    return tuple(found), newest

"""Checks whether a run at rest can be resumed, and takes its lock so that nobody else changes it meanwhile."""

from __future__ import annotations

from dataclasses import replace

from gan_core.config.codec import replace_at
from gan_core.runs.engine.context import StopCondition
from gan_core.runs.launcher import Launcher, ReadyRun
from gan_core.runs.states import LIVE
from gan_core.runs.storage.data_identity import check_data, trust
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.shared.lock import RunLock
from gan_core.runs.storage.shared.waiting_job import forget_job
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.views import config_in_force


def ready_to_resume(
    launcher: Launcher, run_id: str, stop: StopCondition, total_images: int | None, *, device: str = ""
) -> ReadyRun:  # fmt: skip
    """With the run's lock held; it waits for no job any more. device: that it is to go on with; "": the launcher's.

    Raises as `RunManager.resume`.
    """
    folder = launcher.at_rest(run_id)
    lock = RunLock(folder.lock, run_id)
    lock.acquire()
    try:  # with the lock held nobody else changes what is read here
        manifest, before = folder.manifest(), folder.status()
        config = config_in_force(manifest, folder.changes())
        check_device(manifest, device or launcher.device)
        if total_images is not None:
            config = replace_at(config, "total_images", total_images)
        if before.state == "diverged":
            raise ValueError("A diverged run cannot go on; branch from an earlier checkpoint with a gentler setting.")
        stop = stop_in_force(before, stop, total_images)
        if before.images >= config.total_images and before.state == "finished":
            raise ValueError(
                f"The run has seen its {config.total_images:,} images; give it a greater length to go on."
            )
        check_data(folder, manifest, config, launcher.data_dir)
        manifest, doubts = trust(folder, manifest, config, launcher.data_dir)
        before = replace(before, warnings=tuple(dict.fromkeys((*before.warnings, *doubts))))
    except BaseException:
        lock.release()
        raise
    forget_job(folder.root)
    if before.state in LIVE:
        before = replace(before, state="interrupted")
    before = replace(before, until_step=stop.steps, until_seconds=stop.seconds)
    return ReadyRun(folder, lock, manifest, config, before, stop)


def stop_in_force(before: RunStatus, asked: StopCondition, total_images: int | None) -> StopCondition:
    """What is asked for now, else what was before; a run that has come to that goes on to its full length."""
    if asked != StopCondition() or total_images is not None or before.state == "finished":
        return asked
    return StopCondition(before.until_step, before.until_seconds)


def check_device(manifest: RunManifest, device: str) -> None:
    """Raises ValueError: random states of one kind of device mean nothing to another."""
    if manifest.device != device:
        raise ValueError(
            f"The run {manifest.id} was trained on {manifest.device}, but this program trains on {device}; "
            f"start it on {manifest.device} to go on."
        )

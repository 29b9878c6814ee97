"""A run at rest that is about to go on: looked at and with its lock held, so that nobody else changes it."""

from __future__ import annotations

from dataclasses import replace

from gan_core.config.codec import replace_at
from gan_core.runs.engine.context import StopCondition
from gan_core.runs.launcher import Launcher, ReadyRun
from gan_core.runs.states import LIVE
from gan_core.runs.storage.data_identity import check_data, trust
from gan_core.runs.storage.lock import RunLock
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.views import config_in_force


def ready_to_resume(
    launcher: Launcher, run_id: str, limits: StopCondition, total_images: int | None
) -> ReadyRun:  # fmt: skip
    """With the run's lock held. Raises as `RunManager.resume`."""
    folder = launcher.at_rest(run_id)
    lock = RunLock(folder.lock, run_id)
    lock.acquire()
    try:  # with the lock held nobody else changes what is read here
        about, before = folder.about(), folder.standing()
        config = config_in_force(about, folder.changes())
        check_device(about, launcher.device)
        if total_images is not None:
            config = replace_at(config, "total_images", total_images)
        if before.state == "diverged":
            raise ValueError("A diverged run cannot go on; branch from an earlier checkpoint with a gentler setting.")
        limits = limits_in_force(before, limits, total_images)
        if before.images >= config.total_images and before.state == "finished":
            raise ValueError(
                f"The run has seen its {config.total_images:,} images; give it a greater length to go on."
            )
        check_data(folder, about, config, launcher.data_dir)
        about, doubts = trust(folder, about, config, launcher.data_dir)
        before = replace(before, warnings=tuple(dict.fromkeys((*before.warnings, *doubts))))
    except BaseException:
        lock.release()
        raise
    if before.state in LIVE:
        before = replace(before, state="interrupted")
    before = replace(before, until_step=limits.steps, until_seconds=limits.seconds)
    return ReadyRun(folder, lock, about, config, before, limits)


def limits_in_force(before: RunStatus, asked: StopCondition, total_images: int | None) -> StopCondition:
    """What is asked for now, else what was before; a run that has come to that goes on to its full length."""
    if asked != StopCondition() or total_images is not None or before.state == "finished":
        return asked
    return StopCondition(before.until_step, before.until_seconds)


def check_device(about: RunManifest, device: str) -> None:
    """Raises ValueError: random states of one kind of device mean nothing to another."""
    if about.device != device:
        raise ValueError(
            f"The run {about.id} was trained on {about.device}, but this program trains on {device}; "
            f"start it on {about.device} to go on."
        )

"""Runs that are made here and trained by a job on another machine, which shares the folder of runs."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace

import torch

from gan_core.config.codec import ConfigError
from gan_core.runs.engine.context import StopCondition
from gan_core.runs.engine.elsewhere.job_command import JobCommand
from gan_core.runs.launcher import Launcher
from gan_core.runs.lineage.ready import ready_to_resume
from gan_core.runs.states import move
from gan_core.runs.storage.run_folder import RunFolder, open_run
from gan_core.runs.storage.shared.lock import HeldElsewhere, RunLock
from gan_core.runs.storage.shared.waiting_job import await_job, forget_job, name_job, read_job
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig
from gan_core.training.backends import choose
from gan_core.training.build import sample_shape
from gan_core.training.configuration.cost import useful_threads

NO_COMPILED_STEP = "A compiled step is made by the machine that trains; a run for another one begins without."


def start_elsewhere(
    launcher: Launcher, command: JobCommand, config: RunConfig, *, preset: str, title: str, stop: StopCondition,
    owner: str,
) -> str:  # fmt: skip
    """Make a run and hand it to the command; its id. Nothing is left of it where the command fails.

    Raises ConfigError in one sentence, OSError.
    """
    config, reason = _resolved(launcher, command, config)
    threads = useful_threads(launcher.cost(config).step_flops, command.cores) if command.device == "cpu" else 0
    manifest = launcher.manifest(config, preset, title, owner=owner, device=command.device, threads=threads)
    status = RunStatus(
        warnings=(reason,) if reason else (), until_step=stop.steps, until_seconds=stop.seconds
    )  # fmt: skip
    with (
        launcher.new_run(manifest) as (folder, lock, manifest),
        contextlib.closing(RunWriter(folder, lock)) as writer,
    ):
        writer.write_status(status)
        await_job(folder.root)
    root = launcher.runs_dir / manifest.id
    try:
        lock.release()  # the job may begin while the command still answers
        _submit(launcher, command, manifest.id)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    return manifest.id


def resume_elsewhere(
    launcher: Launcher, command: JobCommand, run_id: str, stop: StopCondition, total_images: int | None
) -> None:
    """Hand a run at rest to the command, which goes on with it. It stays as it is where the command fails.

    Raises as `RunManager.resume`.
    """
    run = ready_to_resume(launcher, run_id, stop, total_images, device=command.device)
    try:
        if run.manifest.twin_of:
            raise ConfigError("This run has a twin, with which it takes turns in one process; resume both here.")
        if total_images is not None:
            raise ConfigError("A run gets a new length where it goes on here; a job goes on to the one that it has.")
        move(run.status.state, "queued")
        await_job(run.folder.root)
        _write_status(run.folder, run.lock, replace(run.status, state="queued", error="", advice=()))
    finally:
        run.lock.release()  # the job may begin while the command still answers
    try:
        _submit(launcher, command, run_id)
    except BaseException:
        with contextlib.suppress(HeldElsewhere):
            run.lock.acquire()
            forget_job(run.folder.root)
            _write_status(run.folder, run.lock, run.status)
        run.lock.release()
        raise


def cancel_waiting(launcher: Launcher, command: JobCommand | None, run_id: str) -> bool:
    """Let a run be at rest that waits for a job; False where it does not, or has just begun.

    Raises ConfigError in one sentence where the job cannot be taken back, OSError.
    """
    folder = open_run(launcher.runs_dir, run_id)
    job = read_job(folder.root)
    if job is None:
        return False
    lock = RunLock(folder.lock, run_id)
    try:
        lock.acquire()
    except HeldElsewhere:
        return False
    try:
        if command is not None:
            command.take_back(job.job)
        _write_status(folder, lock, replace(folder.status(), state="stopped"))
        forget_job(folder.root)
    finally:
        lock.release()
    return True


def _write_status(folder: RunFolder, lock: RunLock, status: RunStatus) -> None:
    with contextlib.closing(RunWriter(folder, lock)) as writer:
        writer.write_status(status)


def _submit(launcher: Launcher, command: JobCommand, run_id: str) -> None:
    root = launcher.runs_dir / run_id
    name_job(root, command.submit(root, launcher.data_dir))


def _resolved(launcher: Launcher, command: JobCommand, config: RunConfig) -> tuple[RunConfig, str]:
    """As `Launcher.resolved_why`, for the other machine, of which nothing was measured."""
    if config.precision == "auto":
        same = command.device == launcher.device
        config = replace(config, precision=launcher.resolved(config).precision if same else "float32")
    shape = sample_shape(config, config.data.info(launcher.data_dir))
    backend, reason = choose(config, shape, torch.device(command.device), lambda spec: NO_COMPILED_STEP)
    return replace(config, backend=backend), reason

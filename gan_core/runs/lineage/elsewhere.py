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
from gan_core.runs.storage.shared.lock import HeldElsewhere, RunLock, SignsOfLife
from gan_core.runs.storage.shared.waiting_job import await_job, forget_job, name_job, read_job
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig
from gan_core.training.backends import choose
from gan_core.training.build import sample_shape
from gan_core.training.configuration.cost import useful_threads

NO_COMPILED_STEP = "A compiled step is made by the machine that trains; a run for another one begins without."


class RunsElsewhere:
    """What hands runs to a job on another machine, and takes them back. command: by which; None: there is none."""

    def __init__(self, launcher: Launcher, command: JobCommand | None) -> None:
        self._launcher, self.command = launcher, command
        self._signs_of_life = SignsOfLife()

    def start(
        self, config: RunConfig, *, preset: str = "", title: str = "", stop_at_step: int | None = None,
        stop_after_seconds: float | None = None, owner: str = "",
    ) -> str:  # fmt: skip
        """Make a run that a job on another machine trains; its id. Nothing is left of it where the command fails.

        Raises as `RunManager.start`.
        """
        launcher, command = self._launcher, self._command()
        if found := launcher.configs.problems(config):
            raise ConfigError(" ".join(found))
        config, reason = _resolved(launcher, command, config)
        flops = launcher.configs.cost(config).step_flops
        threads = useful_threads(flops, command.cores) if command.device == "cpu" else 0
        manifest = launcher.manifest(config, preset, title, owner=owner, device=command.device, threads=threads)
        warnings = (reason,) if reason else ()
        status = RunStatus(warnings=warnings, until_step=stop_at_step, until_seconds=stop_after_seconds)
        with (
            launcher.new_run(manifest) as (folder, lock, manifest),
            contextlib.closing(RunWriter(folder, lock)) as writer,
        ):
            writer.write_status(status)
            await_job(folder.root)
        root = launcher.runs_dir / manifest.id
        try:
            lock.release()  # the job may begin while the command still answers
            self._submit(command, manifest.id)
        except BaseException:
            shutil.rmtree(root, ignore_errors=True)
            raise
        return manifest.id

    def resume(
        self, run_id: str, *, total_images: int | None = None, stop_at_step: int | None = None,
        stop_after_seconds: float | None = None,
    ) -> None:  # fmt: skip
        """Hand a run at rest to the command, which goes on with it. It stays as it is where the command fails.

        Raises as `RunManager.resume`.
        """
        command, stop = self._command(), StopCondition(stop_at_step, stop_after_seconds)
        run = ready_to_resume(self._launcher, run_id, stop, total_images, device=command.device)
        try:
            if run.manifest.twin_of:
                raise ConfigError("This run has a twin, with which it takes turns in one process; resume both here.")
            if total_images is not None:
                raise ConfigError("A run gets a new length where it goes on here; a job goes on to the one it has.")
            move(run.status.state, "queued")
            await_job(run.folder.root)
            _write_status(run.folder, run.lock, replace(run.status, state="queued", error="", advice=()))
        finally:
            run.lock.release()  # the job may begin while the command still answers
        try:
            self._submit(command, run_id)
        except BaseException:
            with contextlib.suppress(HeldElsewhere):
                run.lock.acquire()
                forget_job(run.folder.root)
                _write_status(run.folder, run.lock, run.status)
            run.lock.release()
            raise

    def waits(self, run_id: str) -> bool:
        """Whether it waits for a job on another machine to begin with it."""
        view = self._launcher.view(run_id)
        return view.state == "queued" and read_job(open_run(self._launcher.runs_dir, run_id).root) is not None

    def cancel_waiting(self, run_id: str) -> bool:
        """Let a run be at rest that waits for a job; False where it does not, or has just begun.

        Raises ConfigError in one sentence where the job cannot be taken back, OSError.
        """
        folder = open_run(self._launcher.runs_dir, run_id)
        job = read_job(folder.root)
        if job is None:
            return False
        lock = RunLock(folder.lock, run_id)
        try:
            lock.acquire()
        except HeldElsewhere:
            return False
        try:
            if self.command is not None:
                self.command.take_back(job.job)
            _write_status(folder, lock, replace(folder.status(), state="stopped"))
            forget_job(folder.root)
        finally:
            lock.release()
        return True

    def silent_holder(self, run_id: str) -> str:
        """The name of the machine that holds the run but has given no sign of life for long; "" where all is well."""
        if self._launcher.worker(run_id) is not None:
            return ""
        return self._signs_of_life.silent_holder(open_run(self._launcher.runs_dir, run_id).lock)

    def take_over(self, run_id: str) -> None:
        """Let go of a run whose lock is held by a machine that is gone: it is interrupted then, and can be resumed.

        Raises UnknownRun; ValueError in one sentence where somebody holds it who gives signs of life; OSError.
        """
        self._signs_of_life.take_over(open_run(self._launcher.runs_dir, run_id).lock, run_id)

    def _command(self) -> JobCommand:
        self._launcher.refuse_where_nothing_trains()
        if self.command is None:
            raise ConfigError("This server was not told how to start runs elsewhere; set GANSCOPE_JOB_COMMAND.")
        return self.command

    def _submit(self, command: JobCommand, run_id: str) -> None:
        root = self._launcher.runs_dir / run_id
        name_job(root, command.submit(root, self._launcher.data_dir))


def _write_status(folder: RunFolder, lock: RunLock, status: RunStatus) -> None:
    with contextlib.closing(RunWriter(folder, lock)) as writer:
        writer.write_status(status)


def _resolved(launcher: Launcher, command: JobCommand, config: RunConfig) -> tuple[RunConfig, str]:
    """As `ConfigResolver.resolved_why`, for the other machine, of which nothing was measured."""
    if config.precision == "auto":
        same = command.device == launcher.device
        config = replace(config, precision=launcher.configs.resolved(config).precision if same else "float32")
    shape = sample_shape(config, config.data.info(launcher.data_dir))
    backend, reason = choose(config, shape, torch.device(command.device), lambda spec: NO_COMPILED_STEP)
    return replace(config, backend=backend), reason

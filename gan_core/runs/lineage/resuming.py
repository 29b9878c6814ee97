"""Lets a run at rest go on: alone, with its twin, or trained by several processes."""

from __future__ import annotations

from gan_core.runs.engine.context import StopCondition
from gan_core.runs.launcher import Launcher
from gan_core.runs.lineage.ready import ready_to_resume
from gan_core.runs.lineage.twins import launch_pair, other_to_resume


def resume_run(
    launcher: Launcher, run_id: str, stop: StopCondition, total_images: int | None, processes: int
) -> None:  # fmt: skip
    """As `RunManager.resume`."""
    run = ready_to_resume(launcher, run_id, stop, total_images)
    if (processes := min(processes, launcher.together.most)) > 1:
        words = () if total_images is None else ("--images", str(total_images))
        launcher.launch_together(run, processes, words=words)
        return
    try:
        other = other_to_resume(launcher, run, stop, total_images)
    except BaseException:
        run.lock.release()
        raise
    if other is None:
        launcher.launch(run, total_images=total_images)
    else:
        launch_pair(launcher, run, other, total_images)

"""A run made here and trained by a job: a real one, which a script in sbatch's place begins in the background."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from gan_core.config.codec import ConfigError
from gan_core.runs import RunManager
from gan_core.runs.catalog.trash import delete
from gan_core.runs.commands import Change, Pause, Resume, Stop
from gan_core.runs.engine.elsewhere.job_command import SCRIPT, JobCommand
from gan_core.runs.snapshot import LiveChange, Recorded
from gan_core.runs.storage.shared.lock import holder
from tests.runs.helpers import folder_of, open_manager, quick, until, until_state

JOB_SECONDS = 120.0  # for a program to begin on a busy machine
SBATCH = """#!/bin/bash
[ -e {here}/refuse ] && {{ echo 'sbatch: error: invalid partition "gpu"' >&2; echo more >&2; exit 1; }}
echo "4711;cluster"
env > {here}/environment
if [ -e {here}/hold ]; then exit 0; fi
setsid bash "$2" > {here}/said 2>&1 < /dev/null &
"""


@pytest.fixture
def cluster(tmp_path: Path) -> JobCommand:
    """Jobs begin at once; with a file `hold` they wait for ever, with `refuse` none is taken."""
    for name, text in (("sbatch", SBATCH), ("scancel", "#!/bin/bash\necho $1 >> {here}/cancelled\n")):
        (tmp_path / name).write_text(text.format(here=tmp_path))
        (tmp_path / name).chmod(stat.S_IRWXU)
    return JobCommand(
        (str(tmp_path / "sbatch"), "--parsable", "{script}"), (str(tmp_path / "scancel"), "{job}"), SCRIPT,
        device="cpu", gpus=0, cores=1,
    )  # fmt: skip


@pytest.fixture
def manager(tmp_path: Path, cluster: JobCommand) -> Iterator[RunManager]:
    made = open_manager(tmp_path)
    made.elsewhere.command = cluster
    yield made
    for view in made.views():
        found = holder(folder_of(made, view.id).lock)
        if found is not None and found.process != os.getpid():
            with suppress(ProcessLookupError):
                os.kill(found.process, signal.SIGKILL)
    made.close()


def test_a_job_trains_it_and_the_page_s_manager_watches_and_steers_it(
    manager: RunManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANSCOPE_TOKEN", "a-secret-of-the-class")
    run = manager.elsewhere.start(quick(steps=10_000_000), title="Far away", owner="ann")
    assert "a-secret-of-the-class" not in (tmp_path / "environment").read_text()
    watcher = manager.follow(run)
    assert watcher.news() == []
    until(lambda: manager.takes_commands(run) and manager.view(run).step > 0, JOB_SECONDS)
    assert (manager.view(run).state, manager.view(run).owner, manager.trains_here(run)) == ("running", "ann", False)
    assert any(isinstance(event, Recorded) for event in watcher.news())
    with pytest.raises(ValueError, match="is not at rest: it is running"):
        manager.resume(run)
    with pytest.raises(ValueError, match="is not at rest: it is running"):
        delete(manager, run)
    manager.send(run, Pause())
    paused = until_state(manager, run, "paused")
    manager.send(run, Change("g_optimizer.lr", 0.001))
    until(lambda: manager.config(run).g_optimizer.lr == 0.001)
    assert [e.path for e in watcher.news() if isinstance(e, LiveChange)] == ["g_optimizer.lr"]
    manager.send(run, Resume())
    until(lambda: manager.view(run).step > paused.step)
    manager.send(run, Stop())
    stopped = until_state(manager, run, "stopped")
    assert stopped.checkpoints[-1] == stopped.step
    until(lambda: not (folder_of(manager, run).root / "commands").exists())
    manager.elsewhere.resume(run, stop_at_step=stopped.step + 2)
    assert until_state(manager, run, "finished").step == stopped.step + 2
    assert manager.config(run).g_optimizer.lr == 0.001


def test_a_job_that_has_not_begun_is_waited_for_and_can_be_taken_back(manager: RunManager, tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    run = manager.elsewhere.start(quick(steps=20))
    view = manager.view(run)
    assert (view.state, view.words) == ("queued", "waiting for the device, as job 4711 on another machine")
    assert manager.elsewhere.waits(run)
    assert not manager.takes_commands(run)
    with pytest.raises(ValueError, match="waits for a job on another machine; cancel it first"):
        delete(manager, run)
    manager.cancel(run)
    assert manager.view(run).state == "stopped"
    assert (tmp_path / "cancelled").read_text() == "4711\n"
    manager.resume(run)  # here
    assert until_state(manager, run, "finished").step == 20


def test_a_job_that_ends_before_it_trains_leaves_the_run_interrupted(manager: RunManager, tmp_path: Path) -> None:
    script = tmp_path / "broken.sh"
    script.write_text("#!/bin/bash\ntrap 'rm -f {folder}/waiting-job' EXIT\nno-such-python {run}\n")
    assert manager.elsewhere.command is not None
    manager.elsewhere.command = replace(manager.elsewhere.command, script=script)
    run = manager.elsewhere.start(quick(steps=20))
    until_state(manager, run, "interrupted")


def test_a_command_that_fails_says_why_and_changes_nothing(manager: RunManager, tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    run = manager.elsewhere.start(quick(steps=20))
    manager.cancel(run)
    (tmp_path / "refuse").touch()
    for way in (lambda: manager.elsewhere.start(quick(steps=20)), lambda: manager.elsewhere.resume(run)):
        with pytest.raises(ConfigError, match=r'^sbatch failed: sbatch: error: invalid partition "gpu"\.$'):
            way()
    assert [(view.id, view.state) for view in manager.views()] == [(run, "stopped")]
    assert not manager.elsewhere.waits(run)
    manager.elsewhere.command = JobCommand(("/nowhere/sbatch", "{script}"))
    with pytest.raises(ConfigError, match="sbatch cannot be started: No such file or directory"):
        manager.elsewhere.start(quick(steps=20))
    manager.elsewhere.command = None
    with pytest.raises(ConfigError, match="was not told how to start runs elsewhere"):
        manager.elsewhere.start(quick(steps=20))


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"GANSCOPE_JOB_COMMAND": "sbatch"}, "GANSCOPE_JOB_COMMAND must have {script} in it"),
        ({"GANSCOPE_JOB_COMMAND": "sbatch 'x"}, "GANSCOPE_JOB_COMMAND is no command line"),
        ({"GANSCOPE_JOB_DEVICE": "tpu"}, 'GANSCOPE_JOB_DEVICE is "tpu"; it must be cpu or cuda'),
        ({"GANSCOPE_JOB_GPUS": "many"}, 'GANSCOPE_JOB_GPUS is "many"; it must be a whole number'),
        ({"GANSCOPE_JOB_CANCEL": "scancel"}, "GANSCOPE_JOB_CANCEL must have {job} in it"),
        ({"GANSCOPE_JOB_SCRIPT": "/nowhere.sh"}, "The job script /nowhere.sh cannot be read"),
    ],
)
def test_settings_that_cannot_be_are_a_sentence(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        JobCommand.from_environment({"GANSCOPE_JOB_COMMAND": "sbatch --parsable {script}", **environment})
    assert JobCommand.from_environment({}) is None

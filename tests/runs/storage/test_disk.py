"""A disk that is full, files that may not grow, folders that cannot be written: a sentence, and nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_core.config.codec import ConfigError
from gan_core.runs import RunManager
from gan_core.runs.engine import recorder
from gan_core.runs.groups.sweep_plan import Plan
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.storage.weights.checkpoints import write_checkpoint
from tests.runs.helpers import at_rest, fingerprint, open_manager, quick, straight, until

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(place)], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, leave_bytes: int) -> Path:
    """A file that takes all room but so much."""
    ballast = place / "ballast"
    ballast.write_bytes(b"")
    room = os.statvfs(place)
    with ballast.open("wb") as file:
        file.write(bytes(max(0, room.f_bavail * room.f_frsize - leave_bytes)))
    return ballast


@pytest.mark.parametrize("leave_bytes", [0, 8192, 60_000, 200_000])
def test_a_disk_that_runs_full_ends_the_run_and_room_lets_it_go_on(small_disk: Path, leave_bytes: int) -> None:
    config = quick(steps=400)
    manager = open_manager(small_disk)
    try:
        run = manager.start(config, stop_at_step=70)
        assert at_rest(manager, run).state == "finished"
        ballast, refused = fill(small_disk, leave_bytes), None
        try:
            manager.resume(run)
            view = at_rest(manager, run)
            assert view.state == "failed"
            assert view.error.startswith("The disk is full; ")
            assert "Free some space" in view.advice[0]
            assert [v.state for v in manager.views()] == ["failed"]  # also where that could not be written down
        except OSError as error:  # not even the database could be opened
            refused = error.errno
        assert refused in (None, errno.ENOSPC)
        ballast.unlink()
        other = open_manager(small_disk)
        assert other.view(run).state in ("failed", "interrupted", "finished")
        assert other.view(run).checkpoints[-1] >= 70
        other.resume(run)
        view = at_rest(other, run)
        assert view.state == "finished", view.error
        assert fingerprint(other, run) == straight(small_disk.parent / "straight", config)
        other.close()
    finally:
        manager.close()


def test_no_room_to_start_leaves_no_run(small_disk: Path) -> None:
    manager = open_manager(small_disk)
    ballast = fill(small_disk, 0)
    with pytest.raises(OSError, match="No space left on device"):
        manager.start(quick(steps=10))
    assert manager.views() == []
    ballast.unlink()
    assert list(manager.runs_dir.iterdir()) == []
    assert at_rest(manager, manager.start(quick(steps=10))).state == "finished"
    manager.close()


SCRIPT = """
import json, resource, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.runs.helpers import at_rest, open_manager, quick
manager = open_manager(Path({folder!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    run = manager.start(quick(steps=100, generator__hidden="64"))
    view = at_rest(manager, run)
    print(json.dumps([view.state, view.error, [v.state for v in manager.views()]]))
except OSError as error:
    print(json.dumps(["refused", str(error), []]))
manager.close()
"""


@pytest.mark.parametrize("limit", [10_000, 150_000])
def test_files_that_may_not_grow(tmp_path: Path, limit: int) -> None:
    script = SCRIPT.format(root=str(ROOT), folder=str(tmp_path), limit=limit)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    state, error, views = json.loads(done.stdout.splitlines()[-1])
    assert state in ("failed", "refused")
    assert error
    assert "unexpected" not in error
    manager = open_manager(tmp_path)
    if views:
        (view,) = manager.views()
        manager.resume(view.id)
        assert at_rest(manager, view.id).state == "finished"
    else:
        assert manager.views() == []
    manager.close()


@pytest.mark.parametrize("what", ["runs", "data"])
def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, what: str) -> None:
    (tmp_path / "file").write_text("in the way")
    places = {name: tmp_path / ("file" if name == what else "") / name for name in ("runs", "data")}
    manager = RunManager(places["runs"], places["data"], device="cpu", threads=1)
    assert manager.views() == []
    with pytest.raises(ConfigError, match=f"The {what} folder .* cannot be written \\(Not a directory\\); choose"):
        manager.start(quick(steps=1))
    manager.close()


def everything(manager: RunManager, run: str) -> list[object]:
    """What can be looked at of a run without a page."""
    view, newest = manager.view(run), manager.grids(run)[-1][0]
    return [view, manager.grid(run, newest).png, manager.checkpoint_generator(run).read_bytes(), manager.config(run)]


def test_a_folder_that_cannot_be_written_can_be_looked_at(tmp_path: Path) -> None:
    """On a medium mounted read-only: what trains, resumes, branches or sweeps says why it cannot; the rest works."""
    writable, place = open_manager(tmp_path), tmp_path / "read-only"
    run = writable.start(quick(steps=12), stop_at_step=8)
    assert at_rest(writable, run).state == "finished"
    seen = everything(writable, run)
    writable.close()
    place.mkdir()
    bind = [["mount", "--bind", str(writable.runs_dir), str(place)],
            ["mount", "-o", "remount,ro,bind", str(place)]]  # fmt: skip
    if any(subprocess.run(command, capture_output=True).returncode for command in bind):
        subprocess.run(["umount", str(place)], capture_output=True, check=False)
        pytest.skip("mounting is not allowed here")
    try:
        manager = RunManager(place, tmp_path / "data", device="cpu", threads=1)
        assert everything(manager, run) == seen
        assert manager.evaluate(run, samples=100).step == 8
        for way in (
            lambda: manager.start(quick(steps=1)),
            lambda: manager.resume(run),
            lambda: manager.branch(run),
            lambda: manager.start_twins(quick(steps=1), {"k_d": 2}),
            lambda: Sweeps(manager).start(Plan(quick(steps=1), (), seeds=(1, 2))),
        ):
            with pytest.raises(ConfigError, match=r"The runs folder .* cannot be written \(Read-only file system\)"):
                way()
        manager.close()
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_what_was_not_kept_is_not_called_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up at the first checkpoint, and at the second."""
    manager, written = open_manager(tmp_path), []

    def write(*args: Any, **options: Any) -> Any:
        written.append(args)
        if len(written) in (1, 3):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write_checkpoint(*args, **options)

    monkeypatch.setattr(recorder, "write_checkpoint", write)
    run = manager.start(quick(steps=40, every=4), stop_at_step=8)
    view = at_rest(manager, run)
    assert (view.state, view.checkpoints) == ("failed", ())
    assert view.error == "The disk is full; its 8 steps came before the first checkpoint, so it would begin again."
    manager.resume(run, stop_at_step=8)
    assert at_rest(manager, run).checkpoints == (8,)
    manager.resume(run, stop_at_step=12)
    view = at_rest(manager, run)
    assert view.error == "The disk is full; what was trained up to step 8 is kept."
    manager.resume(run)
    assert at_rest(manager, run).step == 12  # as it was asked for before the disk was full
    manager.close()


SERVER = """
import signal, sys, threading
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.runs.helpers import open_manager, quick
asked = threading.Event()
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: asked.set())
manager = open_manager(Path({folder!r}))
runs = [manager.start(quick(steps=10_000_000)) for _ in range(2)]
print("ready", flush=True)
asked.wait()
manager.close()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_script_that_closes_its_manager_on_a_signal_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    script = SERVER.format(root=str(ROOT), folder=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    manager = open_manager(tmp_path)
    until(lambda: sorted(v.state for v in manager.views()) == ["queued", "running"])
    until(lambda: any(len(manager.records(v.id)["step"]) for v in manager.views()))
    process.send_signal(number)
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors
    assert errors == b""
    views = manager.views()
    assert [v.state for v in views] == ["stopped", "stopped"]
    assert any(v.step > 0 and v.checkpoints[-1] == v.step for v in views)
    manager.close()

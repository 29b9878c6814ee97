"""A folder of runs that machines share: no log in shared memory, clocks that differ, no locks, a full disk."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gan_core.config.codec import ConfigError
from gan_core.runs import RunManager
from gan_core.runs.commands import Pause, Resume, Stop
from gan_core.runs.storage import views
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared import file_system, inbox
from gan_core.runs.storage.shared.file_system import is_shared
from gan_core.runs.storage.shared.inbox import Inbox
from gan_core.runs.storage.shared.lock import HeldElsewhere, RunLock
from gan_core.runs.storage.writer import RunWriter
from tests.runs.helpers import at_rest, folder_of, open_manager, quick, until, until_state

MOUNTS = """22 1 8:1 / / rw - ext4 /dev/sda1 rw
40 22 0:52 / /shared rw,relatime shared:9 - nfs4 host:/runs rw
41 22 0:53 / /other rw - fuse.sshfs me@host: rw
"""


@pytest.mark.parametrize(
    ("device", "expected"), [((8, 1), False), ((0, 52), True), ((0, 53), True), ((0, 99), False)]
)
def test_the_file_system_tells_whether_a_folder_is_shared(
    device: tuple[int, int], expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    monkeypatch.setattr(file_system, "_MOUNTS", tmp_path / "mountinfo")
    monkeypatch.setattr(file_system.os, "stat", lambda folder: os.stat_result((0, 0, os.makedev(*device), *[0] * 7)))
    file_system._kinds.cache_clear()
    assert is_shared(tmp_path, {}) is expected
    assert is_shared(tmp_path, {"GANSCOPE_SHARED_RUNS": "yes"})
    assert not is_shared(tmp_path, {"GANSCOPE_SHARED_RUNS": "no"})
    with pytest.raises(ConfigError, match="it must be yes or no"):
        is_shared(tmp_path, {"GANSCOPE_SHARED_RUNS": "maybe"})
    file_system._kinds.cache_clear()


def test_a_run_on_a_shared_folder_is_read_live_without_a_log_in_shared_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANSCOPE_SHARED_RUNS", "yes")
    manager, reader = open_manager(tmp_path), open_manager(tmp_path)
    run = manager.start(quick(steps=10_000_000))
    folder = folder_of(manager, run)
    until(lambda: len(reader.records(run)["step"]) > 3)
    assert not folder.database.with_name("metrics.db-wal").exists()
    assert not folder.database.with_name("metrics.db-shm").exists()
    manager.send(run, Pause())
    assert until_state(reader, run, "paused").step == manager.view(run).step
    manager.send(run, Resume())
    manager.send(run, Stop())
    assert at_rest(manager, run).state == until_state(reader, run, "stopped").state
    manager.resume(run, stop_at_step=manager.view(run).step + 2)
    assert at_rest(manager, run).state == "finished"
    manager.close()


KILLED = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
db.executemany("INSERT OR REPLACE INTO points (step, d_loss) VALUES (?, 0.5)", [(10_000 + i,) for i in range(20_000)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_program_killed_within_a_commit_leaves_a_run_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANSCOPE_SHARED_RUNS", "yes")
    manager = open_manager(tmp_path)
    run = manager.start(quick(steps=12))
    before = at_rest(manager, run), manager.records(run)["step"].tolist()
    database = folder_of(manager, run).database
    killed = subprocess.run([sys.executable, "-c", KILLED, str(database)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert database.with_name("metrics.db-journal").stat().st_size > 0
    with (
        closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db,
        pytest.raises(sqlite3.OperationalError),
    ):
        db.execute("SELECT count(*) FROM points").fetchone()
    reader = open_manager(tmp_path)
    assert (reader.view(run), reader.records(run)["step"].tolist()) == before
    manager.resume(run, total_images=16 * 14)  # which undoes what was not committed
    assert at_rest(manager, run).step == 14
    manager.close()


def test_a_clock_that_is_ahead_hides_no_change(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> None:
    run = manager.start(quick(steps=12))
    at_rest(manager, run)
    folder, reader = folder_of(manager, run), open_manager(manager.runs_dir.parent)
    stat, now = folder.database.stat(), time.time
    monkeypatch.setattr(views.time, "time", lambda: now() + 3 * 3600)
    assert reader.view(run).state == "finished"
    with closing(RunWriter(folder)) as writer:
        writer.write_status(replace(folder.status(), state="stopped"))
    os.utime(folder.database, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # within the same tick
    assert reader.view(run).state == "stopped"


def test_commands_keep_their_order_whatever_the_clocks_of_who_gave_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, times = Inbox(RunFolder(tmp_path)), iter([10**18, 9 * 10**17, 1, 2 * 10**18])
    monkeypatch.setattr(inbox.time, "time_ns", lambda: next(times))
    with place.opened():
        for command in (Pause(), Resume(), Pause(), Stop()):
            place.put(command)
        assert place.take() == [Pause(), Resume(), Pause(), Stop()]


def test_a_file_system_without_locks_is_a_sentence(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int, kind: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(ValueError, match="^The runs folder .* is on a file system without locks, where two programs"):
        manager.start(quick(steps=1))
    assert list(manager.runs_dir.iterdir()) == []


def test_who_has_lost_the_lock_writes_no_more(manager: RunManager) -> None:
    run = manager.start(quick(steps=12))
    at_rest(manager, run)
    folder = folder_of(manager, run)
    lock = RunLock(folder.lock, run)
    lock.acquire()
    with closing(RunWriter(folder, lock)) as writer:
        writer.write_status(replace(folder.status(), state="stopped"))
        folder.lock.unlink()
        folder.lock.touch()
        with pytest.raises(HeldElsewhere, match="was taken over by another program"):
            writer.write_status(replace(folder.status(), state="running"))
    lock.release()
    assert manager.view(run).state == "stopped"


def test_a_full_disk_takes_no_command_and_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    place = Inbox(RunFolder(tmp_path))
    with place.opened():
        place.put(Pause())
        with monkeypatch.context() as now:
            now.setattr(inbox, "write_atomically", full)
            with pytest.raises(OSError, match="No space left on device"):
                place.put(Stop())
        assert place.take() == [Pause()]

"""What is read of runs on disk: nothing is taken on trust, one bad folder never hides the others, and it is quick."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_core.runs import RunManager, UnknownRun, UnreadableRun
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.lock import RunLock, WithoutLocks, is_held, noted
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.writer import RunWriter
from tests.runs.helpers import at_rest, edit_config_json, folder_of, open_manager, quick


@pytest.fixture
def good(manager: RunManager) -> str:
    run = manager.start(quick(steps=10))
    at_rest(manager, run)
    return run


def copy_of(manager: RunManager, run: str, name: str) -> RunFolder:
    return RunFolder(shutil.copytree(manager.runs_dir / run, manager.runs_dir / name))


def check_left_out(manager: RunManager, good: str, bad: str) -> str:
    """The bad run is not in the list, the good one is; the sentence that says why."""
    assert [view.id for view in manager.views()] == [good]
    with pytest.raises((UnreadableRun, UnknownRun)) as caught:
        manager.view(bad)
    with pytest.raises(ValueError, match=r"\.$"):
        manager.resume(bad)
    assert not is_held(manager.runs_dir / bad / "run.lock")
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    "changes",
    [
        {"config": 3},
        {"config": {"g_optimizer": {"name": "adam", "lr": "high"}}},
        {"config": {"total_images": 10**400}},
        {"config": {"unheard_of": 1}},
        {"threads": -4},
        {"threads": 10**9},
        {"threads": True},
        {"channels": "three"},
        {"classes": "abc"},
        {"classes": [1]},
        {"title": None},
        {"created": 5},
        {"parent": ["x"]},
        {"parent_step": -1},
        {"parent_step": 1.5},
        {"more": 1},
    ],
    ids=lambda changes: json.dumps(changes)[:40],
)
def test_a_forged_config_json_is_left_out(manager: RunManager, good: str, changes: dict[str, Any]) -> None:
    edit_config_json(copy_of(manager, good, "forged"), **changes)
    check_left_out(manager, good, "forged")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "[" * 100_000, '{"config": {}}', "9" * 5000, " " * 2_000_000 + "{}", "\udcff"]
)
def test_a_broken_config_json_is_left_out(manager: RunManager, good: str, text: str) -> None:
    path = copy_of(manager, good, "broken").root / "config.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    assert check_left_out(manager, good, "broken") == "The run broken has no readable config.json."


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_in_config_json_gives_a_view_or_a_sentence(manager: RunManager, data: st.DataObject) -> None:
    ids = [view.id for view in manager.views()]
    if not ids:
        run = manager.start(quick(steps=4))
        at_rest(manager, run)
        ids = [run]
    folder = folder_of(manager, ids[-1])
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    )
    before = (folder.root / "config.json").read_text()
    content = json.loads(before)
    place = data.draw(st.sampled_from([content, content["config"], content["config"]["generator"]]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(values)
    (folder.root / "config.json").write_text(json.dumps(content))
    try:
        view = manager.view(folder.id)
        assert view.id == folder.id
        assert isinstance(view.total_images, int)
    except UnreadableRun:
        pass
    finally:
        (folder.root / "config.json").write_text(before)


def test_a_folder_cannot_pose_as_another_run(manager: RunManager, good: str) -> None:
    edit_config_json(copy_of(manager, good, "renamed"), id=good)
    assert sorted(view.id for view in manager.views()) == sorted([good, "renamed"])
    edit_config_json(folder_of(manager, "renamed"), id="../../etc")
    assert manager.view("renamed").id == "renamed"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../runs", "a/b", "A", "x" * 81, "-a", "a\x00b", "no-such-run", "a b"]
)
def test_names_that_are_none(manager: RunManager, good: str, name: str) -> None:
    with pytest.raises(UnknownRun, match="There is no run called"):
        manager.view(name)


def spoil_missing(folder: RunFolder) -> None:
    folder.database.unlink()


def spoil_empty(folder: RunFolder) -> None:
    folder.database.write_bytes(b"")


def spoil_noise(folder: RunFolder) -> None:
    folder.database.write_bytes(os.urandom(20_000))


def spoil_middle(folder: RunFolder) -> None:
    data = bytearray(folder.database.read_bytes())
    data[100:] = bytes(len(data) - 100)
    folder.database.write_bytes(bytes(data))


def spoil_folder(folder: RunFolder) -> None:
    folder.database.unlink()
    folder.database.mkdir()


def sql(statement: str) -> Any:
    def spoil(folder: RunFolder) -> None:
        with closing(sqlite3.connect(folder.database)) as db:
            db.execute(statement)
            db.commit()

    spoil.__name__ = statement
    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_missing, spoil_empty, spoil_noise, spoil_middle, spoil_folder, sql("DROP TABLE state"),
        sql("DELETE FROM state"), sql("UPDATE state SET state = 'dancing'"), sql("UPDATE state SET step = 'many'"),
        sql("UPDATE state SET advice = '{'"), sql("UPDATE state SET warnings = '7'"),
        sql("UPDATE checkpoints SET images = 'x'"),
        sql("INSERT INTO changes VALUES (1, 1, 'no.such', '1', '2')"),
        sql("INSERT INTO changes VALUES (1, 1, 'g_optimizer.lr', '1', '-2')"),
        sql("INSERT INTO changes VALUES (1, 1, 'k_d', '1', 'x')"),
    ],
    ids=lambda spoil: spoil.__name__,
)  # fmt: skip
def test_a_database_that_is_gone_or_broken_is_left_out(manager: RunManager, good: str, spoil: Any) -> None:
    spoil(copy_of(manager, good, "spoiled"))
    check_left_out(manager, good, "spoiled")


def test_a_value_of_a_wrong_type_in_the_curves_or_grids_is_a_sentence(manager: RunManager, good: str) -> None:
    folder = folder_of(manager, good)
    sql("UPDATE points SET d_loss = 'low'")(folder)
    sql("UPDATE grids SET columns = 1000000")(folder)
    with pytest.raises(UnreadableRun, match="cannot be read"):
        manager.records(good)
    with pytest.raises(UnreadableRun, match="sample grid at step 0 has no such shape"):
        manager.grid(good, 0)


@pytest.mark.parametrize("value", ["9e999", "'later'", "x'00ff'"])
def test_a_step_that_is_no_number_is_said_without_pythons_own_words(
    manager: RunManager, good: str, value: str
) -> None:
    folder = folder_of(manager, good)
    sql(f"UPDATE state SET step = {value}")(folder)
    with pytest.raises(UnreadableRun, match=r"cannot be read: a value in it is of a wrong kind\.$"):
        folder.status()


def test_one_fault_that_nobody_thought_of_does_not_hide_the_others(
    manager: RunManager, good: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    copy_of(manager, good, "zzz-odd")
    view = RunManager.view

    def odd(self: RunManager, run: str) -> Any:
        return view(self, run) if run == good else 1 / 0

    monkeypatch.setattr(RunManager, "view", odd)
    with caplog.at_level(logging.ERROR):
        assert [v.id for v in manager.views()] == [good]
    assert "zzz-odd cannot be read" in caplog.text


# --- read by anybody at any time


def left_by_a_kill(folder: RunFolder) -> None:
    """Its last words are in the log of the database alone, and its index is gone, as after a copy or a reboot."""
    kept = folder.root.parent / "kept"
    writer = RunWriter(folder)
    writer.write_status(RunStatus("running", 7, 112, 1.0))
    shutil.copytree(folder.root, kept)
    writer.close()
    shutil.rmtree(folder.root)
    kept.rename(folder.root)
    assert (folder.root / "metrics.db-wal").stat().st_size
    (folder.root / "metrics.db-shm").unlink()


def test_a_run_at_rest_is_one_plain_file(manager: RunManager, good: str) -> None:
    folder = folder_of(manager, good)
    assert {p.name for p in folder.root.iterdir()} == {
        "config.json",
        "metrics.db",
        "samples",
        "checkpoints",
        "generators",
        "run.lock",
    }
    manager.views()
    assert not (folder.root / "metrics.db-wal").exists()


@pytest.mark.parametrize("killed", [False, True])
def test_runs_on_a_medium_that_cannot_be_written_to_are_readable(
    manager: RunManager, good: str, tmp_path: Path, killed: bool
) -> None:
    if killed:
        left_by_a_kill(folder_of(manager, good))
    place = tmp_path / "medium"
    place.mkdir()
    mount = ["mount", "--bind", str(manager.runs_dir), str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        before = {p.name for p in (place / good).iterdir()}
        folder = RunFolder(place / good)
        assert folder.status().step == (7 if killed else 10)
        assert len(folder.points()["step"]) == 2
        assert {p.name for p in (place / good).iterdir()} == before
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_what_a_kill_left_in_the_log_is_read_and_written_on(manager: RunManager, good: str) -> None:
    left_by_a_kill(folder_of(manager, good))
    assert (manager.view(good).state, manager.view(good).step) == ("interrupted", 7)
    manager.resume(good, total_images=12 * 16)
    assert at_rest(manager, good).step == 12


def test_looking_whether_a_run_is_held_never_keeps_anybody_from_holding_it(tmp_path: Path) -> None:
    lock = RunLock(tmp_path / "run.lock", "a-run")
    command = ["flock", "-s", str(tmp_path / "run.lock"), "sh", "-c", "echo looking; sleep 0.1"]
    looking = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert looking.stdout is not None
    with looking.stdout as said:
        assert said.readline() == b"looking\n"
    lock.acquire()  # waits out who only looks
    assert is_held(tmp_path / "run.lock")
    looking.wait()
    lock.release()
    assert not is_held(tmp_path / "run.lock")


def test_a_folder_without_locks_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: object, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("gan_core.runs.storage.shared.lock.fcntl.flock", refuse)
    manager = open_manager(tmp_path)
    with pytest.raises(
        WithoutLocks, match=rf"^The runs folder {tmp_path / 'runs'} is on a file system without locks"
    ):
        manager.start(quick(steps=4))
    assert manager.views() == []
    manager.close()


def test_what_a_holder_notes_is_seen_as_long_as_it_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    lock, later = RunLock(path, "a-run"), RunLock(path, "a-run")
    assert noted(path) == ""
    lock.acquire()
    lock.note("cuda:10")
    lock.note("cuda:1")
    assert noted(path) == "cuda:1"
    lock.release()
    later.acquire()
    assert noted(path) == "", "of an earlier holder nothing is left"
    path.write_bytes(b"\xff\x1b[2J")
    assert noted(path) == ""
    later.release()


def test_two_hundred_runs_are_listed_quickly_and_changes_show_at_once(manager: RunManager, good: str) -> None:
    for i in range(200):
        copy_of(manager, good, f"copy-{i:03}")
        os.utime(manager.runs_dir / f"copy-{i:03}" / "metrics.db", (1e9, 1e9))
        os.utime(manager.runs_dir / f"copy-{i:03}" / "config.json", (1e9, 1e9))
    fresh = open_manager(manager.runs_dir.parent)
    began = time.process_time()
    assert len(fresh.views()) == 201
    first = time.process_time() - began
    began = time.process_time()
    assert len(fresh.views()) == 201
    again = time.process_time() - began
    assert first < 20.0
    assert again < first / 2
    with closing(RunWriter(RunFolder(manager.runs_dir / "copy-007"))) as writer:
        writer.write_status(RunStatus("stopped", 3, 48, 1.0))
        assert fresh.view("copy-007").step == 3
        writer.write_status(RunStatus("stopped", 4, 64, 1.0))
        assert fresh.view("copy-007").step == 4
    assert fresh.view("copy-007").step == 4
    fresh.close()

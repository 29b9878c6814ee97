"""Deleting moves aside, undoing moves back; tags and notes stand beside a run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gan_core.runs import RunManager, UnknownRun
from gan_core.runs.catalog.trash import FOLDER, delete, deleted, disk_use, empty, undelete
from gan_core.runs.storage.labels import MOST_TAGS, Labels, label, read_labels
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.lock import RunLock
from tests.runs.helpers import at_rest, open_manager, quick, until_state


@pytest.fixture
def manager(tmp_path: Path) -> RunManager:
    return open_manager(tmp_path)


@pytest.fixture
def run(manager: RunManager) -> str:
    made = manager.start(quick(steps=4), preset="first-gan", title="Mine")
    at_rest(manager, made)
    return made


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_deleted_run_is_gone_and_comes_back_as_it_was(manager: RunManager, run: str) -> None:
    root = manager.runs_dir / run
    before, view = contents(root), manager.view(run)
    token = delete(manager, run)
    assert not root.exists()
    assert manager.views() == []
    with pytest.raises(UnknownRun):
        manager.view(run)
    (one,) = deleted(manager.runs_dir)
    assert (one.token, one.run, one.title, one.preset) == (token, run, "Mine", "first-gan")
    assert one.size_bytes == sum(map(len, before.values()))
    assert undelete(manager.runs_dir, token) == run
    assert contents(root) == before
    assert manager.view(run) == view
    assert deleted(manager.runs_dir) == []
    manager.resume(run, total_images=200)
    assert at_rest(manager, run).state == "finished"


def test_what_trains_cannot_be_deleted(manager: RunManager) -> None:
    run = manager.start(quick(steps=1_000_000))
    until_state(manager, run, "running")
    with pytest.raises(ValueError, match=r"not at rest: it is running\."):
        delete(manager, run)
    assert (manager.runs_dir / run).is_dir()
    manager.close()


def test_nor_what_another_process_trains(manager: RunManager, run: str) -> None:
    lock = RunLock(RunFolder(manager.runs_dir / run).lock, run)
    lock.acquire()
    with pytest.raises(ValueError, match="not at rest"):
        delete(manager, run)
    lock.release()
    delete(manager, run)


def test_emptying_is_for_good_and_follows_no_link(manager: RunManager, run: str, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "kept.txt").write_text("kept")
    token = delete(manager, run)
    (manager.runs_dir / FOLDER / "link").symlink_to(precious)
    (manager.runs_dir / FOLDER / token / "link").symlink_to(precious)
    size = sum(os.lstat(p).st_size for p in (manager.runs_dir / FOLDER).rglob("*") if p.is_symlink() or p.is_file())
    assert empty(manager.runs_dir) == size
    assert (precious / "kept.txt").read_text() == "kept"
    assert list((manager.runs_dir / FOLDER).iterdir()) == []
    with pytest.raises(ValueError, match="trash was emptied"):
        undelete(manager.runs_dir, token)


def test_undo_overwrites_nothing(manager: RunManager, run: str) -> None:
    token = delete(manager, run)
    (manager.runs_dir / run).mkdir()
    (manager.runs_dir / run / "config.json").write_text("other")
    with pytest.raises(ValueError, match="again"):
        undelete(manager.runs_dir, token)
    assert contents(manager.runs_dir / run) == {"config.json": b"other"}
    assert [one.token for one in deleted(manager.runs_dir)] == [token]


@pytest.mark.parametrize("token", ["", "..", "../runs", "a.20260101T000000-ffff", "x/../../y", "/etc"])
def test_what_is_no_token_moves_nothing(manager: RunManager, run: str, token: str) -> None:
    with pytest.raises(ValueError, match="cannot be had back"):
        undelete(manager.runs_dir, token)


def test_disk_use_counts_every_file_once(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one").write_bytes(bytes(1000))
    (tmp_path / "a" / "b" / "two").write_bytes(bytes(234))
    (tmp_path / "a" / "b" / "loop").symlink_to(tmp_path / "a")
    link = os.lstat(tmp_path / "a" / "b" / "loop").st_size
    assert disk_use(tmp_path / "a") == 1234 + link
    assert disk_use(tmp_path / "missing") == 0


def test_labels_are_kept_beside_the_run(manager: RunManager, run: str) -> None:
    root = manager.runs_dir / run
    config = (root / "config.json").read_bytes()
    assert read_labels(root) == Labels()
    assert label(manager.runs_dir, run, tags=[" for  the talk", "Baseline", "baseline", ""]).tags == (
        "for the talk", "Baseline",
    )  # fmt: skip
    label(manager.runs_dir, run, notes="first\nsecond\x07 ")
    assert read_labels(root) == Labels(("for the talk", "Baseline"), "first\nsecond")
    assert (root / "config.json").read_bytes() == config
    manager.resume(run, total_images=200)
    assert at_rest(manager, run).state == "finished"
    assert read_labels(root).notes == "first\nsecond"


@pytest.mark.parametrize("wrong", [["x" * 31], ["a,b"], ["a\0b"], [5], [str(i) for i in range(MOST_TAGS + 1)]])
def test_tags_that_cannot_be(manager: RunManager, run: str, wrong: list[object]) -> None:
    label(manager.runs_dir, run, tags=["kept"])
    with pytest.raises(ValueError, match=r"tag.*\.$"):
        label(manager.runs_dir, run, tags=wrong)
    with pytest.raises(ValueError, match=r"Notes must be a text"):
        label(manager.runs_dir, run, notes="x" * 4001)
    assert read_labels(manager.runs_dir / run) == Labels(("kept",), "")


@pytest.mark.parametrize("text", ["", "[" * 10_000, '{"tags": 5}', '{"tags": ["' + "x" * 50_000 + '"]}'])
def test_labels_that_cannot_be_read_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    assert read_labels(tmp_path) == Labels()
    (tmp_path / "labels.json").write_text(json.dumps({"tags": ["a"], "notes": "b"}))
    assert read_labels(tmp_path) == Labels(("a",), "b")


def test_labels_of_no_run(manager: RunManager) -> None:
    for name in ("../x", "20260101-none", ""):
        with pytest.raises(UnknownRun):
            label(manager.runs_dir, name, notes="x")


def test_what_nobody_deleted_in_the_trash_is_passed_over(manager: RunManager) -> None:
    for name in ("20260101-a-run.99999999T999999-abcd", "20260101-a-run.20260101T000000", "notes.txt"):
        (manager.runs_dir / ".trash" / name).mkdir(parents=True)
    assert deleted(manager.runs_dir) == []

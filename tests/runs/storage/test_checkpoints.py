"""Checkpoints: never loaded unless they are what was written; the one before the damaged one is used."""

from __future__ import annotations

import hashlib
import io
import pickle
import random
import threading
import tracemalloc
import zipfile
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from gan_core.runs import RunManager, Stop
from gan_core.runs.engine import recorder
from gan_core.runs.storage import grids
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.tables import CheckpointRow
from gan_core.runs.storage.weights.checkpoints import (
    KEEP_AT_MOST,
    DamagedCheckpoint,
    newest_sound,
    read_checkpoint,
    sound_files,
    write_checkpoint,
)
from gan_core.runs.storage.writer import RunWriter
from tests.runs.helpers import at_rest, fingerprint, folder_of, quick, straight, until

CONFIG = quick(steps=150)  # checkpoints at 63, 126 and 150


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "some-run")
    for name in ("samples", "checkpoints"):
        (made.root / name).mkdir(parents=True)
    return made


def state(step: int, numbers: int = 10) -> dict[str, Any]:
    weights = torch.arange(numbers, dtype=torch.float32)
    return {"step": step, "images": step * 16, "average": {"w": weights}}


def stored(folder: RunFolder, data: bytes) -> CheckpointRow:
    """A row that vouches for these bytes, as somebody who forges a run can write one."""
    folder.checkpoint(1).write_bytes(data)
    return CheckpointRow(1, 16, 0.0, hashlib.sha256(data).hexdigest(), "", False)


def test_what_is_written_comes_back(folder: RunFolder) -> None:
    with closing(RunWriter(folder)) as writer:
        row = write_checkpoint(folder, writer, state(3), 1.5, by_hand=True)
    assert folder.checkpoints() == [row]
    assert (row.step, row.images, row.elapsed_seconds, row.by_hand) == (3, 48, 1.5, True)
    assert read_checkpoint(folder, row)["average"]["w"].tolist() == list(range(10))
    assert load_file(folder.generator(3))["w"].tolist() == list(range(10))


def test_a_flipped_bit_anywhere_is_never_loaded(folder: RunFolder) -> None:
    with closing(RunWriter(folder)) as writer:
        row = write_checkpoint(folder, writer, state(3), 0.0, by_hand=False)
    data = folder.checkpoint(3).read_bytes()
    rng = random.Random(1)
    for place in [0, len(data) - 1, *(rng.randrange(len(data)) for _ in range(60))]:
        folder.checkpoint(3).write_bytes(
            data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]
        )
        with pytest.raises(DamagedCheckpoint, match="step 3 is damaged"):
            read_checkpoint(folder, row)
    folder.checkpoint(3).write_bytes(data[:-1])
    with pytest.raises(DamagedCheckpoint):
        read_checkpoint(folder, row)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("this must never be printed",)


def deflated(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member.filename, old.read(member))
    return out.getvalue()


def saved(value: Any) -> bytes:
    out = io.BytesIO()
    torch.save(value, out)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"nothing like it", pickle.dumps(Evil()), saved(Evil()), saved([1, 2]),
        deflated(saved(state(1, 100_000))), saved(state(1))[:200] + saved(state(1)),
    ],
    ids=["empty", "text", "pickle", "code", "no state", "deflated", "two in one"],
)  # fmt: skip
def test_a_forged_one_is_refused_whatever_its_row_says(
    folder: RunFolder, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    tracemalloc.start()
    with pytest.raises(DamagedCheckpoint):
        read_checkpoint(folder, stored(folder, data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000
    assert "never be printed" not in "".join(capsys.readouterr())


def test_old_ones_are_thinned_out_but_not_those_by_hand_nor_the_newest_two(folder: RunFolder) -> None:
    by_hand = {5, 20}
    with closing(RunWriter(folder)) as writer:
        for step in range(1, 61):
            write_checkpoint(folder, writer, state(step), 0.0, by_hand=step in by_hand)
            rows = folder.checkpoints()
            assert {row.step for row in rows if row.by_hand} == {s for s in by_hand if s <= step}
            assert {step, max(1, step - 1)} <= {row.step for row in rows}
            assert sum(not row.by_hand for row in rows) <= KEEP_AT_MOST
            assert {p.name for p in (folder.root / "checkpoints").iterdir()} == {
                path.name for row in rows for path in (folder.checkpoint(row.step), folder.generator(row.step))
            }
    steps = [row.step for row in rows if not row.by_hand]
    assert steps[0] == 1  # the whole way is still covered, closely at first
    gaps = [b / a for a, b in pairwise(steps)]
    assert max(gaps) < 4


def test_the_newest_sound_one_is_found_and_the_others_are_named(folder: RunFolder) -> None:
    with closing(RunWriter(folder)) as writer:
        for step in (1, 2, 3, 4):
            write_checkpoint(folder, writer, state(step), 0.0, by_hand=False)
    folder.checkpoint(4).write_bytes(b"")
    folder.checkpoint(3).unlink()
    found, warnings = newest_sound(folder)
    assert found is not None
    assert found[0].step == found[1]["step"] == 2
    assert warnings == [
        "The checkpoint at step 4 is damaged. The one before it was used.",
        "The checkpoint at step 3 cannot be read. The one before it was used.",
    ]
    folder.generator(2).write_bytes(b"")  # for a branch both files must be whole
    files = sound_files(folder)
    assert files is not None
    assert files[0].step == 1


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(bytes(data))


def test_a_damaged_newest_one_costs_an_interval_and_is_told(manager: RunManager) -> None:
    run = manager.start(CONFIG, stop_at_step=140)
    at_rest(manager, run)
    folder = folder_of(manager, run)
    damage(folder.checkpoint(140))
    damage(folder.generator(140))
    assert manager.checkpoint_generator(run) == folder.generator(126)
    manager.resume(run, stop_at_step=128)
    view = at_rest(manager, run)
    assert view.warnings == ("The checkpoint at step 140 is damaged. The one before it was used.",)
    assert view.checkpoints == (63, 126, 128)  # 140 belongs to a past that is being trained anew
    manager.resume(run)
    at_rest(manager, run)
    assert fingerprint(manager, run) == straight(manager.runs_dir.parent / "straight", CONFIG)


def test_without_any_sound_one_the_run_says_so_and_loses_nothing(manager: RunManager) -> None:
    run = manager.start(CONFIG, stop_at_step=100)
    at_rest(manager, run)
    folder = folder_of(manager, run)
    for row in folder.checkpoints():
        damage(folder.checkpoint(row.step))
        damage(folder.generator(row.step))
    points = len(manager.records(run)["step"])
    manager.resume(run)
    view = at_rest(manager, run)
    assert view.state == "failed"
    assert view.error.startswith("No checkpoint of the run is whole any more, so it cannot go on")
    assert len(manager.records(run)["step"]) == points
    with pytest.raises(ValueError, match="has no checkpoint"):
        manager.checkpoint_generator(run)
    with pytest.raises(ValueError, match="has no checkpoint"):
        manager.branch(run)


def test_what_a_kill_left_behind_is_cleared_away_and_nothing_else(manager: RunManager) -> None:
    run = manager.start(CONFIG, stop_at_step=20)
    at_rest(manager, run)
    folder = folder_of(manager, run)
    half_done = folder.root / "checkpoints" / ".00000999.pt.1-ab.tmp"
    ours = [folder.grid_file(999, points=False), folder.checkpoint(999), half_done]
    theirs = [folder.root / "samples" / "notes.txt", folder.root / "checkpoints" / "00000020.bak"]
    for path in (*ours, *theirs):
        path.write_bytes(b"x")
    manager.resume(run)
    at_rest(manager, run)
    assert [path.exists() for path in (*ours, *theirs)] == [False] * 3 + [True] * 2


def test_a_sample_grid_is_listed_only_when_it_is_on_disk(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    save = grids.save_grid

    def slow(*arguments: Any) -> Any:
        assert gate.wait(180)
        return save(*arguments)

    monkeypatch.setattr(grids, "save_grid", slow)
    run = manager.start(quick(steps=10_000_000))
    until(lambda: len(manager.records(run)["step"]) > 0)
    assert manager.grids(run) == []
    gate.set()
    manager.send(run, Stop())
    at_rest(manager, run)
    folder = folder_of(manager, run)
    listed = [step for step, _ in manager.grids(run)]
    assert {folder.grid_file(step, points=False) for step in listed} == set((folder.root / "samples").iterdir())
    damage(folder.grid_file(listed[0], points=False))
    with pytest.raises(ValueError, match="no sample grid at step 0"):
        manager.grid(run, 0)


def test_a_row_is_kept_by_hand_once_it_is_marked(folder: RunFolder) -> None:
    with closing(RunWriter(folder)) as writer:
        row = write_checkpoint(folder, writer, state(3), 0.0, by_hand=False)
        writer.keep_checkpoint(3)
    assert folder.checkpoints() == [replace(row, by_hand=True)]


def test_automatic_ones_take_a_small_share_of_the_time(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where writing is slow, fewer are written; the last moment is kept all the same."""
    monkeypatch.setattr(recorder, "CHECKPOINT_PAUSE_SECONDS", 3600.0)
    monkeypatch.setattr(recorder, "CHECKPOINT_SHARE", 1e-9)
    run = manager.start(quick(steps=600))
    view = at_rest(manager, run)
    assert len(view.checkpoints) == 2
    assert view.checkpoints[-1] == view.step

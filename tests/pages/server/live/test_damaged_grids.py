"""A sample grid that is damaged or gone is passed over: the run can be watched, and gives away what is whole."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gan_core.cli.take import EXPORTERS
from gan_core.cli.terminal.errors import CommandError
from gan_core.runs import RunManager
from pages.server.http.sweep_routes import _picture
from pages.server.live.first_frames import hello
from pages.server.live.wire import unpack
from tests.runs.groups.test_sweeps import ring
from tests.runs.helpers import at_rest, folder_of, open_manager, quick


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[RunManager]:
    """One that trains; the pages' other tests have one that does not."""
    made = open_manager(tmp_path)
    yield made
    made.close()


def damage(manager: RunManager, run: str, step: int, how: str) -> None:
    folder = folder_of(manager, run)
    (path,) = (folder.root / "samples").glob(f"{step:08d}.*")
    if how == "cut short":
        path.write_bytes(path.read_bytes()[:-9])
    elif how == "gone":
        path.unlink()
    else:
        with closing(sqlite3.connect(folder.database)) as db:
            db.execute("UPDATE grids SET size = 0 WHERE step = ?", (step,))
            db.commit()


def told(manager: RunManager, run: str) -> dict[str, Any]:
    header, blobs = unpack(hello(manager, run))
    assert len(blobs) == (3 if header["grid"] else 1)
    return header


@pytest.mark.parametrize("how", ["cut short", "gone", "another shape"])
@pytest.mark.parametrize("kind", ["images", "points"])
def test_the_one_before_is_shown_with_a_word(manager: RunManager, how: str, kind: str) -> None:
    run = manager.start(quick(steps=12, record__grid_growth=0.0) if kind == "images" else ring(steps=12))
    assert at_rest(manager, run).state == "finished"
    kept = [step for step, _ in manager.grids(run)]
    assert told(manager, run)["grid"]["step"] == kept[-1]
    assert told(manager, run)["damaged"] == []
    damage(manager, run, kept[-1], how)
    header = told(manager, run)
    assert (header["grid"]["step"], header["damaged"]) == (kept[-2], [kept[-1]])
    assert [step for step, _ in header["kept"]] == kept
    assert _picture(manager, run, "")["grid"] == kept[-2]
    with Image.open(io.BytesIO(EXPORTERS["png"](manager, run, 1))) as picture:
        assert picture.info["step"] == str(kept[-2])
    with Image.open(io.BytesIO(EXPORTERS["gif"](manager, run, 1))) as film:
        assert getattr(film, "n_frames", 1) <= len(kept) - 1
    for step in kept[:-1]:
        damage(manager, run, step, how)
    header = told(manager, run)
    assert (header["grid"], header["damaged"]) == (None, kept[::-1])
    assert _picture(manager, run, "") == {"grid": None}
    for kind in ("png", "gif"):
        with pytest.raises(CommandError, match="has no sample grid that can be shown"):
            EXPORTERS[kind](manager, run, 1)


def test_a_run_that_goes_back_meanwhile_is_not_called_damaged(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = manager.start(quick(steps=12, record__grid_growth=0.0))
    at_rest(manager, run)
    folder = folder_of(manager, run)
    kept = folder.grids()
    with closing(sqlite3.connect(folder.database)) as db:
        db.execute("DELETE FROM grids WHERE step > ?", (kept[-2][0],))
        db.commit()
    Path(folder.grid_file(kept[-1][0], points=False)).unlink()
    monkeypatch.setattr(type(folder), "grids", lambda self: kept)  # as they were a moment before
    header = told(manager, run)
    assert (header["grid"]["step"], header["damaged"]) == (kept[-2][0], [])

"""The database's versions: every one that ever was can be read and written on; one from the future is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gan_core.runs import RunManager, UnreadableRun
from gan_core.runs.storage import run_folder as store
from gan_core.runs.storage import schema
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.schema import MIGRATIONS, SCHEMA_VERSION, TABLES
from gan_core.runs.storage.writer import RunWriter
from tests.runs.helpers import at_rest, folder_of, quick

SCHEMAS = Path(__file__).parents[1] / "schemas"


def folder_with(tmp_path: Path, version: int) -> RunFolder:
    """A run whose database was written by that version: its dump, as it was kept then."""
    folder = RunFolder(tmp_path / "some-run")
    folder.root.mkdir()
    with closing(sqlite3.connect(folder.database)) as db:
        db.executescript((SCHEMAS / f"version_{version}.sql").read_text())
    return folder


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_every_version_is_readable(tmp_path: Path, version: int) -> None:
    folder = folder_with(tmp_path, version)
    standing = folder.status()
    assert (standing.state, standing.step, standing.images) == ("stopped", 8, 128)
    assert standing.warnings == ("The checkpoint at step 4 is damaged.",)
    assert folder.points()["d_loss"].tolist()[:1] == [1.375]
    assert folder.points()["penalty"].tolist() != folder.points()["penalty"].tolist()  # NULL comes back as NaN
    assert folder.grids() == [(0, 0), (8, 128)]
    grid = folder.grid(8)
    assert grid is not None
    assert grid.scores.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert [(row.step, row.by_hand) for row in folder.checkpoints()] == [(4, True), (8, False)]
    (change,) = folder.changes()
    assert (change.step, change.path, change.before, change.after) == (4, "g_optimizer.lr", 0.0005, 0.001)


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_evaluations_and_the_signals_of_overfitting_came_with_version_3(tmp_path: Path, version: int) -> None:
    folder = folder_with(tmp_path, version)
    strengths = folder.points()["augmentation_strength"]
    if version < 3:
        assert folder.evaluations() == []
        assert all(value != value for value in strengths)
        return
    assert strengths[-1] == 0.25
    untrained, trained = folder.evaluations()
    assert (untrained.step, untrained.features, untrained.samples) == (0, "pixel features", 1000)
    assert untrained.values["kid"] != untrained.values["kid"]  # null: it could not be measured
    assert (trained.values["fid"], trained.floor["fid"], trained.best) == (100.25, 0.5, True)
    assert trained.classes.names == ("a", "b")


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_where_a_run_was_compiled_came_with_version_4(tmp_path: Path, version: int) -> None:
    assert folder_with(tmp_path, version).status().compiled_from_step == (4 if version >= 4 else 0)


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_where_a_run_was_asked_to_stop_came_with_version_5(tmp_path: Path, version: int) -> None:
    standing = folder_with(tmp_path, version).status()
    assert (standing.until_step, standing.until_seconds) == ((240, None) if version >= 5 else (None, None))


def test_there_is_a_way_and_a_dump_for_every_version() -> None:
    assert set(MIGRATIONS) == set(range(1, SCHEMA_VERSION))
    assert {p.name for p in SCHEMAS.iterdir()} == {f"version_{v}.sql" for v in range(1, SCHEMA_VERSION + 1)}


def test_the_tables_of_the_present_version_are_those_of_its_dump(tmp_path: Path) -> None:
    """Whoever changes a table must raise the version."""

    def columns(db: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: db.execute(f"PRAGMA table_info({name})").fetchall() for name in names}

    with closing(sqlite3.connect(":memory:")) as db:
        for statement in TABLES:
            db.execute(statement)
        with folder_with(tmp_path, SCHEMA_VERSION).read() as kept:
            assert columns(kept) == columns(db)


def test_an_unknown_version_is_refused_in_a_sentence_and_left_as_it_is(manager: RunManager) -> None:
    run = manager.start(quick(steps=4))
    at_rest(manager, run)
    folder = folder_of(manager, run)
    with closing(sqlite3.connect(folder.database)) as db:
        db.execute("PRAGMA user_version = 99")
    before = folder.database.read_bytes()
    words = f"its data has version 99, this program reads up to {SCHEMA_VERSION}\\."
    for act in (lambda: manager.view(run), lambda: manager.resume(run), lambda: RunWriter(folder)):
        with pytest.raises(UnreadableRun, match=words):
            act()
    assert manager.views() == []
    assert folder.database.read_bytes() == before


def test_readers_migrate_a_copy_and_writers_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a made-up next version that counts two numbers up, in two statements."""
    folder = folder_with(tmp_path, SCHEMA_VERSION)
    for module in (schema, store):
        monkeypatch.setattr(module, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    both = ("UPDATE state SET images = images + 1", "UPDATE state SET step = step + 1")
    monkeypatch.setitem(MIGRATIONS, SCHEMA_VERSION, both)
    before = folder.database.read_bytes()
    assert (folder.status().images, folder.status().step) == (129, 9)
    assert folder.database.read_bytes() == before
    with closing(RunWriter(folder)):
        pass
    with closing(sqlite3.connect(folder.database)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)
    assert (folder.status().images, folder.status().step) == (129, 9)  # once, not twice


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_with(tmp_path, 1)
    for module in (schema, store):
        monkeypatch.setattr(module, "SCHEMA_VERSION", 2)
    monkeypatch.setitem(MIGRATIONS, 1, ("UPDATE state SET images = 0", "UPDATE not_there SET step = 0"))
    with pytest.raises(OSError, match="no such table"):
        RunWriter(folder)
    monkeypatch.undo()
    assert folder.status().images == 128

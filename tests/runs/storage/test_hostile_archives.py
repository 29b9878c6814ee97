"""Import is a door: zips that lie about what they hold leave nothing behind, run nothing and change no run."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import sqlite3
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_core.runs.storage.archives.archive import MANIFEST
from gan_core.runs.storage.archives.reading import NotARun, import_run
from gan_core.runs.storage.run_folder import RunFolder, run_ids
from gan_core.training.observe.scene import decode_scene, encode_arrays
from tests.data.uploads.hostile_files import flat_png
from tests.runs.exported import exported_run, members, packed

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return exported_run(tmp_path_factory.mktemp("exported"))


@pytest.fixture
def files(sound: bytes) -> Files:
    return members(sound)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """An empty runs folder; outside of it nothing may appear."""
    made = tmp_path / "inside" / "runs"
    made.mkdir(parents=True)
    return made


def refused(runs: Path, data: bytes) -> str:
    """The sentence; nothing is left of the attempt, inside the folder or beside it."""
    with pytest.raises(NotARun) as caught:
        import_run(runs, io.BytesIO(data), "brought.zip")
    assert list(runs.iterdir()) == []
    assert [p.name for p in runs.parent.parent.rglob("*")] == ["inside", "runs"]
    words = str(caught.value)
    assert words.startswith("brought.zip")
    assert words.endswith(".")
    assert "\n" not in words
    assert str(runs) not in words
    return words


def test_the_sound_one_is_taken(runs: Path, files: Files) -> None:
    made = import_run(runs, io.BytesIO(packed(files)), "brought.zip")
    assert made.notes == ()
    assert run_ids(runs) == [made.run]
    assert RunFolder(runs / made.run).status().state == "finished"


@pytest.mark.parametrize("name", [
    "../evil", "/etc/evil", "samples/../../evil.png", "..\\evil", "C:evil", "checkpoints/00000001.pt/../../x",
    "Config.json", "config.json ", "run.lock", "metrics.db-wal", "labels.json/",
    "samples/1.png", "explore/evil.json", "samples/00000001.svg", "x" * 3000, "samples/\N{FULLWIDTH DIGIT ONE}.png",
])  # fmt: skip
def test_names_that_no_run_has(runs: Path, files: Files, name: str) -> None:
    assert "which no exported run has" in refused(runs, packed({**files, name: b"x"}))


def test_a_name_with_a_zero_in_it(runs: Path, files: Files) -> None:
    """Where a reader stops at the zero it looks like one of ours."""
    data = packed({**files, "samples/00000001.png?.txt": b"x"}).replace(b".png?.txt", b".png\0.txt")
    assert "which no exported run has" in refused(runs, data)


def test_a_name_twice(runs: Path, files: Files) -> None:
    data = packed(files)
    out = io.BytesIO(data)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr("config.json", files["config.json"])
    assert "twice" in refused(runs, out.getvalue())


def entry(**attributes: Any) -> Callable[[zipfile.ZipInfo], None]:
    def touch(info: zipfile.ZipInfo) -> None:
        for name, value in attributes.items():
            setattr(info, name, value)

    return touch


def test_links_folders_and_packed_members(runs: Path, files: Files) -> None:
    link = packed(files, touch={"labels.json": entry(external_attr=(stat.S_IFLNK | 0o777) << 16)}
                  | {"config.json": entry(external_attr=(stat.S_IFLNK | 0o777) << 16)})  # fmt: skip
    assert "not a plain file" in refused(runs, link)
    fifo = packed(files, touch={"metrics.db": entry(external_attr=(stat.S_IFIFO | 0o644) << 16)})
    assert "not a plain file" in refused(runs, fifo)
    for kind in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        rare = packed(files, touch={"metrics.db": entry(compress_type=kind)})
        assert "use an ordinary zip" in refused(runs, rare)


def test_a_bomb_is_not_unpacked(runs: Path, files: Files) -> None:
    for name in ("labels.json", "metrics.db", "explore/bookmarks.json", "checkpoints/00000999.pt"):
        large = packed({**files, name: bytes(199_000_000)}, touch={name: entry(compress_type=8)})
        assert len(large) < 5_000_000
        words = refused(runs, large)
        assert ("far more than a run" if name != "labels.json" else "at most 40,000") in words


def test_a_locked_member(runs: Path, files: Files) -> None:
    data = bytearray(packed(files))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        start = archive.start_dir
    data[start + 8] |= 1  # the first entry of the directory says that it is encrypted
    assert "password" in refused(runs, bytes(data))


def test_members_that_overlap(runs: Path, files: Files) -> None:
    """Two entries of the directory for the same bytes: larger unpacked than the file is."""
    big = max(files, key=lambda name: len(files[name]) if name.endswith(".pt") else 0)
    data = packed(files)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = archive.start_dir
    end = data.rfind(b"PK\x05\x06")
    at = data.find(big.encode(), start) - 46
    copies = b""
    for i in range(40):
        name = f"checkpoints/{9_000_000 + i:08d}.pt".encode()
        assert len(name) == len(big)
        copies += data[at : at + 46] + name
    size = end - start + len(copies)
    ending = bytearray(data[end:])
    count = len(archive.infolist()) + 40
    for offset, value, width in ((8, count, 2), (10, count, 2), (12, size, 4)):
        ending[offset : offset + width] = value.to_bytes(width, "little")
    made = data[:start] + data[start:end] + copies + bytes(ending)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert sum(i.file_size for i in archive.infolist()) > len(made)
    assert "overlap" in refused(runs, made)


def test_too_many_members(runs: Path, files: Files) -> None:
    many = {f"samples/{i:08d}.png": b"" for i in range(20_001)}
    assert "holds" in refused(runs, packed({**files, **many}, manifest={}))


@pytest.mark.parametrize(("change", "words"), [
    (lambda m: m.update(format=2), "another version"),
    (lambda m: m.update(format=True), "another version"),
    (lambda m: m.update(run="../../evil"), "does not name a run"),
    (lambda m: m.update(run=["a"]), "does not name a run"),
    (lambda m: m.pop("files"), "cannot be read"),
    (lambda m: m.update(files=[]), "does not name a run"),
    (lambda m: m["files"].pop("config.json"), "not listed"),
    (lambda m: m["files"]["config.json"].update(size=-1), "size that is listed"),
    (lambda m: m["files"]["config.json"].update(size=True), "size that is listed"),
    (lambda m: m["files"]["config.json"].update(size=1e3), "size that is listed"),
    (lambda m: m["files"]["config.json"].update(sha256="0" * 64), "not what was exported"),
    (lambda m: m["files"]["config.json"].pop("sha256"), "without a SHA-256"),
    (lambda m: m["files"].update({"samples/99999999.png": {"size": 1, "sha256": "0" * 64}}), "is missing"),
])  # fmt: skip
def test_a_manifest_that_lies(runs: Path, files: Files, change: Callable[[Any], Any], words: str) -> None:
    manifest = json.loads(packed_manifest(files))
    change(manifest)
    assert words in refused(runs, packed(files, manifest=manifest))


def packed_manifest(files: Files) -> bytes:
    return members(packed(files))[MANIFEST]


@pytest.mark.parametrize("text", [b"", b"[" * 100_000, b"\xff\xfe", b"null", b'{"format": 1}'])
def test_a_manifest_that_is_none(runs: Path, files: Files, text: bytes) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in {**files, MANIFEST: text}.items():
            archive.writestr(name, data)
    refused(runs, out.getvalue())


def test_no_manifest_no_database_no_configuration(runs: Path, files: Files) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("config.json", files["config.json"])
    assert MANIFEST in refused(runs, out.getvalue())
    for name in ("config.json", "metrics.db"):
        assert f'"{name}" is missing' in refused(runs, packed({k: v for k, v in files.items() if k != name}))


@pytest.mark.parametrize("change", [
    {"created": "yesterday"}, {"created": "2026-99-99T00:00:00Z"}, {"title": "a\nb"}, {"title": "x" * 5000},
    {"title": 5}, {"classes": ["<b>" * 100]}, {"classes": "ab"}, {"device": ["cpu"]}, {"threads": -1},
    {"parent_step": 2**70}, {"config": {"batch_size": -1}}, {"config": {"no_such": 1}}, {"config": []},
    {"config": {"generator": {"name": "os.system"}}}, {"unknown": 1}, {"torch_version": "\x1b[31m"},
])  # fmt: skip
def test_a_configuration_that_cannot_be(runs: Path, files: Files, change: dict[str, Any]) -> None:
    about = {**json.loads(files["config.json"]), **change}
    refused(runs, packed({**files, "config.json": json.dumps(about).encode()}))


def test_the_run_is_what_its_place_says_not_what_its_file_says(runs: Path, files: Files) -> None:
    about = {**json.loads(files["config.json"]), "id": "../../evil"}
    made = import_run(runs, io.BytesIO(packed({**files, "config.json": json.dumps(about).encode()})), "b.zip")
    assert RunFolder(runs / made.run).manifest().id == made.run
    assert "evil" not in (runs / made.run / "config.json").read_text()


# --- the database


def changed(database: bytes, tmp_path: Path, *statements: str) -> bytes:
    path = tmp_path / "changed.db"
    path.write_bytes(database)
    with sqlite3.connect(path, isolation_level=None) as db:
        for statement in statements:
            db.execute(statement)
    db.close()
    data = path.read_bytes()
    path.unlink()
    return data


@pytest.mark.parametrize("statements", [
    ("CREATE VIEW evil AS SELECT 1",),
    ("DROP TABLE points", "CREATE VIEW points AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) "
     "SELECT x AS step FROM c"),
    ("CREATE TRIGGER evil AFTER INSERT ON points BEGIN DELETE FROM state; END",),
    ("CREATE TABLE more (a INTEGER)",),
    ("CREATE INDEX slow ON points (images)",),
    ("CREATE VIRTUAL TABLE evil USING fts5(a)",),
    ("DROP TABLE state", "CREATE TABLE state (only INTEGER, state TEXT AS (hex(zeroblob(1000000000))))"),
    ("DROP TABLE changes", "CREATE TABLE changes (id INTEGER CHECK (length(randomblob(1000000000)) > 0))"),
    ("DROP TABLE changes",),
    ("PRAGMA user_version = 99",),
    ("PRAGMA user_version = 0",),
    ("UPDATE state SET state = 'evil'",),
    ("DELETE FROM state",),
    ("UPDATE state SET step = -1",),
    ("UPDATE state SET images = 'many'",),
    ("UPDATE state SET elapsed_seconds = 9e999",),
    ("UPDATE state SET advice = '[' || hex(zeroblob(2000)) || ']'",),
    ("UPDATE state SET error = hex(zeroblob(2000))",),
    ("UPDATE points SET d_loss = 'x'",),
    ("UPDATE points SET step = 9223372036854775807 WHERE step = (SELECT max(step) FROM points)",),
    ("UPDATE grids SET columns = 100000",),
    ("UPDATE grids SET scores = x'00'",),
    ("UPDATE checkpoints SET step = -5 WHERE step = (SELECT max(step) FROM checkpoints)",),
    ("INSERT INTO changes VALUES (1, 3, 'generator.no_such', '1', '2')",),
    ("INSERT INTO changes VALUES (1, 3, 'g_optimizer.lr', '1', '\"__import__\"')",),
    ("INSERT INTO evaluations VALUES (1, 1, 1, 'f', 1, '[]', '{}', '{}', 0, 0)",),
    ("INSERT INTO evaluations VALUES (-1, 1, 1, 'f', 1, '{}', '{}', '{}', 0, 0)",),
    ("INSERT INTO evaluations VALUES (1, 1, 1, 'f', 1, '{}', '{}', '{}', 9e999, 0)",),
    ("INSERT INTO evaluations VALUES (1, 1, 1, 'f', 1, '{}', '{}', '{}', -1000, 0)",),
])  # fmt: skip
def test_a_database_that_does_harm(runs: Path, files: Files, statements: tuple[str, ...]) -> None:
    database = changed(files["metrics.db"], runs.parent.parent, *statements)
    refused(runs, packed({**files, "metrics.db": database}))


@pytest.mark.parametrize("data", [b"", b"SQLite format 3\0", b"SQLite format 3\0" + os.urandom(8_000), b"x" * 9_000])
def test_a_database_that_is_none(runs: Path, files: Files, data: bytes) -> None:
    assert "metrics.db" in refused(runs, packed({**files, "metrics.db": data}))


def large_rows(table: str, count: int) -> str:
    """Statement that copies a table's newest row often, with other steps."""
    return (
        f"INSERT INTO {table} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
        f"SELECT 1000000 + i, images, columns, rows, size, sha256, scores FROM n, "
        f"(SELECT * FROM {table} ORDER BY step DESC LIMIT 1)"
    )


@pytest.mark.parametrize(("statements", "words"), [
    ((large_rows("grids", 20_001),), "more than 20,000 rows"),
    (("UPDATE state SET advice = '[\"' || hex(zeroblob(600000)) || '\"]'",), "a text that is too long"),
    (("UPDATE grids SET scores = zeroblob(2000000)",), "a text that is too long"),
])  # fmt: skip
def test_a_database_of_more_than_a_run_says(
    runs: Path, files: Files, statements: tuple[str, ...], words: str
) -> None:
    database = changed(files["metrics.db"], runs.parent.parent, *statements)
    assert words in refused(runs, packed({**files, "metrics.db": database}))


def test_nothing_but_values_comes_over(runs: Path, files: Files) -> None:
    """Not a byte of the database itself: bytes hidden in its free pages stay outside."""
    database = changed(
        files["metrics.db"], runs.parent.parent,
        "UPDATE state SET error = 'HIDDEN-HERE'", "UPDATE state SET error = ''",
    ) + b"HIDDEN-BEHIND" * 100  # fmt: skip
    made = import_run(runs, io.BytesIO(packed({**files, "metrics.db": database})), "b.zip")
    assert b"HIDDEN" not in (runs / made.run / "metrics.db").read_bytes()


def test_what_has_no_file_is_left_out_and_said(runs: Path, files: Files) -> None:
    sample = next(name for name in files if name.startswith("samples/"))
    state = next(name for name in files if name.endswith(".pt"))
    left = {name: data for name, data in files.items() if name not in (sample, state)}
    made = import_run(runs, io.BytesIO(packed(left)), "b.zip")
    assert made.notes == ("1 sample grid had no sound file and was left out.",
                          "1 checkpoint had no sound file and was left out.")  # fmt: skip
    folder = RunFolder(runs / made.run)
    assert int(Path(sample).stem) not in [step for step, _ in folder.grids()]
    kept = {folder.checkpoint(row.step).name for row in folder.checkpoints()}
    assert {p.name for p in (folder.root / "checkpoints").glob("*.pt")} == kept


# --- pictures and checkpoints


def test_pictures_that_are_none(runs: Path, files: Files) -> None:
    sample = next(name for name in files if name.startswith("samples/"))
    for data in (b"", b"<svg onload=alert(1)>", flat_png(20_000, 20_000), files[sample][:200]):
        refused(runs, packed({**files, sample: data}))
    assert "not a scene" in refused(runs, packed({**files, "samples/00000077.scene": b"\xff" * 100}))


def test_a_scene_has_no_more_arrays_than_bytes() -> None:
    """Each of its arrays may claim the same bytes: ten thousand of them would take ten thousand times as much."""
    sound = encode_arrays({"fakes": np.zeros((1_000, 2), "<f4")})
    (length,) = struct.unpack_from("<I", sound)
    (entry,) = json.loads(sound[4 : 4 + length])["arrays"]
    for count in (2, 500, 5_000):
        header = json.dumps({"arrays": [{**entry, "name": f"a{i}"} for i in range(count)]}).encode()
        with pytest.raises(ValueError, match="not a scene"):
            decode_scene(struct.pack("<I", len(header)) + header + sound[4 + length :])
    with pytest.raises(ValueError, match="not a scene"):
        decode_scene(struct.pack("<I", 5_000_000) + b"[" * 5_000_000)


class Evil:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.path),)


def torch_file(text: bytes, **more: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", text)
        for name, data in more.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_resume_state_that_would_run_code(runs: Path, files: Files, tmp_path: Path, protocol: int) -> None:
    state = next(name for name in files if name.endswith(".pt"))
    trap = tmp_path / "trap"
    words = refused(runs, packed({**files, state: torch_file(pickle.dumps(Evil(str(trap)), protocol))}))
    assert "would run code" in words
    plain = pickle.dumps(Evil(str(trap)), protocol)
    assert "resume state" in refused(runs, packed({**files, state: plain}))
    assert not trap.exists()


def test_a_resume_state_with_a_function_of_torch(runs: Path, files: Files) -> None:
    state = next(name for name in files if name.endswith(".pt"))
    out = io.BytesIO()
    torch.save({"step": torch.nn.Linear(2, 2)}, out)
    assert "would run code" in refused(runs, packed({**files, state: out.getvalue()}))
    for data in (b"", torch_file(b"\x80\x02}."[:2]), torch_file(b"\x80\x02}.", **{"x/data.pkl": b"\x80\x02}."})):
        refused(runs, packed({**files, state: data}))


def test_weights_that_lie(runs: Path, files: Files) -> None:
    weights = next(name for name in files if name.endswith(".safetensors"))
    for data in (b"", b"\xff" * 16, pickle.dumps({}), files[weights][:-8]):
        refused(runs, packed({**files, weights: data}))


def test_labels_are_made_anew(runs: Path, files: Files) -> None:
    for data in (b"[]", b'{"tags": "x"}', b'{"tags": ["' + b"x" * 100 + b'"], "notes": ""}', b"[" * 30_000):
        assert "labels" in refused(runs, packed({**files, "labels.json": data}))
    odd = json.dumps({"tags": [" a  b "], "notes": "x\x1b[31m", "more": "<script>"}).encode()
    made = import_run(runs, io.BytesIO(packed({**files, "labels.json": odd})), "b.zip")
    kept = json.loads((runs / made.run / "labels.json").read_bytes())
    assert kept == {"tags": ["a b"], "notes": "x[31m"}


# --- anything at all


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_harmless(runs: Path, sound: bytes, data: st.DataObject) -> None:
    """Bytes changed, cut or put in anywhere: a sentence, or a run whose every file has its SHA-256."""
    spoiled = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(spoiled) - 1))
        spoiled[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del spoiled[data.draw(st.integers(0, len(spoiled))) :]
    try:
        made = import_run(runs, io.BytesIO(bytes(spoiled)), "b.zip")
    except NotARun as problem:
        said = re.fullmatch(r"b\.zip cannot be imported: .+\.", str(problem))
        assert said is not None
        assert [p.name for p in runs.iterdir() if p.name.startswith(".")] == []
    else:
        assert RunFolder(runs / made.run).points()["step"].size > 0


def test_what_is_no_zip(runs: Path, tmp_path: Path) -> None:
    for data in (b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x80\x04.", os.urandom(5_000)):
        refused(runs, data)

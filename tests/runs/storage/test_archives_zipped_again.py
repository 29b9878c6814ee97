"""A run that was unpacked and zipped again by a file manager is the same run, since its files are."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from gan_core.runs.storage.archives.reading import NotARun, import_run
from gan_core.runs.storage.run_folder import RunFolder
from tests.data.uploads.test_zips import Stream, with_zip64_end
from tests.runs.exported import exported_run, members, packed

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return exported_run(tmp_path_factory.mktemp("exported"))


def zipped(entries: Iterable[tuple[str, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """In this order, streamed as Finder writes: sizes follow the members."""
    stream = Stream()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return bytes(stream.data)


def finder(files: Files, top: str = "my run/") -> bytes:
    """A folder's own entry, the files packed, and beside them what the system keeps of each."""
    folders = {f"{top}{name.rpartition('/')[0]}/" for name in files if "/" in name} | ({top} if top else set())
    entries = [(name, b"") for name in sorted(folders)] + [(top + name, data) for name, data in files.items()]
    entries += [(f"__MACOSX/{top}._{name.rpartition('/')[2]}", b"\0\5\x16\7") for name in files]
    return zipped([*entries, (f"{top}.DS_Store", b"Bud1")])


def windows(files: Files) -> bytes:
    """With backslashes, folders too, and what the system leaves in one."""
    inside = [("run\\" + name.replace("/", "\\"), data) for name, data in files.items()]
    return zipped(
        [("run\\", b""), ("run\\samples\\", b""), *inside, ("run\\desktop.ini", b""), ("run\\Thumbs.db", b"")]
    )


WAYS: dict[str, Callable[[Files], bytes]] = {
    "deflated": lambda files: zipped(files.items()),
    "in a folder": lambda files: zipped([(f"a/b/{name}", data) for name, data in files.items()], zipfile.ZIP_STORED),
    "with folders": lambda files: zipped([("samples/", b""), ("checkpoints/", b""), *files.items()]),
    "Finder": finder,
    "Finder, its content alone": lambda files: finder(files, ""),
    "Windows": windows,
    "from a dot": lambda files: zipped([("./", b""), *((f"./{name}", data) for name, data in files.items())]),
    "as a large one": lambda files: with_zip64_end(finder(files)),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_comes_in_whole_however_it_was_zipped(way: str, sound: bytes, tmp_path: Path) -> None:
    plain, again = tmp_path / "plain", tmp_path / "again"
    plain.mkdir()
    again.mkdir()
    files = members(sound)
    first = import_run(plain, io.BytesIO(sound), "run.zip")
    second = import_run(again, io.BytesIO(WAYS[way](files)), "run.zip")
    assert second == first
    found = {p.relative_to(again) for p in again.rglob("*")}
    assert found == {p.relative_to(plain) for p in plain.rglob("*")}
    kept = RunFolder(again / second.run)
    assert kept.checkpoints() == RunFolder(plain / first.run).checkpoints() != []
    for name, data in files.items():
        if name.startswith(("samples/", "checkpoints/")):
            assert (kept.root / name).read_bytes() == data


def refused(tmp_path: Path, data: bytes) -> str:
    runs = tmp_path / "runs"
    runs.mkdir(exist_ok=True)
    with pytest.raises(NotARun) as caught:
        import_run(runs, io.BytesIO(data), "run.zip")
    assert list(runs.iterdir()) == []
    return str(caught.value)


def test_what_was_added_or_changed_on_the_way_is_still_refused(sound: bytes, tmp_path: Path) -> None:
    files = members(sound)
    assert "which no exported run has" in refused(tmp_path, finder({**files, "notes.txt": b"mine"}))
    assert "which no exported run has" in refused(tmp_path, zipped([*finder_entries(files), ("else/x.png", b"")]))
    assert "which no exported run has" in refused(tmp_path, zipped([*finder_entries(files), ("top/evil/", b"x")]))
    changed = {**files, "config.json": files["config.json"].replace(b"Short", b"Shart")}
    assert "not what was exported" in refused(tmp_path, finder(changed))
    twice = [*finder_entries(files), ("top\\config.json", files["config.json"])]
    assert '"config.json" twice' in refused(tmp_path, zipped(twice))
    nested = zipped([("outer.zip", sound), *((f"x/{n}", d) for n, d in files.items())])
    assert "which no exported run has" in refused(tmp_path, nested)
    assert "which no exported run has" in refused(tmp_path, zipped([("run.zip", sound)]))


def finder_entries(files: Files) -> list[tuple[str, bytes]]:
    return [("top/", b""), *((f"top/{name}", data) for name, data in files.items())]


def test_what_it_unpacks_to_is_bounded_by_the_size_of_the_file(sound: bytes, tmp_path: Path) -> None:
    files = {**members(sound), "explore/bookmarks.json": bytes(190_000_000)}
    manifest_is_true = members(packed(files))
    words = refused(tmp_path, zipped(manifest_is_true.items()))
    assert "far more than a run in a file of" in words

"""Bookmarks and named directions on disk: whole, in order, undoable, and safe against each other."""

from __future__ import annotations

import base64
import io
import json
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gan_core.latent import encode_vector
from gan_core.runs.storage import bookmarks
from gan_core.runs.storage.bookmarks import BookmarkStore, thumbnail_png

LOOK = {"where": {"z": encode_vector(np.arange(4.0))}, "psi": 0.7}
PNG = thumbnail_png(np.zeros((4, 4, 1), np.uint8))
DIRECTION: dict[str, Any] = {
    "name": "hue", "vector": encode_vector(np.ones(4)), "space": "z", "low": -3, "high": 2.5, "method": "PCA",
    "layers": None, "details": {"hue": 0.4},
}  # fmt: skip


@pytest.fixture
def kept(tmp_path: Path) -> BookmarkStore:
    return BookmarkStore(tmp_path / "explore")


def add(kept: BookmarkStore, *names: str) -> list[str]:
    return [kept.bookmarks.add(name=name, look=LOOK, thumbnail=PNG, step=7).id for name in names]


def names(kept: BookmarkStore) -> str:
    return "".join(bookmark.name for bookmark in kept.bookmarks.all())


def test_nothing_is_made_before_something_is_kept(kept: BookmarkStore, tmp_path: Path) -> None:
    assert kept.bookmarks.all() == []
    assert kept.directions.all() == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_is_there_for_another(kept: BookmarkStore, tmp_path: Path) -> None:
    bookmark = kept.bookmarks.add(name="  red shoe ", look=LOOK, thumbnail=PNG, step=7)
    direction = kept.directions.add(**DIRECTION)
    other = BookmarkStore(tmp_path / "explore")
    assert other.bookmarks.all() == [bookmark]
    assert other.directions.all() == [direction]
    assert (bookmark.name, bookmark.look, bookmark.thumbnail, bookmark.step) == ("red shoe", LOOK, PNG, 7)
    assert (direction.low, direction.high, direction.details) == (-3.0, 2.5, {"hue": 0.4})
    assert bookmark.created.endswith("Z")


def test_order_names_and_undo(kept: BookmarkStore) -> None:
    a, b, c = add(kept, "a", "b", "c")
    kept.bookmarks.move(c, 0)
    assert names(kept) == "cab"
    kept.bookmarks.move(c, 99)
    assert names(kept) == "abc"
    kept.bookmarks.delete(b)
    kept.bookmarks.delete(a)
    assert names(kept) == "c"
    assert kept.bookmarks.restore(a).name == "a"
    assert kept.bookmarks.restore(b).name == "b"
    assert names(kept) == "abc"
    kept.bookmarks.rename(b, "B")
    assert names(kept) == "aBc"
    assert kept.bookmarks.change(b, step=9).step == 9
    for act in (kept.bookmarks.delete, kept.bookmarks.restore):
        with pytest.raises(ValueError, match="This bookmark"):
            act("0" * 12)
    with pytest.raises(ValueError, match="not there any more"):
        kept.bookmarks.move("nobody", 0)


def test_a_deleted_one_survives_a_new_start(kept: BookmarkStore, tmp_path: Path) -> None:
    (a,) = add(kept, "a")
    kept.bookmarks.delete(a)
    BookmarkStore(tmp_path / "explore").bookmarks.restore(a)
    assert names(kept) == "a"


def test_only_the_newest_deleted_are_remembered(kept: BookmarkStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookmarks, "MOST_DELETED", 2)
    ids = add(kept, "a", "b", "c")
    for item in ids:
        kept.bookmarks.delete(item)
    with pytest.raises(ValueError, match="cannot be brought back"):
        kept.bookmarks.restore(ids[0])
    kept.bookmarks.restore(ids[1])


def test_so_many_and_no_more(kept: BookmarkStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookmarks, "MOST_KEPT", 2)
    a, _ = add(kept, "a", "b")
    with pytest.raises(ValueError, match="There are 2 bookmarks already; delete some to keep more"):
        add(kept, "c")
    kept.bookmarks.delete(a)
    add(kept, "c")
    with pytest.raises(ValueError, match="delete another one first"):
        kept.bookmarks.restore(a)
    assert names(kept) == "bc"


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "x" * 81}, {"name": "a\nb"}, {"name": 3}, {"look": []}, {"look": {}},
     {"look": {"where": 1}}, {"look": {"where": {"z": "A" * 300_000}}}, {"look": {"where": {"seed": float("nan")}}},
     {"thumbnail": "<svg>"}, {"thumbnail": "A" * 50_000}, {"thumbnail": "AAAA"}, {"thumbnail": None},
     {"step": -1}, {"step": 1.5}, {"step": True}, {"created": 3}],
)  # fmt: skip
def test_a_malformed_bookmark_is_one_sentence(kept: BookmarkStore, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^A.*\.$"):
        kept.bookmarks.add(**{"name": "a", "look": LOOK, "thumbnail": PNG, "step": 1, **wrong})
    assert kept.bookmarks.all() == []


@pytest.mark.parametrize(
    "wrong",
    [{"vector": ""}, {"vector": "!!!!"}, {"space": "ws"}, {"low": "x"}, {"high": float("inf")}, {"low": True},
     {"layers": 3}, {"layers": [99]}, {"layers": [0] * 65}, {"method": 3}, {"details": []},
     {"details": {"x": "y" * 30_000}}, {"details": {"x": object()}}],
)  # fmt: skip
def test_a_malformed_direction_is_one_sentence(kept: BookmarkStore, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^(A|What).*\.$"):
        kept.directions.add(**{**DIRECTION, **wrong})
    assert kept.directions.all() == []


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"null", b'{"format": 2, "kept": [], "deleted": []}', b'{"format": 1}', b"\xff\xfe",
     b"[" * 100_000, b'{"format": 1, "kept": [{"id": 1}], "deleted": []}', b'{"format": 1, "kept": 3, "deleted": 0}'],
)  # fmt: skip
def test_a_damaged_file_is_set_aside_and_said_once(kept: BookmarkStore, tmp_path: Path, damage: bytes) -> None:
    add(kept, "a")
    path = tmp_path / "explore" / "bookmarks.json"
    for number in ("", "2"):
        path.write_bytes(damage)
        assert kept.bookmarks.all() == []
        assert path.with_name(f"bookmarks.json.damaged{number}").read_bytes() == damage
        assert kept.problems() == [
            "The bookmarks of this model could not be read; the file was kept as "
            f"bookmarks.json.damaged{number}, and the list starts anew."
        ]
        assert kept.problems() == []
    add(kept, "b")
    assert names(kept) == "b"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(PNG) | st.just(LOOK),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "look", "thumbnail", "step", "created", "where"]), inner)
    ),
    max_leaves=8,
)
ITEM = {"id": "0" * 12, "name": "a", "look": LOOK, "thumbnail": PNG, "step": 1, "created": "now"}
CHANGED = st.builds(lambda key, value: {**ITEM, key: value}, st.sampled_from(sorted(ITEM)), ANYTHING)
ITEMS = st.lists(st.one_of(ANYTHING, st.just(ITEM), CHANGED), max_size=3)
DELETED = st.lists(
    st.fixed_dictionaries({"place": st.just(0) | st.floats() | ANYTHING, "item": st.just(ITEM) | ANYTHING}),
    max_size=2,
)
FILES = st.fixed_dictionaries({"format": st.just(1), "kept": ITEMS | ANYTHING, "deleted": DELETED | ANYTHING})


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES | ANYTHING)
def test_whatever_the_file_holds_it_is_read_or_set_aside(tmp_path: Path, data: Any) -> None:
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    path, content = folder / "bookmarks.json", json.dumps(data).encode()
    path.write_bytes(content)
    kept = BookmarkStore(folder)
    there = kept.bookmarks.all()
    if kept.problems():
        assert there == []
        assert (folder / "bookmarks.json.damaged").read_bytes() == content
    else:
        assert [bookmark.name for bookmark in there] == [item["name"].strip() for item in data["kept"]]
        assert path.read_bytes() == content
    kept.bookmarks.add(name="new", look=LOOK, thumbnail="", step=0)
    assert kept.bookmarks.all()[-1].name == "new"


def test_a_damaged_file_that_cannot_be_moved_stays_and_is_said(
    kept: BookmarkStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(kept, "a")
    path = tmp_path / "explore" / "bookmarks.json"
    path.write_bytes(b"broken")

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    assert kept.bookmarks.all() == []
    assert kept.problems() == ["The bookmarks of this model could not be read."]
    with pytest.raises(PermissionError):
        add(kept, "b")
    assert path.read_bytes() == b"broken"


def test_adding_to_a_damaged_file_overwrites_nothing(kept: BookmarkStore, tmp_path: Path) -> None:
    add(kept, "a")
    path = tmp_path / "explore" / "bookmarks.json"
    path.write_bytes(b"broken")
    add(kept, "b")
    assert names(kept) == "b"
    assert path.with_name("bookmarks.json.damaged").read_bytes() == b"broken"


@pytest.mark.parametrize("has_locks", [True, False])
def test_many_writers_lose_nothing_of_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_locks: bool
) -> None:
    """Each with a BookmarkStore of its own; also on a system without locks of files."""
    monkeypatch.setattr(bookmarks, "_HAS_LOCKS", has_locks)

    def write(number: int) -> None:
        mine = BookmarkStore(tmp_path / "explore")
        for i in range(10):
            added = mine.bookmarks.add(name=f"{number}-{i}", look=LOOK, thumbnail="", step=0)
            if i % 2:
                mine.bookmarks.rename(added.id, f"{number}-{i}!")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = sorted(bookmark.name for bookmark in BookmarkStore(tmp_path / "explore").bookmarks.all())
    assert found == sorted(f"{n}-{i}{'!' if i % 2 else ''}" for n in range(4) for i in range(10))


def test_a_writer_waits_for_another_process(kept: BookmarkStore, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    add(kept, "a")
    with open(tmp_path / "explore" / ".bookmarks.json.lock", "ab") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)  # as a change made elsewhere holds it
        thread = threading.Thread(target=add, args=(kept, "b"))
        thread.start()
        thread.join(0.2)
        assert names(kept) == "a"
    thread.join()
    assert names(kept) == "ab"


def test_a_list_is_read_anew_only_where_it_changed(
    kept: BookmarkStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(kept, "a")
    other = BookmarkStore(tmp_path / "explore")
    assert names(other) == "a"
    kept.bookmarks.rename(kept.bookmarks.all()[0].id, "b")
    assert names(other) == "b"
    monkeypatch.setattr(type(other.bookmarks), "_load", lambda self: pytest.fail("it was read again"))
    assert names(other) == "b"
    other.bookmarks.all().clear()  # a list of one's own
    assert names(other) == "b"


def test_a_failed_change_leaves_the_file_as_it_was(kept: BookmarkStore, tmp_path: Path) -> None:
    (a,) = add(kept, "a")
    path = tmp_path / "explore" / "bookmarks.json"
    before = path.read_bytes()
    with pytest.raises(ValueError, match="A name must be"):
        kept.bookmarks.rename(a, "")
    assert path.read_bytes() == before
    assert json.loads(before)["kept"][0]["name"] == "a"
    assert sorted(p.name for p in path.parent.iterdir()) == [".bookmarks.json.lock", "bookmarks.json"]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_thumbnails_are_small_pngs_of_the_picture(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28, channels), dtype=np.uint8)
    with Image.open(io.BytesIO(base64.b64decode(thumbnail_png(pixels)))) as picture:
        shown = np.asarray(picture).reshape(28, 28, channels)
    np.testing.assert_array_equal(shown, pixels)
    large = np.zeros((200, 100, channels), np.uint8)
    with Image.open(io.BytesIO(base64.b64decode(thumbnail_png(large)))) as picture:
        assert picture.size == (32, 64)

"""What a set holds, in short: what changes its digest, what does not, and what it costs to ask."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_core.data import (
    Drawn,
    Emoji,
    FashionMnist,
    KMnist,
    Mnist,
    OwnImages,
    Ring,
    Shapes,
    bring_back,
    datasets,
    drop_pictures,
)
from gan_core.data.content import Content, read_content
from gan_core.data.identity import place_of, what_changed
from gan_core.data.own import content as own_content
from gan_core.data.own.content import content_of
from gan_core.data.own.edit import add_to_own
from gan_core.data.own.own_set import load_arrays
from tests.data.discs import BLUE, RED, discs, keep
from tests.data.own.test_own_edit import of_the_first_format


def about_of(data_dir: Path, slug: str) -> Path:
    return data_dir / "own" / slug / "about.json"


def edit(path: Path, **values: Any) -> None:
    about = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({name: value for name, value in about.items() if value is not None}))


def test_it_is_of_pixels_labels_and_class_names_and_nothing_else(tmp_path: Path) -> None:
    red, relabelled = discs(RED), np.roll(discs(RED), 1, axis=0)
    kept = {
        "same": keep(tmp_path, red, "One", ("a", "b")), "again": keep(tmp_path, red, "Two", ("a", "b")),
        "blue": keep(tmp_path, discs(BLUE), "Three", ("a", "b")), "no classes": keep(tmp_path, red, "Four"),
        "names": keep(tmp_path, red, "Five", ("a", "c")), "order": keep(tmp_path, relabelled, "Six", ("a", "b")),
        "fewer": keep(tmp_path, red[1:], "Seven", ("a", "b")),
    }  # fmt: skip
    found = {name: content_of(tmp_path, slug) for name, slug in kept.items()}
    assert found["same"].digest == found.pop("again").digest
    assert len({content.digest for content in found.values()}) == len(found)
    pictures = {name for name, content in found.items() if content.pictures == found["same"].pictures}
    assert pictures == {"same", "no classes", "names", "order"}


def test_it_is_stored_and_a_set_without_it_has_the_same(tmp_path: Path) -> None:
    slug, other = keep(tmp_path, discs(RED), "One", ("a", "b")), keep(tmp_path, discs(RED), "Two", ("a", "b"))
    edit(about_of(tmp_path, other), content=None)  # as an earlier version kept it
    assert content_of(tmp_path, other).digest == content_of(tmp_path, slug).digest


def test_a_new_title_is_the_same_content_and_other_bytes_never_go_by_what_was_stored(tmp_path: Path) -> None:
    slug = keep(tmp_path, discs(RED), classes=("a", "b"))
    before = content_of(tmp_path, slug)
    edit(about_of(tmp_path, slug), title="Renamed")
    after = content_of(tmp_path, slug)
    assert (after.digest, after.title) == (before.digest, "Renamed")
    edit(about_of(tmp_path, slug), classes=["a", "c"])
    assert content_of(tmp_path, slug).digest != before.digest


def test_asked_again_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slug, old = keep(tmp_path, discs(RED)), keep(tmp_path, discs(BLUE), "Old")
    edit(about_of(tmp_path, old), content=None)
    looked: list[str] = []
    monkeypatch.setattr(
        own_content, "load_arrays", lambda data_dir, name: looked.append(name) or load_arrays(data_dir, name)
    )
    for _ in range(3):
        content_of(tmp_path, slug)
        content_of(tmp_path, old)
    assert looked == [old]


SETS: dict[str, Callable[[Path], str]] = {
    "classes": lambda data_dir: keep(data_dir, discs(RED), classes=("a", "b")),
    "no classes": lambda data_dir: keep(data_dir, discs(RED)),
    "first format, classes 10 and 2": of_the_first_format,
}


@pytest.mark.parametrize("make", SETS.values(), ids=SETS)
@pytest.mark.parametrize("asked_before", [True, False])
def test_what_was_left_out_or_added_and_undone_leaves_the_same_content(
    tmp_path: Path, make: Callable[[Path], str], asked_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known in this process or only to the disk; each state has a digest of its own, and the first comes back."""
    slug = make(tmp_path)

    def now() -> Content:
        if not asked_before:
            monkeypatch.setattr(own_content, "_contents", {})
        return content_of(tmp_path, slug)

    first = now()
    drop_pictures(tmp_path, slug, [0, 3])
    fewer = now()
    assert (fewer.count, fewer.classes) == (first.count - 2, first.classes)
    drop_pictures(tmp_path, slug, [5])
    fewest = now()
    bring_back(tmp_path, slug, [5])
    assert now() == fewer
    bring_back(tmp_path, slug, [3, 0])
    assert now() == first
    more = add_to_own(tmp_path, slug, discs(BLUE, 6), [0, 1] * 3, ["3", "new"], {}, held_out=np.arange(6) > 3)
    grown = now()
    assert (grown.count, grown.held_out) == (first.count + 6, first.held_out + 2)
    drop_pictures(tmp_path, slug, range(more.first, more.first + more.count))  # as the page undoes it
    assert now() == first
    assert len({content.digest for content in (first, fewer, fewest, grown)}) == 4
    assert len({content.pictures for content in (first, fewer, fewest, grown)}) == 4


def test_what_comes_along_is_drawn_or_fetched_has_one_too(tmp_path: Path) -> None:
    contents = {entry.name: entry.cls().content(tmp_path) for entry in datasets if entry.name != "images"}
    assert len({content.digest for content in contents.values()}) == len(contents)
    assert list(tmp_path.iterdir()) == []  # nothing is fetched for it
    assert Shapes(count=10).content(tmp_path) == Shapes().content(tmp_path)  # options are compared as options
    assert KMnist().origin() != Mnist().origin()
    assert FashionMnist().origin()
    assert Emoji().origin()
    assert [place_of(data) for data in (OwnImages("mine"), Ring(), Drawn())] == ["images/mine", "ring", "drawn"]


@pytest.mark.parametrize("change", [
    lambda d: d | {"digest": "0"}, lambda d: d | {"pictures": 3}, lambda d: d | {"count": True},
    lambda d: d | {"classes": [1]}, lambda d: d | {"title": "x" * 1_000}, lambda d: d | {"other": 1}, lambda d: [d],
    lambda d: {}, lambda d: d | {"held_out": 41}, lambda d: d | {"held_out": None},
])  # fmt: skip
def test_a_record_that_is_none_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    good = asdict(content_of(tmp_path, keep(tmp_path, discs(RED), classes=("a", "b"))))
    assert asdict(read_content(json.loads(json.dumps(good)))) == good
    with pytest.raises((TypeError, ValueError)):
        read_content(change(good))


def known(count: int, pictures: str, *classes: str) -> Content:
    return Content("f" * 64, pictures * 64, count, 0, classes, "Mine")


@pytest.mark.parametrize(("before", "now", "words"), [
    (known(40, "a"), known(40, "b"), "has 40 other pictures than this run was trained on"),
    (known(40, "a"), known(38, "b"), "has 38 pictures now, and had 40 when this run was trained"),
    (known(40, "a"), known(900, "b"), "has 900 pictures, and this run was trained on 40 others"),
    (known(9, "a"), known(9, "a"), "has its 9 pictures in another order than when this run was trained"),
    (known(9, "a", "x", "y"), known(9, "a", "x", "y"), "in another order, or in other classes, than this run"),
    (known(9, "a", "x", "y"), known(9, "a"), "has no classes, and this run was trained on the classes x and y"),
    (known(9, "a", *"bcdefgh"), known(9, "a"), r"trained on 7 classes \(b, c, d, e, f, g, ...\)"),
])  # fmt: skip
def test_one_sentence_says_what_changed(before: Content, now: Content, words: str) -> None:
    said = what_changed(OwnImages("mine"), before, now)
    assert re.search(words if "\\" in words else re.escape(words), said)
    assert said.startswith('"Mine" ')
    assert said.endswith("; bring the old ones back or start a new run.")

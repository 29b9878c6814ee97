"""What the folders of an upload mean: a wrapper around everything, a split into training and test, classes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gan_core.data.uploads.label_files import HELD_WORDS, TRAIN_WORDS
from gan_core.data.uploads.limits import shown

Folders = tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """held_out: of each picture whether it lies in a test folder, None where the folders are no split.

    split_words: how the folders of the split are called. folders: the topmost class folder of each picture, "" where
    it lies beside the class folders; inner: the whole of its folders below the split, () there.
    """

    held_out: tuple[bool, ...] | None
    split_words: tuple[str, ...]
    folders: tuple[str, ...]
    inner: tuple[Folders, ...]
    wrapper: Folders = ()


def lay_out(folders: Sequence[Folders]) -> Layout:
    """folders: of each picture, from the top of its archive."""
    inner, wrapper = _unwrapped(list(folders))
    level = _split_level(inner)
    held_out: tuple[bool, ...] | None = None
    words: tuple[str, ...] = ()
    if level is not None:
        named = [path[level] if len(path) > level else "" for path in inner]
        held_out = tuple(name.casefold() in HELD_WORDS for name in named)
        words = tuple(sorted({name for name in named if name}, key=lambda n: (n.casefold() in HELD_WORDS, n)))
        inner, _ = _unwrapped([path[:level] + path[level + 1 :] for path in inner])
    return Layout(held_out, words, tuple(path[0] if path else "" for path in inner), tuple(inner), wrapper)


def _unwrapped(folders: list[Folders]) -> tuple[list[Folders], Folders]:
    """Without the folders that hold everything; a stray picture beside or in one of them does not make it a class."""
    wrapper: Folders = ()
    while True:
        tops = {path[0] for path in folders if path}
        if len(tops) != 1 or not any(len(path) > 1 for path in folders):
            return folders, wrapper
        wrapper += tuple(tops)
        folders = [path[1:] for path in folders]


def _split_level(folders: Sequence[Folders]) -> int | None:
    """The level at which the folders are train and test (0: top; 1: inside each class); None where there is none.

    All of that level's folders must be of a split, training and test must both be there, and side by side: a class
    that is called "train" makes none.
    """
    for level in (0, 1):
        here = [path for path in folders if len(path) > level]
        names = {path[level].casefold() for path in here}
        if not names or not names <= TRAIN_WORDS | HELD_WORDS:
            continue
        sides = [{path[:level] for path in here if (path[level].casefold() in HELD_WORDS) == held} for held in (0, 1)]
        if sides[0] & sides[1]:
            return level
    return None


def inner_names(inner: Sequence[Folders]) -> tuple[str, ...]:
    """A class for each picture by its innermost folder: its own name, or its whole path where two are called so."""
    called = Counter(path[-1] for path in set(inner) if path)
    return tuple("" if not path else path[-1] if called[path[-1]] == 1 else "/".join(path) for path in inner)


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key to sort by that has 2 before 10, and Ä with A."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    parts = re.split(r"([0-9]+)", plain.casefold())
    ranked = [
        (0, len(part.lstrip("0")), part.lstrip("0")) if index % 2 else (1, 0, part)
        for index, part in enumerate(parts)
        if part
    ]
    return (*ranked, (2, 0, name))


def shown_classes(names: Sequence[str]) -> dict[str, str]:
    """By its full name how each class is shown: two that differ only where long names are cut stay two."""
    given: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        words, number = shown(name), 2
        while words in taken:
            words, number = f"{shown(name)[-90:]} ({number})", number + 1
        taken.add(words)
        given[name] = words
    return given

"""An upload that was read but not kept: what its folders and label files mean, and what may be chosen of that."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from gan_core.data.uploads.alike import Indices, Pictures, first_of_the_same, near_pairs
from gan_core.data.uploads.label_files import LabelFile
from gan_core.data.uploads.layout import Folders
from gan_core.data.uploads.limits import shown
from gan_core.data.uploads.member_names import decoded, likely_encoding

Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken, and why: "<name>: <reason>"."""

    name: str
    reason: str


@dataclass(frozen=True)
class Found:
    """One picture's place: which upload it came in, whether that is a zip, its path there, its size in pixels."""

    upload: int
    zipped: bool
    name: bytes | str
    size: tuple[int, int]


@dataclass(frozen=True)
class Choices:
    """How an upload is to be understood; "" takes what is proposed."""

    classes: str = ""
    held_out: str = ""
    strays: str = ""
    repeats: str = ""
    in_two_classes: str = ""
    near: str = ""
    names: str = ""


@dataclass(frozen=True)
class Offer:
    """One thing to choose: its field of Choices, words for it, values with their words, and the value in force."""

    name: str
    label: str
    options: dict[str, str]
    chosen: str
    help: str = ""


@dataclass(frozen=True)
class Settled:
    """What would be kept.

    kept: indices into the draft's pictures; labels and held_out: of each of these; classes: as shown, in natural
    order; left_out: reason -> indices; notes: what was understood, a sentence each; problem: why nothing can be kept.
    twins, in_two_classes: pairs (one, other) of indices that are nearly the same, or the same in two classes.
    """

    kept: Indices
    labels: tuple[int, ...]
    held_out: Flags
    classes: tuple[str, ...]
    left_out: dict[str, tuple[int, ...]]
    notes: tuple[str, ...]
    offers: tuple[Offer, ...]
    twins: tuple[tuple[int, int], ...] = ()
    in_two_classes: tuple[tuple[int, int], ...] = ()
    problem: str = ""

    def counts(self) -> tuple[tuple[str, int, int], ...]:
        """Of each class its name, its training and its held-out pictures; () where there are none."""
        if not self.classes:
            return ()
        train, held = Counter[int](), Counter[int]()
        for label, is_held in zip(self.labels, self.held_out, strict=True):
            (held if is_held else train)[label] += 1
        return tuple((name, train[index], held[index]) for index, name in enumerate(self.classes))


@dataclass
class Draft:
    """What was read.

    images: uint8 [N, 3, 64, 64]; found: where each lay; uploads: the files' names; tables: the label files, each
    with its upload, whether that is a zip, and its name. conversions: what was done to how many pictures.
    passed_over: files that came after a cap on the whole upload was reached. options: how pictures became squares.
    """

    title: str
    images: Pictures
    found: list[Found]
    uploads: list[str]
    tables: list[tuple[int, bool, bytes | str, LabelFile]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    conversions: dict[str, int] = field(default_factory=dict)
    passed_over: int = 0
    options: dict[str, str] = field(default_factory=dict)
    _encodings: dict[int, str] = field(default_factory=dict)

    @cached_property
    def same_as(self) -> Indices:
        return first_of_the_same(self.images)

    @cached_property
    def twins(self) -> list[tuple[int, int]]:
        """Nearly equal pictures, among those that are not the same."""
        unique = np.unique(self.same_as)
        return [(int(unique[a]), int(unique[b])) for a, b in near_pairs(self.images[unique])]

    def encoding(self, upload: int) -> str:
        """The likeliest code page of one zip's names."""
        if upload not in self._encodings:
            here = [f.name for f in self.found if f.upload == upload]
            self._encodings[upload] = likely_encoding(
                [*here, *(name for at, _, name, _ in self.tables if at == upload)]
            )
        return self._encodings[upload]

    def undeclared(self) -> list[int]:
        """The zips whose names are in a code page that they do not say."""
        return sorted({f.upload for f in self.found if isinstance(f.name, bytes)})

    def path(self, upload: int, name: bytes | str, encoding: str = "") -> Folders:
        text = decoded(name, encoding or (self.encoding(upload) if isinstance(name, bytes) else "utf-8"))
        return tuple(p for p in PurePosixPath(text.replace("\\", "/")).parts if p not in ("/", "..")) or ("",)

    def name(self, index: int) -> str:
        """A picture's name for people."""
        found = self.found[index]
        return shown("/".join(self.path(found.upload, found.name)))

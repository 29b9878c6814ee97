"""The one door for untrusted files: pictures and zips of pictures in, one set of 64 x 64 images and a report out.

A file is what its content says, never what its name says, and no name is used as a path. Everything is decoded in
memory under the caps of `Limits` into a `Draft`; `settling` says what its folders mean and what can be chosen; what
is kept then are the pixels alone, written by `own`. A refused file is reported and takes no other with it.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np

from gan_core.config.fields import choice
from gan_core.data.base import Progress
from gan_core.data.own.edit import add_to_own
from gan_core.data.own.saving import save_own
from gan_core.data.uploads import archive
from gan_core.data.uploads.draft import Choices, Draft, Found, Refusal, Settled
from gan_core.data.uploads.label_files import LabelFile, may_be_labels, read_label_file
from gan_core.data.uploads.limits import MEGA, Budget, Limits, Refused, shown
from gan_core.data.uploads.picture import SIDE, Framing, Picture, PictureReader
from gan_core.data.uploads.settling import settle

Upload = tuple[str, bytes | BinaryIO]
"""A name, which is only ever shown, and the content: bytes, or a file that can seek."""


@dataclass(frozen=True)
class IntakeOptions:
    """How pictures of any shape become squares."""

    fit: str = choice(
        "crop",
        ("crop", "border", "stretch"),
        label="Not square?",
        help="Crop keeps the middle, border keeps everything and fills up, stretch distorts.",
    )
    background: str = choice(
        "white", ("white", "black"), label="Background", help="Behind transparent parts and in borders."
    )


@dataclass(frozen=True)
class IntakeReport:
    """What became of an upload. `slug` names the set that was made; "" where nothing could be read.

    read: images kept, of which held_out are not for training. repeats: files left out because their picture was there
    already. conversions: what was done to how many pictures. passed_over: pictures that came after a cap on the whole
    upload was reached. notes: what was understood, a sentence each. left_out: how many pictures for which reason.
    added: the places of pictures that were added to a set.
    """

    slug: str
    title: str
    read: int
    refused: tuple[Refusal, ...]
    repeats: tuple[str, ...]
    conversions: dict[str, int]
    classes: tuple[str, ...]
    passed_over: int = 0
    held_out: int = 0
    notes: tuple[str, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    added: tuple[int, ...] = ()

    def summary(self) -> str:
        """One line: "312 read, 5 refused, 2 repeats left out"."""
        parts = [f"{self.read:,} read", f"{len(self.refused):,} refused"]
        if self.repeats:
            parts.append(f"{len(self.repeats):,} repeat{'s' * (len(self.repeats) != 1)} left out")
        if self.passed_over:
            parts.append(f"{self.passed_over:,} not looked at")
        if self.classes:
            parts.append(f"{len(self.classes)} class{'es' * (len(self.classes) != 1)}")
        return ", ".join(parts)

    def reasons(self) -> dict[str, int]:
        """How many files were refused for each reason, the most frequent first."""
        return dict(Counter(refusal.reason for refusal in self.refused).most_common())


@dataclass
class _Tray:
    """What has been taken so far."""

    budget: Budget
    pixels: bytearray = field(default_factory=bytearray)
    found: list[Found] = field(default_factory=list)
    tables: list[tuple[int, bool, bytes | str, LabelFile]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    conversions: Counter[str] = field(default_factory=Counter)
    passed_over: int = 0

    @property
    def limits(self) -> Limits:
        return self.budget.limits

    def full(self) -> str:
        """Why nothing more is taken, or ""."""
        if len(self.found) >= self.limits.pictures:
            return f"a set has at most {self.limits.pictures:,} images"
        return self.budget.spent()


@dataclass(frozen=True)
class _File:
    """A file of an upload: the share of all that is done before it, its name for people and as it was written."""

    done: float
    upload: int
    zipped: bool
    name: str
    raw: bytes | str
    read: Callable[[], bytes]


def read_draft(
    uploads: Sequence[Upload],
    title: str,
    options: IntakeOptions | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Draft:
    """Read pictures, zips of pictures and label files; nothing is kept. `settle` says what may be chosen then.

    `progress` may raise to cancel.
    """
    options, tray = options or IntakeOptions(), _Tray(Budget(limits or Limits()))
    framing = _framing(options)
    title = shown(title).strip() or shown(PurePosixPath(uploads[0][0]).stem if uploads else "") or "Images"
    stopped = ""
    with PictureReader() as reader:
        for file in _files(uploads, tray):
            if progress is not None:
                progress(file.done, f"{len(tray.found):,} images read")
            if stopped := tray.full():
                tray.passed_over += 1
                continue
            _take(tray, reader, file, framing)
    if stopped:
        tray.refused.append(Refusal(f"the last {tray.passed_over:,} files", stopped))
    return Draft(
        title, np.frombuffer(tray.pixels, np.uint8).reshape(-1, 3, SIDE, SIDE), tray.found,
        [shown(name) for name, _ in uploads], tray.tables, tray.refused, dict(tray.conversions.most_common()),
        tray.passed_over, asdict(options),
    )  # fmt: skip


def keep(draft: Draft, data_dir: Path, choices: Choices | None = None, title: str = "") -> IntakeReport:
    """Make a set of a draft as it was chosen. Raises DataUnavailable when the disk will not have it."""
    settled, title = settle(draft, choices), shown(title).strip() or draft.title
    report = _report(draft, settled, title)
    if settled.problem or not len(settled.kept):
        return report
    told = asdict(report) | {"options": draft.options, "choices": _chosen(settled)}
    slug = save_own(
        data_dir, title, draft.images[settled.kept], settled.labels, settled.classes, told,
        held_out=settled.held_out, source_side=source_side(draft, settled),
    )  # fmt: skip
    return replace(report, slug=slug)


def keep_more(
    draft: Draft, data_dir: Path, slug: str, choices: Choices | None = None, as_class: str = ""
) -> IntakeReport:
    """Add a draft's pictures to a set; those that are in it already are left out, and said.

    as_class: the class of pictures that come without one. Raises DataUnavailable where the set cannot take them.
    """
    settled = settle(draft, choices)
    if as_class.strip() and not settled.classes:
        settled = replace(settled, classes=(shown(as_class).strip(),), labels=(0,) * len(settled.kept))
    report = replace(_report(draft, settled, draft.title), slug=slug)
    if settled.problem or not len(settled.kept):
        return replace(report, slug="")
    told = asdict(report) | {"options": draft.options, "choices": _chosen(settled)}
    added = add_to_own(
        data_dir, slug, draft.images[settled.kept], settled.labels, settled.classes, told, held_out=settled.held_out
    )
    known = tuple(draft.name(int(i)) for i in settled.kept[list(added.known)])
    left_out = report.left_out | ({"the set has their picture already": len(known)} if known else {})
    return replace(
        report, read=added.count, held_out=added.held_out, repeats=report.repeats + known, left_out=left_out,
        added=tuple(range(added.first, added.first + added.count)),
    )  # fmt: skip


def read_uploads(
    uploads: Sequence[Upload],
    title: str,
    data_dir: Path,
    options: IntakeOptions | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    choices: Choices | None = None,
) -> IntakeReport:
    """`read_draft` and `keep` in one: a new own set under `data_dir`, as is proposed where nothing is chosen."""
    return keep(read_draft(uploads, title, options, limits, progress), data_dir, choices)


def source_side(draft: Draft, settled: Settled) -> int:
    """What most pictures' shorter side is, in pixels: larger ones than that would only be blurred."""
    return int(np.median([min(draft.found[i].size) for i in settled.kept]))


def _chosen(settled: Settled) -> dict[str, str]:
    return {offer.name: offer.chosen for offer in settled.offers}


def _report(draft: Draft, settled: Settled, title: str) -> IntakeReport:
    repeats = settled.left_out.get("their picture is there already", ())
    return IntakeReport(
        "", title, len(settled.kept), tuple(draft.refused), tuple(draft.name(i) for i in repeats), draft.conversions,
        settled.classes, draft.passed_over, int(settled.held_out.sum()), settled.notes,
        {reason: len(indices) for reason, indices in settled.left_out.items()},
    )  # fmt: skip


def read_one(
    content: bytes, options: IntakeOptions | None = None, limits: Limits | None = None
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """One untrusted picture as pixels uint8 [3, 64, 64], nothing kept; ValueError, one sentence, with the reason."""
    return read_picture(content, _framing(options or IntakeOptions()), limits).pixels


def read_picture(content: bytes, framing: Framing, limits: Limits | None = None) -> Picture:
    """Likewise with any framing, and with what was done to it."""
    budget = Budget(limits or Limits())
    try:
        whole = _whole(io.BytesIO(content), len(content), budget)
        with PictureReader() as reader:
            return reader.read(whole, framing, budget)
    except Refused as refusal:
        raise ValueError(f"The picture cannot be read: {refusal}.") from None


def _framing(options: IntakeOptions) -> Framing:
    return Framing(options.fit, (255, 255, 255) if options.background == "white" else (0, 0, 0))


def _files(uploads: Sequence[Upload], tray: _Tray) -> Iterator[_File]:
    """Every file of every upload, zips opened on the way."""
    for index, (name, content) in enumerate(uploads):
        file: BinaryIO = io.BytesIO(content) if isinstance(content, bytes) else content
        size = file.seek(0, 2)
        file.seek(0)
        if file.read(4) not in archive.START:
            read = partial(_whole, file, size, tray.budget)
            yield _File(index / len(uploads), index, False, name, name, read)
            continue
        try:
            if size > tray.limits.archive_bytes:
                raise Refused(f"the archive is larger than {tray.limits.archive_bytes // MEGA:,} MB")
            count, members = archive.open_members(file, tray.budget)
        except Refused as refusal:
            tray.refused.append(Refusal(shown(name), str(refusal)))
            continue
        if not count:
            tray.refused.append(Refusal(shown(name), "the archive is empty"))
        for number, member in enumerate(members):
            done = (index + number / count) / len(uploads)
            yield _File(done, index, True, member.name, member.raw, member.read)


def _whole(file: BinaryIO, size: int, budget: Budget) -> bytes:
    if size > budget.limits.file_bytes:
        raise Refused(f"it is larger than {budget.limits.file_bytes // MEGA} MB")
    budget.bytes_read += size
    file.seek(0)
    return file.read(budget.limits.file_bytes)


def _take(tray: _Tray, reader: PictureReader, file: _File, framing: Framing) -> None:
    try:
        raw = file.read()
        if may_be_labels(file.name, raw[:8]) and (table := _labels(file, raw)) is not None:
            tray.tables.append((file.upload, file.zipped, file.raw, table))
            return
        picture = reader.read(raw, framing, tray.budget)
    except Refused as refusal:
        tray.refused.append(Refusal(shown(file.name), str(refusal)))
        return
    tray.pixels += picture.pixels.tobytes()
    tray.found.append(Found(file.upload, file.zipped, file.raw, picture.size))
    tray.conversions.update(picture.changes)


def _labels(file: _File, raw: bytes) -> LabelFile | None:
    """What a table or JSON says; of a text that is neither, nothing: it is refused as no picture."""
    try:
        return read_label_file(file.name, (), raw)
    except Refused:
        if file.name.lower().endswith(".txt"):
            return None
        raise

"""The one door for untrusted files: pictures and zips of pictures in, one set of 64 x 64 images and a report out.

A file is what its content says, never what its name says, and no name is used as a path. Everything is decoded in
memory under the caps of `Limits`; what is kept are the pixels alone, written by `own`. A refused file is reported
and takes no other with it.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np

from gan_core.config.fields import choice
from gan_core.data import archive
from gan_core.data.base import Progress
from gan_core.data.limits import MEGA, Budget, Limits, Refused, shown
from gan_core.data.own import save_own
from gan_core.data.picture import SIDE, Framing, PictureReader

Upload = tuple[str, bytes | BinaryIO]
"""A name, which is only ever shown, and the content: bytes, or a file that can seek."""

_MOST_CLASSES = 1_000


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
class Refusal:
    """A file that was not taken, and why: "<name>: <reason>"."""

    name: str
    reason: str


@dataclass(frozen=True)
class IntakeReport:
    """What became of an upload. `slug` names the set that was made; "" where nothing could be read.

    read: images kept. repeats: files left out because their picture was there already. conversions: what was done
    to how many pictures. passed_over: pictures that came after a cap on the whole upload was reached.
    """

    slug: str
    title: str
    read: int
    refused: tuple[Refusal, ...]
    repeats: tuple[str, ...]
    conversions: dict[str, int]
    classes: tuple[str, ...]
    passed_over: int = 0

    def summary(self) -> str:
        """One line: "312 read, 5 refused, 2 repeats left out"."""
        parts = [f"{self.read:,} read", f"{len(self.refused):,} refused"]
        if self.repeats:
            parts.append(f"{len(self.repeats):,} repeat{'s' * (len(self.repeats) != 1)} left out")
        if self.passed_over:
            parts.append(f"{self.passed_over:,} not looked at")
        if self.classes:
            parts.append(f"{len(self.classes)} classes")
        return ", ".join(parts)

    def reasons(self) -> dict[str, int]:
        """How many files were refused for each reason, the most frequent first."""
        return dict(Counter(refusal.reason for refusal in self.refused).most_common())


@dataclass
class _Tray:
    """What has been taken so far."""

    budget: Budget
    pixels: bytearray = field(default_factory=bytearray)
    folders: list[str] = field(default_factory=list)
    digests: set[bytes] = field(default_factory=set)
    refused: list[Refusal] = field(default_factory=list)
    repeats: list[str] = field(default_factory=list)
    conversions: Counter[str] = field(default_factory=Counter)
    passed_over: int = 0

    @property
    def limits(self) -> Limits:
        return self.budget.limits

    def full(self) -> str:
        """Why nothing more is taken, or ""."""
        if len(self.folders) >= self.limits.pictures:
            return f"a set has at most {self.limits.pictures:,} images"
        return self.budget.spent()


def read_uploads(
    uploads: Sequence[Upload],
    title: str,
    data_dir: Path,
    options: IntakeOptions | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> IntakeReport:
    """Read pictures and zips of pictures into a new own set under `data_dir`, and say what became of each.

    Where a zip sorts its pictures into two folders or more, the folders are the classes. Raises DataUnavailable when
    the disk will not have the result; nothing is left behind then, nor when `progress` raises.
    """
    options, tray = options or IntakeOptions(), _Tray(Budget(limits or Limits()))
    framing = _framing(options)
    title = shown(title).strip() or shown(PurePosixPath(uploads[0][0]).stem if uploads else "") or "Images"
    stopped = ""
    with PictureReader() as reader:
        for done, name, folder, content in _files(uploads, tray):
            if progress is not None:
                progress(done, f"{len(tray.folders):,} images read")
            if stopped := tray.full():
                tray.passed_over += 1
                continue
            _take(tray, reader, name, folder, content, framing)
    if stopped:
        tray.refused.append(Refusal(f"the last {tray.passed_over:,} files", stopped))
    return _keep(tray, title, data_dir, options)


def read_one(
    content: bytes, options: IntakeOptions | None = None, limits: Limits | None = None
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """One untrusted picture as pixels uint8 [3, 64, 64], nothing kept; ValueError, one sentence, with the reason."""
    budget = Budget(limits or Limits())
    try:
        whole = _whole(io.BytesIO(content), len(content), budget)
        with PictureReader() as reader:
            return reader.read(whole, _framing(options or IntakeOptions()), budget).pixels
    except Refused as refusal:
        raise ValueError(f"The picture cannot be read: {refusal}.") from None


def _framing(options: IntakeOptions) -> Framing:
    return Framing(options.fit, (255, 255, 255) if options.background == "white" else (0, 0, 0))


def _files(uploads: Sequence[Upload], tray: _Tray) -> Iterator[tuple[float, str, str, Callable[[], bytes]]]:
    """(share done, name, folder, function that reads the bytes) of every picture, zips opened on the way."""
    for index, (name, content) in enumerate(uploads):
        file: BinaryIO = io.BytesIO(content) if isinstance(content, bytes) else content
        size = file.seek(0, 2)
        file.seek(0)
        if file.read(4) not in archive.START:
            yield index / len(uploads), name, "", partial(_whole, file, size, tray.budget)
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
            yield (index + number / count) / len(uploads), member.name, member.folder, member.read


def _whole(file: BinaryIO, size: int, budget: Budget) -> bytes:
    if size > budget.limits.file_bytes:
        raise Refused(f"it is larger than {budget.limits.file_bytes // MEGA} MB")
    budget.bytes_read += size
    file.seek(0)
    return file.read(budget.limits.file_bytes)


def _take(
    tray: _Tray, reader: PictureReader, name: str, folder: str, content: Callable[[], bytes], framing: Framing
) -> None:
    try:
        picture = reader.read(content(), framing, tray.budget)
    except Refused as refusal:
        tray.refused.append(Refusal(shown(name), str(refusal)))
        return
    pixels = picture.pixels.tobytes()
    digest = hashlib.sha256(pixels).digest()
    if digest in tray.digests:
        tray.repeats.append(shown(name))
        return
    tray.digests.add(digest)
    tray.pixels += pixels
    tray.folders.append(shown(folder))
    tray.conversions.update(picture.changes)


def _keep(tray: _Tray, title: str, data_dir: Path, options: IntakeOptions) -> IntakeReport:
    count, classes = len(tray.folders), tuple(sorted(set(tray.folders)))
    if "" in classes or not 2 <= len(classes) <= _MOST_CLASSES:
        classes = ()
    parts = (
        tuple(tray.refused),
        tuple(tray.repeats),
        dict(tray.conversions.most_common()),
        classes,
        tray.passed_over,
    )
    if not count:
        return IntakeReport("", title, 0, *parts)
    images = np.frombuffer(tray.pixels, np.uint8).reshape(count, 3, SIDE, SIDE)
    labels = [classes.index(folder) for folder in tray.folders] if classes else []
    report = IntakeReport("", title, count, *parts)
    slug = save_own(data_dir, title, images, labels, classes, asdict(report) | {"options": asdict(options)})
    return IntakeReport(slug, title, count, *parts)

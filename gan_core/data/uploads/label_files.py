"""Labels that come in a file beside the pictures: a table (filename, label) or StyleGAN's dataset.json."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from gan_core.data.uploads.limits import MEGA, Refused

ENDINGS = (".csv", ".tsv", ".txt", ".json")
TRAIN_WORDS = frozenset({"train", "training", "trainset", "trn"})
HELD_WORDS = frozenset(
    {"test", "testing", "tests", "testset", "val", "valid", "validation", "dev", "eval", "holdout", "held-out"}
)
_NO_LABELS = 'says that the pictures have no labels ("labels" is null)'
_MOST_BYTES, _MOST_ROWS = 32 * MEGA, 1_000_000
_FILE_HEADS = {"filename", "file", "file_name", "image", "image_id", "image_name", "image_path", "path", "filepath",
               "file_path", "img", "id", "name", "picture"}  # fmt: skip
_LABEL_HEADS = {"label", "class", "category", "target", "tag", "y", "labels", "class_name", "label_name", "species",
                "breed", "kind", "type"}  # fmt: skip
_SPLIT_HEADS = {"split", "set", "subset", "partition", "data set", "dataset"}


@dataclass(frozen=True)
class LabelFile:
    """A file's rows (name of a picture, its label, "train", "test" or ""), with the folder that names start from.

    problem: one sentence where it is a file of labels, but of none that are classes.
    """

    name: str
    folder: tuple[str, ...]
    rows: tuple[tuple[str, str, str], ...]
    problem: str = ""

    @property
    def says_none(self) -> bool:
        """Whether it says that the pictures have no labels, as StyleGAN's does with null."""
        return bool(self.problem) and self.problem == _NO_LABELS


@dataclass
class Matches:
    """What label files say of the pictures: by picture's index its label, and whether it is held out."""

    files: list[str] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)
    held_out: dict[int, bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    says_none: bool = False


def may_be_labels(name: str, start: bytes) -> bool:
    """Whether a file calls itself a table or JSON and does not begin as a picture or an archive does."""
    return name.lower().endswith(ENDINGS) and not start.startswith(
        (b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF", b"PK\x03\x04", b"BM\x00")
    )


def read_label_file(name: str, folder: Sequence[str], raw: bytes) -> LabelFile:
    """The labels in a file. Raises Refused where there are none that can be read."""
    if len(raw) > _MOST_BYTES:
        raise Refused(f"a file of labels has at most {_MOST_BYTES // MEGA} MB")
    text = _text(raw)
    shown = PurePosixPath(name.replace("\\", "/")).name
    if name.lower().endswith(".json"):
        rows, problem = _json_rows(text)
    else:
        rows, problem = _table_rows(text), ""
    return LabelFile(shown, tuple(folder), tuple(rows), problem)


def _text(raw: bytes) -> str:
    """As spreadsheets write it: UTF-8 with or without a mark, UTF-16 with one, or the Western code page."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        if b"\0" in raw:
            raise Refused("it is neither a picture nor a text") from None
        return raw.decode("cp1252", "replace")


def _json_rows(text: str) -> tuple[list[tuple[str, str, str]], str]:
    """StyleGAN's {"labels": [[name, class], ...]}, where null says that there are none; or {name: class}."""
    wrong = Refused('it is no list of labels; {"labels": [["picture.png", 0]]} is read')
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(data, dict):
        raise wrong
    pairs: Any = data["labels"] if "labels" in data else list(data.items())
    if pairs is None:
        return [], _NO_LABELS
    if isinstance(pairs, dict):
        pairs = list(pairs.items())
    if not isinstance(pairs, list) or not pairs or len(pairs) > _MOST_ROWS:
        raise wrong
    rows = []
    for pair in pairs:
        if not (isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str)):
            raise wrong
        label = _class_of(pair[1])
        if label is None:
            return [], "gives each picture numbers, not a class; they are not used"
        rows.append((pair[0], label, ""))
    return rows, ""


def _class_of(value: Any) -> str | None:
    """A label as a class's name; a list with a single 1 among zeros is the class at that place."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else None
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value)) if abs(value) < 1e15 else None
    if isinstance(value, list) and value and all(n in (0, 1) for n in value) and sum(value) == 1:
        return str(value.index(1))
    return None


def _table_rows(text: str) -> list[tuple[str, str, str]]:
    """Rows of a table with commas, semicolons or tabs, with a line of headings or without."""
    wrong = Refused("it is no table of labels; lines such as picture.png,cat are read")
    lines = text[:20_000].splitlines()[:50]
    separator = max(",;\t", key=lambda s: sum(s in line for line in lines))
    if not any(separator in line for line in lines):
        raise wrong
    table: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if any(cell.strip() for cell in row):
                table.append([cell.strip() for cell in row])
            if len(table) > _MOST_ROWS:
                raise wrong
    except csv.Error:
        raise wrong from None
    file_at, label_at, split_at, has_head = _columns(table)
    rows = []
    for row in table[has_head:]:
        if len(row) > max(file_at, label_at) and row[file_at]:
            split = row[split_at] if 0 <= split_at < len(row) else ""
            rows.append((row[file_at], row[label_at], split))
    if not rows:
        raise wrong
    return rows


def _columns(table: list[list[str]]) -> tuple[int, int, int, int]:
    """Columns of names, labels and splits (-1: none), and whether the first line holds headings (1) or not (0)."""
    head = [cell.casefold() for cell in table[0]]
    names = [i for i, cell in enumerate(head) if cell in _FILE_HEADS]
    labels = [i for i, cell in enumerate(head) if cell in _LABEL_HEADS]
    splits = [i for i, cell in enumerate(head) if cell in _SPLIT_HEADS]
    has_head = int(bool((names or labels) and not _looks_like_a_picture(table[0])))
    if has_head and names and labels:
        return names[0], labels[0], splits[0] if splits else -1, 1
    width = max(len(row) for row in table)
    if has_head and not labels and width > 2:
        raise Refused('it has no column called "label" or "class"')
    picture_like = [sum(_looks_like_a_picture(row[i : i + 1]) for row in table[:200]) for i in range(width)]
    file_at = names[0] if has_head and names else picture_like.index(max(picture_like))
    rest = [i for i in range(width) if i != file_at and not (has_head and i in splits)]
    label_at = labels[0] if has_head and labels and labels[0] != file_at else rest[0] if rest else file_at + 1
    return file_at, label_at, splits[0] if has_head and splits else -1, has_head


def _looks_like_a_picture(cells: list[str]) -> bool:
    known = (".png", ".jpg", ".jpeg", ".jfif", ".jpe", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".avif")
    return any(cell.lower().endswith(known) for cell in cells)


def match(files: Iterable[LabelFile], paths: Sequence[tuple[str, ...]]) -> Matches:
    """Which picture each row means: by its whole path, by the end of it, or by its name without the ending.

    paths: folders and file name of each picture. What is ambiguous is left without a label.
    """
    found = Matches()
    ends = _ends(paths)
    for file in files:
        if file.problem:
            found.notes.append(f"{file.name} {file.problem}.")
            found.says_none |= file.says_none
            continue
        _match_one(file, ends, found)
    return found


def _match_one(file: LabelFile, ends: dict[str, int], found: Matches) -> None:
    missing: list[str] = []
    differing: list[str] = []
    said: dict[int, str] = {}
    unlabelled = 0
    for name, label, split in file.rows:
        index = _find(ends, file.folder, name)
        if index is None:
            missing.append(name)
            continue
        if split.casefold() in TRAIN_WORDS | HELD_WORDS:
            found.held_out.setdefault(index, split.casefold() in HELD_WORDS)
        if not label:
            unlabelled += 1
        elif said.setdefault(index, label) != label:
            differing.append(name)
        else:
            found.labels.setdefault(index, label)
    if said:
        found.files.append(file.name)
    else:
        found.notes.append(f"{file.name} names none of these pictures.")
        return
    if missing:
        one = len(missing) == 1
        found.notes.append(
            f"{file.name} names {len(missing):,} file{'' if one else 's'} that {'is' if one else 'are'} not here, "
            f"such as {missing[0][:80]}."
        )
    if differing:
        found.notes.append(
            f"{file.name} gives {len(differing):,} picture{'s' * (len(differing) != 1)} two labels, such as "
            f"{differing[0][:80]}; the first one counts."
        )
    if unlabelled:
        found.notes.append(f"{file.name} leaves the label of {unlabelled:,} pictures empty.")


_AMBIGUOUS = -1


def _ends(paths: Sequence[tuple[str, ...]]) -> dict[str, int]:
    """Every end of every path ("a/b.png", "b.png", "a/b", "b") with its picture's index, or _AMBIGUOUS."""
    ends: dict[str, int] = {}
    for whole_only in (True, False):  # a whole path is never hidden by the end of another
        taken = frozenset(ends)
        for index, parts in enumerate(paths):
            folded = [part.casefold() for part in parts]
            for start in range(1) if whole_only else range(len(folded)):
                path = "/".join(folded[start:])
                for key in {path, path.rpartition(".")[0] or path}:
                    if key not in taken:
                        ends[key] = index if ends.get(key, index) == index else _AMBIGUOUS
    return ends


def _find(ends: dict[str, int], folder: tuple[str, ...], name: str) -> int | None:
    composed = unicodedata.normalize("NFC", name).replace("\\", "/").casefold()
    parts = [part for part in composed.split("/") if part not in ("", ".", "..")]
    from_folder = [part.casefold() for part in folder] + parts
    tails = ["/".join(parts[start:]) for start in range(len(parts))]  # the table may know folders that are not here
    for key in ("/".join(from_folder), *tails):
        index = ends.get(key)
        if index is not None:
            return None if index == _AMBIGUOUS else index
    return None

"""What each column seems to hold, and what stands in its way, a sentence each with column and row."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gan_core.apply.tables.files.table import Table, said_at, shown
from gan_core.apply.tables.kinds import dates, numbers
from gan_core.apply.tables.kinds.missing import Markers, suspicious
from gan_core.apply.tables.kinds.schema import ColumnSchema
from gan_core.apply.tables.kinds.words import Kind

MOST_LABELS = 200  # of a category; each is a column of its own to most methods
_MOST_GUESSED_LABELS = 50
_FEW_NUMBERS = 5  # so few different whole numbers are taken for categories
_MOSTLY = 0.7  # of the cells: then others among them are slips
_BOOLEANS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"}, {"0", "1"}, {"on", "off"}, {"ja", "nein"})
_CODE_NAME = re.compile(r"(class|type|code|label|category|group|target|species|kind|status)$", re.IGNORECASE)
_ID_NAME = re.compile(r"(^|[\W_])(id|uuid|guid|index|key|nr|no)$|^(id|row|index)\b|Id$|ID$", re.ASCII)


@dataclass(frozen=True)
class ColumnGuess:
    """A column as it was understood. problem: why it cannot be used so; note: what is worth knowing; "" for nothing.

    missing: cells without a value; distinct: different values; offer: a text that may well be a missing marker.
    """

    schema: ColumnSchema
    missing: int
    distinct: int
    problem: str = ""
    note: str = ""
    offer: str = ""
    examples: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        return self.schema.kind


@dataclass(frozen=True)
class _Cells:
    """The known cells of one column. counts: text to how often; where: words for a text's first cell."""

    name: str
    index: int
    texts: Sequence[str]
    counts: Counter[str]
    decimal: str

    def where(self, text: str) -> str:
        return said_at(self.name, self.index, self.texts.index(text))

    @property
    def here(self) -> str:
        return said_at(self.name, self.index)

    @property
    def total(self) -> int:
        return self.counts.total()

    def read(self) -> dict[str, float | None]:
        read = numbers.reader(self.decimal)
        return {text: read(text) for text in self.counts}


def understand(table: Table, kinds: Mapping[str, Kind], markers: Markers) -> list[ColumnGuess]:
    """A guess for every column, with the kinds that somebody named instead of guessed ones."""
    guesses = []
    for i, (name, texts) in enumerate(zip(table.names, table.columns, strict=True)):
        counts = Counter(texts)
        for text in [text for text in counts if markers.is_missing(text)]:
            del counts[text]
        cells = _Cells(name, i, texts, counts, table.decimal)
        guess = _guess(cells, kinds.get(name), table.hints[i])
        examples = tuple(text for text, _ in counts.most_common(3))
        guesses.append(replace(guess, missing=table.rows - cells.total, distinct=len(counts), examples=examples))
    return guesses


def _guess(cells: _Cells, kind: Kind | None, hint: str) -> ColumnGuess:
    if not cells.counts:
        note = f"{cells.here} is missing in every row; it stays as it is."
        return ColumnGuess(ColumnSchema(cells.name, "ignored"), 0, 0, note=note if hint != "ignored" else "")
    if kind in ("identifier", "ignored"):
        return ColumnGuess(ColumnSchema(cells.name, kind), 0, 0)
    guess = _of_kind(cells, kind) if kind is not None else _free(cells, hint)
    if len(cells.counts) == 1 and not guess.problem and guess.schema.used:
        (text,) = cells.counts
        note = f"{cells.here} holds {shown(text)} in every row that has a value; missing cells get the same."
        guess = replace(guess, schema=replace(guess.schema, constant=text), note=note)
    return guess


def _free(cells: _Cells, hint: str) -> ColumnGuess:
    """A guess without a word from anybody."""
    if hint in ("date", "boolean", "category"):
        return _of_kind(cells, hint)  # type: ignore[arg-type]  # each of them is a kind
    values = cells.read()
    numeric = sum(cells.counts[text] for text, value in values.items() if value is not None)
    if numeric == cells.total:
        return _numeric(cells, values)
    if numeric >= _MOSTLY * cells.total and cells.total >= 3:
        return _strangers(cells, values)
    if pattern := dates.format_of(list(cells.counts)):
        return ColumnGuess(
            ColumnSchema(cells.name, "date", pattern=pattern), 0, 0, note=_day_or_month(cells, pattern)
        )
    like = sum(cells.counts[text] for text in cells.counts if dates.looks_like_date(text))
    if like >= _MOSTLY * cells.total and cells.total >= 3:
        return _of_kind(cells, "date")
    return _text(cells)


def _numeric(cells: _Cells, values: Mapping[str, float | None]) -> ColumnGuess:
    if any(value is not None and math.isinf(value) for value in values.values()):
        return _strangers(cells, values)
    known = {text: value for text, value in values.items() if value is not None}
    whole = all(value.is_integer() for value in known.values())
    many = len(known)
    if {text.lower() for text in known} == {"0", "1"}:
        return _of_kind(cells, "boolean")
    if whole and _is_identifier(cells, sorted(known.values())):
        return ColumnGuess(ColumnSchema(cells.name, "identifier"), 0, 0)
    few = many <= _FEW_NUMBERS and cells.total >= 4 * many
    named = _CODE_NAME.search(cells.name) is not None and many <= 20 and cells.total >= 2 * many
    if whole and many > 1 and (few or named):
        return _of_kind(cells, "category")
    guess = _of_kind(cells, "integer" if whole else "number")
    odd = suspicious([value for text, value in known.items() for _ in range(cells.counts[text])])
    if odd is None:
        return guess
    code, often = odd
    text = next(text for text, value in known.items() if value == code)
    note = (
        f"{cells.where(text)} and {often - 1:,} more hold {shown(text)}, far from all others; if it means "
        "that the cell is missing, name it a missing marker."
    )
    return replace(guess, note=note, offer=text)


def _is_identifier(cells: _Cells, values: Sequence[float]) -> bool:
    """Whole numbers, each there once: counted up by one, or called an identifier."""
    if len(values) != cells.total or cells.total < 3:
        return False
    counted = values[-1] - values[0] == len(values) - 1 and [float(t) for t in cells.texts if t in cells.counts] == [
        *values
    ]
    return (counted and cells.total >= 10) or _ID_NAME.search(cells.name) is not None


def _strangers(cells: _Cells, values: Mapping[str, float | None]) -> ColumnGuess:
    """Texts or infinite numbers among numbers."""
    endless = next((text for text, value in values.items() if value is not None and math.isinf(value)), None)
    if endless is not None:
        problem = (
            f"{cells.where(endless)}: {shown(endless)} is infinite or too large; write a finite number, or name it a "
            "missing marker."
        )
        return ColumnGuess(ColumnSchema(cells.name, "number"), 0, 0, problem, offer=endless)
    odd = [text for text, value in values.items() if value is None]
    problem = (
        f"{cells.where(odd[0])}: {shown(odd[0])} stands among numbers; name it a missing marker, or call the column "
        "a category."
    )
    return ColumnGuess(ColumnSchema(cells.name, "number"), 0, 0, problem, offer=odd[0])


def _day_or_month(cells: _Cells, pattern: str) -> str:
    if not pattern.startswith("%d/%m"):
        return ""
    if dates.format_of(list(cells.counts)) and all(
        dates.parse(text, pattern.replace("%d/%m", "%m/%d")) is not None for text in cells.counts
    ):
        return f"{cells.here} is read as day/month/year; as month/day/year it could be read too."
    return ""


def _text(cells: _Cells) -> ColumnGuess:
    many, total = len(cells.counts), cells.total
    if {text.lower() for text in cells.counts} in _BOOLEANS and many == 2:
        return _of_kind(cells, "boolean")
    if (many == total and total >= 10) or many > max(_MOST_GUESSED_LABELS, 0.95 * total):
        return ColumnGuess(ColumnSchema(cells.name, "identifier"), 0, 0)
    if many > _MOST_GUESSED_LABELS:
        note = (
            f"{cells.here} holds {many:,} different texts; it is left as it is, and tells nothing about the others."
        )
        return ColumnGuess(ColumnSchema(cells.name, "ignored"), 0, 0, note=note)
    return _of_kind(cells, "category")


def _of_kind(cells: _Cells, kind: Kind) -> ColumnGuess:
    """The column as one of a kind, or why it cannot be."""
    if kind in ("number", "integer"):
        return _as_numbers(cells, kind)
    if kind == "date":
        return _as_dates(cells)
    values = cells.read()
    if all(value is not None for value in values.values()):
        labels = sorted(values, key=lambda text: (values[text] or 0.0, text))
    else:
        labels = sorted(values)
    schema = ColumnSchema(cells.name, kind, tuple(labels))
    if kind == "boolean" and len(labels) > 2:
        problem = f"{cells.here} holds {len(labels)} different values; a boolean has two, so call it a category."
        return ColumnGuess(replace(schema, labels=()), 0, 0, problem)
    if len(labels) > MOST_LABELS:
        problem = f"{cells.here} has {len(labels):,} categories; at most {MOST_LABELS} can be told apart."
        return ColumnGuess(replace(schema, labels=()), 0, 0, problem)
    return ColumnGuess(schema, 0, 0)


def _as_numbers(cells: _Cells, kind: Kind) -> ColumnGuess:
    values = cells.read()
    if any(value is None or math.isinf(value) for value in values.values()):
        guess = _strangers(cells, values)
        return replace(guess, schema=replace(guess.schema, kind=kind))
    broken = next((text for text, value in values.items() if not float(value or 0.0).is_integer()), None)
    if kind == "integer" and broken is not None:
        problem = f"{cells.where(broken)}: {shown(broken)} is no whole number; call the column a number."
        return ColumnGuess(ColumnSchema(cells.name, kind), 0, 0, problem)
    decimals = numbers.decimals_of(cells.counts, cells.decimal)
    if kind == "number" and decimals == 0:
        decimals = -1  # whole numbers that somebody calls numbers: as many decimals as a value needs
    return ColumnGuess(ColumnSchema(cells.name, kind, decimals=decimals, decimal=cells.decimal), 0, 0)


def _as_dates(cells: _Cells) -> ColumnGuess:
    texts = list(cells.counts)
    if pattern := dates.format_of(texts):
        return ColumnGuess(
            ColumnSchema(cells.name, "date", pattern=pattern), 0, 0, note=_day_or_month(cells, pattern)
        )
    reads = {p: sum(cells.counts[t] for t in texts if dates.parse(t, p) is not None) for p in dates.FORMATS}
    best = max(reads, key=lambda pattern: reads[pattern])
    odd = next(text for text in texts if dates.parse(text, best) is None)
    most = f"is no date like {shown(next(t for t in texts if t != odd))}" if reads[best] else "is no date"
    problem = f"{cells.where(odd)}: {shown(odd)} {most}; name it a missing marker, or call the column a category."
    return ColumnGuess(ColumnSchema(cells.name, "date"), 0, 0, problem, offer=odd if reads[best] else "")

"""CSV and its kin: read without losing how each field was written, and written so that only filled ones differ."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gan_core.apply.tables.files.encodings import decoded
from gan_core.apply.tables.files.formulas import is_formula, neutral
from gan_core.apply.tables.files.table import (
    BadTable,
    Filled,
    Format,
    Source,
    Table,
    check_size,
    said_at,
    shown,
    unique_names,
)

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_LINE_END = re.compile("(\r\n|\n|\r)")
_QUOTED = re.compile(r'(?:(?<=[,;\t|\r\n])|\A) *"[^"]*(?:""[^"]*)*" *(?=[,;\t|\r\n]|\Z)')
_LOOK_AT = 100  # lines


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the file: fields as they were written, quotes and all, and how the line ended."""

    fields: list[str]
    end: str


def read_delimited(data: bytes) -> Table:
    """Raises BadTable."""
    text, encoding, mark, said = decoded(data)
    if not text.strip():
        raise BadTable("The file is empty.")
    separator = guess_separator(text)
    records = split(text, separator)
    _refuse_nul(records)
    blank = [len(r.fields) == 1 and not r.fields[0].strip() for r in records]
    data_records = [r for r, skip in zip(records, blank, strict=True) if not skip]
    header = [unquoted(field) for field in data_records[0].fields]
    _check_widths(data_records, separator)
    if len(header) == 1:
        raise BadTable(
            f"Only one column was found, headed {shown(header[0])}; columns are told apart by "
            f"{', '.join(SEPARATORS.values())}, and one of them must stand in every row."
        )
    check_size(len(data_records) - 1, len(header))
    names, notes = unique_names(header)
    rows = [r.fields for r in data_records[1:]]
    columns = tuple([unquoted(row[j]) for row in rows] for j in range(len(header)))
    decimal = "." if separator == "," and '"' not in text else guess_decimal(columns)
    source = DelimitedSource(records, blank, separator, encoding, mark, decimal)
    if all(re.fullmatch(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?", name.strip()) for name in header):
        notes.append("Row 1 is all numbers; it is taken for the headings, so add a row of headings if it is data.")
    notes += _formulas(names, columns)
    if said:
        notes.insert(0, said)
    format_: Format = "tsv" if separator == "\t" else "csv"
    sign = "comma" if decimal == "," else "point"
    facts = {"separator": SEPARATORS[separator], "encoding": encoding.upper(), "decimal": sign}
    return Table(names, columns, format_, source, ("",) * len(names), decimal, tuple(notes), facts)


def guess_separator(text: str) -> str:
    """The sign that stands as often, and at least once, in most of the first lines; a comma where none does."""
    head = _QUOTED.sub("q", text[:200_000])
    lines = [line for line in _LINE_END.split(head)[::2][:_LOOK_AT] if line.strip()]
    if len(lines) > 1 and len(text) > 200_000:
        lines.pop()  # it may be cut off
    best, best_score = ",", (0.0, 0)
    for sign in ("\t", ";", "|", ","):
        counts = [line.count(sign) for line in lines]
        most = max(set(counts), key=lambda n: (counts.count(n), n), default=0)
        if most and counts[0]:
            score = (counts.count(most) / len(counts), most)
            if score > best_score:
                best, best_score = sign, score
    return best


def split(text: str, separator: str) -> list[Record]:
    """All lines of a text; a quoted field may hold separators and line ends. Raises BadTable."""
    if '"' not in text:
        parts = _LINE_END.split(text)
        ends = [*parts[1::2], ""]
        records = [Record(line.split(separator), end) for line, end in zip(parts[::2], ends, strict=True)]
        return records[:-1] if records[-1].fields == [""] else records
    sign = re.escape(separator)
    field = re.compile(rf'( *"[^"]*(?:""[^"]*)*" *(?=[{sign}\r\n]|\Z)|[^{sign}\r\n]*)({sign}|\r\n|\n|\r|\Z)')
    records, fields, position = [], list[str](), 0
    while position < len(text):
        found = field.match(text, position)
        assert found is not None
        raw, end = found.groups()
        if raw.lstrip(" ").startswith('"') and not _is_quoted(raw):
            raise BadTable(
                f"Row {len(records) + 1}, column {len(fields) + 1}: the quote before {shown(raw.strip()[1:])} is not "
                f"closed before the next {SEPARATORS[separator]}; write a quote inside a field twice."
            )
        fields.append(raw)
        position = found.end()
        if end != separator:
            records.append(Record(fields, end))
            fields = []
        elif position == len(text):
            records.append(Record([*fields, ""], ""))
            fields = []
    return records


def _is_quoted(raw: str) -> bool:
    inside = raw.strip(" ")
    return len(inside) >= 2 and inside[0] == inside[-1] == '"' and '"' not in inside[1:-1].replace('""', "")


def unquoted(raw: str) -> str:
    """A field's text, without quotes and blanks around."""
    if '"' in raw and _is_quoted(raw):
        return raw.strip(" ")[1:-1].replace('""', '"').strip()
    return raw.strip()


def _refuse_nul(records: Sequence[Record]) -> None:
    for i, record in enumerate(records):
        for j, raw in enumerate(record.fields):
            if "\0" in raw:
                raise BadTable(
                    f"Row {i + 1}, column {j + 1} holds a NUL byte, which no text has; the file is damaged."
                )


def _check_widths(records: Sequence[Record], separator: str) -> None:
    wide = len(records[0].fields)
    for i, record in enumerate(records):
        if len(record.fields) != wide:
            s = "" if len(record.fields) == 1 else "s"
            raise BadTable(
                f"Row {i + 1} has {len(record.fields)} field{s} where row 1 has {wide}, told apart by a "
                f"{SEPARATORS[separator]}; put a field that holds one in quotes, or use another separator."
            )


def _formulas(names: Sequence[str], columns: Sequence[Sequence[str]]) -> list[str]:
    for j, column in enumerate(columns):
        found = next((text for text in set(column) if is_formula(text)), None)
        if found is not None:
            return [
                f"{said_at(names[j], j, column.index(found))}: {shown(found)} would be run as a formula by a "
                "spreadsheet; such cells are written with an apostrophe before them."
            ]
    return []


def guess_decimal(columns: Sequence[Sequence[str]]) -> str:
    """The sign before decimals: a comma where numbers have one that can be nothing else, and no point."""
    commas = points = 0
    for column in columns:
        for cell in column[:2000]:
            commas += re.fullmatch(r"[-+]?(?:\d*,(?:\d{1,2}|\d{4,})|0,\d+|\d{4,},\d+)", cell) is not None
            points += re.fullmatch(r"[-+]?(?:\d*\.(?:\d{1,2}|\d{4,})|0\.\d+|\d{4,}\.\d+)", cell) is not None
    return "," if commas > points else "."


class DelimitedSource(Source):
    """The lines as they were written. blank: lines that are no rows."""

    def __init__(
        self, records: list[Record], blank: Sequence[bool], separator: str, encoding: str, mark: bytes, decimal: str
    ) -> None:
        self._records, self._blank, self._separator = records, blank, separator
        self._encoding, self._mark, self._decimal = encoding, mark, decimal
        rows = [r.fields for r, skip in zip(records, blank, strict=True) if not skip][1:]
        self._quoted = [all('"' in row[j] for row in rows if row[j].strip()) for j in range(len(rows[0]))]

    def write(self, filled: Mapping[int, Filled], added: Mapping[str, Sequence[float | None]]) -> bytes:
        lines, row = [], -1
        for record, blank in zip(self._records, self._blank, strict=True):
            fields = record.fields
            if not blank:
                fields = [self._kept(raw) for raw in fields]
                for j, cells in filled.items():
                    if row in cells.texts:
                        fields[j] = self._field(neutral(cells.texts[row]), self._quoted[j])
                fields += [
                    self._field(neutral(name), False) if row < 0 else self._number(values[row])
                    for name, values in added.items()
                ]
                row += 1
            lines.append(self._separator.join(fields) + record.end)
        return self._mark + "".join(lines).encode(self._encoding, errors="xmlcharrefreplace")

    def _kept(self, raw: str) -> str:
        """What stood there, to the letter, unless a spreadsheet would run it."""
        if not raw or raw[0].isalnum():
            return raw
        text = unquoted(raw)
        safe = neutral(text)
        return raw if safe == text else self._field(safe, '"' in raw)

    def _number(self, value: float | None) -> str:
        return "" if value is None else self._field(f"{value:.6g}".replace(".", self._decimal), False)

    def _field(self, text: str, quoted: bool) -> str:
        if quoted or any(sign in text for sign in (self._separator, '"', "\r", "\n")):
            return '"' + text.replace('"', '""') + '"'
        return text

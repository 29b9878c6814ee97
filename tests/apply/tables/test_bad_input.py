"""What is wrong with a table is one sentence that says where."""

from __future__ import annotations

import io
import struct
import zipfile

import openpyxl
import pytest

from gan_core.apply.tables.files import BadTable, read_table
from gan_core.apply.tables.files import table as limits
from gan_core.apply.tables.filling import schemas_of, understood
from gan_core.config.codec import ConfigError

ROWS = "".join(f"{i},{i % 7}.5,{'xyz'[i % 3]}\n" for i in range(20))


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty"),
        (b"a,b,c\n1,2,3\n1,2\n3,4,5\n", "Row 3 has 2 fields where row 1 has 3"),
        (b"a b\n1 2\n3 4\n5 6\n", "Only one column was found, headed 'a b'"),
        (b"a,b\n1,2\n3,4\n", "The table has 2 rows below its headings; at least 3"),
        (b'a,b\n1,2\n3,"4\n5,6\n7,8\n', "Row 3, column 2: the quote before '4' is not closed"),
        (b'a,b\n1,2\n3,"4"x\n5,6\n7,8\n', "Row 3, column 2: the quote"),
        (b"a,b\n1,2\n3,\x004\n5,6\n", "Row 3, column 2 holds a NUL byte"),
        (b"\xff\xfea\x00,\x00b\x00\n\x00\x00\xd8", "The file says it is UTF-16"),
        (b"PAR1 is not all", "The Parquet file cannot be read"),
        (b"PK\x03\x04 is not all", "The workbook is damaged"),
        (b"%PDF-1.4", "a PDF document"),
        (b"\xd0\xcf\x11\xe0 old", r"an old Excel file \(XLS\)"),
        (b'[{"a": 1}, {"a": 2}]\n', "The file is JSON"),
        (b"<!DOCTYPE html><p>a,b", "The file is JSON or a web page"),
        (b'{"a": 1}\n', "The file is JSON"),
        (("a," * 2000 + "b\n" + ("1," * 2000 + "2\n") * 3).encode(), "2,001 columns; at most 2,000"),
        (workbook([["a"], [1], [2], [3]]), "Only one column was found in the sheet 'Sheet'"),
        (workbook([]), "The first sheet, 'Sheet', is empty"),
        (workbook([["a", "b"], [1, 2]]), "The table has 1 row below"),
    ],
)
def test_a_file_that_is_no_table_is_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(BadTable, match=sentence) as caught:
        read_table(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "kinds", "sentence"),
    [
        ("a,b\n1,x\n2,y\nlots,x\n4,y\n", "", r"Column 'a' \(number 1\), row 4: 'lots' stands among numbers"),
        ("a,b\n1,x\n2,y\ninf,x\n4,y\n", "", r"Column 'a' \(number 1\), row 4: 'inf' is infinite"),
        ("a,b\n1,x\n2,y\n1e999,x\n4,y\n", "", "row 4: '1e999' is infinite or too large"),
        ("a,b\n1,x\n2,y\n-1e200,x\n4,y\n", "", "row 4: '-1e200' is infinite or too large"),
        ("a,b\n1,x\n2.5,y\n3,x\n4,y\n", "a=integer", "row 3: '2.5' is no whole number"),
        ("a,b\n1,x\n2,y\n3,z\n4,y\n", "b=number", r"Column 'b' \(number 2\), row 2: 'x' stands among numbers"),
        ("a,b\n1,x\n2,y\n3,z\n4,y\n", "b=boolean", "holds 3 different values; a boolean has two"),
        ("a,b\n1,2024-01-01\n2,2024-02-31\n3,2024-01-03\n4,2024-01-05\n", "", "row 3: '2024-02-31' is no date"),
        ("a,b\n1,x\n2,y\n3,z\n4,y\n", "b=date", "'x' is no date"),
        ("a,b\n" + "".join(f"{i},t{i}\n" for i in range(300)), "b=category", "300 categories; at most 200"),
    ],
)
def test_a_column_that_cannot_be_used_is_a_sentence(text: str, kinds: str, sentence: str) -> None:
    guesses, _ = understood(read_table(text.encode()), kinds, "")
    with pytest.raises(BadTable, match=sentence):
        schemas_of(guesses)


def test_headings_may_begin_with_a_sign_of_less() -> None:
    assert read_table(b"<5,5 to 10,>10\n1,2,3\n4,5,6\n7,8,9\n").names == ("<5", "5 to 10", ">10")


def test_text_among_numbers_is_missing_where_somebody_says_so() -> None:
    table = read_table(b"a,b\n1,x\n2,y\nlots,x\n4,y\n")
    (guess, _), _ = understood(table, "", "")
    assert guess.offer == "lots"
    (guess, _), _ = understood(table, "", "lots")
    assert (guess.problem, guess.missing, guess.kind) == ("", 1, "integer")


@pytest.mark.parametrize(
    ("kinds", "missing", "sentence"),
    [
        ("z=number", "", "There is no column 'z'; the columns are 'a', 'b'"),
        ("a=colour", "", "cannot be of the kind 'colour'; it can be number, integer"),
        ("a", "", "'a' is not"),
        ('{"a": ', "", "or JSON"),
        ("", "[1", "JSON list"),
    ],
)
def test_what_somebody_wrote_wrong_is_a_sentence(kinds: str, missing: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        understood(read_table(b"a,b\n1,2\n3,4\n5,6\n"), kinds, missing)


def test_headings_that_are_empty_or_there_twice_get_names() -> None:
    table = read_table(b",a,a,a (2)\n1,2,3,4\n1,2,3,4\n1,2,3,4\n")
    assert table.names == ("column 1", "a", "a (2)", "a (2) (2)")
    assert table.notes[0].startswith("Column 1 has no heading in row 1")
    assert table.notes[1].startswith("Columns 2 and 3 are both headed 'a' in row 1")


def test_a_table_without_headings_is_said() -> None:
    assert "Row 1 is all numbers" in read_table(b"1,2\n3,4\n5,6\n7,8\n").notes[0]


def test_more_than_100_mb_or_ten_million_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_core.apply.tables.files.opening.MOST_BYTES", 100)
    with pytest.raises(BadTable, match="MB; at most"):
        read_table(ROWS.encode() * 2)
    monkeypatch.undo()
    monkeypatch.setattr(limits, "MOST_CELLS", 50)
    with pytest.raises(BadTable, match="20 rows of 3 columns; at most 50 cells"):
        read_table(b"a,b,c\n" + ROWS.encode())


def bomb(size: int, *, declared: int | None = None, inside: bytes = b" ") -> bytes:
    """A workbook with one part more, of so many bytes, and maybe with another size declared."""
    out = io.BytesIO(workbook([["a", "b"], [1, 2], [3, 4], [5, 6]]))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", inside * (size // len(inside)))
    data = bytearray(out.getvalue())
    if declared is not None:
        at = data.rfind(b"PK\x01\x02")  # the last entry of the directory
        data[at + 24 : at + 28] = struct.pack("<I", declared)
    return bytes(data)


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(BadTable, match="unpacks to more than 100 MB"):
        read_table(bomb(120_000_000))
    with pytest.raises(BadTable, match="damaged"):
        read_table(bomb(120_000_000, declared=1000))
    with pytest.raises(BadTable, match="more than 2,000,000 cells"):
        read_table(bomb(11_000_000, inside=b"<c/> "))
    with pytest.raises(BadTable, match="entities of its own"):
        read_table(bomb(1000, inside=b"<!DOCTYPE lol>"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("table.csv", "a,b")
    with pytest.raises(BadTable, match="a zip, but no XLSX"):
        read_table(out.getvalue())


def test_a_cell_in_the_last_corner_of_a_sheet_does_not_fill_the_memory() -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "a", 1
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(BadTable, match="columns; at most 2,000"):
        read_table(out.getvalue())


def test_merged_cells_are_a_sentence() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([["a", "b"], [1, 2], [3, 4], [5, 6]])))
    book.active.merge_cells("A3:A4")
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(BadTable, match="cells A3:A4 are merged"):
        read_table(out.getvalue())

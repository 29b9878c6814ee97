"""What columns are taken for, and numbers and dates there and back."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_core.apply.tables.files import read_table
from gan_core.apply.tables.filling import understood
from gan_core.apply.tables.kinds import dates, numbers, parse_kinds, parse_markers
from gan_core.apply.tables.kinds.missing import suspicious
from gan_core.apply.tables.kinds.schema import ColumnSchema


def kinds_of(columns: dict[str, list[str]], said: str = "") -> dict[str, str]:
    rows = zip(*columns.values(), strict=True)
    text = ";".join(columns) + "\n" + "".join(";".join(row) + "\n" for row in rows)
    guesses, _ = understood(read_table(text.encode()), said, "")
    assert not [guess.problem for guess in guesses if guess.problem]
    return {guess.schema.name: guess.kind for guess in guesses}


def test_kinds_are_guessed_and_can_be_changed() -> None:
    n = 40
    random = np.random.default_rng(0)
    columns = {
        "nr": [str(i + 1) for i in range(n)],
        "age": [str(v) for v in random.integers(18, 80, n)],
        "weight": [f"{v:.1f}" for v in random.normal(70, 9, n)],
        "floats": [f"{v}.0" for v in random.integers(0, 90, n)],
        "grade": [str(v) for v in random.integers(1, 5, n)],
        "flag": [str(v) for v in random.integers(0, 2, n)],
        "smokes": [("yes", "no")[v] for v in random.integers(0, 2, n)],
        "city": [("Oslo", "Bern", "Lyon")[v] for v in random.integers(0, 3, n)],
        "born": [f"{day:02d}.0{1 + day % 9}.1990" for day in random.integers(1, 29, n)],
        "name": [f"person {i}" for i in range(n)],
        "postcode_type": [str(v) for v in random.integers(10, 20, n)],
        "none": [""] * n,
    }  # fmt: skip
    assert kinds_of(columns) == {
        "nr": "identifier", "age": "integer", "weight": "number", "floats": "integer", "grade": "category",
        "flag": "boolean", "smokes": "boolean", "city": "category", "born": "date", "name": "identifier",
        "postcode_type": "category", "none": "ignored",
    }  # fmt: skip
    changed = kinds_of(columns, "grade=integer, age=category,city=ignored")
    assert (changed["grade"], changed["age"], changed["city"]) == ("integer", "category", "ignored")


def test_names_with_signs_are_said_in_json_or_by_the_last_equals_sign() -> None:
    assert parse_kinds('{"a,b": "number", "c": "date"}', ["a,b", "c"]) == {"a,b": "number", "c": "date"}
    assert parse_kinds("a=b=number", ["a=b"]) == {"a=b": "number"}
    assert parse_kinds("  ", ["a"]) == {}


def test_constant_and_empty_columns_are_said() -> None:
    table = read_table(b"a,b,c,d\n1,x,,5\n2,,,6\n3,x,NA,7\n4,x,?,9\n")
    guesses, _ = understood(table, "", "")
    assert guesses[1].note.startswith("Column 'b' (number 2) holds 'x' in every row that has a value")
    assert guesses[1].schema.constant == "x"
    assert guesses[2].note.startswith("Column 'c' (number 3) is missing in every row")
    assert [guess.missing for guess in guesses] == [0, 1, 4, 0]


def test_a_number_far_outside_is_offered_as_missing() -> None:
    text = "a,b\n" + "".join(f"{-999 if i % 5 == 0 else i},{i * 1.5}\n" for i in range(30))
    table = read_table(text.encode())
    (guess, _), _ = understood(table, "", "")
    assert guess.offer == "-999"
    assert "row 2 and 5 more hold '-999', far from all others" in guess.note
    (guess, _), _ = understood(table, "", "-999")
    assert (guess.missing, guess.offer) == (6, "")
    assert parse_markers("-999").is_missing("-999.0")
    assert not parse_markers("-999").is_missing("999")


def test_what_is_not_far_outside_is_not_offered() -> None:
    assert suspicious([99.0, 98.0, 97.0, 99.0, 50.0]) is None
    assert suspicious([-9.0, -9.0, -8.0, 4.0]) is None
    assert suspicious([-999.0, 1.0, 2.0, 3.0]) is None  # once only
    assert suspicious([999.0, 999.0, 1.0, 2.0, 3.0]) == (999.0, 2)


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.5", ".", 1.5), ("-.5", ".", -0.5), ("+7", ".", 7), ("1e-3", ".", 0.001), ("1,234.5", ".", 1234.5),
        ("1 234", ".", 1234), ("1'234'567", ".", 1234567), ("1,5", ",", 1.5), ("1.234,5", ",", 1234.5),
        ("1.234", ",", 1234), ("12,34", ".", None), ("1.2.3", ".", None), ("x", ".", None), ("0x10", ".", None),
        ("1_000", ".", None), ("٣", ".", None), ("inf", ".", math.inf), ("-Infinity", ",", -math.inf),
        ("1e999", ".", math.inf), ("", ".", None), ("1.5", ",", None), ("nan", ".", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, decimal: str, value: float | None) -> None:
    assert numbers.reader(decimal)(text) == value if text else numbers.reader(decimal)(text) is None


@given(value=st.floats(-1e9, 1e9), decimals=st.integers(-1, 8), decimal=st.sampled_from(".,"))
def test_a_written_number_is_read_again(value: float, decimals: int, decimal: str) -> None:
    text = numbers.written(value, decimals, decimal)
    found = numbers.reader(decimal)(text)
    assert found is not None
    assert abs(found - value) <= max(
        0.5 * 10.0**-decimals if decimals >= 0 else abs(value) * 1e-7, 1e-12 * abs(value)
    )
    assert text not in ("-0", "-0.0")


@given(
    moment=st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),
    pattern=st.sampled_from([p for p in dates.FORMATS if "%y" not in p]),
)
def test_dates_go_there_and_back(moment: datetime, pattern: str) -> None:
    text = dates.written(moment, pattern)
    found = dates.parse(text, pattern)
    assert found is not None
    code = dates.to_number(found, pattern)
    assert code.is_integer()
    assert dates.written(dates.to_moment(code, pattern), pattern) == text


def test_days_may_be_months() -> None:
    table = read_table(b"a,b\n1,01/02/2024\n2,03/04/2024\n3,05/06/2024\n")
    assert "read as day/month/year" in understood(table, "", "")[0][1].note
    table = read_table(b"a,b\n1,01/22/2024\n2,03/04/2024\n3,05/06/2024\n")
    assert understood(table, "", "")[0][1].schema.pattern == "%m/%d/%Y"


def test_a_schema_goes_through_json() -> None:
    schema = ColumnSchema("ä=1", "category", ("x", "y"), constant=None)
    assert ColumnSchema.from_json(schema.as_json()) == schema
    for damaged in ({}, {**schema.as_json(), "kind": "x"}, {**schema.as_json(), "decimal": "abc"}):
        with pytest.raises(ValueError, match="fit it again"):
            ColumnSchema.from_json(damaged)

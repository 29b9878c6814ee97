"""`synthesise`: rows as a file, what was measured for people and for programs, bad input in one sentence."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

LINES = "\n".join(f"{i % 7}.5,{'xyz'[i % 3]},{i % 3 * 10 + i % 2}" for i in range(60))
QUICK = ("--set", "gan.steps=5", "--set", "gan.width=8", "--set", "gan.batch=20")


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "table.csv"
    path.write_text("size,kind,paid\n" + LINES)
    return str(path)


def test_programs_get_one_object_and_a_file(cli: Cli, table: str, tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    answer = cli("synthesise", table, "--rows", "30", "--target", "kind", "--out", str(out), "--json", *QUICK)
    assert answer.status == 0
    found = answer.json()
    assert (found["rows"], found["written"]) == (30, str(out))
    assert {"shapes", "trends", "model", "privacy", "categories"} <= set(found["ways"]["ctgan"])
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8"))))
    assert len(rows) == 30
    assert list(rows[0]) == ["size", "kind", "paid"]
    assert {row["kind"] for row in rows} <= set("xyz")


def test_people_get_a_table_and_sentences(cli: Cli, table: str, tmp_path: Path) -> None:
    answer = cli("synthesise", table, "--rows", "30", "--out", str(tmp_path / "rows.csv"), *QUICK)
    assert answer.status == 0
    head, *rows, verdict, privacy = answer.out.strip().splitlines()
    assert head.split()[0] == "rows"
    assert [row for row in rows if row.startswith("Held-out rows")]
    assert verdict.startswith("Columns alone are met to")
    assert privacy.endswith(".")


def test_bad_input_is_one_sentence(cli: Cli, table: str, tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "rows.csv"), *QUICK)
    assert "no column called 'tax'" in cli("synthesise", table, "--target", "tax", *out).sentence()
    nowhere = tmp_path / "none" / "rows.csv"
    assert (
        cli("synthesise", table, "--out", str(nowhere)).sentence()
        == f"{nowhere.parent} does not exist; check the path."
    )
    few = tmp_path / "few.csv"
    few.write_text("a,b\n1,2\n3,4\n5,7\n")
    assert "20 or more" in cli("synthesise", str(few), *out).sentence()
    assert not (tmp_path / "rows.csv").exists()

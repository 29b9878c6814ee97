"""`impute`: a table filled on a terminal, for people and for programs, and what is wrong as one sentence."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Answer

Cli = Callable[..., Answer]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    lines = ["age,weight,city"]
    for _ in range(60):
        age = int(random.integers(18, 80))
        cells = [str(age), f"{40 + age / 2:.1f}", ("Oslo", "Bern")[age > 50]]
        lines.append(",".join("" if random.random() < 0.1 else cell for cell in cells))
    path = tmp_path / "people.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_table_is_filled_beside_its_mask_and_imputed_tables(cli: Cli, source: Path, tmp_path: Path) -> None:
    out, mask = tmp_path / "out.csv", tmp_path / "mask.csv"
    words = ["--out", str(out), "--mask", str(mask), "--draws", "2", "--json"]
    told = cli("impute", str(source), *words).json()
    before, after, marks = (path.read_text().splitlines() for path in (source, out, mask))
    assert before[0] == after[0] == marks[0]
    for old, new, row in zip(before[1:], after[1:], marks[1:], strict=True):
        for was, now, mark in zip(old.split(","), new.split(","), row.split(","), strict=True):
            assert (mark == "1") == (was == "")
            assert now if mark == "1" else now == was
    assert told["filled"] == sum(row.count("1") for row in marks[1:])
    assert (told["rows"], told["columns"], told["method"]) == (60, 3, "iterative")
    assert told["kinds"] == {"age": "integer", "weight": "number", "city": "category"}
    with zipfile.ZipFile(tmp_path / "out-imputed.zip") as archive:
        assert archive.namelist() == ["imputed-1.csv", "imputed-2.csv"]
    assert [job["id"] for job in cli("jobs", "--json").json()] == [told["job"]]


def test_a_method_is_kept_and_used_again_and_people_get_a_line(cli: Cli, source: Path, tmp_path: Path) -> None:
    out, again, kept = tmp_path / "out.csv", tmp_path / "again.csv", tmp_path / "kept.safetensors"
    words = ["--method", "trees", "--set", "method.trees=5", "--set", "method.rounds=1", "--kinds", "age=number"]
    answer = cli("impute", str(source), "--out", str(out), "--save", str(kept), *words)
    assert answer.status == 0
    assert answer.out.splitlines()[-1].endswith(f"of 60 rows were filled (Iterative, trees): {out}")
    assert cli("impute", str(source), "--out", str(again), "--model", str(kept)).status == 0
    assert again.read_bytes() == out.read_bytes()


def test_parquet_stays_parquet(cli: Cli, tmp_path: Path) -> None:
    source, out = tmp_path / "t.parquet", tmp_path / "o.parquet"
    table = pa.table({"a": pa.array([1, 2, None, 4, 5] * 4, pa.int8()), "b": [1.5, None, 3.5, 4.5, 5.5] * 4})
    pq.write_table(table, source)
    assert cli("impute", str(source), "--out", str(out), "--method", "knn").status == 0
    found = pq.read_table(out)
    assert found.schema.equals(table.schema)
    assert found.column("a").null_count == found.column("b").null_count == 0
    said = cli("impute", str(source), "--out", str(tmp_path / "o.csv")).sentence()
    assert said.endswith("o.csv should end with .parquet.")


@pytest.mark.parametrize(
    ("text", "words", "sentence"),
    [
        ("a,b\n1,2\n3\n4,5\n", [], "Row 3 has 1 field where row 1 has 2"),
        ("a,b\n1,2\n3,4\nlots,4\n4,5\n", [], "Column 'a' (number 1), row 4: 'lots' stands among numbers"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--method", "magic"], 'method is "magic"; it must be one of '),
        ("a,b\n1,2\n3,4\n5,6\n", ["--kinds", "z=date"], "There is no column 'z'"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--set", "method.nothing=1"], "is not a field"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--draws", "1000"], "is not a whole number from 0 to 100"),
    ],
)
def test_what_is_wrong_is_one_sentence(cli: Cli, tmp_path: Path, text: str, words: list[str], sentence: str) -> None:
    source, out = tmp_path / "t.csv", tmp_path / "out.csv"
    source.write_text(text)
    assert sentence in cli("impute", str(source), "--out", str(out), *words).sentence()
    assert not out.exists()


def test_what_is_not_given_is_one_sentence(cli: Cli, source: Path, tmp_path: Path) -> None:
    assert "--out are needed" in cli("impute", str(source)).sentence()
    assert "does not exist" in cli("impute", str(tmp_path / "no.csv"), "--out", str(tmp_path / "o.csv")).sentence()
    assert "Either a table or --dataset" in cli("impute", "--compare").sentence()
    words = ["--out", str(tmp_path / "o.csv"), "--model", str(source)]
    assert "holds no fitted method" in cli("impute", str(source), *words).sentence()

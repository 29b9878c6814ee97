"""`impute --compare`: a table and a sentence for people, one JSON object for programs, bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_core.apply.tables.encoded import imputers
from tests.cli.conftest import Cli

LINES = "\n".join(f"{20 + i % 9}.5,{'AB'[i % 2]},{i % 9 * 10 + i % 2}.25" for i in range(40))
COMPARE = ("impute", "--compare")


@pytest.fixture(autouse=True)
def _two_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick ones; tests/apply/tables tries every method."""
    quick = {name: imputers.get(name) for name in ("mean", "knn")}
    monkeypatch.setattr(imputers, "_entries", quick)


@pytest.fixture
def csv(tmp_path: Path) -> str:
    path = tmp_path / "table.csv"
    path.write_text("age,city,paid\n" + LINES)
    return str(path)


def test_programs_get_one_object(cli: Cli, csv: str) -> None:
    asked = ("--missing", "0.3", "--mechanism", "mar", "--seeds", "2", "--target", "paid", "--json")
    answer = cli(*COMPARE, csv, *asked)
    assert answer.status == 0
    found = answer.json()
    assert set(found["methods"]) == {"mean", "knn"}
    for scores in found["methods"].values():
        for name in ("rmse", "accuracy", "energy", "coverage"):
            assert set(scores[name]) >= {"mean", "low", "high"}
    assert set(found["winner"].values()) <= {"mean", "knn"}
    assert "impute-compare" in found["job"]
    assert found["verdict"].endswith(".")


def test_people_get_a_table_and_a_sentence(cli: Cli) -> None:
    answer = cli(*COMPARE, "--dataset", "wine", "--seeds", "1")
    assert answer.status == 0
    head, *_, note, verdict = answer.out.strip().splitlines()
    assert head.split()[0] == "method"
    assert "one seed gives no intervals" in note
    assert verdict.endswith(".")
    (best,) = [line for line in answer.out.splitlines()[1:-2] if "*" in line[:60]]  # RMSE is the first score
    assert best.startswith("Nearest neighbours")


def test_bad_input_is_one_sentence(cli: Cli, csv: str) -> None:
    assert "Either a table or --dataset" in cli(*COMPARE).sentence()
    assert "Either a table or --dataset" in cli(*COMPARE, csv, "--dataset", "wine").sentence()
    assert "dataset" in cli(*COMPARE, "--dataset", "titanic").sentence()
    assert "no column called 'tax'" in cli(*COMPARE, csv, "--target", "tax").sentence()

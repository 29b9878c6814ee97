"""The task: a table comes along, and comes back filled, with its mask, imputed tables and the fitted method."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_core.apply import Cancelled, Workplace, tasks
from gan_core.apply.tables.encoded import imputers
from gan_core.apply.tables.files import BadTable, read_table
from gan_core.apply.tables.methods.mean import Mean
from gan_core.apply.tables.methods.neighbours import Neighbours
from gan_core.apply.tables.methods.trees import Trees
from gan_core.apply.tables.saved import SavedImputer
from gan_core.apply.tables.task import ImputeTable
from gan_core.config.codec import from_dict, to_dict


def place(folder: Path, files: dict[str, bytes], stop_at: str = "") -> Workplace:
    def progress(fraction: float, words: str) -> None:
        assert 0 <= fraction <= 1
        if stop_at and stop_at in words:
            raise Cancelled

    def model(name: str) -> Any:
        raise AssertionError(name)

    for sub in ("input", "parts", "result"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / "input" / name).write_bytes(content)
    return Workplace(folder, folder, torch.device("cpu"), progress, lambda series, values: None, model)


def people(n: int = 80, seed: int = 0, gaps: float = 0.15) -> bytes:
    random = np.random.default_rng(seed)
    lines = ["id;age;weight;city;smokes;since;same"]
    for i in range(n):
        age = int(random.integers(18, 80))
        cells = [
            str(age), f"{50 + age / 2 + random.normal():.1f}".replace(".", ","), ("Oslo", "Bern")[age > 50],
            ("yes", "no")[int(random.integers(2))], f"{random.integers(1, 29):02d}.03.2020", "x",
        ]  # fmt: skip
        lines.append(";".join([str(i + 1), *(("", "?")[int(random.integers(2))] if random.random() < gaps else cell
                                             for cell in cells)]))  # fmt: skip
    return ("\r\n".join(lines) + "\r\n").encode()


def rows_of(data: bytes) -> list[list[str]]:
    return [line.split(";") for line in data.decode().split("\r\n")[:-1]]


@pytest.mark.parametrize(
    "method", [entry.name for entry in imputers if entry.name in ("mean", "knn", "iterative", "trees")]
)
def test_a_table_is_filled_and_nothing_else_is_changed(tmp_path: Path, method: str) -> None:
    data = people()
    task = from_dict(ImputeTable, {"method": method, "draws": 2, "uncertainty": True})
    assert task.problems(tmp_path, ("table.csv",)) == []
    outcome = task.work(place(tmp_path, {"table.csv": data}))
    assert sorted(path.name for path in (tmp_path / "result").iterdir()) == [
        "filled.csv", "imputed.zip", "mask.csv", "model.safetensors"
    ]  # fmt: skip
    before, after = rows_of(data), rows_of((tmp_path / "result" / "filled.csv").read_bytes())
    mask = [line.split(",") for line in (tmp_path / "result" / "mask.csv").read_text().splitlines()]
    assert mask[0] == before[0]
    names = [f"{name} uncertainty" for name in ("age", "weight", "city", "smokes", "since")]
    assert after[0] == before[0] + names
    for old, new, filled in zip(before[1:], after[1:], mask[1:], strict=True):
        assert [cell in ("", "?") for cell in old] == [one == "1" for one in filled]
        assert all(cell == old_cell for cell, old_cell, one in zip(new, old, filled, strict=False) if one == "0")
        assert new[1].isdecimal()
        assert new[2].replace(",", "", 1).isdecimal()
        assert len(new[2].partition(",")[2]) == 1
        assert new[3] in ("Oslo", "Bern")
        assert new[4] in ("yes", "no")
        assert 1 <= int(new[5][:2]) <= 28
        assert new[5][2:] == ".03.2020"
        assert new[6] == "x"
        assert [cell != "" for cell in new[7:]] == [one == "1" for one in filled[1:6]]
    assert outcome["filled"] == sum(row.count("1") for row in mask[1:])
    assert outcome["kinds"]["since"] == "date"
    assert any("holds 'x' in every row" in note for note in outcome["notes"])
    with zipfile.ZipFile(tmp_path / "result" / "imputed.zip") as archive:
        assert archive.namelist() == ["imputed-1.csv", "imputed-2.csv"]
        drawn = [rows_of(archive.read(name)) for name in archive.namelist()]
    assert drawn[0] != drawn[1]
    for rows in drawn:
        for old, new, filled in zip(before[1:], rows[1:], mask[1:], strict=True):
            assert all(b == a for b, a, one in zip(new, old, filled, strict=True) if one == "0")
            assert not {"", "?"} & set(new)


CELL = st.sampled_from(["", "NA", "1", "2.5", "-3", "x", "y z", "=1+1", "2024-01-31", "ü", '"q"', "1e3"])


@given(
    columns=st.lists(st.lists(CELL, min_size=6, max_size=6), min_size=2, max_size=4),
    method=st.sampled_from([Mean(), Neighbours(neighbours=2)]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_observed_cells_never_change(tmp_path: Path, columns: list[list[str]], method: Mean | Neighbours) -> None:
    names = [f"c{j}" for j in range(len(columns))]
    rows = [[column[i].replace('"', '""') for column in columns] for i in range(6)]
    text = ",".join(names) + "\n" + "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)
    where = place(tmp_path, {"table.csv": text.encode()})
    try:
        ImputeTable(method=method, kinds=",".join(f"{name}=category" for name in names)).work(where)
    except BadTable as problem:
        if not str(problem).startswith("No column can be filled"):
            raise
        return
    found = read_table((tmp_path / "result" / "filled.csv").read_bytes())
    for column, filled in zip(columns, found.columns, strict=True):
        known = {cell for cell in column if cell not in ("", "NA")}
        for before, after in zip(column, filled, strict=True):
            if before in ("", "NA"):
                assert after.lstrip("'") in known if known else after == before
            else:
                assert after == ("'" + before if before == "=1+1" else before)


def test_a_saved_method_fills_new_rows(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    ImputeTable(method=Trees(rounds=2, trees=5)).work(place(first, {"table.csv": people()}))
    model = (first / "result" / "model.safetensors").read_bytes()
    new = people(30, seed=5).replace(b"Bern", b"Rome")
    outcome = ImputeTable().work(place(second, {"table.csv": new, "model.safetensors": model}))
    assert outcome["method"] == "trees"
    assert any("'Rome' is none of the categories that were learned" in note for note in outcome["notes"])
    after = rows_of((second / "result" / "filled.csv").read_bytes())
    assert not {"", "?"} & {cell for row in after for cell in row}
    assert {row[3] for row in after[1:]} == {"Oslo", "Rome", "Bern"}
    fewer = "\n".join(";".join(row[:3]) for row in rows_of(people())).replace("?", "").encode()
    with pytest.raises(ValueError, match="Column 'city' is missing"):
        ImputeTable().work(place(second, {"table.csv": fewer}))


@pytest.mark.parametrize("damage", [b"", b"x" * 100, b"\xff" * 8 + b"{}", (10).to_bytes(8, "little") + b'{"a":"b"} '])
def test_a_damaged_method_is_a_sentence(damage: bytes) -> None:
    with pytest.raises(ValueError, match="holds no fitted method"):
        SavedImputer.from_bytes(damage)


def test_a_long_table_is_learned_from_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Neighbours, "most_rows", 100)
    monkeypatch.setattr("gan_core.apply.tables.filling.BLOCK_ROWS", 64)
    outcome = ImputeTable(method=Neighbours(), draws=1).work(place(tmp_path, {"table.csv": people(300)}))
    assert (
        "The table has 300 rows; the method learned from 100 of them, drawn at random, and filled all."
        in (outcome["notes"])
    )
    assert not {"", "?"} & {
        cell for row in rows_of((tmp_path / "result" / "filled.csv").read_bytes()) for cell in row
    }


def test_a_stopped_task_goes_on_to_the_same_end(tmp_path: Path) -> None:
    files = {"table.csv": people()}
    task = ImputeTable(method=Trees(rounds=2, trees=5), draws=3)
    task.work(place(tmp_path / "whole", files))
    with pytest.raises(Cancelled):
        task.work(place(tmp_path / "stopped", files, stop_at="imputed table 2"))
    assert list((tmp_path / "stopped" / "result").iterdir()) == []
    task.work(place(tmp_path / "stopped", files))
    for path in (tmp_path / "whole" / "result").iterdir():
        other = (tmp_path / "stopped" / "result" / path.name).read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as one, zipfile.ZipFile(io.BytesIO(other)) as two:
                assert [one.read(name) for name in one.namelist()] == [two.read(name) for name in two.namelist()]
        else:
            assert other == path.read_bytes()


def test_what_is_asked_for_goes_through_json_and_wants_one_table(tmp_path: Path) -> None:
    task = ImputeTable(method=Trees(trees=7), kinds="a=number", called="*x*.csv")
    asked = {"name": tasks.name_of(task), **to_dict(task)}
    assert asked.pop("name") == "impute"
    assert from_dict(ImputeTable, asked) == task
    assert task.title() == "*x*.csv, iterative, trees"
    assert "One table has to come along" in task.problems(tmp_path, ())[0]
    with pytest.raises(ValueError, match="'lots' stands among numbers"):
        ImputeTable().work(place(tmp_path, {"table.csv": b"a,b\n1,2\n2,3\nlots,4\n4,5\n"}))
    with pytest.raises(ValueError, match="No column can be filled"):
        ImputeTable().work(place(tmp_path, {"table.csv": b"a,b\n1,\n1,\n1,\n1,\n"}))

"""Synthetic rows: modes and conditions as CTGAN has them, measures against scipy, rare categories, gaps, copies."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from gan_core.apply import Cancelled, Workplace
from gan_core.apply.tables.encoded import Encoded
from gan_core.apply.tables.synthetic import Synthesise, TableGan, library, measures, report
from gan_core.apply.tables.synthetic.conditions import Conditions
from gan_core.apply.tables.synthetic.modes import NUMBERS, Layout
from gan_core.apply.tables.synthetic.networks import RowCritic, as_rows

Floats = NDArray[np.float64]
QUICK = TableGan(steps=20, batch=20, width=16, latent=8)


def silent(*_: object) -> None:
    pass


def table(n: int = 400, seed: int = 0, gaps: float = 0.0) -> Encoded:
    """A number of two modes that a category tells, whole numbers, and a category that is rare once in a hundred."""
    rng = np.random.default_rng(seed)
    kind = (rng.random(n) < 0.4).astype(float)
    a = np.where(kind == 1, rng.normal(8, 0.5, n), rng.normal(0, 0.5, n))
    rare = np.where(np.arange(n) % 100 == 7, 2.0, rng.integers(0, 2, n))
    values = np.stack([a, rng.integers(1, 30, n), kind, rare], 1).astype(float)
    values[rng.random(values.shape) < gaps] = np.nan
    return Encoded(values, (0, 0, 2, 3), (False, True, False, False), ("a", "count", "kind", "rare"))


def test_modes_are_found_and_cells_come_back() -> None:
    data = table()
    layout = Layout.of(data, 0)
    middles = layout.columns[0].middle
    assert min(abs(middles - 8)) < 0.3
    assert min(abs(middles)) < 0.3
    vectors = layout.encode(data.values, np.random.default_rng(0))
    assert vectors.shape == (400, layout.width)
    for first, begin, end in layout.spans:
        assert (vectors[:, begin:end].sum(1) == 1).all()
        assert (abs(vectors[:, first:begin]) <= 1).all()
    back = layout.decode(vectors.astype(float))
    assert np.array_equal(back[:, 1:], data.values[:, 1:])
    assert np.abs(back[:, 0] - data.values[:, 0]).max() < 0.01


def test_ranks_are_normal_scores_and_cells_come_back() -> None:
    data = table()
    layout = Layout.of(data, 0, "ranks")
    assert layout.width == 2 * 2 + 2 + 3
    vectors = layout.encode(data.values, np.random.default_rng(0))
    for first in (0, 2):
        assert stats.kstest(4 * vectors[:, first], "norm").statistic < 0.05
    scores = stats.norm.ppf((stats.rankdata(data.values[:, 0]) - 0.5) / 400)
    assert np.abs(4 * vectors[:, 0] - scores).max() < 0.6  # within its own rank
    assert np.abs(4 * vectors[:, 0] - scores).mean() < 0.01
    back = layout.decode(vectors.astype(float))
    assert np.array_equal(back[:, 1:], data.values[:, 1:])
    order = np.argsort(data.values[:, 0])
    known, after = data.values[order, 0], back[order, 0]
    assert (after[1:] >= known[:-1]).all()
    assert (after[:-1] <= known[1:]).all()  # between both neighbours
    assert np.abs(after - known).mean() < 0.05


@given(st.integers(0, 10**6), st.floats(0.05, 0.6), st.sampled_from(NUMBERS))
@settings(max_examples=12, deadline=None)
def test_gaps_are_kept_as_gaps(seed: int, gaps: float, numbers: str) -> None:
    data = table(40, seed, gaps)
    layout = Layout.of(data, 0, numbers)
    back = layout.decode(layout.encode(data.values, np.random.default_rng(0)).astype(float))
    assert np.array_equal(np.isnan(back), np.isnan(data.values))


def test_conditions_are_by_the_logarithm_in_training_and_as_they_occur_in_sampling() -> None:
    data = table(2000)
    layout = Layout.of(data, 0)
    conditions = Conditions(layout, layout.encode(data.values, np.random.default_rng(0)))
    assert conditions.width == 5
    for even in (True, False):
        columns, chosen = conditions.draw(40_000, np.random.default_rng(1), even)
        assert abs((columns == 0).mean() - 0.5) < 0.02
        counts = np.bincount(data.values[:, 3].astype(int)).astype(float)
        expected = np.log1p(counts) if even else counts
        seen = np.bincount(chosen[columns == 1], minlength=3) / (columns == 1).sum()
        assert np.allclose(seen, expected / expected.sum(), atol=0.015)
    rows = conditions.matching(columns, chosen, np.random.default_rng(2))
    assert (data.values[rows, 2 + columns] == chosen).all()
    vectors = conditions.vectors(columns, chosen)
    assert (vectors.sum(1) == 1).all()
    assert (vectors.argmax(1) == np.array([0, 2])[columns] + chosen).all()


def test_rows_are_valid_and_the_critic_sees_packs() -> None:
    layout = Layout.of(table(), 0)
    rng = torch.Generator().manual_seed(0)
    rows = as_rows(torch.randn(20, layout.width, generator=rng) * 5, layout, rng)
    for first, begin, end in layout.spans:
        assert torch.allclose(rows[:, begin:end].sum(1), torch.ones(20), atol=1e-5)
        assert (rows[:, first:begin].abs() <= 1).all()
    assert RowCritic(layout.width, 8, 10, 0.5, rng)(rows).shape == (2, 1)


def test_it_learns_what_belongs_together_and_keeps_what_is_rare() -> None:
    data = table()
    gan = TableGan(steps=300, batch=100, width=64, latent=8, lr=2e-3, pac=10)
    made = gan.fit(data, 0, silent, silent).sample(1000, 1)
    high, low = (made[made[:, 2] == c, 0].mean() for c in (1, 0))
    assert high - low > 3  # 8 in the table, 0 where columns are apart
    assert ((made >= data.low) & (made <= data.high)).all()
    assert (made[:, 1] == np.rint(made[:, 1])).all()
    assert (made[:, 3] == 2).any()
    assert measures.kept_categories(data, made) == {"kept": 5, "of": 5, "lost": []}


def test_the_same_seed_makes_the_same_rows() -> None:
    data = table(60, gaps=0.1)
    torch.manual_seed(1)
    one = QUICK.fit(data, 3, silent, silent)
    torch.manual_seed(2)
    two = QUICK.fit(data, 3, silent, silent)
    assert np.array_equal(one.sample(50, 5), two.sample(50, 5), equal_nan=True)
    assert not np.array_equal(one.sample(50, 5), one.sample(50, 6), equal_nan=True)
    numbers = Encoded(data.values[:, :2], (0, 0), (False, True), ("a", "count"))
    assert QUICK.fit(numbers, 0, silent, silent).sample(7, 0).shape == (7, 2)


def test_shapes_and_trends_are_those_of_scipy() -> None:
    real, made = table(300, 1), table(200, 2).values
    made[:, 0] += 0.3
    shapes = measures.column_shapes(real, made)
    assert shapes["a"] == pytest.approx(1 - stats.ks_2samp(real.values[:, 0], made[:, 0]).statistic)
    both = [np.bincount(v[:, 3].astype(int), minlength=3) / len(v) for v in (real.values, made)]
    assert shapes["rare"] == pytest.approx(1 - np.abs(both[0] - both[1]).sum() / 2)
    pair = Encoded(real.values[:, :2], (0, 0), (False, True), ("a", "count"))
    r = [np.corrcoef(v[:, 0], v[:, 1])[0, 1] for v in (real.values, made)]
    assert measures.pair_trends(pair, made[:, :2]) == pytest.approx(1 - abs(r[0] - r[1]) / 2)
    pair = Encoded(real.values[:, 2:], (2, 3), (False, False), ("kind", "rare"))
    joint = [
        np.histogram2d(v[:, 2], v[:, 3], bins=(2, 3), range=((-0.5, 1.5), (-0.5, 2.5)))[0]
        for v in (real.values, made)
    ]
    apart = np.abs(joint[0] / 300 - joint[1] / 200).sum() / 2
    assert measures.pair_trends(pair, made[:, 2:]) == pytest.approx(1 - apart)
    assert measures.pair_trends(Encoded(made[:, :1], (0,), (False,), ("a",)), made[:, :1]) is None
    assert measures.column_shapes(real, real.values) == dict.fromkeys(real.names, 1.0)
    assert measures.pair_trends(real, real.values) == 1


def test_copies_are_said_to_be_copies() -> None:
    real, held_out = table(300, 1), table(80, 2).values
    told = measures.privacy(real, held_out, real.values[:50])
    assert told["copies"] == 1
    assert "copies of real ones" in told["words"]
    near = real.values[:50] + np.array([1e-4, 0, 0, 0])
    assert "nearer to a real one" in measures.privacy(real, held_out, near)["words"]
    fresh = measures.privacy(real, held_out, table(80, 3).values)
    assert fresh["copies"] == 0
    assert fresh["as_near"] < 0.15
    assert "no nearer" in fresh["words"]
    gone = measures.kept_categories(real, real.values[real.values[:, 3] != 2])
    assert gone == {"kept": 4, "of": 5, "lost": [["rare", 2]]}


def test_the_distance_to_the_closest_record() -> None:
    real = Encoded(np.array([[0.0, 0], [10, 1]]), (0, 2), (False, False), ("x", "c"))
    made = np.array([[2.0, 0], [5, 1], [10, 1], [np.nan, 1]])
    expected = np.sqrt(np.array([0.2**2, 0.5**2, 0, 2.0]) / 2)
    assert measures.closest_records(real, made) == pytest.approx(expected)


LINES = "\n".join(f"{i % 7}.5,{'xyz'[i % 3 if i % 50 else 2]},{i % 3 * 10 + i % 2},=cmd{i % 2}" for i in range(60))


@pytest.fixture
def place(tmp_path: Path) -> Callable[..., Workplace]:
    for folder in ("input", "parts", "result"):
        (tmp_path / folder).mkdir()
    (tmp_path / "input" / "table.csv").write_text("size,kind,paid,formula\n" + LINES)

    def make(progress: Callable[[float, str], None] = silent) -> Workplace:
        return Workplace(tmp_path, tmp_path, torch.device("cpu"), progress, silent, lambda name: None)  # type: ignore[arg-type,return-value]

    return make


def test_the_task_writes_rows_and_goes_on_where_it_was(place: Callable[..., Workplace]) -> None:
    def stop(fraction: float, words: str) -> None:
        if "Columns drawn apart" in words:
            raise Cancelled

    task = Synthesise(rows=70, target="kind", gan=QUICK)
    with pytest.raises(Cancelled):
        task.work(place(stop))
    made = place().parts / "rows.npy"
    before = made.stat().st_mtime_ns
    assert (place().parts / "measured-ctgan.json").is_file()
    found = task.work(place())
    assert made.stat().st_mtime_ns == before
    assert found == json.loads(json.dumps(found))
    assert (found["rows"], found["learned"], found["held_out"]) == (70, 48, 12)
    assert {"ctgan", "independent", "real"} <= set(found["ways"])
    assert found["ways"]["real"]["model"] > 0.9  # paid tells the kind
    assert found["verdict"].endswith(".")
    rows = list(csv.DictReader(io.StringIO((place().result / "synthetic.csv").read_text("utf-8"))))
    assert len(rows) == 70
    assert {row["kind"] for row in rows} <= set("xyz")
    assert {row["formula"] for row in rows} <= {"'=cmd0", "'=cmd1"}
    if not library.is_there():
        assert any("Business Source License" in note for note in found["notes"])


def test_the_task_says_what_it_cannot_do(place: Callable[..., Workplace]) -> None:
    assert "Bring one table" in Synthesise().problems(Path(), ())[0]
    with pytest.raises(ValueError, match="no column called 'tax'"):
        Synthesise(target="tax").work(place())
    (place().input / "table.csv").write_text("a,b\n1,2\n3,4\n5,7\n")
    with pytest.raises(ValueError, match="20 or more are needed"):
        Synthesise().work(place())


def test_the_sentence_says_no_more_than_was_measured() -> None:
    def way(**given: Any) -> dict[str, Any]:
        return {"shapes": 0.9, "trends": 0.8, "model": None} | given

    ways = {"ctgan": way(trends=0.7), "independent": way(), "real": way(trends=0.95)}
    assert "pairs to 0.70, no more than the 0.80 of columns drawn apart" in report.verdict(ways)
    ways["ctgan"] = way(trends=0.9, model=0.6)
    ways["real"]["model"] = 0.8
    assert "more than the 0.80" in report.verdict(ways)
    assert "scores 0.60, from real ones 0.80" in report.verdict(ways)

"""The comparison: what is hidden and how often, scores against scikit-learn and closed forms, and no leak."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics

from gan_core.apply import Cancelled, Workplace
from gan_core.apply.tables.comparing import MECHANISMS, CompareImputers, Subject, built_in, hide, summarise, try_once
from gan_core.apply.tables.comparing import scores as scoring
from gan_core.apply.tables.comparing.downstream import model_score
from gan_core.apply.tables.comparing.summary import interval
from gan_core.apply.tables.credit import CATEGORIES, make_credit
from gan_core.apply.tables.encoded import Encoded, FittedImputer, Imputer, Record, Tell, imputers, settled
from gan_core.apply.tables.gain import Gain
from gan_core.config.codec import ConfigError, from_dict

Floats = NDArray[np.float64]
QUICK = {"gain": Gain(steps=50, members=1, width=8)}


def silent(*_: object) -> None:
    pass


def table(n: int = 200, seed: int = 0, gaps: float = 0.0) -> Encoded:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    values = np.stack([a, a + rng.normal(size=n), rng.integers(0, 3, n), rng.exponential(size=n)], 1).astype(float)
    values[rng.random(values.shape) < gaps] = np.nan
    return Encoded(values, (0, 0, 3, 0), (False,) * 4, ("a", "b", "kind", "wait"))


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_as_many_cells_are_hidden_as_asked_for(mechanism: Any) -> None:
    data = table(4000, gaps=0.1)
    mask = hide(data, 0.3, mechanism, 1)
    assert not mask[~data.observed].any()
    whole = ~mask.any(axis=0)
    assert whole.sum() == (1 if mechanism == "mar" else 0)
    shares = mask.sum(0)[~whole] / data.observed.sum(0)[~whole]
    assert np.allclose(shares, 0.3, atol=0.03)
    assert np.array_equal(mask, hide(data, 0.3, mechanism, 1))
    assert not np.array_equal(mask, hide(data, 0.3, mechanism, 2))


def test_the_mechanisms_depend_on_what_they_say() -> None:
    data = table(4000)
    driven = hide(data, 0.3, "mnar", 0)[:, 1]
    assert stats.pointbiserialr(driven, data.values[:, 1]).statistic > 0.3
    at_random = hide(data, 0.3, "mcar", 0)[:, 1]
    assert abs(stats.pointbiserialr(at_random, data.values[:, 1]).statistic) < 0.06
    mask = hide(data, 0.3, "mar", 0)
    driver = int(np.flatnonzero(~mask.any(axis=0))[0])
    for j in set(range(4)) - {driver}:
        assert stats.pointbiserialr(mask[:, j], data.values[:, driver]).statistic > 0.3


@given(st.integers(0, 10**6), st.floats(0.01, 0.9), st.sampled_from(MECHANISMS), st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_masks_leave_something_in_every_column(seed: int, rate: float, mechanism: Any, rows: int) -> None:
    data = table(rows, seed, gaps=0.2)
    if data.observed.sum(0).max() < 3:
        with pytest.raises(ValueError, match="can be hidden"):
            hide(data, rate, mechanism, seed)
        return
    try:
        mask = hide(data, rate, mechanism, seed)
    except ValueError:  # the only cell that chance chose is one that must stay
        return
    left = (data.observed & ~mask).sum(0)
    assert (left >= np.minimum(2, data.observed.sum(0))).all()
    assert mask.any()
    assert not (mask & ~data.observed).any()


def test_one_column_cannot_depend_on_another() -> None:
    alone = Encoded(np.arange(9.0)[:, None], (0,), (False,), ("a",))
    with pytest.raises(ValueError, match="two columns"):
        hide(alone, 0.2, "mar", 0)


def test_scores_are_those_of_others() -> None:
    truth, rng = table(), np.random.default_rng(3)
    mask = hide(truth, 0.3, "mcar", 0)
    guess = settled(truth.values + rng.normal(size=truth.values.shape), truth.hidden(mask))
    low, high = truth.values.min(0), truth.values.max(0)
    numeric = [0, 1, 3]
    scaled = [((x - low) / (high - low))[:, numeric][mask[:, numeric]] for x in (truth.values, guess)]
    assert scoring.rmse(truth, mask, guess) == pytest.approx(metrics.root_mean_squared_error(*scaled))
    kind = mask[:, 2]
    assert scoring.accuracy(truth, mask, guess) == metrics.accuracy_score(truth.values[kind, 2], guess[kind, 2])
    p = rng.dirichlet(np.ones(3), 200)
    expected = metrics.log_loss(truth.values[kind, 2], p[kind], labels=[0, 1, 2])
    assert scoring.log_loss(truth, mask, {2: p}) == pytest.approx(expected)
    frame = [np.column_stack([x[:, numeric], x[:, 2:3] == np.arange(3)]) for x in (truth.values, guess)]
    difference = np.abs(np.corrcoef(frame[0].T) - np.corrcoef(frame[1].T))
    pairs = [difference[i, j] for i in range(6) for j in range(i) if not (i >= 3 and j >= 3)]
    assert scoring.correlation(truth, guess) == pytest.approx(np.mean(pairs))


def test_the_energy_distance_is_that_of_scipy_on_a_line() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=300), rng.normal(0.5, 2, size=200)
    assert scoring.energy_distance(x[:, None], y[:, None]) == pytest.approx(stats.energy_distance(x, y))
    data = table()
    assert scoring.energy(data, data.values, 0) == 0


def test_right_draws_are_covered_nine_times_in_ten() -> None:
    """The truth and 19 draws from one distribution: the truth lies outside them with a chance of 2 in 20."""
    rng = np.random.default_rng(0)
    truth = Encoded(rng.normal(size=(4000, 2)), (0, 0), (False, False), ("a", "b"))
    mask = np.ones((4000, 2), bool)
    assert scoring.coverage(truth, mask, rng.normal(size=(19, 4000, 2))) == pytest.approx(0.9, abs=0.015)
    narrow = scoring.coverage(truth, mask, 0.3 * rng.normal(size=(19, 4000, 2)))
    assert narrow is not None
    assert narrow < 0.6


def test_intervals_hold_the_mean_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(0)
    held = [(found := interval(list(rng.normal(5, 2, 3))))["low"] < 5 < found["high"] for _ in range(2000)]  # type: ignore[operator]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)
    low, high = stats.ttest_1samp([1.0, 2.0, 4.0], 0).confidence_interval()
    assert interval([1.0, None, 2.0, 4.0]) == pytest.approx({"mean": 7 / 3, "low": low, "high": high, "seeds": 3})
    assert interval([2.0])["low"] is None
    assert interval([None, math.nan])["mean"] is None


def test_a_model_on_a_filled_table_is_tried_on_the_truth() -> None:
    subject = built_in("wine")
    truth = subject.data
    assert subject.target is not None
    good = model_score(truth, truth.values, subject.target, 3, 0)
    bad = model_score(truth, np.random.default_rng(0).permuted(truth.values, axis=0), subject.target, 3, 0)
    assert good is not None
    assert bad is not None
    assert good > 0.9 > 0.7 > bad
    assert model_score(truth.rows(np.arange(6)), truth.values[:6], subject.target[:6], 3, 0) is None


@pytest.mark.parametrize("name", imputers.names())
def test_hidden_cells_never_reach_a_method(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With wholly other values in the hidden cells, and another target, every method does the same to the bit."""
    monkeypatch.setattr(scoring, "DRAWS", 1)
    truth = table(60)
    mask = hide(truth, 0.3, "mcar", 0)
    wild = np.where(mask, [[1e6, -1e6, 0, 1e9]], truth.values)
    imputer = QUICK.get(name) or imputers.get(name).cls()
    seen: list[bytes] = []

    @dataclass(frozen=True)
    class Watched(Imputer):
        fitted: ClassVar[type[FittedImputer]] = imputer.fitted

        def fit(self, data: Encoded, seed: int, tell: Tell, record: Record) -> FittedImputer:
            seen.append(b"".join(a.tobytes() for a in (data.values, data.low, data.high)))
            fitted = imputer.fit(data, seed, tell, record)
            made = (fitted.fill(data), fitted.draws(data, 1, 5), fitted.probabilities(data, 2))
            seen[-1] += b"".join(a.tobytes() for a in made)
            return fitted

    for values, target in ((truth.values, np.zeros(60)), (wild, np.arange(60.0))):
        subject = Subject("t", Encoded(values, truth.categories, truth.whole, truth.names), target, "y", 0)
        try_once(Watched(), subject, mask, 1, silent, silent)
    assert seen[0] == seen[1]


def test_the_winner_is_named_whoever_it_is() -> None:
    def seeds(rmse: list[float], cover: float) -> list[dict[str, Any]]:
        none = dict.fromkeys(("accuracy", "log_loss", "energy", "correlation", "target"))
        return [{"rmse": r, "coverage": cover, **none, "columns": {}, "seconds": 1.0} for r in rmse]

    found = summarise({"gain": seeds([0.06, 0.07, 0.08], 0.88), "mean": seeds([0.05, 0.06, 0.07], 0.99)})
    assert found["winner"] == {"rmse": "mean", "coverage": "gain"}
    assert list(found["methods"]) == ["mean", "gain"]
    assert found["clear"]["rmse"]  # ahead by the same in every seed, though the intervals overlap
    assert found["verdict"].startswith("GAIN is behind by RMSE")
    assert "leads by coverage" in found["verdict"]
    found = summarise({"gain": seeds([0.05, 0.09, 0.04], 0.9), "mean": seeds([0.06, 0.06, 0.07], 0.9)})
    assert found["winner"] == {"rmse": "gain", "coverage": "mean"}  # of equal ones the simpler
    assert not found["clear"]["rmse"]
    assert "may be chance" in found["verdict"]
    found = summarise({"gain": seeds([0.05, 0.05, 0.05], 0.9), "mean": seeds([0.060, 0.061, 0.062], 0.9)})
    assert "beyond chance: 0.050" in found["verdict"]
    found = summarise({"gain": seeds([0.05], 0.9), "mean": seeds([0.06], 0.9)})
    assert found["methods"]["gain"]["rmse"] == {"mean": 0.05, "low": None, "high": None, "seeds": 1}
    assert "may be chance" in found["verdict"]


def test_credits_depend_on_one_another() -> None:
    columns = make_credit(3000, 1)
    assert list(make_credit(50)) == list(columns)
    assert all(np.array_equal(a, b) for a, b in zip(make_credit(50).values(), make_credit(50).values(), strict=True))
    for name, labels in CATEGORIES.items():
        assert set(columns[name]) == set(range(len(labels)))
    assert stats.spearmanr(columns["income"], columns["amount"]).statistic > 0.3
    assert stats.chi2_contingency(stats.contingency.crosstab(columns["job"], columns["phone"]).count).pvalue < 1e-9
    late = columns["default"][columns["history"] == 3].mean()
    assert late > columns["default"][columns["history"] == 1].mean() + 0.1
    assert 0.15 < columns["default"].mean() < 0.5


@pytest.mark.parametrize("name", ["breast", "wine", "digits", "diabetes", "credit"])
def test_tables_that_come_along(name: str) -> None:
    subject = built_in(name)
    assert subject.data.observed.all()
    assert subject.target is not None
    shapes = {
        "breast": (569, 30),
        "wine": (178, 13),
        "digits": (1797, 64),
        "diabetes": (442, 10),
        "credit": (1000, 12),
    }
    assert subject.data.values.shape == shapes[name]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Workplace]:
    """Makes workplaces of one folder; only two quick methods are there."""
    quick = [entry for entry in imputers if entry.name in ("mean", "knn")]
    monkeypatch.setattr(imputers, "_entries", {entry.name: entry for entry in quick})
    for folder in ("input", "parts", "result"):
        (tmp_path / folder).mkdir()

    def make(progress: Callable[[float, str], None] = silent) -> Workplace:
        def record(series: str, values: Mapping[str, float]) -> None:
            raise AssertionError("only GAIN has live curves")

        return Workplace(tmp_path, tmp_path, torch.device("cpu"), progress, record, lambda name: None)  # type: ignore[arg-type,return-value]

    return make


CSV = "age,city,paid\n" + "\n".join(f"{20 + i % 9}.5,{'AB'[i % 2]},{i % 9 * 10 + i % 2}.25" for i in range(40))


def test_the_task_compares_a_brought_table_and_goes_on_where_it_was(place: Callable[..., Workplace]) -> None:
    fractions: list[float] = []

    def stop(fraction: float, words: str) -> None:
        if "seed 2" in words and "scores" in words:
            raise Cancelled

    (place().input / "table.csv").write_text(CSV)
    task = CompareImputers(seeds=2, target="paid")
    with pytest.raises(Cancelled):
        task.work(place(stop))
    kept = {path.name: path.stat().st_mtime_ns for path in place().parts.iterdir()}
    assert sorted(kept) == ["knn-0.json", "mean-0.json"]
    found = task.work(place(lambda fraction, words: fractions.append(fraction)))
    assert {path.name: path.stat().st_mtime_ns for path in place().parts.iterdir()}.items() >= kept.items()
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1
    assert found == json.loads(json.dumps(found))
    assert (found["rows"], found["columns"], found["target"]) == (40, 2, "paid")
    assert set(found["methods"]) == {"mean", "knn"}
    for score in ("rmse", "accuracy", "energy", "coverage"):
        mean, low, high = (found["methods"]["knn"][score][key] for key in ("mean", "low", "high"))
        assert low <= mean <= high
    assert found["winner"]["target"] in ("mean", "knn")
    assert set(found["methods"]["mean"]["columns"]) == {"age", "city"}
    lines = (place().result / "scores.csv").read_text().splitlines()
    assert lines[0] == "method,score,mean,low,high,winner"


def test_the_task_says_what_it_cannot_do(place: Callable[..., Workplace]) -> None:
    home = Path()
    assert "Bring one table" in CompareImputers().problems(home, ())[0]
    assert "not both" in CompareImputers(dataset="wine").problems(home, ("a.csv",))[0]
    assert "of their own" in CompareImputers(dataset="wine", target="x").problems(home, ())[0]
    assert not CompareImputers(dataset="wine").problems(home, ())
    with pytest.raises(ConfigError):
        from_dict(CompareImputers, {"dataset": "titanic"})
    (place().input / "table.csv").write_text(CSV)
    with pytest.raises(ValueError, match="no column called 'tax'"):
        CompareImputers(target="tax").work(place())

"""Methods against scikit-learn called directly, and what all of them must keep."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.experimental import enable_iterative_imputer
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.preprocessing import MinMaxScaler
from sklearn.tree import DecisionTreeRegressor

from gan_core.apply.tables.encoded import Encoded, imputers
from gan_core.apply.tables.methods.iterative import Iterative
from gan_core.apply.tables.methods.matrix import Layout
from gan_core.apply.tables.methods.mean import Mean
from gan_core.apply.tables.methods.neighbours import Neighbours
from gan_core.apply.tables.methods.trees import Trees
from tests.apply.tables.made_tables import fitted, numeric, related, rmse

assert enable_iterative_imputer is not None
QUICK = {"mean": Mean(), "knn": Neighbours(), "iterative": Iterative(rounds=3), "trees": Trees(rounds=2, trees=5)}


def scaled(data: Encoded, imputer: Any) -> NDArray[np.float64]:
    """What scikit-learn makes of the table on a scale of 0 to 1."""
    scaler = MinMaxScaler()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not come to its end
        return np.asarray(scaler.inverse_transform(imputer.fit_transform(scaler.fit_transform(data.values))))


def test_means_and_medians_are_those_of_scikit_learn() -> None:
    _, data = numeric()
    for of in ("mean", "median"):
        expected = SimpleImputer(strategy=of).fit_transform(data.values)
        np.testing.assert_allclose(fitted(Mean(of=of), data).fill(data), expected, rtol=1e-12)


def test_neighbours_are_those_of_scikit_learn() -> None:
    _, data = numeric(gaps=0.4)
    for k in (1, 5):
        expected = scaled(data, KNNImputer(n_neighbors=k))
        np.testing.assert_allclose(fitted(Neighbours(neighbours=k), data).fill(data), expected, rtol=1e-9)


def test_iterative_is_that_of_scikit_learn() -> None:
    _, data = numeric()
    expected = scaled(data, IterativeImputer(max_iter=10, min_value=0, max_value=1))
    np.testing.assert_allclose(fitted(Iterative(), data).fill(data), expected, rtol=1e-7)


@pytest.mark.parametrize(
    ("method", "estimator"),
    [
        (Trees(rounds=3, trees=4), ExtraTreesRegressor(4, random_state=7)),
        (Trees(rounds=3, forest="single-tree", leaf=5), DecisionTreeRegressor(min_samples_leaf=5, random_state=7)),
    ],
)
def test_trees_are_those_of_scikit_learn(method: Trees, estimator: Any) -> None:
    _, data = numeric()
    layout = Layout.of(data)  # trees split at other places where a number differs in its last bit
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = IterativeImputer(estimator, max_iter=3).fit_transform(layout.matrix(data.values))
    np.testing.assert_allclose(fitted(method, data, seed=7).fill(data), layout.cells(expected), rtol=1e-9)


def test_each_is_better_than_the_mean_where_columns_go_together() -> None:
    full, data = related(400)
    mask = full.observed & ~data.observed
    mask[:, 5] = False
    errors = {name: rmse(fitted(method, data).fill(data), full, mask) for name, method in QUICK.items()}
    assert max(errors["knn"], errors["iterative"], errors["trees"]) < 0.6 * errors["mean"]
    hidden = ~data.observed[:, 5]
    for name in ("knn", "iterative", "trees"):
        right = fitted(QUICK[name], data).fill(data)[hidden, 5] == full.values[hidden, 5]
        assert right.mean() > 0.6, name  # the most frequent one is right in 4 of 10


def test_draws_among_neighbours_cover_as_many_cells_as_they_should() -> None:
    """A bivariate normal; smallest and largest of 19 right draws hold the truth in 18 cells of 20, of 5 in 4 of 6."""
    random = np.random.default_rng(0)
    x = random.normal(size=800)
    full = np.stack([x, 0.8 * x + 0.6 * random.normal(size=800)], 1)
    hidden = full.copy()
    hidden[::2, 1] = np.nan
    made = fitted(Neighbours(), Encoded(hidden, (0, 0), (False, False), ("x", "y"))).draws(
        Encoded(hidden, (0, 0), (False, False), ("x", "y")), 19, 1
    )[:, ::2, 1]
    truth = full[::2, 1]
    assert 0.85 <= ((made.min(0) <= truth) & (truth <= made.max(0))).mean() <= 0.95


@st.composite
def tables(draw: st.DrawFn) -> Encoded:
    n, d = draw(st.integers(3, 25)), draw(st.integers(1, 5))
    random = np.random.default_rng(draw(st.integers(0, 2**31)))
    k = tuple(draw(st.sampled_from([0, 0, 2, 4])) for _ in range(d))
    whole = tuple(not categories and draw(st.booleans()) for categories in k)
    values = np.column_stack(
        [
            random.integers(0, c, n).astype(float) if c else np.rint(w_scale * random.normal(size=n)) if w else
            w_scale * random.normal(size=n)
            for c, w, w_scale in zip(k, whole, 10.0 ** random.integers(-3, 6, d), strict=True)
        ]
    )  # fmt: skip
    values[random.random((n, d)) < draw(st.sampled_from([0.0, 0.2, 0.7]))] = np.nan
    return Encoded(values, k, whole, tuple(f"x{i}" for i in range(d)))


@pytest.mark.parametrize("name", sorted(QUICK))
@given(data=tables())
@settings(max_examples=25, deadline=None)
def test_observed_cells_never_change_and_the_others_are_what_the_column_can_hold(name: str, data: Encoded) -> None:
    made = fitted(QUICK[name], data)
    for filled in (made.fill(data), *made.draws(data, 2, 1)):
        assert np.array_equal(filled[data.observed], data.values[data.observed])
        assert np.isfinite(filled).all()
        for j, k in enumerate(data.categories):
            if k:
                assert np.isin(filled[:, j], np.arange(k)).all()
            elif data.whole[j]:
                assert np.array_equal(filled[:, j], np.rint(filled[:, j]))
    for j, k in enumerate(data.categories):
        if k:
            likely = made.probabilities(data, j)
            assert likely.shape == (len(data.values), k)
            assert (likely >= 0).all()
            np.testing.assert_allclose(likely.sum(axis=1), 1, atol=1e-9)
            known = data.observed[:, j]
            assert np.array_equal(likely.argmax(axis=1)[known], data.values[known, j])


@pytest.mark.parametrize("name", sorted(QUICK))
def test_hidden_cells_tell_nothing(name: str) -> None:
    """Whatever stood in a hidden cell, the same is filled in."""
    full, data = related(60)
    mask = ~data.observed
    changed = np.where(mask, 3.0 * full.values[::-1], full.values)
    changed[:, 5] = full.values[:, 5]
    other = Encoded(changed, full.categories, full.whole, full.names).hidden(mask)
    assert np.array_equal(fitted(QUICK[name], data).fill(data), fitted(QUICK[name], other).fill(other))


@pytest.mark.parametrize("name", sorted(QUICK))
def test_the_same_seed_draws_the_same_and_another_does_not(name: str) -> None:
    _, data = related(60)
    made = fitted(QUICK[name], data)
    assert np.array_equal(made.draws(data, 2, 3), made.draws(data, 2, 3))
    assert not np.array_equal(made.draws(data, 2, 3), made.draws(data, 2, 4))
    first, second = made.draws(data, 2, 3)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("name", ["iterative", "trees"])
def test_intervals_of_draws_cover_the_truth_as_often_as_they_say(name: str) -> None:
    """Of a line with known noise: 90 % intervals from 20 draws hold the hidden number in 83 to 96 % of cases."""
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, (600, 1))
    values = np.hstack([x, 2 * x + random.normal(size=(600, 1)), random.normal(size=(600, 1))])
    full = Encoded(values, (0, 0, 0), (False, False, False), ("x", "y", "z"))
    mask = np.zeros(values.shape, np.bool_)
    mask[random.permutation(600)[:200], 1] = True
    drawn = fitted(QUICK[name], full.hidden(mask)).draws(full.hidden(mask), 20, 0)[:, mask]
    half = 1.645 * drawn.std(axis=0, ddof=1) * np.sqrt(1 + 1 / 20)
    covered = np.abs(drawn.mean(axis=0) - values[mask]) <= half
    assert 0.83 <= covered.mean() <= 0.96


@pytest.mark.parametrize("name", sorted(QUICK))
def test_new_rows_are_filled_and_a_saved_method_fills_the_same(name: str) -> None:
    full, data = related(150)
    made = fitted(QUICK[name], data.rows(np.arange(100)))
    new = data.rows(np.arange(100, 150))
    filled = made.fill(new)
    assert np.array_equal(filled[new.observed], new.values[new.observed])
    again = imputers.get(name).cls.fitted.from_state(*made.state())
    assert np.array_equal(again.fill(new), filled)
    assert np.array_equal(again.draws(new, 1, 5), made.draws(new, 1, 5))
    mask = ~new.observed
    mask[:, 5] = False
    mean = rmse(fitted(Mean(), data).fill(new), full.rows(np.arange(100, 150)), mask)
    assert name == "mean" or rmse(filled, full.rows(np.arange(100, 150)), mask) < 0.7 * mean


def test_new_rows_need_not_miss_what_the_others_missed() -> None:
    full, _ = related(100)
    gaps = np.zeros(full.values.shape, np.bool_)
    gaps[:20, 0] = True
    made = fitted(Iterative(), full.hidden(gaps))
    other = np.zeros(full.values.shape, np.bool_)
    other[:30, 2] = other[:30, 5] = True
    filled = made.fill(full.hidden(other))
    assert rmse(filled[:, 2:3], Encoded(full.values[:, 2:3], (0,), (False,), ("c",)), other[:, 2:3]) < 0.05
    assert (filled[:30, 5] == full.values[:30, 5]).mean() > 0.7


def test_a_damaged_state_is_a_sentence() -> None:
    _, data = related(30)
    state, arrays = fitted(Mean(), data).state()
    opened = imputers.get("mean").cls.fitted.from_state
    with pytest.raises(ValueError, match="incomplete"):
        opened({**state, "method": {}}, arrays)
    with pytest.raises(ValueError, match="incomplete"):
        opened(state, {})
    with pytest.raises(ValueError, match="codes"):
        opened(state, {"learned_from": arrays["learned_from"] + 0.5})
    with pytest.raises(ValueError, match="as many"):
        opened({**state, "names": ["a"]}, arrays)

"""Columns set right after training: against scipy's distances and softmax, ranks kept, gaps and whole numbers too."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special, stats

from gan_core.apply.tables.encoded import Encoded
from gan_core.apply.tables.synthetic import TableGan, measures
from gan_core.apply.tables.synthetic.calibrating import Calibration, quantiles_of, shift_of
from gan_core.apply.tables.synthetic.modes import Layout

Floats = NDArray[np.float64]


def table(n: int, seed: int, gaps: float = 0.0) -> Encoded:
    """A third of the first column is 0; the second is whole; the third a category, with a code that never occurs."""
    rng = np.random.default_rng(seed)
    first = np.where(rng.random(n) < 1 / 3, 0.0, np.exp(rng.normal(size=n)))
    values = np.stack([first, rng.integers(0, 9, n), rng.choice(3, n, p=(0.7, 0.25, 0.05))], 1).astype(float)
    values[rng.random(values.shape) < gaps] = np.nan
    return Encoded(values, (0, 0, 4), (False, True, False), ("spike", "count", "kind"))


def mapped(data: Encoded, cells: Floats) -> Floats:
    layout = Layout.of(data, 0)
    made = Calibration(torch.zeros(layout.width), *quantiles_of(cells, data.values, layout))
    return made.mapped(cells, layout, np.random.default_rng(0))


def test_numbers_get_the_distribution_of_the_table_and_keep_their_order() -> None:
    data, rng = table(2000, 0), np.random.default_rng(1)
    cells = np.stack([rng.normal(50, 3, 3000), rng.normal(-5, 1, 3000), rng.integers(0, 3, 3000)], 1)
    after = mapped(data, cells)
    for j in (0, 1):
        assert stats.ks_2samp(data.values[:, j], after[:, j]).statistic < 0.01
        order = np.argsort(cells[:, j])
        assert (np.diff(after[order, j]) >= 0).all()
    assert np.mean(after[:, 0] == 0) == pytest.approx(np.mean(data.values[:, 0] == 0), abs=0.005)
    assert set(after[:, 1]) == set(range(9))
    assert np.array_equal(after[:, 2], cells[:, 2])


def test_equal_numbers_are_spread_and_gaps_stay() -> None:
    data = table(1000, 0)
    cells = np.stack([np.repeat([1.0, 2.0], 1500), np.zeros(3000), np.zeros(3000)], 1)
    cells[::7, 0] = np.nan
    after = mapped(data, cells)
    assert np.array_equal(np.isnan(after), np.isnan(cells))
    known = ~np.isnan(cells[:, 0])
    assert stats.ks_2samp(data.values[:, 0], after[known, 0]).statistic < 0.03
    assert after[known & (cells[:, 0] == 1), 0].max() <= after[known & (cells[:, 0] == 2), 0].min() + 1e-9


@given(st.integers(0, 10**6), st.floats(0.0, 0.4))
@settings(max_examples=10, deadline=None)
def test_each_choice_is_drawn_as_often_as_it_occurs(seed: int, gaps: float) -> None:
    data = table(300, seed, gaps)
    layout = Layout.of(data, 0)
    vectors = layout.encode(data.values, np.random.default_rng(0))
    out = 3 * torch.randn(500, layout.width, generator=torch.Generator().manual_seed(seed))
    logits = (out + shift_of(out, layout, torch.from_numpy(vectors))).double().numpy()
    for _, begin, end in layout.spans:
        drawn = special.softmax(logits[:, begin:end], axis=1).mean(0)
        assert np.abs(drawn - vectors[:, begin:end].mean(0)).max() < 1e-3


def test_after_training_columns_are_right_and_pairs_are_still_the_gans() -> None:
    rng = np.random.default_rng(0)
    kind = (rng.random(400) < 0.4).astype(float)
    values = np.stack([np.where(kind == 1, rng.normal(8, 1, 400), rng.normal(0, 1, 400)), kind], 1)
    data = Encoded(values, (0, 2), (False, False), ("a", "kind"))
    shapes = {}
    for calibrate in (False, True):
        gan = TableGan(steps=150, batch=100, width=32, latent=8, lr=2e-3, pac=1, calibrate=calibrate)
        made = gan.fit(data, 0, lambda *_: None, lambda *_: None).sample(4000, 1)
        shapes[calibrate] = np.mean(list(measures.column_shapes(data, made).values()))
        assert made[made[:, 1] == 1, 0].mean() - made[made[:, 1] == 0, 0].mean() > 3  # 0 where columns are apart
    assert shapes[True] > 0.97
    assert shapes[True] > shapes[False]

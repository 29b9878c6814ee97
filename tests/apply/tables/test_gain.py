"""GAIN: its hint and losses against the paper's equations, one row worked out by hand, and what it fills."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer

from gan_core.apply import Cancelled
from gan_core.apply.tables.encoded import Encoded, Memory, imputers
from gan_core.apply.tables.gain import FittedGain, Gain
from gan_core.apply.tables.gain.features import Features
from gan_core.apply.tables.gain.losses import discriminator_loss, generator_loss, hint, reconstruction_loss
from gan_core.apply.tables.gain.networks import StackedDense
from gan_core.apply.tables.gain.residuals import Residuals
from gan_core.apply.tables.gain.training import Players

QUICK = Gain(steps=100, members=2, width=16)


def silent(*_: object) -> None:
    pass


def mixed(n: int = 120, seed: int = 0) -> Encoded:
    """Two numbers that follow one another, whole numbers, and a category that follows from the first."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    values = np.stack([a, 2 * a + 0.1 * rng.normal(size=n), rng.integers(0, 9, n), (a > 0) + (a > 1)], 1).astype(
        float
    )
    return Encoded(values, (0, 0, 0, 3), (False, False, True, False), ("a", "b", "count", "kind"))


def holes(data: Encoded, rate: float = 0.2, seed: int = 1) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).random(data.values.shape) < rate


def test_the_published_settings_are_the_defaults() -> None:
    gain = Gain()
    assert (gain.hint, gain.alpha) == (0.9, 100.0)
    assert "gain" in imputers
    assert not any("Norm" in type(m).__name__ for m in StackedDense.empty(2, 6, 8, 3).modules())


@given(st.integers(0, 2**31 - 1))
@settings(max_examples=20, deadline=None)
def test_hint_and_losses_are_the_papers(seed: int) -> None:
    """Section 4.3, equations 4 and 5, and 6 with softmax, by loops over cells in numpy float64."""
    rng = np.random.default_rng(seed)
    rows, d = 5, 4
    m, b = ((rng.random((1, rows, d)) < p).astype(float) for p in (0.6, 0.5))
    logits, x, made = (
        rng.normal(size=(1, rows, f)) for f in (d, 5, 5)
    )  # columns 0, 1, 3: numbers; 2: two categories
    x[..., 2:4] = np.eye(2)[rng.integers(0, 2, (1, rows))]
    h = np.where(b == 1, m, 0.5)
    p = 1 / (1 + np.exp(-logits))
    told, filled, squared, entropy = [], [], [], []
    for i in range(rows):
        for j in range(d):
            if b[0, i, j] == 0:
                told.append(-np.log(p[0, i, j] if m[0, i, j] else 1 - p[0, i, j]))
                if m[0, i, j] == 0:
                    filled.append(-np.log(p[0, i, j]))
            if m[0, i, j] and j == 2:
                e = np.exp(made[0, i, 2:4])
                entropy.append(-np.log((e / e.sum())[x[0, i, 2:4].argmax()]))
            elif m[0, i, j]:
                f = j if j < 2 else 4
                squared.append((x[0, i, f] - made[0, i, f]) ** 2)
    t = {key: torch.from_numpy(value) for key, value in {"m": m, "b": b, "l": logits, "x": x, "made": made}.items()}
    assert np.array_equal(hint(t["m"], t["b"]).numpy(), h)
    assert discriminator_loss(t["l"], t["m"], t["b"]).item() == pytest.approx(np.sum(told) / max(len(told), 1))
    assert generator_loss(t["l"], t["m"], t["b"]).item() == pytest.approx(np.sum(filled) / max(len(filled), 1))
    numbers, categories = reconstruction_loss(t["x"], t["made"], t["m"], torch.tensor([0, 1, 4]), ((2, 2, 4),))
    assert numbers.item() == pytest.approx(np.sum(squared) / max(len(squared), 1))
    assert categories.item() == pytest.approx(np.sum(entropy) / max(len(entropy), 1))


def test_a_tiny_case_worked_out_by_hand() -> None:
    """Two columns, one row, the second cell missing: G and D of one hidden unit a layer, by the formulas."""
    data = Encoded(np.array([[0.0, 10.0], [4.0, 30.0], [2.0, np.nan]]), (0, 0), (False, False), ("a", "b"))
    features = Features.of(data)
    assert np.allclose(features.mean, [0.5, 0.5])
    assert np.allclose(features.std, [np.sqrt(1 / 6), 0.5])
    g = StackedDense.empty(1, 4, 1, 2)
    with torch.no_grad():
        for parameter, value in zip(g.parameters(), (0.5, 2.0, 3.0, 0.1, -0.2, 0.3), strict=True):
            parameter.fill_(value)
    x = torch.from_numpy(features.encode(data.values)).float()[None, 2:]
    m, z = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[9.0, 0.4]]])
    made = Players(g, features).guess(x, m, z).detach().numpy()[0, 0]

    def silu(v: float) -> float:
        return v / (1 + np.exp(-v))

    seen = [(0.5 - 0.5) / np.sqrt(1 / 6), 0.4, 1.0, 0.0]  # x where observed, z where not; then m
    h1 = 0.5 * sum(seen) + 0.1
    h2 = 2.0 * silu(h1) - 0.2
    out = 3.0 * silu(h2) + 0.3
    assert made == pytest.approx([0.5 + np.sqrt(1 / 6) * out, 0.5 + 0.5 * out], rel=1e-5)


def test_each_member_of_a_stack_is_a_network_of_its_own() -> None:
    stack = StackedDense(3, 5, 7, 2, torch.Generator().manual_seed(0))
    x = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(1))
    for k in range(3):
        h = x[k]
        for i in range(3):
            h = (torch.nn.functional.silu(h) if i else h) @ stack.weights[i][k] + stack.biases[i][k]
        assert torch.allclose(stack(x)[k], h, atol=1e-5)


@given(st.integers(0, 2**31 - 1), st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_features_and_back(seed: int, rate: float) -> None:
    data = mixed(12, seed % 1000)
    data = data.hidden(holes(data, rate, seed))
    features = Features.of(data)
    x = features.encode(data.values)
    assert x.shape == (12, 6)
    known = data.observed
    assert np.allclose(features.decode(x)[known], data.values[known])
    assert (x[~known[:, features.column]] == 0).all()
    again = Features.from_state(*features.state())
    assert np.array_equal(again.encode(data.values), x)


def test_it_learns_what_follows_from_what_and_leaves_the_rest() -> None:
    truth = mixed(400)
    mask = holes(truth)
    mask[mask.sum(1) > 2] = False  # something to go by
    data = truth.hidden(mask)
    points: list[tuple[str, float]] = []
    fitted = Gain(steps=600, members=3).fit(data, 3, silent, lambda s, v: points.append((s, v["step"])))
    filled = fitted.fill(data)
    assert np.array_equal(filled[data.observed], data.values[data.observed])
    assert (filled[:, 2] == np.rint(filled[:, 2])).all()
    hidden = mask[:, 1] & ~mask[:, 0]
    error = np.sqrt(((filled - truth.values)[hidden, 1] ** 2).mean())
    assert error < 0.25 * truth.values[:, 1].std()
    kind = mask[:, 3] & ~mask[:, 0]
    assert (filled == truth.values)[kind, 3].mean() > 0.85
    p = fitted.probabilities(data, 3)
    assert np.allclose(p.sum(1), 1)
    assert (p[data.observed[:, 3]].max(1) == 1).all()
    assert points[0] == ("losses", 50.0)
    draws = fitted.draws(data, 5, 0)
    assert draws.shape == (5, *data.values.shape)
    assert (draws[:, data.observed] == data.values[data.observed]).all()
    assert draws[:, mask[:, 2], 2].std(0).mean() > 1  # nothing tells the count: draws must differ


def test_the_same_seed_is_the_same_fill_and_so_is_a_saved_one() -> None:
    truth = mixed()
    data = truth.hidden(holes(truth))
    torch.manual_seed(1)
    one = QUICK.fit(data, 7, silent, silent)
    torch.manual_seed(2)  # nothing draws from the global state
    two, other = QUICK.fit(data, 7, silent, silent), QUICK.fit(data, 8, silent, silent)
    assert np.array_equal(one.fill(data), two.fill(data))
    assert not np.array_equal(one.fill(data), other.fill(data))
    again = FittedGain.from_state(*one.state())
    assert np.array_equal(one.draws(data, 3, 5), again.draws(data, 3, 5))
    state, arrays = one.state()
    with pytest.raises(ValueError, match="do not fit"):
        FittedGain.from_state(state, arrays | {"generator.weights.1": np.zeros((2, 3, 3), np.float32)})
    with pytest.raises(ValueError, match="out of range"):
        FittedGain.from_state({**state, "averaged": 10**9}, arrays)


def test_what_was_hidden_never_reaches_it() -> None:
    """Other values in the hidden cells make no difference, to the bit."""
    truth = mixed()
    mask = holes(truth)
    other = Encoded(np.where(mask, truth.values + 100, truth.values), truth.categories, truth.whole, truth.names)
    fills = []
    for table in (truth, other):
        data = table.hidden(mask)
        fills.append(QUICK.fit(data, 0, silent, silent).fill(data))
    assert np.array_equal(*fills)


def test_it_can_be_stopped_and_stops_by_itself() -> None:
    def stop(fraction: float, words: str) -> None:
        raise Cancelled

    data = mixed()
    with pytest.raises(Cancelled):
        QUICK.fit(data, 0, stop, silent)
    steps: list[float] = []
    rng = np.random.default_rng(0)
    noise_only = Encoded(rng.random((40, 3)), (0, 0, 0), (False,) * 3, ("a", "b", "c"))
    Gain(steps=5000, members=1, width=32, aside=0.3, patience=100).fit(
        noise_only, 0, lambda fraction, words: steps.append(fraction), silent
    )
    assert steps[-1] < 0.5  # there is nothing to learn: the cells set aside say so early


class Kept(Memory):
    def __init__(self, state: bytes | None = None, enough: bool = False) -> None:
        self.state, self.is_enough = state, enough

    def read(self) -> bytes | None:
        return self.state

    def write(self, state: bytes) -> None:
        self.state = state

    def enough(self) -> bool:
        return self.is_enough


def test_what_was_stopped_goes_on_to_the_same_fill_and_what_is_learned_can_be_had_early() -> None:
    truth = mixed()
    data, memory, steps = truth.hidden(holes(truth)), Kept(), list[float]()

    def stop(fraction: float, words: str) -> None:
        if fraction >= 0.5:
            raise Cancelled

    def note(series: str, values: Mapping[str, float]) -> None:
        steps.append(values["step"])

    straight = QUICK.fit(data, 7, silent, silent).fill(data)
    with pytest.raises(Cancelled):
        QUICK.fit_on(data, 7, stop, silent, memory)
    assert np.array_equal(QUICK.fit_on(data, 7, silent, note, memory).fill(data), straight)
    assert set(steps) == {100.0}  # it did not begin anew
    other = Gain(steps=QUICK.steps, members=QUICK.members + 1, width=8)
    state = Kept(memory.state)  # of other networks, or damaged: it begins anew, as if nothing had been there
    assert np.array_equal(
        other.fit_on(data, 7, silent, silent, state).fill(data), other.fit(data, 7, silent, silent).fill(data)
    )
    assert np.array_equal(QUICK.fit_on(data, 7, silent, silent, Kept(b"PK nothing")).fill(data), straight)
    steps.clear()
    QUICK.fit_on(data, 7, silent, note, Kept(enough=True))
    assert set(steps) == {50.0}


@pytest.mark.parametrize("values", [[[1.0, np.nan], [1.0, np.nan]], [[np.nan], [3.0]], [[0.0, 1.0]]])
def test_tables_of_next_to_nothing(values: list[list[float]]) -> None:
    d = len(values[0])
    data = Encoded(np.array(values), (0,) * d, (False,) * d, tuple("abc"[:d]))
    fitted = Gain(steps=50, members=1, width=4).fit(data, 0, silent, silent)
    assert np.isfinite(fitted.fill(data)).all()
    assert np.isfinite(fitted.draws(data, 2, 0)).all()


def test_errors_are_drawn_from_where_guesses_are_as_high() -> None:
    guess = np.linspace(0, 1, 1000)
    residuals = Residuals.of([guess], [np.where(guess < 0.5, 0.0, 7.0)])
    made = np.array([[0.1], [0.9]]).repeat(50, 0)
    residuals.add(made, np.array([0]), np.random.default_rng(0))
    assert np.allclose(made[:50], 0.1)
    assert np.allclose(made[50:], 7.9)


def test_breast_comes_near_the_published_error() -> None:
    """UCI breast, 20% at random: at most 0.070 on the scale of 0 to 1, also in a third of the steps."""
    values = load_breast_cancer().data.astype(float)
    d = values.shape[1]
    truth = Encoded(values, (0,) * d, (False,) * d, tuple(f"c{i}" for i in range(d)))
    mask = holes(truth)
    filled = Gain(steps=350, members=4).fit(truth.hidden(mask), 0, silent, silent).fill(truth.hidden(mask))
    span = truth.high - truth.low
    assert np.sqrt((((filled - values) / span)[mask] ** 2).mean()) < 0.070

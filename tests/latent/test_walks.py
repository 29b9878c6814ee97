"""Ways between latents against independent formulas, and scipy's splines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.interpolate import CubicSpline
from scipy.linalg import expm, logm

from gan_core.latent.walks import EASINGS, WAYS, Timeline, Walk, lerp, slerp, spline

Latents = arrays(np.float64, 5, elements=st.floats(-3, 3, allow_subnormal=False))
Shares = st.floats(0, 1)


def drawn(count: int, dim: int = 6, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dim))


def turned(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    """a's direction carried the share t of the way by the rotation that takes it to b's, as a matrix power.

    The smallest rotation that takes unit u to unit v is R = I + K + K K / (1 + u.v) with K = v u' - u v'.
    """
    u, v = a / np.linalg.norm(a), b / np.linalg.norm(b)
    k = np.outer(v, u) - np.outer(u, v)
    rotation = np.eye(len(u)) + k + k @ k / (1 + u @ v)
    norm = (1 - t) * np.linalg.norm(a) + t * np.linalg.norm(b)
    return norm * np.real(expm(t * logm(rotation))) @ u


@pytest.mark.parametrize("t", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_slerp_is_a_rotation_at_a_constant_rate(t: float) -> None:
    for seed in range(5):
        a, b = drawn(2, seed=seed) * np.array([[1.0], [2.5]])
        np.testing.assert_allclose(slerp(a, b, t), turned(a, b, t), atol=1e-9)


@given(Latents, Latents, Shares)
def test_lerp_is_the_straight_line(a: np.ndarray, b: np.ndarray, t: float) -> None:
    np.testing.assert_allclose(lerp(a, b, t), a + t * (b - a), atol=1e-12)


@given(Latents, Latents)
def test_both_hit_their_ends_exactly(a: np.ndarray, b: np.ndarray) -> None:
    for way in (lerp, slerp):
        np.testing.assert_array_equal(way(a, b, np.array([0.0, 1.0])), np.stack([a, b]))


@given(Latents, Latents, Shares)
def test_slerp_between_equal_norms_keeps_the_norm(a: np.ndarray, b: np.ndarray, t: float) -> None:
    assume(min(np.linalg.norm(a), np.linalg.norm(b)) > 0.01)
    a, b = a / np.linalg.norm(a) * 4, b / np.linalg.norm(b) * 4
    assume(np.linalg.norm(a + b) > 0.01)  # opposite ends have no arc between them
    assert np.linalg.norm(slerp(a, b, t)) == pytest.approx(4, rel=1e-7)


def test_slerp_is_lerp_where_there_is_no_arc() -> None:
    a = drawn(1)[0]
    for b in (2 * a, -a, -3 * a, np.zeros_like(a), a * (1 + 1e-12)):
        np.testing.assert_array_equal(slerp(a, b, 0.3), lerp(a, b, 0.3))


@given(Latents, st.floats(1e-5, 1e-3), Shares)
def test_slerp_passes_over_into_lerp_without_a_jump(a: np.ndarray, angle: float, t: float) -> None:
    """On both sides of the angle below which it falls back, the two agree to second order in the angle."""
    assume(np.linalg.norm(a) > 0.1)
    aside = np.roll(a, 1) - a * (np.roll(a, 1) @ a) / (a @ a)
    assume(np.linalg.norm(aside) > 0.1)
    b = np.cos(angle) * a + np.sin(angle) * np.linalg.norm(a) * aside / np.linalg.norm(aside)
    assert np.linalg.norm(slerp(a, b, t) - lerp(a, b, t)) <= np.linalg.norm(a) * angle**2


def test_shares_of_any_shape() -> None:
    a, b = drawn(2)
    t = np.array([[0.1, 0.4, 0.5], [0.6, 0.7, 0.9]])
    for way in (lerp, slerp):
        made = way(a, b, t)
        assert made.shape == (2, 3, 6)
        np.testing.assert_allclose(made[1, 2], way(a, b, 0.9))


@pytest.mark.parametrize("count", [2, 3, 4, 9, 64])
def test_natural_spline_is_scipys(count: int) -> None:
    times = np.cumsum(np.random.default_rng(count).uniform(0.02, 5, count))
    values = drawn(count, seed=count)
    ours, theirs = spline(times, values), CubicSpline(times, values, bc_type="natural")
    for t in np.linspace(times[0], times[-1], 101):
        np.testing.assert_allclose(ours(t), theirs(t), atol=1e-8)


@pytest.mark.parametrize("count", [2, 3, 4, 9, 64])
def test_periodic_spline_is_scipys(count: int) -> None:
    times = np.cumsum(np.random.default_rng(count).uniform(0.02, 5, count + 1))
    values = drawn(count, seed=count)
    closed = np.concatenate([values, values[:1]])
    ours, theirs = spline(times, closed, periodic=True), CubicSpline(times, closed, bc_type="periodic")
    for t in np.linspace(times[0], times[-1], 101):
        np.testing.assert_allclose(ours(t), theirs(t), atol=1e-8)


def test_a_spline_needs_increasing_times() -> None:
    for times in ([0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0, 2.0]):
        with pytest.raises(ValueError, match="increasing times"):
            spline(times, drawn(2)[: len(times)])


def test_easings_start_at_0_and_end_at_1_and_never_turn_back() -> None:
    shares = np.linspace(0, 1, 201)
    for name, ease in EASINGS.items():
        eased = np.array([ease(float(u)) for u in shares])
        assert (eased[0], eased[-1]) == (0.0, 1.0), name
        assert (np.diff(eased) >= 0).all(), name
    half = {name: ease(0.5) for name, ease in EASINGS.items()}
    assert half == {"linear": 0.5, "ease-in": 0.125, "ease-out": 0.875, "ease-in-out": 0.5, "hold": 0.0}


def test_ease_in_out_rests_at_both_ends() -> None:
    ease = EASINGS["ease-in-out"]
    assert ease(1e-4) < 1e-7
    assert 1 - ease(1 - 1e-4) < 1e-7


def timeline(count: int, *, loop: bool = False, easing: str = "linear") -> Timeline:
    seconds = np.random.default_rng(count).uniform(0.1, 2, count)
    return Timeline(tuple(seconds), (easing,) * count, loop)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("easing", EASINGS)
def test_every_key_is_hit_at_its_time(way: str, loop: bool, easing: str) -> None:
    values, line = drawn(5), timeline(5, loop=loop, easing=easing)
    walk, reached = Walk(values, line, way), 0.0
    for value, seconds in zip(values, line.seconds, strict=True):
        np.testing.assert_allclose(walk.at(reached), value, atol=1e-9)
        reached += seconds
    assert line.total == pytest.approx(reached if loop else reached - line.seconds[-1])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("easing", [name for name in EASINGS if name != "hold"])
def test_a_loop_is_continuous_also_where_it_closes(way: str, easing: str) -> None:
    walk = Walk(drawn(4), timeline(4, loop=True, easing=easing), way)
    total = walk.timeline.total
    times = np.linspace(0, 2 * total, 4001)
    path = np.stack([walk.at(float(t)) for t in times])
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).max() < 40 * total / 4000 / min(walk.timeline.seconds)
    np.testing.assert_allclose(path[:2000], path[2000:4000], atol=1e-9)


def test_a_spline_loop_has_no_corner_where_it_closes() -> None:
    walk, step = Walk(drawn(4), timeline(4, loop=True), "spline"), 1e-5
    for key in walk.timeline.knots:
        before = (walk.at(key) - walk.at(key - step)) / step
        after = (walk.at(key + step) - walk.at(key)) / step
        np.testing.assert_allclose(before, after, atol=1e-2)


def test_before_the_start_and_after_the_end_a_path_rests() -> None:
    values = drawn(3)
    walk = Walk(values, timeline(3), "slerp")
    np.testing.assert_array_equal(walk.at(-5), values[0])
    np.testing.assert_array_equal(walk.at(1e6), values[2])


def test_hold_jumps_at_the_next_key() -> None:
    values = drawn(2)
    walk = Walk(values, Timeline((1.0, 1.0), ("hold", "hold")), "lerp")
    np.testing.assert_array_equal(walk.at(0.999), values[0])
    np.testing.assert_array_equal(walk.at(1.0), values[1])


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_one_key_is_a_path_too(way: str, loop: bool) -> None:
    walk = Walk(drawn(1), Timeline((2.0,), ("linear",), loop), way)
    for t in (-1.0, 0.0, 0.7, 5.0):
        np.testing.assert_allclose(walk.at(t), drawn(1)[0])


def test_segments_take_their_own_time_and_pace() -> None:
    values = drawn(3)
    walk = Walk(values, Timeline((2.0, 0.5, 9.0), ("ease-in", "linear", "hold")), "lerp")
    np.testing.assert_allclose(walk.at(1.0), lerp(values[0], values[1], 0.125))
    np.testing.assert_allclose(walk.at(2.25), lerp(values[1], values[2], 0.5))


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(ValueError, match='way is "bezier"; it must be one of lerp, slerp, spline'):
        Walk(drawn(2), timeline(2), "bezier")

"""Poisson blending against a dense solve, biharmonic filling and SSIM against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity
from skimage.restoration import inpaint_biharmonic

from gan_core.apply.completion.observation import KnownPixels, LowResolution, border_weights, low_resolution
from gan_core.apply.completion.scores import score, ssim
from gan_core.apply.completion.solving import PoissonBlending, biharmonic


def dense_poisson(known: np.ndarray, guide: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Pixel by pixel as the equation reads, solved by numpy in float64."""
    places = [tuple(place) for place in np.argwhere(hidden)]
    matrix = np.zeros((len(places), len(places)))
    right = np.zeros((len(places), known.shape[2]))
    for row, (y, x) in enumerate(places):
        for q in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if not (0 <= q[0] < hidden.shape[0] and 0 <= q[1] < hidden.shape[1]):
                continue
            matrix[row, row] += 1
            right[row] += guide[y, x] - guide[q]
            if hidden[q]:
                matrix[row, places.index(q)] -= 1
            else:
                right[row] += known[q]
    out = known.astype(np.float64)
    out[hidden] = np.linalg.solve(matrix, right)
    return out


@st.composite
def pictures_with_holes(draw: st.DrawFn, least: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture, another one, and a mask that hides something and not everything."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size, channels = draw(st.integers(least, 12)), draw(st.sampled_from((1, 3)))
    shape = (size, size, channels)
    hidden = rng.random((size, size)) < draw(st.floats(0.05, 0.95))
    hidden[tuple(rng.integers(0, size, 2))] = True
    if hidden.all():
        hidden[tuple(rng.integers(0, size, 2))] = False
    if not hidden.any():
        hidden[0, 0] = True
    return rng.integers(0, 256, shape, np.uint8), rng.integers(0, 256, shape, np.uint8), hidden


@settings(max_examples=60)
@given(pictures_with_holes())
def test_poisson_blending_is_the_dense_solution(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    known, other, hidden = case
    guide = other.astype(np.float64)
    solved = PoissonBlending(hidden).blend(known, guide)
    np.testing.assert_allclose(solved, dense_poisson(known, guide, hidden), atol=1e-6)


@settings(max_examples=60)
@given(pictures_with_holes())
def test_what_is_known_stays_to_the_last_bit(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    known, other, hidden = case
    for blend in (True, False):
        filled = KnownPixels(known, hidden).complete(other, blend=blend)
        assert filled.dtype == np.uint8
        np.testing.assert_array_equal(filled[~hidden], known[~hidden])
        if not blend:
            np.testing.assert_array_equal(filled[hidden], other[hidden])


def test_blending_moves_a_constant_away() -> None:
    """A guide that is the truth and 40 levels: its gradients are the truth's, so the truth is found."""
    rng = np.random.default_rng(0)
    truth = rng.integers(60, 180, (20, 20, 3), np.uint8)
    hidden = np.zeros((20, 20), bool)
    hidden[5:14, 3:17] = True
    damaged = np.where(hidden[..., None], np.uint8(7), truth)
    filled = KnownPixels(damaged, hidden).complete((truth + 40).astype(np.uint8), blend=True)
    np.testing.assert_array_equal(filled, truth)


@settings(max_examples=40)
@given(pictures_with_holes(least=6))
def test_biharmonic_filling_is_that_of_scikit_image(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    known, _, hidden = case
    if np.count_nonzero(~hidden) < 4:  # both are at the mercy of rounding there
        return
    theirs = 255.0 * inpaint_biharmonic(known / 255.0, hidden, channel_axis=-1)
    np.testing.assert_allclose(biharmonic(known, hidden), theirs, atol=1e-4)


def test_similarity_is_that_of_scikit_image() -> None:
    rng = np.random.default_rng(1)
    for shape in ((28, 28, 1), (64, 64, 3)):
        a = rng.integers(0, 256, shape, np.uint8)
        b = np.clip(a + rng.normal(0, 40, shape), 0, 255).astype(np.uint8)
        theirs = structural_similarity(
            a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=-1
        )
        assert ssim(a, b) == pytest.approx(theirs, abs=1e-6)
        assert ssim(a, a) == pytest.approx(1.0)


def test_scores_are_of_the_hole() -> None:
    truth = np.zeros((28, 28, 1), np.uint8)
    hidden = np.zeros((28, 28), bool)
    hidden[:7] = True
    off = truth.copy()
    off[:7] = 10
    off[20:] = 255  # what lies outside does not count
    found = score(off, truth, hidden)
    assert found.l1 == 10.0
    assert found.psnr == pytest.approx(20 * np.log10(255 / 10))
    assert score(truth, truth, hidden).psnr == 99.0


def test_known_pixels_count_by_how_near_the_hole_is() -> None:
    hidden = np.zeros((28, 28), bool)
    hidden[10:18, 10:18] = True
    weights = border_weights(hidden)
    assert weights[12, 12] == 0.0
    assert weights[9, 13] == pytest.approx(0.2 + 3 * 7 / 49)  # three rows of seven hidden pixels in its window
    assert weights[0, 0] == pytest.approx(0.2)
    assert (weights[~hidden] > 0).all()


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from((2, 4, 7)), st.sampled_from((1, 3)))
def test_detail_is_made_up_so_that_the_low_resolution_is_right(seed: int, factor: int, channels: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (28, 28, channels), np.uint8)
    other = rng.integers(0, 256, (28, 28, channels), np.uint8)
    filled = LowResolution(picture, factor).complete(other, blend=True)
    assert np.abs(low_resolution(filled, factor) - low_resolution(picture, factor)).max() <= 0.51  # of rounding

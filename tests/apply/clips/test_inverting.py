"""Latents followed from frame to frame, and smoothed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d

from gan_core.apply.clips.inverting import Follower, first_frame, smoothed
from gan_core.apply.editing.edits import Start
from gan_core.data.sets.shapes import render
from gan_core.latent import Explorable
from gan_core.latent.survey import survey


def test_a_frame_is_nearer_from_the_one_before_than_from_anywhere(shapes: Explorable) -> None:
    steps = np.arange(4, dtype=np.float32)
    factors = {
        "shape": np.full(4, 1), "hue": 0.1 + 0.01 * steps, "size": np.full(4, 0.36, np.float32),
        "x": 0.45 + 0.01 * steps, "y": np.full(4, 0.5, np.float32), "rotation": 2 * steps,
    }  # fmt: skip
    frames = render(factors, 32).permute(0, 2, 3, 1).numpy()
    start = Start(iterations=40, restarts=2)
    place = first_frame(shapes, frames[0], start).place
    assert place is not None
    follower = Follower(place, start, 12, 0.02)
    anywhere = survey(shapes, 3, 5, None).points("ws")
    before, warm, cold = place.point, [], []
    for frame, other in zip(frames[1:], anywhere, strict=True):
        found = follower.follow(before, frame)
        assert torch.equal(found.point, follower.follow(before, frame).point)
        before = found.point
        warm.append(found.error)
        cold.append(follower.follow(other, frame).error)
    assert np.mean(warm) < 0.5 * np.mean(cold)


def test_smoothing_is_a_gaussian_that_keeps_a_steady_movement() -> None:
    rng = np.random.default_rng(0)
    steady = (np.arange(20)[:, None] * np.array([0.3, -1.0]) + 4).astype(np.float32)
    np.testing.assert_allclose(smoothed(steady, 2.0), steady, atol=1e-5)
    rough = rng.standard_normal((40, 3)).astype(np.float32)
    expected = gaussian_filter1d(rough.astype(np.float64), 1.5, axis=0, radius=5)
    np.testing.assert_allclose(smoothed(rough, 1.5)[5:-5], expected[5:-5], atol=1e-5)
    np.testing.assert_array_equal(smoothed(rough, 0.0), rough)
    for count in (1, 2, 3):
        assert smoothed(rough[:count], 3.0).shape == (count, 3)


@pytest.mark.parametrize("cut", [1, 7, 19])
def test_no_mean_goes_across_a_cut(cut: int) -> None:
    jump = np.where(np.arange(20) < cut, 0.0, 100.0)[:, None].astype(np.float32)
    np.testing.assert_array_equal(smoothed(jump, 2.0, (cut,)), jump)
    assert (smoothed(jump, 2.0) != jump).any()

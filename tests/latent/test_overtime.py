"""The same path at several checkpoints: each opened once, each frame the picture of that moment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_core.latent import check_look, render
from gan_core.latent.overtime import same_path, spread
from tests.pictures import assert_same_picture


def checkpoints(model, steps):
    """As if trained on: the same network with all weights a little further each time."""
    found = {}
    for i, step in enumerate(steps):
        state = model.generator.state_dict()
        state = {k: v.clone() + (0.02 * i if v.is_floating_point() else 0) for k, v in state.items()}
        torch.manual_seed(0)
        other = model.config.generator.build(model.shape, model.dim, len(model.classes))
        other.load_state_dict(state)
        found[step] = replace(model, generator=other, step=step, images=step * 64)
    return found


def path(*seeds, **more):
    keys = [{"where": {"seed": seed}, "seconds": 1.0} for seed in seeds]
    return {"where": {"path": {"keys": keys, "way": "slerp", "loop": False, **more}, "at": 0}}


def test_every_checkpoint_draws_the_same_moments(dcgan_model):
    models, opened, heard = checkpoints(dcgan_model, [10, 20, 30]), [], []

    def open_at(step):
        opened.append(step)
        return models[step]

    look = path(1, 2, 3)
    found = list(same_path(open_at, [10, 20, 30], look, 40, lambda fraction, words: heard.append(fraction)))
    assert opened == [10, 20, 30]
    assert [at.step for at in found] == [10, 20, 30]
    assert [at.images for at in found] == [640, 1280, 1920]
    assert heard == sorted(heard)
    assert heard[0] == 0.0
    assert 0.9 < heard[-1] < 1.0
    for at in found:
        assert at.frames.shape == (40, 28, 28, 1)
        model = models[at.step]
        ends = render(model, [check_look(model, {"where": {"seed": seed}}) for seed in (1, 3)])
        assert_same_picture(at.frames[[0, -1]], ends)
        moment = {"where": {**look["where"], "at": 2.0 * 13 / 39}}
        (wanted,) = render(model, [check_look(model, moment)])
        assert_same_picture(at.frames[13], wanted)
    assert np.abs(found[0].frames.astype(int) - found[2].frames.astype(int)).max() > 3


def test_a_loop_leaves_out_the_end_that_is_its_start(dcgan_model):
    (found,) = same_path(lambda step: dcgan_model, [100], path(1, 2, loop=True), 20)
    wanted = render(dcgan_model, [check_look(dcgan_model, {"where": {"seed": seed}}) for seed in (1, 2)])
    assert_same_picture(found.frames[[0, 10]], wanted)
    assert (found.frames[-1] != found.frames[0]).any()


def test_only_a_path_has_a_course(dcgan_model):
    with pytest.raises(ValueError, match="must be one"):
        list(same_path(lambda step: dcgan_model, [1], {"where": {"seed": 1}}, 4))


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=60), st.integers(1, 8))
def test_spread_keeps_the_ends(steps, most):
    known = sorted(set(steps))
    chosen = spread(steps, most)
    assert len(chosen) == min(most, len(known))
    assert chosen == sorted(set(chosen))
    assert set(chosen) <= set(known)
    assert chosen[-1] == known[-1]
    if most > 1:
        assert chosen[0] == known[0]


@pytest.mark.parametrize("steps", [range(100, 20_001, 100), [round(1.3**k) for k in range(8, 50)]])
def test_spread_goes_evenly_in_times_not_in_steps(steps):
    chosen = np.array(spread(steps, 8))
    ratios = chosen[1:] / chosen[:-1]
    even = (chosen[-1] / chosen[0]) ** (1 / 7)
    assert even / 2 < ratios.min() <= ratios.max() < 2 * even

"""The same latents from any run, against the run's own kept grids and generator."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from gan_core.config.codec import replace_at
from gan_core.nets.base import ImageShape
from gan_core.runs import RunManager
from gan_core.runs.catalog.redraw import redraw
from gan_core.training import RunConfig, preset
from gan_core.training.build import draw_latents
from gan_core.training.seeds import stream_generator
from tests.conftest import shortened
from tests.runs.helpers import until_state


def trained(manager: RunManager, config: RunConfig) -> str:
    run = manager.start(config)
    until_state(manager, run, "finished")
    return run


def pixels(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image).astype(int)


@pytest.fixture
def config(tiny: RunConfig) -> RunConfig:
    return replace_at(shortened(replace(tiny, precision="float32"), steps=16), "record.grid_growth", 0.0)


def test_with_its_own_seed_a_run_shows_what_it_kept(manager: RunManager, config: RunConfig) -> None:
    run = trained(manager, config)
    step = manager.view(run).checkpoints[-1]
    drawn, kept = redraw(manager, run, step, config.seed), manager.grid(run, step)
    assert (drawn.columns, drawn.rows, drawn.size, drawn.step) == (kept.columns, kept.rows, kept.size, step)
    assert (
        np.abs(pixels(drawn.png) - pixels(kept.png)).max() <= 1
    )  # of 256 grey levels: another batch may round otherwise
    assert np.isnan(drawn.scores).all()


def test_two_runs_of_other_seeds_get_the_same_latents(manager: RunManager, config: RunConfig) -> None:
    one, other = trained(manager, config), trained(manager, replace(config, seed=7))
    z = draw_latents(config.latent, 64, stream_generator(11, "grid", torch.device("cpu")))
    for run in (one, other):
        step = manager.view(run).checkpoints[-1]
        net = config.generator.build(ImageShape(1, 28), config.latent.dim, 0).eval()
        net.load_state_dict(load_file(manager.checkpoint_generator(run, step)))
        with torch.no_grad():
            wanted = ((net(z, None)[:, 0] + 1) * 127.5).round().clamp(0, 255).numpy().astype(int)
        found = pixels(redraw(manager, run, step, 11).png).reshape(8, 28, 8, 28).swapaxes(1, 2).reshape(64, 28, 28)
        assert np.abs(found - wanted).max() <= 1
    steps = [manager.view(run).checkpoints[-1] for run in (one, other)]
    assert redraw(manager, one, steps[0], 11).png != redraw(manager, other, steps[1], 11).png


def test_what_cannot_be_drawn_is_said_in_a_sentence(manager: RunManager, config: RunConfig) -> None:
    run = trained(manager, config)
    step = manager.view(run).checkpoints[-1]
    with pytest.raises(ValueError, match="no checkpoint at step 5"):
        redraw(manager, run, 5, 1)
    with pytest.raises(ValueError, match="seed is -1"):
        redraw(manager, run, step, -1)
    path = manager.checkpoint_generator(run, step)
    path.write_bytes(path.read_bytes()[:-4] + b"\x00\x00\x80\x3f")
    with pytest.raises(ValueError, match="damaged or gone"):
        redraw(manager, run, step, 1)


def test_a_run_of_points_has_its_kept_moments_only(manager: RunManager) -> None:
    run = trained(manager, shortened(preset("ring").config, steps=10, every=5))
    with pytest.raises(ValueError, match="points in the plane"):
        redraw(manager, run, manager.view(run).checkpoints[-1], 1)

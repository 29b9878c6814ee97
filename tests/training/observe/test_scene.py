"""What is seen of a run of points, against numpy from the weights alone; and what is sent of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_core.training import PRESETS, RunConfig, Trainer, state_digest
from gan_core.training.configuration.run_config import Latent
from gan_core.training.observe.scene import (
    MOST_NETWORK_NUMBERS,
    Scene,
    decode_scene,
    encode_arrays,
    encode_scene,
    latent_lattice,
)

RING = replace(PRESETS["ring"].config, precision="float32")


def trained(config: RunConfig, tmp_path: Path, steps: int = 5) -> Trainer:
    trainer = Trainer(config, config.data.load(1, tmp_path), torch.device("cpu"))
    for _ in range(steps):
        trainer.step()
    return trainer


def scene_of(trainer: Trainer) -> Scene:
    scene = trainer.grid()
    assert isinstance(scene, Scene)
    return scene


def forward(networks: dict[str, np.ndarray], player: str, x: np.ndarray) -> np.ndarray:
    """A ReLU network in float64, from the scene's weights."""
    count = sum(name.startswith(player) and name.endswith("weight") for name in networks)
    for i in range(count):
        x = x @ networks[f"{player}{i}.weight"].astype(float).T + networks[f"{player}{i}.bias"].astype(float)
        x = np.maximum(x, 0) if i < count - 1 else x
    return x


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_the_scene_is_what_the_weights_say(tmp_path: Path) -> None:
    trainer = trained(RING, tmp_path)
    scene = scene_of(trainer)
    score = lambda points: sigmoid(forward(scene.networks, "d", points))[:, 0]  # noqa: E731
    np.testing.assert_allclose(scene.scores, score(scene.fakes.astype(float)), atol=1e-5)
    x0, x1, y0, y1 = trainer.config.data.extent  # type: ignore[attr-defined]
    xs = x0 + (np.arange(64) + 0.5) * (x1 - x0) / 64
    ys = y0 + (np.arange(64) + 0.5) * (y1 - y0) / 64
    cells = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)  # rows of one y, lowest first
    np.testing.assert_allclose(scene.heat.ravel(), score(cells), atol=1e-5)
    widths = (x1 - x0) / 64 * 1.3 ** np.arange(1, 14)  # of the cells around, from the extent outwards
    out = np.cumsum(widths) - widths / 2
    xs, ys = (np.concatenate((low - out[::-1], fine, high + out)) for low, fine, high in ((x0, xs, x1), (y0, ys, y1)))
    around = np.stack(np.meshgrid(xs, ys), axis=-1)
    inside = (np.abs(around - np.array(((x0 + x1) / 2, (y0 + y1) / 2))) < (x1 - x0) / 2).all(-1)
    np.testing.assert_allclose(scene.margin, score(around[~inside]), atol=1e-5)
    assert x1 + widths.sum() > 2.4 * (x1 - x0)  # as far as a stage twice as wide as it is high shows when zoomed out
    lattice = latent_lattice(trainer.config.latent).numpy().astype(float)
    np.testing.assert_allclose(
        scene.manifold.reshape(-1, 2), forward(scene.networks, "g", lattice), atol=1e-5, rtol=1e-4
    )


def test_arrows_lead_down_the_generators_loss_of_each_point(tmp_path: Path) -> None:
    scene = scene_of(trained(RING, tmp_path))
    points, h = scene.fakes[:50].astype(float), 1e-7  # hardly ever across a bend
    loss = lambda p: np.log1p(np.exp(-forward(scene.networks, "d", p)[:, 0]))  # noqa: E731  # -log D
    steps = [np.array(((h, 0.0),)), np.array(((0.0, h),))]
    slope = np.stack([(loss(points + s) - loss(points - s)) / (2 * h) for s in steps], axis=1)
    np.testing.assert_allclose(scene.arrows[:50], -slope, atol=2e-4)


def test_looking_changes_nothing(tmp_path: Path) -> None:
    one, other = trained(RING, tmp_path, 3), trained(RING, tmp_path, 3)
    scene_of(one)
    for trainer in (one, other):
        trainer.step()
    assert state_digest(one.state()) == state_digest(other.state())


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize(("dim", "shape"), [(1, (1, 201, 2)), (2, (21, 21, 2)), (3, (0, 0, 2)), (64, (0, 0, 2))])
def test_the_manifold_is_there_for_one_and_two_dimensions(
    dim: int, shape: tuple[int, ...], distribution: str, tmp_path: Path
) -> None:
    scene = scene_of(trained(replace(RING, latent=Latent(dim, distribution)), tmp_path, 1))
    assert scene.manifold.shape == shape
    assert scene.fakes.shape == (2000, 2)


def test_half_of_a_normal_latent_lies_inside_the_middle_half_of_the_lattice() -> None:
    lattice = latent_lattice(Latent(1, "normal")).numpy()[:, 0]
    draws = np.random.default_rng(0).standard_normal(100_000)
    inside = (draws > lattice[50]) & (draws < lattice[150])  # the middle 100 of 200 gaps
    assert abs(inside.mean() - 0.99 / 2) < 0.01


def test_large_networks_are_not_sent(tmp_path: Path) -> None:
    config = replace(RING, generator=replace(RING.generator, hidden="512,512"))  # type: ignore[type-var]
    scene = scene_of(trained(config, tmp_path, 1))
    assert MOST_NETWORK_NUMBERS < 512 * 512
    assert scene.networks == {}


@pytest.mark.parametrize("name", ["both", "discriminator", "generator"])
def test_one_sided_steps_leave_the_other_as_it_is(name: str, tmp_path: Path) -> None:
    trainer = trained(RING, tmp_path, 2)
    before = [[w.detach().clone() for w in ws] for ws in (trainer.g_weights, trainer.d_weights)]
    trainer.step(name)  # type: ignore[arg-type]
    moved = [
        any(not torch.equal(a, b) for a, b in zip(was, now, strict=True))
        for was, now in zip(before, (trainer.g_weights, trainer.d_weights), strict=True)
    ]
    assert moved == [name != "discriminator", name != "generator"]
    values = trainer.point()
    assert all(np.isfinite(values[k]) for k in ("d_loss", "g_loss", "d_real", "g_grad_norm"))


@given(
    count=st.integers(0, 40), manifold=st.sampled_from([(0, 0, 2), (1, 201, 2), (21, 21, 2)]),
    units=st.integers(1, 9), seed=st.integers(0, 99),
)  # fmt: skip
def test_a_scene_survives_its_bytes(count: int, manifold: tuple[int, ...], units: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    draw = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    scene = Scene(
        draw(count, 2), draw(count), draw(count, 2), draw(64, 64), draw(*manifold), {"g0.weight": draw(units, 3)}
    )
    data = encode_scene(scene)
    length = int.from_bytes(data[:4], "little")
    assert (4 + length) % 8 == 0
    again = decode_scene(data)
    np.testing.assert_array_equal(again.fakes, scene.fakes)
    np.testing.assert_array_equal(again.manifold, scene.manifold)
    for name in ("scores", "arrows", "heat"):
        np.testing.assert_allclose(getattr(again, name), getattr(scene, name), rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(again.networks["g0.weight"], scene.networks["g0.weight"], rtol=1e-3, atol=1e-6)


@given(data=st.binary(max_size=200))
def test_other_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a scene"):
        decode_scene(data)


def test_a_scene_of_an_earlier_version_has_no_margin_and_is_read(tmp_path: Path) -> None:
    scene = scene_of(trained(RING, tmp_path))
    arrays = {name: getattr(scene, name).astype("<f4") for name in ("fakes", "manifold", "scores", "arrows", "heat")}
    old = decode_scene(encode_arrays({**arrays, **scene.networks}))
    assert old.margin.size == 0
    assert set(old.networks) == set(scene.networks)
    np.testing.assert_array_equal(old.heat, scene.heat)
    assert decode_scene(encode_scene(old)).margin.size == 0

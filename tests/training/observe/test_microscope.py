"""A step under the microscope: the same step to the last bit, and its numbers against numpy in float64."""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_core.config.codec import replace_at
from gan_core.objectives import losses, penalties
from gan_core.objectives.base import Loss
from gan_core.training import PRESETS, RunConfig, Trainer, state_digest
from gan_core.training.observe.microscope import MOST_POINTS, StepTrace, dissect, encode_dissection, spell
from gan_core.training.observe.scene import HEAT, Scene
from gan_core.training.trainer import Players
from tests.training.made_data import random_data_like

CPU = torch.device("cpu")
CASES: dict[str, dict[str, Any]] = {
    **{f"loss {entry.name}": {"loss": entry.name} for entry in losses},
    **{f"penalty {entry.name}": {"penalty": entry.name} for entry in penalties},
    "lazy": {"penalty": "r1", "penalty.interval": 4},
    "smoothed": {"loss": "non-saturating", "loss.label_smoothing": 0.1},
    "three of D": {"k_d": 3},
    "noisy": {"instance_noise.sigma": 0.3, "loss": "relativistic"},
    "packed": {"pack": 2},
    "batch norm": {"generator.norm": "batch", "discriminator.norm": "batch"},
    "spectral norm": {"discriminator.spectral_norm": True},
    "averaged": {"ema.half_life_images": 1000},
}


def ring(**changes: Any) -> RunConfig:
    """The ring with small networks and batches; `changes`: dotted path -> value."""
    config = replace(PRESETS["ring"].config, batch_size=32, total_images=100_000)
    base = {"generator.hidden": "16,16", "discriminator.hidden": "16,16", "k_d": 1, "pack": 1,
            "loss": "non-saturating", "penalty": "none", "precision": "float32", "backend": "dense"}  # fmt: skip
    for path, value in {**base, **changes}.items():
        config = replace_at(config, path, value)
    return config


def trainer_of(config: RunConfig, tmp_path: Path, steps: int = 4) -> Trainer:
    made = Trainer(config, random_data_like(config, tmp_path, 200), CPU)
    for _ in range(steps):
        made.step()
    return made


@pytest.mark.parametrize("name", list(CASES))
def test_it_is_the_same_step(name: str, tmp_path: Path) -> None:
    config = ring(**CASES[name])
    plain, watched = (trainer_of(config, tmp_path) for _ in range(2))
    for players in ("both", "discriminator", "generator", "both"):
        plain.step(players)
        found = dissect(watched, players)
        assert state_digest(watched.state()) == state_digest(plain.state())
        assert (found.d is None, found.g is None) == (players == "generator", players == "discriminator")
    assert state_digest(watched.point()) == state_digest(plain.point())


def in_numpy(formula: str, real: np.ndarray, fake: np.ndarray) -> float:
    """A summand as it is written, worked out in float64 with the scores of real and generated images."""
    factor, mean, inner = formula.partition("mean ")
    assert mean, formula
    words = inner.replace("D(G(z))", "fake").replace("D(x)", "real").replace("−", "-").replace("²", "**2")
    words = re.sub(r"log (real|fake)", r"log(\1)", words)
    names = {"log": np.log, "exp": np.exp, "max": np.maximum, "real": real, "fake": fake}
    return _factor(factor) * float(np.mean(eval(words, {"__builtins__": {}}, names)))


def _factor(words: str) -> float:
    words = words.strip().replace("−", "-").replace("½", "0.5")
    return {"": 1.0, "-": -1.0}.get(words) or float(words)


@pytest.mark.parametrize("name", [n for n in CASES if n != "packed"])
def test_the_formula_with_its_numbers_is_the_loss(name: str, tmp_path: Path) -> None:
    config = ring(**CASES[name])
    trainer = trainer_of(config, tmp_path)
    trainer.window.clear()
    found = dissect(trainer)
    assert found.step == 5
    assert found.d
    assert found.g
    for turn, fake, recorded in ((found.d, found.fake_scores, trainer.window.d_loss),
                                 (found.g, found.g_scores, trainer.window.g_loss)):  # fmt: skip
        assert turn.loss == pytest.approx(recorded[-1], rel=1e-6)
        assert sum(term.value for term in turn.terms) == pytest.approx(turn.loss, rel=1e-5, abs=1e-6)
        for term in turn.terms:
            if turn is found.g and config.loss.relativistic:
                continue  # D has moved before it scores the real points again
            oracle = in_numpy(term.formula, found.real_scores.astype(np.float64), fake.astype(np.float64))
            assert term.value == pytest.approx(oracle, rel=2e-4, abs=1e-5), term.formula
    if config.penalty.active:  # every lazy one is due at steps 1 and 5
        assert found.d.penalty
        interval = config.penalty.interval
        assert found.d.penalty.value == pytest.approx(interval * trainer.window.penalty[-1], rel=1e-5)
        assert found.d.penalty.formula.startswith(f"{interval} · " if interval > 1 else config.penalty.formula())
    else:
        assert found.d.penalty is None
    following = dissect(trainer)
    assert following.d
    assert (following.d.penalty is None) == (not config.penalty.active or config.penalty.interval > 1)


@pytest.mark.parametrize("entry", list(losses), ids=lambda e: e.name)
def test_every_loss_is_the_sum_of_its_terms(entry: Any) -> None:
    rng = np.random.default_rng(3)
    real, fake = (torch.from_numpy(rng.normal(size=64)) for _ in range(2))
    smoothed = "label_smoothing" in entry.cls.__dataclass_fields__
    for loss in (entry.cls(), *([entry.cls(label_smoothing=0.25)] if smoothed else [])):
        d, g = loss.d_terms(real, fake), loss.g_terms(real, fake)
        np.testing.assert_allclose(float(sum(d.values())), float(loss.d_loss(real, fake)), rtol=1e-12)
        np.testing.assert_allclose(float(sum(g.values())), float(loss.g_loss(real, fake)), rtol=1e-12)
        scores = loss.score(real).numpy(), loss.score(fake).numpy()
        for formula, value in (*d.items(), *g.items()):
            np.testing.assert_allclose(float(value), in_numpy(formula, *scores), rtol=1e-9)


@dataclass(frozen=True)
class Bare(Loss):
    """All that a loss must have."""

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return (real_logits - 1.0).square().mean() + fake_logits.square().mean()

    def g_loss(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return (fake_logits - 1.0).square().mean()


def test_a_loss_of_two_methods_is_taken_apart_too(tmp_path: Path) -> None:
    found = dissect(trainer_of(replace(ring(), loss=Bare()), tmp_path))
    for turn, name in ((found.d, "loss of D"), (found.g, "loss of G")):
        assert turn
        (term,) = turn.terms
        assert (term.formula, term.spelled) == (name, "")
        assert term.value == pytest.approx(turn.loss)


@pytest.mark.parametrize("entry", list(penalties), ids=lambda e: e.name)
def test_every_active_penalty_says_what_it_adds(entry: Any) -> None:
    formula = entry.cls().formula()
    assert bool(formula) == entry.cls.active
    if formula:
        strength = {"gamma": 6.0} if "gamma" in entry.cls.__dataclass_fields__ else {"weight": 7.0}
        assert entry.cls(**strength).formula() != formula


def test_the_first_numbers_stand_in_the_formula() -> None:
    loss = losses.get("hinge").cls()
    words = spell("mean max(0, 1 − D(x))", loss, torch.tensor([0.25, -0.5, 9.0]), torch.zeros(3))
    assert words == "(max(0, 1 − 0.25) + max(0, 1 − (−0.5)) + …) / 3"
    words = spell("−mean log D(G(z))", losses.get("minimax").cls(), None, torch.zeros(2))
    assert words == "−(log 0.5 + log 0.5) / 2"


def scores_of(trainer: Trainer, net: Any, points: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        logits = net(torch.from_numpy(points)[:, :, None, None], None)
    return np.asarray(trainer.config.loss.score(logits).numpy())


def test_what_is_shown_is_what_was_there(tmp_path: Path) -> None:
    trainer = trainer_of(ring(loss="non-saturating"), tmp_path)
    twin = trainer_of(ring(loss="non-saturating"), tmp_path)
    found = dissect(trainer)
    n = 32
    assert found.latents.shape == (n, trainer.config.latent.dim)
    with torch.no_grad():
        before = twin.generator(torch.from_numpy(found.latents), None).flatten(1).numpy()
        after = trainer.generator(torch.from_numpy(found.latents), None).flatten(1).numpy()
    np.testing.assert_allclose(found.fakes, before, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.fakes_after, after, rtol=1e-5, atol=1e-6)
    assert not np.allclose(before, after, atol=1e-6)
    data = random_data_like(trainer.config, tmp_path, 200).images.flatten(1).numpy()
    assert all((data == point).all(1).any() for point in found.real)
    np.testing.assert_allclose(found.real_scores, scores_of(trainer, twin.discriminator, found.real), rtol=1e-4)
    np.testing.assert_allclose(found.fake_scores, scores_of(trainer, twin.discriminator, found.fakes), rtol=1e-4)
    np.testing.assert_allclose(found.g_scores, scores_of(trainer, trainer.discriminator, found.fakes), rtol=1e-4)
    x0, x1, y0, y1 = trainer.config.data.extent  # type: ignore[attr-defined]
    corner = np.array([[x0 + (x1 - x0) / HEAT / 2, y0 + (y1 - y0) / HEAT / 2]], np.float32)
    for heat, net in ((found.heat, twin.discriminator), (found.heat_after, trainer.discriminator)):
        np.testing.assert_allclose(heat[0, 0], scores_of(trainer, net, corner)[0], rtol=1e-4)
    weight = dict(trainer.discriminator.named_parameters())["layers.0.weight"].detach().numpy()
    np.testing.assert_array_equal(found.networks_after["d0.weight"], weight)
    weight = dict(twin.discriminator.named_parameters())["layers.0.weight"].detach().numpy()
    np.testing.assert_array_equal(found.networks["d0.weight"], weight)


def test_arrows_and_pulls_are_the_slopes_of_the_losses(tmp_path: Path) -> None:
    """Against the closed forms for the cross-entropy: -dL/dlogit, and finite differences through D for the arrows."""
    trainer = trainer_of(ring(loss="non-saturating"), tmp_path)
    found = dissect(trainer)
    np.testing.assert_allclose(found.real_pulls, 1 - found.real_scores, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found.fake_pulls, -found.fake_scores, rtol=1e-3, atol=1e-5)
    net = trainer.discriminator.double()

    def loss_at(points: np.ndarray) -> np.ndarray:
        return -np.log(scores_of(trainer, net, points))

    fakes, away = found.fakes.astype(np.float64), 1e-5
    slopes = [(loss_at(fakes + away * way) - loss_at(fakes - away * way)) / (2 * away) for way in np.eye(2)]
    np.testing.assert_allclose(found.arrows, -np.stack(slopes, 1), rtol=2e-3, atol=1e-5)


def test_layers_tell_their_gradients_and_their_way(tmp_path: Path) -> None:
    trainer = trainer_of(ring(), tmp_path)
    trainer.window.clear()
    found = dissect(trainer)
    assert found.d
    assert found.g
    for turn, player, norm in (
        (found.d, "d", trainer.window.d_grad_norm),
        (found.g, "g", trainer.window.g_grad_norm),
    ):
        assert [layer.name for layer in turn.layers] == [f"{player}{i}" for i in range(3)]
        assert np.linalg.norm([layer.gradient for layer in turn.layers]) == pytest.approx(norm[-1], rel=1e-4)
        for layer in turn.layers:
            ways = [found.networks_after[f"{layer.name}.{kind}"] - found.networks[f"{layer.name}.{kind}"]
                    for kind in ("weight", "bias")]  # fmt: skip
            way = np.linalg.norm(np.concatenate([w.ravel() for w in ways]))
            assert layer.moved == pytest.approx(way, rel=1e-3)


def test_moves_lower_the_loss_of_their_batch(tmp_path: Path) -> None:
    trainer = trainer_of(ring(), tmp_path, steps=20)
    found = dissect(trainer)
    assert found.d
    assert found.g
    assert found.d.after < found.d.loss
    assert found.g.after < found.g.loss


def test_one_side_alone(tmp_path: Path) -> None:
    trainer = trainer_of(ring(), tmp_path)
    only_d: Players = "discriminator"
    found = dissect(trainer, only_d)
    assert found.g is None
    assert found.arrows.shape == (0, 2)
    np.testing.assert_array_equal(found.fakes, found.fakes_after)
    found = dissect(trainer, "generator")
    assert found.d is None
    assert found.real_scores.size == 0
    np.testing.assert_array_equal(found.heat, found.heat_after)


def test_noise_is_that_of_the_step(tmp_path: Path) -> None:
    config = ring(**{"instance_noise.sigma": 0.4, "instance_noise.decay_images": 320})
    assert dissect(trainer_of(config, tmp_path, steps=0)).noise == 0.4
    assert dissect(trainer_of(config, tmp_path, steps=5)).noise == pytest.approx(0.2)  # 160 of 320 images


def test_large_batches_show_their_first_points(tmp_path: Path) -> None:
    config = replace(ring(), batch_size=300)
    trainer = Trainer(config, random_data_like(config, tmp_path, 400), CPU)
    found = dissect(trainer)
    for name in ("latents", "real", "fakes", "fakes_after", "real_scores", "fake_scores", "g_scores", "arrows"):
        assert len(getattr(found, name)) == MOST_POINTS, name
    assert found.batch == 300


def decoded(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    arrays = {}
    for entry in header["arrays"]:
        start = 4 + length + entry["offset"]
        assert start % 8 == 0
        raw = data[start : start + entry["bytes"]]
        arrays[entry["name"]] = np.frombuffer(raw, entry["dtype"]).reshape(entry["shape"])
    return header["dissection"], arrays


def test_it_travels_whole(tmp_path: Path) -> None:
    found = dissect(trainer_of(ring(penalty="r1"), tmp_path))
    words, arrays = decoded(encode_dissection(found))
    assert found.d
    assert words["d"]["terms"][0] == vars(found.d.terms[0])
    assert words["d"]["layers"][1]["name"] == "d1"
    assert words["step"] == 5
    for name, value in vars(found).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(arrays[name], value)
    np.testing.assert_array_equal(arrays["g0.weight"], found.networks["g0.weight"])
    np.testing.assert_array_equal(arrays["after/g0.weight"], found.networks_after["g0.weight"])


def test_what_is_not_finite_travels_too(tmp_path: Path) -> None:
    found: StepTrace = dissect(trainer_of(ring(), tmp_path))
    assert found.g
    broken = replace(found, g=replace(found.g, loss=float("nan"), after=float("inf")))
    words, _ = decoded(encode_dissection(broken))
    assert words["g"]["loss"] is None
    assert words["g"]["after"] is None


def test_a_scene_leaves_spectral_norm_where_it_was(tmp_path: Path) -> None:
    trainer = trainer_of(ring(**{"discriminator.spectral_norm": True}), tmp_path)
    before = state_digest(trainer.state())
    scene = trainer.grid()
    assert isinstance(scene, Scene)
    assert {"d0.weight", "d1.weight", "d2.weight"} < set(scene.networks)
    np.testing.assert_allclose(np.linalg.norm(scene.networks["d1.weight"], 2), 1.0, rtol=0.2)  # as it is used
    assert state_digest(trainer.state()) == before

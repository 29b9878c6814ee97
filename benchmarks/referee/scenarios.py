"""Runs whose trouble is known beforehand, and runs that are well: what the referee is fitted to and tried on.

Each is short, and has the same trouble from any seed because of what is wrong in its configuration. Those with live
changes are in `benchmarks.referee.live`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gan_core.config.codec import apply_sets, replace_at
from gan_core.data.sets.points import PointDataset
from gan_core.nets import MlpDiscriminator, MlpGenerator
from gan_core.training import RunConfig, preset
from gan_core.training.configuration.gallery import scene

FIT_SEEDS = (1, 2, 3)
REPORT_SEEDS = (4, 5, 6)


@dataclass(frozen=True)
class Scenario:
    """A run of `steps` steps. kinds: the findings that are right, the first being the one aimed at; none: healthy.

    changes: path -> value, set while it trains, after step `changed_at`.
    """

    name: str
    what: str
    kinds: tuple[str, ...]
    base: RunConfig
    steps: int
    changes: tuple[tuple[str, Any], ...] = ()
    changed_at: int = 0

    @property
    def images(self) -> bool:
        """Of pictures, not of points in the plane."""
        return not isinstance(self.base.data, PointDataset)

    def config(self, seed: int) -> RunConfig:
        total = self.steps * self.base.batch_size * self.base.k_d
        return replace(self.base, seed=seed, total_images=total)

    def config_at_end(self, seed: int) -> RunConfig:
        config = self.config(seed)
        for path, value in self.changes:
            config = replace_at(config, path, value)
        return config

    @property
    def planned(self) -> tuple[tuple[int, str, Any], ...]:
        return tuple((self.changed_at, path, value) for path, value in self.changes)


def varied(base: RunConfig, **pairs: object) -> RunConfig:
    """With some fields set: `g_optimizer__lr` is "g_optimizer.lr"."""
    return apply_sets(base, {name.replace("__", "."): str(value) for name, value in pairs.items()})


RING = varied(scene("collapse").config, g_optimizer__lr=1e-3, batch_size=128)
STILL = varied(RING, g_optimizer__beta1=0.0, d_optimizer__beta1=0.0)
DENSE = varied(scene("learning-rate").fixed, precision="float32")
MOMENTUM = {"g_optimizer__beta1": 0.9, "d_optimizer__beta1": 0.9}
_DEEP = "128,128,128,128,128"
_FEW = varied(DENSE, data__count=50, batch_size=32)


def small(name: str, **pairs: object) -> RunConfig:
    """The beginning of a preset of pictures, before its rates fall, with narrower networks to take seconds."""
    config = varied(preset(name).config, schedule="constant", **pairs)
    for player in ("generator", "discriminator"):
        if hasattr(getattr(config, player), "width"):
            config = replace_at(config, f"{player}.width", 16)
    return config


BAD = (
    Scenario("ring collapse", "generator's learning rate twenty times the discriminator's",
             ("mode collapse", "oscillation"), varied(scene("collapse").config, batch_size=128), 2_000),
    Scenario("grid collapse", "the same on 25 places", ("mode collapse", "oscillation"),
             varied(scene("collapse").config, data="grid25", batch_size=128, **{"data.std": 0.2}), 2_000),
    Scenario("ring, rates of 0.3", "both learning rates 0.3",
             ("diverging", "vanishing gradient", "exploding gradient", "oscillation", "mode collapse"),
             varied(RING, g_optimizer__lr=0.3, d_optimizer__lr=0.3), 1_500),
    Scenario("ring, D far ahead", "minimax loss, discriminator a thousand times faster",
             ("D wins", "vanishing gradient"),
             varied(STILL, loss="minimax", d_optimizer__lr=0.01, g_optimizer__lr=1e-5), 1_500),
    Scenario("ring, D asleep", "discriminator's learning rate 1e-6", ("G wins", "diverging"),
             varied(STILL, d_optimizer__lr=1e-6), 1_500),
    Scenario("cloud that swings", "momentum 0.9 in both, a learning rate of 0.01", ("oscillation",),
             varied(scene("oscillation").config, batch_size=128), 1_500),
    Scenario("ring, critic unbounded", "Wasserstein loss without penalty",
             ("exploding gradient", "diverging", "oscillation"),
             varied(STILL, loss="wasserstein", g_optimizer__lr=1e-3, d_optimizer__lr=1e-3), 2_000),
    Scenario("cloud at rest", "one Gaussian, which is learned in a fifth of the time", ("plateau",),
             varied(scene("oscillation").fixed, batch_size=64, g_optimizer__lr=2e-3, d_optimizer__lr=2e-3), 3_000),
    Scenario("blobs, hinge collapse", "hinge loss, a fast generator with momentum", ("mode collapse", "oscillation"),
             varied(RING, data="blobs", loss="hinge", g_optimizer__lr=2e-2), 2_000),
    Scenario("ring, relativistic collapse", "relativistic loss without its penalty, a fast generator",
             ("mode collapse", "oscillation", "D wins", "vanishing gradient", "diverging"),
             varied(RING, loss="relativistic", g_optimizer__lr=3e-2), 2_000),
    Scenario("moons, D asleep", "least squares, discriminator's learning rate 1e-6", ("G wins", "diverging"),
             varied(STILL, data="moons", loss="least-squares", d_optimizer__lr=1e-6), 1_500),
    Scenario("spiral, D far ahead", "generator's learning rate 1e-6", ("D wins", "vanishing gradient"),
             varied(STILL, data="spiral", d_optimizer__lr=0.01, g_optimizer__lr=1e-6), 1_500),
    Scenario("clothes, rates of 0.1", "both learning rates 0.1",
             ("diverging", "exploding gradient", "oscillation", "mode collapse", "vanishing gradient", "D wins"),
             scene("learning-rate").config, 500),
    Scenario("clothes, critic unbounded", "Wasserstein loss without penalty",
             ("exploding gradient", "diverging"), scene("critic").config, 300),
    Scenario("clothes, collapse", "generator's learning rate fifty times the discriminator's", ("mode collapse",),
             varied(DENSE, g_optimizer__lr=1e-2, d_optimizer__lr=2e-4, **MOMENTUM), 600),
    Scenario("clothes, D far ahead", "minimax loss, discriminator's learning rate a hundred times the generator's",
             ("D wins", "vanishing gradient"),
             varied(DENSE, loss="minimax", d_optimizer__lr=2e-3, g_optimizer__lr=2e-5), 400),
    Scenario("clothes, D asleep", "discriminator's learning rate 1e-6", ("G wins",),
             varied(DENSE, d_optimizer__lr=1e-6), 400),
    Scenario("clothes, three units", "all that the generator knows goes through three units",
             ("mode collapse", "plateau"), varied(DENSE, generator__hidden="3"), 500),
    Scenario("fifty pictures", "a training set of 50 pictures", ("memorising",), _FEW, 1_000),
    Scenario("clothes, hinge, D hot", "hinge loss, no normalisation, discriminator's learning rate 0.05",
             ("D wins", "mode collapse", "diverging", "exploding gradient", "vanishing gradient"),
             varied(DENSE, loss="hinge", d_optimizer__lr=0.05), 500),
    Scenario("clothes, DCGAN, D hot", "hinge loss, no normalisation, discriminator's learning rate 0.02",
             ("D wins", "mode collapse", "diverging", "exploding gradient", "vanishing gradient"),
             small("fashion-fast", loss="hinge", discriminator__norm="none", d_optimizer__lr=0.02), 200),
    Scenario("clothes, eight updates of D", "eight updates a step at a learning rate of 0.01",
             ("D wins", "mode collapse", "vanishing gradient", "exploding gradient"),
             varied(DENSE, k_d=8, d_optimizer__lr=0.01), 250),
    Scenario("style, G hot", "style-based, generator's learning rate 1",
             ("mode collapse", "D wins", "diverging", "vanishing gradient", "oscillation"),
             small("style", g_optimizer__lr=1.0), 200),
    Scenario("by class, D asleep", "class-conditional, discriminator's learning rate 1e-6",
             ("G wins", "mode collapse"), small("conditional-fashion", d_optimizer__lr=1e-6), 200),
    Scenario("residual, G hot", "hinge with spectral norm, generator's learning rate 0.1",
             ("mode collapse", "D wins", "diverging", "oscillation", "vanishing gradient"),
             small("hinge-sn", g_optimizer__lr=0.1), 200),
    Scenario("clothes, critic without its penalty", "the Wasserstein preset with a weight of 0",
             ("exploding gradient", "diverging", "D wins", "mode collapse", "oscillation"),
             varied(DENSE, loss="wasserstein", penalty="wgan-gp", penalty__weight=0, k_d=3), 350),
    Scenario("clothes that flicker", "both learning rates 0.01 with momentum 0.9, no average of the weights",
             ("oscillation", "mode collapse", "D wins", "diverging"),
             varied(DENSE, g_optimizer__lr=1e-2, d_optimizer__lr=1e-2, **MOMENTUM), 600),
    Scenario("clothes at rest", "both learning rates lowered to 1e-6 after a quarter of the run", ("plateau",),
             varied(DENSE, ema__half_life_images=2_000), 900,
             (("g_optimizer.lr", 1e-6), ("d_optimizer.lr", 1e-6)), 225),
    Scenario("shapes, D asleep", "discriminator's learning rate 1e-6", ("G wins", "mode collapse"),
             small("shapes", d_optimizer__lr=1e-6), 200),
)  # fmt: skip

HEALTHY = (
    Scenario("ring, still", "both learning rates 0.001, no momentum", (), STILL, 1_500),
    Scenario("ring preset", "the preset, by its own schedule", (),
             varied(preset("ring").config, batch_size=128), 2_000),
    Scenario("grid preset", "noise on the points shows the way", (),
             varied(preset("grid").config, batch_size=128), 1_500),
    Scenario("moons with R1", "least squares and R1", (),
             varied(STILL, data="moons", loss="least-squares", penalty="r1"), 1_500),
    Scenario("blobs, hinge", "hinge loss with R1 and R2", (),
             varied(STILL, data="blobs", loss="hinge", penalty="r1-r2"), 1_200),
    Scenario("cloud that rests", "the swinging cloud without momentum", (),
             varied(scene("oscillation").fixed, batch_size=128), 1_500),
    Scenario("moons", "the ring's preset on other points", (),
             varied(preset("ring").config, data="moons", batch_size=128), 2_000),
    Scenario("spiral", "the ring's preset on other points", (),
             varied(preset("ring").config, data="spiral", batch_size=128), 2_000),
    Scenario("checkerboard", "the ring's preset on other points", (),
             varied(preset("ring").config, data="checkerboard", batch_size=128), 2_000),
    Scenario("ring, relativistic", "relativistic loss with R1 and R2", (),
             varied(STILL, loss="relativistic", penalty="r1-r2"), 2_000),
    Scenario("ring, Wasserstein", "with the gradient penalty, five updates of the critic", (),
             varied(STILL, loss="wasserstein", penalty="wgan-gp", k_d=5), 1_200),
    Scenario("clothes, dense", "dense layers, learning rates 0.001", (), DENSE, 450),
    Scenario("clothes, first GAN", "the beginner's guide", (), preset("first-gan").config, 600),
    Scenario("clothes, normalised", "five small layers with batch normalisation", (),
             replace(DENSE, generator=MlpGenerator(hidden=_DEEP, norm="batch", init="normal"),
                     discriminator=MlpDiscriminator(hidden=_DEEP, init="normal")), 400),
    Scenario("clothes, DCGAN", "the default preset, half as wide", (), small("fashion-fast"), 200),
    Scenario("clothes, dense hinge", "dense layers, hinge loss", (), varied(DENSE, loss="hinge"), 450),
    Scenario("clothes, dense least squares", "dense layers, least squares", (),
             varied(DENSE, loss="least-squares"), 450),
    Scenario("clothes, dense critic", "Wasserstein with the gradient penalty", (), scene("critic").fixed, 350),
    Scenario("style preset", "half as wide", (), small("style"), 200),
    Scenario("by class", "the class-conditional preset, half as wide", (), small("conditional-fashion"), 200),
    Scenario("Wasserstein preset", "half as wide", (), small("wgan-gp"), 160),
    Scenario("hinge preset", "residual, half as wide", (), small("hinge-sn"), 200),
    Scenario("R3GAN preset", "half as wide", (), small("r3gan"), 200),
    Scenario("shapes preset", "half as wide", (), small("shapes"), 200),
    Scenario("emoji preset", "half as wide", (), small("emoji"), 200),
)  # fmt: skip

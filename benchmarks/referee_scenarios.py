"""Runs whose trouble is known beforehand, and runs that are well: what the referee is fitted to and tried on.

Each is short, and has the same trouble from any seed because of what is wrong in its configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gan_core.config.codec import apply_sets
from gan_core.nets import MlpDiscriminator, MlpGenerator
from gan_core.training import RunConfig, preset
from gan_core.training.gallery import scene

FIT_SEEDS = (1, 2, 3)
REPORT_SEEDS = (4, 5, 6)


@dataclass(frozen=True)
class Scenario:
    """A run of `steps` steps. kinds: the findings that are right, the first being the one aimed at; none: healthy."""

    name: str
    what: str
    kinds: tuple[str, ...]
    base: RunConfig
    steps: int

    @property
    def images(self) -> bool:
        """Of pictures, not of points in the plane."""
        return type(self.base.data).__name__ in ("FashionMnist", "Emoji", "Shapes")

    def config(self, seed: int) -> RunConfig:
        total = self.steps * self.base.batch_size * self.base.k_d
        return replace(self.base, seed=seed, total_images=total)


def _with(base: RunConfig, **pairs: object) -> RunConfig:
    return apply_sets(base, {name.replace("__", "."): str(value) for name, value in pairs.items()})


_RING = _with(scene("collapse").fixed, batch_size=128)
_STILL = _with(_RING, g_optimizer__beta1=0.0, d_optimizer__beta1=0.0)
_DENSE = _with(scene("learning-rate").fixed, precision="float32")
_DEEP = "128,128,128,128,128"
_FEW = _with(_DENSE, data__count=50, batch_size=32)

BAD = (
    Scenario("ring collapse", "generator's learning rate twenty times the discriminator's",
             ("mode collapse", "oscillation"), _with(scene("collapse").config, batch_size=128), 2_000),
    Scenario("grid collapse", "the same on 25 places", ("mode collapse", "oscillation"),
             _with(scene("collapse").config, data="grid25", batch_size=128, **{"data.std": 0.2}), 2_000),
    Scenario("ring, rates of 0.3", "both learning rates 0.3",
             ("diverging", "vanishing gradient", "exploding gradient", "oscillation", "mode collapse"),
             _with(_RING, g_optimizer__lr=0.3, d_optimizer__lr=0.3), 1_500),
    Scenario("ring, D far ahead", "minimax loss, discriminator a thousand times faster",
             ("D wins", "vanishing gradient"),
             _with(_STILL, loss="minimax", d_optimizer__lr=0.01, g_optimizer__lr=1e-5), 1_500),
    Scenario("ring, D asleep", "discriminator's learning rate 1e-6", ("G wins", "diverging"),
             _with(_STILL, d_optimizer__lr=1e-6), 1_500),
    Scenario("cloud that swings", "momentum 0.9 in both, a learning rate of 0.01", ("oscillation",),
             _with(scene("oscillation").config, batch_size=128), 1_500),
    Scenario("ring, critic unbounded", "Wasserstein loss without penalty",
             ("exploding gradient", "diverging", "oscillation"),
             _with(_STILL, loss="wasserstein", g_optimizer__lr=1e-3, d_optimizer__lr=1e-3), 2_000),
    Scenario("cloud at rest", "one Gaussian, which is learned in a fifth of the time", ("plateau",),
             _with(scene("oscillation").fixed, batch_size=64, g_optimizer__lr=2e-3, d_optimizer__lr=2e-3), 3_000),
    Scenario("clothes, rates of 0.1", "both learning rates 0.1",
             ("diverging", "exploding gradient", "oscillation", "mode collapse", "vanishing gradient", "D wins"),
             scene("learning-rate").config, 500),
    Scenario("clothes, critic unbounded", "Wasserstein loss without penalty",
             ("exploding gradient", "diverging"), scene("critic").config, 300),
    Scenario("clothes, collapse", "generator's learning rate fifty times the discriminator's", ("mode collapse",),
             _with(_DENSE, g_optimizer__lr=1e-2, d_optimizer__lr=2e-4, g_optimizer__beta1=0.9,
                   d_optimizer__beta1=0.9), 600),
    Scenario("clothes, D far ahead", "minimax loss, discriminator's learning rate a hundred times the generator's",
             ("D wins", "vanishing gradient"),
             _with(_DENSE, loss="minimax", d_optimizer__lr=2e-3, g_optimizer__lr=2e-5), 400),
    Scenario("clothes, D asleep", "discriminator's learning rate 1e-6", ("G wins",),
             _with(_DENSE, d_optimizer__lr=1e-6), 400),
    Scenario("clothes, three units", "all that the generator knows goes through three units",
             ("mode collapse", "plateau"), _with(_DENSE, generator__hidden="3"), 500),
    Scenario("fifty pictures", "a training set of 50 pictures", ("memorising",), _FEW, 1_000),
)  # fmt: skip

HEALTHY = (
    Scenario("ring, still", "both learning rates 0.001, no momentum", (), _STILL, 1_500),
    Scenario("ring preset", "the preset, by its own schedule", (),
             _with(preset("ring").config, batch_size=128), 2_000),
    Scenario("grid preset", "noise on the points shows the way", (),
             _with(preset("grid").config, batch_size=128), 1_500),
    Scenario("moons with R1", "least squares and R1", (),
             _with(_STILL, data="moons", loss="least-squares", penalty="r1"), 1_500),
    Scenario("blobs, hinge", "hinge loss with R1 and R2", (),
             _with(_STILL, data="blobs", loss="hinge", penalty="r1-r2"), 1_200),
    Scenario("cloud that rests", "the swinging cloud without momentum", (),
             _with(scene("oscillation").fixed, batch_size=128), 1_500),
    Scenario("clothes, dense", "dense layers, learning rates 0.001", (), _DENSE, 450),
    Scenario("clothes, first GAN", "the beginner's guide", (), preset("first-gan").config, 600),
    Scenario("clothes, normalised", "five small layers with batch normalisation", (),
             replace(_DENSE, generator=MlpGenerator(hidden=_DEEP, norm="batch", init="normal"),
                     discriminator=MlpDiscriminator(hidden=_DEEP, init="normal")), 400),
    Scenario("clothes, DCGAN", "the default preset, half as wide", (),
             _with(preset("fashion-fast").config, generator__width=16, discriminator__width=16, batch_size=32), 150),
)  # fmt: skip

SCENARIOS = BAD + HEALTHY

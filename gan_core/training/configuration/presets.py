"""Configurations that are known to work, each one block."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gan_core.config.codec import ConfigError
from gan_core.data import Emoji, Grid25, Ring, Shapes
from gan_core.nets import (
    DcganDiscriminator,
    DcganGenerator,
    MlpDiscriminator,
    MlpGenerator,
    R3ganDiscriminator,
    R3ganGenerator,
    ResnetDiscriminator,
    ResnetGenerator,
    StyleGenerator,
)
from gan_core.objectives import R1R2, DiffAugment, Hinge, Relativistic, Wasserstein, WganGp
from gan_core.training.configuration.promises import Promise
from gan_core.training.configuration.run_config import Ema, InstanceNoise, Latent, RunConfig
from gan_core.training.optimizers import Adam, Constant, Cosine


@dataclass(frozen=True)
class Preset:
    """A named starting point; `help` says what to expect of it, `promises` the same in numbers, from any seed."""

    name: str
    label: str
    help: str
    config: RunConfig
    promises: tuple[Promise, ...]


PRESETS: dict[str, Preset] = {}


def _preset(name: str, label: str, help: str, config: RunConfig, *promises: Promise) -> None:
    PRESETS[name] = Preset(name, label, help, config, promises)


def _distance(most: float) -> Promise:
    return Promise("fid", high=most)


def preset(name: str) -> Preset:
    """The preset called `name`; ConfigError with the names there are."""
    if name not in PRESETS:
        raise ConfigError(f'preset is "{name}"; it must be one of {", ".join(PRESETS)}.')
    return PRESETS[name]


DEFAULT = "fashion-fast"

_FASHION = RunConfig(
    latent=Latent(dim=64),
    generator=DcganGenerator(width=32),
    discriminator=DcganDiscriminator(width=32, norm="batch", dense_units=256),
    g_optimizer=Adam(lr=4e-3, beta1=0.0, beta2=0.99),
    d_optimizer=Adam(lr=2e-3, beta1=0.0, beta2=0.99),
    schedule=Cosine(final_factor=0.1),
    ema=Ema(half_life_images=5_000, ramp_up=0.04),
    batch_size=64,
    total_images=300_000,
)

_preset(
    "fashion-fast",
    "Fashion, fast",
    "Clothes you can recognise after one minute on two processor cores.",
    replace(_FASHION, latent=Latent(dim=16)),  # fewer numbers are learned sooner: a third less distance at 60 s
    _distance(45),
)

_preset(
    "fashion-best",
    "Fashion, best",
    "A wider generator and a slower average: sharper clothes, in about five minutes.",
    replace(_FASHION, generator=DcganGenerator(width=48), ema=Ema(half_life_images=10_000), total_images=380_000),
    _distance(40),
)

_preset(
    "first-gan",
    "First GAN",
    "The beginner's guide as it stands: one dense layer each, 100 epochs. The outline of clothes, full of noise.",
    RunConfig(
        latent=Latent(dim=100),
        generator=MlpGenerator(hidden="", norm="none"),
        discriminator=MlpDiscriminator(hidden=""),
        g_optimizer=Adam(lr=1e-3, beta1=0.9, beta2=0.999),
        d_optimizer=Adam(lr=1e-3, beta1=0.9, beta2=0.999),
        ema=Ema(half_life_images=0),
        batch_size=100,
        total_images=6_000_000,
    ),
    _distance(740),
)

_preset(
    "conditional-fashion",
    "Fashion by class",
    "Both networks are told the kind of clothing; each column of the grid is one class.",
    replace(_FASHION, conditional=True),
    _distance(40),
)

_preset(
    "style",
    "Fashion, style-based",
    "A mapping network and a style for every layer: what coarse and fine layers draw can be told apart, and mixed.",
    replace(
        _FASHION,
        generator=StyleGenerator(mixing=False),
        g_optimizer=Adam(lr=2e-2, beta1=0.0, beta2=0.99),
        total_images=200_000,
    ),
    _distance(80),
)

_preset(
    "shapes",
    "Shapes",
    "Coloured shapes whose causes are known: made to ask what each latent means.",
    replace(
        _FASHION,
        data=Shapes(),
        size=32,
        generator=StyleGenerator(noise=False, mixing=False),
        g_optimizer=Adam(lr=2e-2, beta1=0.0, beta2=0.99),
        total_images=130_000,
    ),
    _distance(900),
)

_preset(
    "emoji",
    "Emoji",
    "A small colourful set: without DiffAugment the discriminator soon knows every picture by heart.",
    replace(
        _FASHION,
        data=Emoji(),
        size=32,
        augmentation=DiffAugment(),
        total_images=220_000,
    ),
    _distance(150),
)

_preset(
    "few-images",
    "Few pictures",
    "For a few hundred pictures of your own: DiffAugment keeps the discriminator from knowing them by heart.",
    replace(
        _FASHION,
        data=Emoji(),
        size=64,
        augmentation=DiffAugment(),
        total_images=220_000,
    ),
    _distance(350),
)

_preset(
    "wgan-gp",
    "Wasserstein with gradient penalty",
    "A critic that measures a distance instead of a probability; slow and steady.",
    RunConfig(
        generator=DcganGenerator(width=32),
        discriminator=DcganDiscriminator(width=32, norm="none"),
        loss=Wasserstein(),
        penalty=WganGp(weight=10.0),
        g_optimizer=Adam(lr=5e-4, beta1=0.0, beta2=0.9),
        d_optimizer=Adam(lr=5e-4, beta1=0.0, beta2=0.9),
        k_d=3,
        total_images=900_000,
    ),
    _distance(200),
)

_preset(
    "hinge-sn",
    "Hinge with spectral norm",
    "Residual networks, every layer of the discriminator held to a slope of at most one (SNGAN).",
    RunConfig(
        generator=ResnetGenerator(width=16),
        discriminator=ResnetDiscriminator(width=16),
        loss=Hinge(),
        g_optimizer=Adam(lr=5e-4, beta1=0.0, beta2=0.9),
        d_optimizer=Adam(lr=1e-3, beta1=0.0, beta2=0.9),
        total_images=600_000,
    ),
    _distance(200),
)

_preset(
    "r3gan",
    "R3GAN",
    "The modern baseline: no normalisation, a relativistic loss, R1 and R2.",
    RunConfig(
        generator=R3ganGenerator(width=16),
        discriminator=R3ganDiscriminator(width=16),
        loss=Relativistic(),
        penalty=R1R2(gamma=1.0, interval=4),
        g_optimizer=Adam(lr=5e-4, beta1=0.0, beta2=0.99),
        d_optimizer=Adam(lr=5e-4, beta1=0.0, beta2=0.99),
        total_images=600_000,
    ),
    _distance(200),
)


# --- points in the plane


def _plane(hidden: str, lr: float, steps: int) -> RunConfig:
    """Two dense networks alike, batches of 256, learning rates that end at 0 after so many steps."""
    return RunConfig(
        data=Ring(),
        latent=Latent(dim=2),
        generator=MlpGenerator(hidden=hidden, norm="none", activation="relu"),
        discriminator=MlpDiscriminator(hidden=hidden, activation="relu"),
        g_optimizer=Adam(lr=lr, beta1=0.0, beta2=0.99),
        d_optimizer=Adam(lr=lr, beta1=0.0, beta2=0.99),
        schedule=Cosine(final_factor=0.0),
        ema=Ema(half_life_images=10_000),
        batch_size=256,
        total_images=256 * steps,
    )


_RING = _plane("64,64", 4e-3, 30_000)

_preset(
    "ring",
    "Ring of eight",
    "Points in the plane: the generator has to find all eight places. Watch how it bends the plane to get there.",
    _RING,
    Promise("modes", 8, 8),
    Promise("good share", 0.95),
)

_preset(
    "grid",
    "Grid of twenty-five",
    "Noise on the points, fading out, shows the generator the way to all twenty-five places; some seeds miss one.",
    replace(
        _plane("128,128", 2e-3, 18_000),
        data=Grid25(),
        schedule=Cosine(start=0.4, final_factor=0.0),
        instance_noise=InstanceNoise(sigma=0.5, decay_images=256 * 10_800),
    ),
    Promise("modes", 22),
    Promise("good share", 0.88),
)

_COLLAPSE = replace(
    _plane("64,64", 1e-3, 10_000),
    data=Ring(std=0.05),
    g_optimizer=Adam(lr=2e-2, beta1=0.9, beta2=0.99),
    d_optimizer=Adam(lr=1e-3, beta1=0.9, beta2=0.99),
    schedule=Constant(),
    ema=Ema(half_life_images=0),
)

_preset(
    "ring-collapse",
    "Ring, collapsing",
    "Mode collapse: a generator twenty times faster than its discriminator puts all points in one place, and flees.",
    _COLLAPSE,
    Promise("modes", high=2),
)

_preset(
    "ring-fixed",
    "Ring, cured",
    "The collapsing ring with one change, the generator's learning rate at half of the discriminator's: all eight.",
    replace(_COLLAPSE, g_optimizer=Adam(lr=5e-4, beta1=0.9, beta2=0.99)),  # at 1e-3 one seed in three loses some
    Promise("modes", 8, 8),
    Promise("good share", 0.5),
)

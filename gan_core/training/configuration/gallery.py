"""The failure gallery: seeded scenes, each of which goes wrong in its own way within a minute, and what cures it.

A scene is a configuration and a few changes to it. Nothing in it depends on luck: it fails from any seed, and its
cure does not, which the tests measure without asking the program's own diagnosis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gan_core.config.codec import ConfigError, apply_sets
from gan_core.data import FashionMnist, OneGaussian, Ring, Shapes
from gan_core.nets import DcganDiscriminator, DcganGenerator, MlpDiscriminator, MlpGenerator
from gan_core.objectives import Minimax, Wasserstein
from gan_core.training.configuration.promises import Promise
from gan_core.training.configuration.run_config import Ema, Latent, RunConfig
from gan_core.training.optimizers import Adam


@dataclass(frozen=True)
class FailureScene:
    """One way to fail.

    kind: the finding that names it, "" where none does. sees: what happens in the picture. why: in two sentences.
    fix: what the cure changes, dotted path -> text as in `--set`; button: what its button says; cured: what is seen
    then. seconds: about how long it takes on two processor cores. fails, cures: what is promised of the samples, as
    it is and with the fix, from any seed.
    """

    name: str
    label: str
    kind: str
    config: RunConfig
    sees: str
    why: str
    fix: dict[str, str]
    button: str
    cured: str
    seconds: float
    fails: Promise
    cures: Promise

    @property
    def fixed(self) -> RunConfig:
        """The same run, from the same seed, with the cure."""
        return apply_sets(self.config, self.fix)


GALLERY: dict[str, FailureScene] = {}


def scene(name: str) -> FailureScene:
    """The scene called `name`; ConfigError with the names there are."""
    if name not in GALLERY:
        raise ConfigError(f'scene is "{name}"; it must be one of {", ".join(GALLERY)}.')
    return GALLERY[name]


def _scene(**parts: object) -> None:
    made = FailureScene(**parts)  # type: ignore[arg-type]
    GALLERY[made.name] = made


def _rate(lr: float, beta1: float = 0.0) -> Adam:
    return Adam(lr=lr, beta1=beta1, beta2=0.99)


# Weights in float32, so that every machine sees the same; no average of them where the generator's jumps matter.
_PLANE = RunConfig(
    data=Ring(std=0.05),
    latent=Latent(dim=2),
    generator=MlpGenerator(hidden="64,64", norm="none", activation="relu"),
    discriminator=MlpDiscriminator(hidden="64,64", activation="relu"),
    g_optimizer=_rate(1e-3, 0.9),
    d_optimizer=_rate(1e-3, 0.9),
    ema=Ema(half_life_images=0),
    batch_size=256,
    total_images=256 * 4_000,
    precision="float32",
)
_DENSE = RunConfig(
    data=FashionMnist(),
    latent=Latent(dim=64),
    generator=MlpGenerator(hidden="128,256", norm="none"),
    discriminator=MlpDiscriminator(hidden="256,128"),
    g_optimizer=_rate(1e-3),
    d_optimizer=_rate(1e-3),
    ema=Ema(half_life_images=0),
    batch_size=64,
    total_images=64 * 1_500,
    precision="float32",
)

_scene(
    name="collapse",
    label="Mode collapse",
    kind="mode collapse",
    config=replace(_PLANE, g_optimizer=_rate(2e-2, 0.9)),
    sees="All 2,000 generated points sit in one place, and jump to another as soon as D has found them.",
    why="The generator learns twenty times faster than the discriminator, so the best it can do at any moment is to "
    "put everything where D is fooled just then. D learns to reject that place, and the chase goes on for ever.",
    fix={"g_optimizer.lr": "0.0003"},  # at half of D's rate two seeds of ten lose modes
    button="Slow the generator down",
    cured="At a third of the discriminator's learning rate, the points spread over all eight places and stay there.",
    seconds=12,
    fails=Promise("modes of the scene", high=2),
    cures=Promise("modes of the scene", 7),
)

_scene(
    name="dominance",
    label="Discriminator too strong",
    kind="D wins",
    config=replace(
        _DENSE,
        loss=Minimax(),
        g_optimizer=_rate(1e-4),
        d_optimizer=_rate(2e-3),
        k_d=4,
        ema=Ema(half_life_images=2_000),
        total_images=64 * 4 * 400,
    ),
    sees="The pictures stay grey: D rejects every one of them with full certainty, and G does not move any more.",
    why="D gets four updates for each of G's, and at twenty times the learning rate. Once it is certain, the minimax "
    "loss is flat wherever G's pictures are, so its gradient is zero and tells G nothing.",
    fix={"k_d": "1", "g_optimizer.lr": "0.001", "d_optimizer.lr": "0.001"},
    button="Let both learn at the same pace",
    cured="At the same pace D stays unsure, the gradient stays alive, and clothes appear.",
    seconds=15,
    fails=Promise("frechet of pixels", 2.0),
    cures=Promise("frechet of pixels", high=0.6),
)

_scene(
    name="learning-rate",
    label="Learning rate too high",
    kind="diverging",
    config=replace(_DENSE, g_optimizer=_rate(0.1), d_optimizer=_rate(0.1)),
    sees="Pictures of black and white noise that never turn into clothes, and losses that grow into the millions.",
    why="A gradient is right only close to where it was taken, and at a learning rate of 0.1 every update jumps far "
    "past that. Each network answers the other's jump with a greater one, until pixels and scores hit their ends.",
    fix={"g_optimizer.lr": "0.001", "d_optimizer.lr": "0.001"},
    button="Take a hundredth of the learning rate",
    cured="At 0.001 the same two networks draw recognisable clothes within seconds.",
    seconds=20,
    fails=Promise("frechet of pixels", 1.0),
    cures=Promise("frechet of pixels", high=0.6),
)

_DEEP = "128,128,128,128,128"
_scene(
    name="normalisation",
    label="No normalisation",
    kind="",
    config=replace(
        _DENSE,
        generator=MlpGenerator(hidden=_DEEP, norm="none", init="normal"),
        discriminator=MlpDiscriminator(hidden=_DEEP, init="normal"),
        ema=Ema(half_life_images=2_000),
        total_images=64 * 1_500,
    ),
    sees="Coarse outlines eaten by black and white specks, and more training does not make them better.",
    why="Nothing keeps the size of what each of the five layers gives in check: it starts far too small, and once it "
    "grows, it overshoots until pixels are pure black or white. Normalisation brings every layer's output back to "
    "the same size.",
    fix={"generator.norm": "batch"},
    button="Add batch normalisation to the generator",
    cured="The same five layers now draw clothes, and different ones for different latents.",
    seconds=20,
    fails=Promise("frechet of pixels", 0.5),
    cures=Promise("frechet of pixels", high=0.4),
)

_scene(
    name="critic",
    label="WGAN without penalty",
    kind="exploding gradient",
    config=replace(_DENSE, loss=Wasserstein(), k_d=3, total_images=64 * 3 * 450),
    sees="The critic's scores run into the thousands, and the pictures fall apart with them.",
    why="A Wasserstein critic measures a distance only while its slope is at most 1. Without a penalty nothing holds "
    "the slope down, so it lowers its loss for ever just by making every score larger.",
    fix={"penalty": "wgan-gp"},
    button="Add the gradient penalty",
    cured="With the penalty the scores stay small, and the pictures become clothes.",
    seconds=20,
    fails=Promise("frechet of pixels", 0.7),
    cures=Promise("frechet of pixels", high=0.35),
)

_scene(
    name="memorisation",
    label="Memorisation",
    kind="memorising",
    config=replace(
        _DENSE,
        data=FashionMnist(count=50),
        latent=Latent(dim=16),
        generator=MlpGenerator(hidden="128,256"),
        d_optimizer=_rate(5e-4),
        ema=Ema(half_life_images=5_000),
        total_images=64 * 2_500,
    ),
    sees="Sharp clothes, but the same few again and again: each is one of the 50 training pictures.",
    why="The discriminator can learn 50 pictures by heart and reject whatever is not one of them. So the only way "
    "for the generator to pass is to copy.",
    fix={"data.count": "0"},
    button="Learn from all 60,000 pictures",
    cured="60,000 pictures are too many to learn by heart, so the generator has to draw clothes of its own.",
    seconds=20,
    fails=Promise("nearness to training", high=0.7),
    cures=Promise("nearness to training", 0.8),
)

_scene(
    name="checkerboard",
    label="Checkerboard artefacts",
    kind="",
    config=RunConfig(
        data=Shapes(count=5_000),
        size=32,
        latent=Latent(dim=64),
        generator=DcganGenerator(width=16, kernel=3),
        discriminator=DcganDiscriminator(width=16),
        g_optimizer=_rate(1e-3),
        d_optimizer=_rate(2.5e-4),
        ema=Ema(half_life_images=2_000),
        batch_size=64,
        total_images=64 * 400,
        precision="float32",
    ),
    sees="The shapes are there, but a grid of lighter and darker pixels lies over them.",
    why="The generator doubles its picture with filters three pixels wide at every second pixel, so one pixel is "
    "painted once and its neighbour twice. The uneven overlap is a checkerboard, which the network would have to "
    "unlearn.",
    fix={"generator.upsample": "nearest"},
    button="Enlarge first, then filter",
    cured="Every pixel is repeated first and then filtered: each is painted equally often, and the grid is gone.",
    seconds=20,
    fails=Promise("energy at 2 pixels", 2.5),
    cures=Promise("energy at 2 pixels", high=1.5),
)

_scene(
    name="oscillation",
    label="Oscillation",
    kind="oscillation",
    config=replace(
        _PLANE,
        data=OneGaussian(),
        generator=MlpGenerator(hidden="", norm="none"),
        discriminator=MlpDiscriminator(hidden="16", activation="relu"),
        g_optimizer=_rate(1e-2, 0.9),
        d_optimizer=_rate(1e-2, 0.9),
        total_images=256 * 3_000,
    ),
    sees="The generated cloud swings around the real one for ever, and never comes to rest on it.",
    why="Each network answers where the other one was: by the time the generator arrives, the discriminator has "
    "moved its slope to the other side. Momentum (beta 1 = 0.9) lets both overshoot, and the circle never closes.",
    fix={"g_optimizer.beta1": "0.0", "d_optimizer.beta1": "0.0"},
    button="Take the momentum away",
    cured="Without momentum the cloud settles on the real points, and only trembles there.",
    seconds=6,
    fails=Promise("swing", 0.2),
    cures=Promise("swing", high=0.14),
)

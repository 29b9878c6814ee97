"""`RunConfig`: the only description of a run.

It stands on the training floor, above the families it names, so that reading this module is enough to know every
member; everything about fields, JSON and URLs is in `gan_core.config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gan_core.config.fields import choice, flag, integer, number, one_of, section
from gan_core.data import FashionMnist, datasets
from gan_core.data.base import Dataset
from gan_core.nets import DcganDiscriminator, DcganGenerator, discriminators, generators
from gan_core.nets.base import Discriminator, Generator
from gan_core.objectives import NoAugmentation, NonSaturating, NoPenalty, augmentations, losses, penalties
from gan_core.objectives.base import Augmentation, Loss, Penalty
from gan_core.training.optimizers import Adam, Constant, Optimizer, Schedule, optimizers, schedules

SIZES = (28, 32, 64)


@dataclass(frozen=True)
class Latent:
    """Where the generator's inputs are drawn from."""

    dim: int = integer(
        64, low=1, high=1024, scale="log", label="Dimensions", help="How many numbers the generator starts from."
    )
    distribution: str = choice(
        "normal", ("normal", "uniform"), help="Normal: N(0, 1) each. Uniform: between -1 and 1 each."
    )


@dataclass(frozen=True)
class InstanceNoise:
    """Gaussian noise added to every image that the discriminator sees (Sønderby et al. 2017)."""

    sigma: float = number(
        0.0,
        low=0.0,
        high=2.0,
        live=True,
        label="Strength",
        help="Standard deviation at the start, with pixels from -1 to 1; 0 is off.",
    )
    decay_images: int = integer(
        200_000,
        low=0,
        high=100_000_000,
        scale="log",
        smallest=1_000,
        unit="images",
        label="Fades out after",
        help="Falls in a straight line to nothing after so many images; 0 keeps it for ever.",
    )


@dataclass(frozen=True)
class Ema:
    """An exponential moving average of the generator's weights; samples are drawn from it."""

    half_life_images: int = integer(
        10_000,
        low=0,
        high=10_000_000,
        scale="log",
        smallest=100,
        unit="images",
        live=True,
        label="Half-life",
        help="After so many images a weight's share in the average has halved; 0 uses the generator itself.",
    )
    ramp_up: float = number(
        0.05,
        low=0.0,
        high=1.0,
        live=True,
        label="Ramp-up",
        help=(
            "Early on the half-life is at most this share of the images seen, so that the first weights are "
            "soon forgotten; 0 is off."
        ),
    )


@dataclass(frozen=True)
class Record:
    """How often a run writes down how it is doing: in steps and images, not seconds, so that a run repeats."""

    every_steps: int = integer(
        0,
        low=0,
        high=10_000,
        scale="log",
        smallest=1,
        unit="steps",
        label="Curve point every",
        help="Steps between two points of the curves; 0 lets the size of the networks decide.",
    )
    grid_growth: float = number(
        0.05,
        low=0.0,
        high=1.0,
        advanced=True,
        label="Grid spacing",
        help=(
            "A sample grid is kept when the images seen have grown by this share since the last one: dense at "
            "first, then sparser; 0 keeps one at every point."
        ),
    )
    grid_count: int = choice(
        64,
        (16, 36, 64, 100),
        label="Samples in the grid",
        help="How many fixed latents are drawn in the sample grid.",
    )
    checkpoint_images: int = integer(
        100_000,
        low=1_000,
        high=100_000_000,
        scale="log",
        unit="images",
        label="Checkpoint every",
        help="A kill or a power cut loses at most this much (or 15 seconds, where that is more images).",
    )
    evaluate_images: int = integer(
        20_000,
        low=0,
        high=100_000_000,
        scale="log",
        smallest=100,
        unit="images",
        label="Evaluate every",
        help=(
            "How good the generator is gets measured when so many more images were seen, or a tenth more, whichever "
            "is later, for at most 5% of the run's time; 0 is off."
        ),
    )


@dataclass(frozen=True)
class RunConfig:
    """What a run is. Frozen; goes to JSON, to a URL and back without loss."""

    seed: int = integer(
        1, low=0, high=2**31 - 1, help="Everything random follows from it: the same seed gives the same run."
    )
    data: Dataset = one_of(datasets, FashionMnist, label="Dataset", help="What it learns from.")
    size: int = choice(28, SIZES, unit="px", label="Image size", help="Images are scaled to this width and height.")
    conditional: bool = flag(
        False,
        label="Class-conditional",
        help="Both networks are told the class: the generator can then be asked for one.",
    )
    latent: Latent = section(Latent, label="Latent", help="The generator's input.")
    generator: Generator = one_of(generators, DcganGenerator, label="Generator", help="Turns latents into images.")
    discriminator: Discriminator = one_of(
        discriminators, DcganDiscriminator, label="Discriminator", help="Tells real from generated."
    )
    loss: Loss = one_of(losses, NonSaturating, label="Loss", help="What the two networks play for.")
    penalty: Penalty = one_of(penalties, NoPenalty, label="Penalty", help="Keeps the discriminator smooth.")
    augmentation: Augmentation = one_of(
        augmentations,
        NoAugmentation,
        label="Augmentation",
        help="Changes every image before the discriminator sees it, so that little data goes further.",
    )
    instance_noise: InstanceNoise = section(
        InstanceNoise, label="Instance noise", help="Noise on the discriminator's input."
    )
    pack: int = choice(
        1,
        (1, 2, 4),
        advanced=True,
        label="Packing",
        help="The discriminator judges so many images at once (PacGAN), which makes a lack of variety visible to it.",
    )
    g_optimizer: Optimizer = one_of(
        optimizers, Adam, label="Generator's optimizer", help="How the generator's weights move."
    )
    d_optimizer: Optimizer = one_of(
        optimizers,
        Adam,
        label="Discriminator's optimizer",
        help="How the discriminator's weights move. A different learning rate here is called TTUR.",
    )
    schedule: Schedule = one_of(
        schedules, Constant, label="Schedule", help="How both learning rates change over the run."
    )
    batch_size: int = integer(
        64,
        low=4,
        high=1024,
        scale="log",
        unit="images",
        label="Batch size",
        help="Real images, and as many generated ones, in one update.",
    )
    k_d: int = integer(
        1,
        low=1,
        high=16,
        live=True,
        unit="updates",
        label="Discriminator updates per step",
        help="How many times the discriminator moves before the generator does once.",
    )
    total_images: int = integer(
        600_000,
        low=100,
        high=1_000_000_000,
        scale="log",
        unit="images",
        label="Length",
        help="The run finishes when it has seen so many real images.",
    )
    ema: Ema = section(Ema, label="Moving average", help="What samples are drawn from.")
    precision: str = choice(
        "auto",
        ("auto", "float32", "bfloat16"),
        advanced=True,
        label="Precision",
        help=(
            "bfloat16 is faster where the processor has it; weights stay in float32. auto measures it on this "
            "machine when the run starts, and the run keeps what was chosen."
        ),
    )
    backend: str = choice(
        "auto",
        ("auto", "reference", "dense", "compiled", "inductor"),
        advanced=True,
        label="Backend",
        help=(
            "How a step is worked out; all give the same numbers but for rounding. reference: autograd, for "
            "everything. dense: small dense networks, about twice as fast. compiled: those in C++, about three times "
            "as fast again. inductor: torch.compile, worth its minute for long runs on a GPU. auto takes the fastest "
            "of the first three that is there when the run starts, and the run keeps what was chosen."
        ),
    )
    record: Record = section(Record, label="Record", help="What is kept of the run.")

    @staticmethod
    def upgraded(data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Settings as earlier versions wrote them: `compiled`, true or false, stood where `backend` does."""
        if "compiled" not in data or "backend" in data or not isinstance(data["compiled"], bool):
            return data
        generator = data.get("generator")
        name = generator.get("name") if isinstance(generator, Mapping) else generator
        rest = {key: value for key, value in data.items() if key != "compiled"}
        return rest | {"backend": _backend_of(data["compiled"], is_dense=name == "mlp")}

    def renamed(self, path: str, text: str) -> tuple[str, str]:
        """A setting as a link of an earlier version has it."""
        if path != "compiled" or text.strip().lower() not in ("true", "false"):
            return path, text
        is_dense = generators.name_of(self.generator) == "mlp"
        return "backend", _backend_of(text.strip().lower() == "true", is_dense=is_dense)


def _backend_of(compiled: bool, *, is_dense: bool) -> str:
    """What `compiled` asked for: the C++ step of dense networks, which "auto" takes, and torch.compile of others."""
    if compiled:
        return "auto" if is_dense else "inductor"
    return "dense" if is_dense else "auto"

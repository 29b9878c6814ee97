"""Fully connected networks: the beginner's GAN (one dense layer each) and deeper ones (Goodfellow et al. 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gan_core.config.fields import choice, text
from gan_core.nets.base import (
    Discriminator,
    DiscriminatorNet,
    Generator,
    GeneratorNet,
    ImageShape,
    discriminators,
    generators,
)
from gan_core.nets.layers import (
    ACTIVATIONS,
    LatentWithLabel,
    LogitHead,
    MinibatchStd,
    apply_spectral_norm,
    full_precision,
    initialise,
)
from gan_core.nets.options import initial_weights, minibatch_std, spectral_norm

MAX_LAYERS, MAX_UNITS = 6, 2048
HIDDEN_HELP = (
    "Units of each hidden layer, from the input on, with commas between (256,512). Empty: no hidden layer, "
    "the input is wired straight to the output."
)
NORM_HELP = (
    "Rescales what each hidden layer gives: batch over the images of a batch, layer over the units of one image."
)
ACTIVATION_HELP = "The bend after each hidden layer; without one, many layers could do no more than one."


def hidden_units(hidden: str, field: str) -> list[int]:
    """ "256,512" -> [256, 512]; ValueError, a sentence that names `field`, where the text is not such a list."""
    parts = [p.strip() for p in hidden.split(",")] if hidden.strip() else []
    good = all(p.isascii() and p.isdigit() and 1 <= int(p) <= MAX_UNITS for p in parts)
    if not good or len(parts) > MAX_LAYERS:
        raise ValueError(
            f'{field} is "{hidden}"; it must be up to {MAX_LAYERS} whole numbers from 1 to {MAX_UNITS} with commas '
            "between, such as 256,512, or empty."
        )
    return [int(p) for p in parts]


def _hidden_problems(hidden: str, field: str) -> list[str]:
    try:
        hidden_units(hidden, field)
    except ValueError as error:
        return [str(error)]
    return []


def _norm(kind: str, units: int) -> nn.Module:
    if kind == "batch":
        return nn.BatchNorm1d(units)
    return nn.LayerNorm(units) if kind == "layer" else nn.Identity()


class MlpGeneratorNet(GeneratorNet):
    """z -> hidden layers -> C * size * size -> tanh; points have no bounds and no tanh."""

    def __init__(self, options: MlpGenerator, shape: ImageShape, latent_dim: int, class_count: int) -> None:
        super().__init__()
        self.shape = shape
        self.latent = LatentWithLabel(latent_dim, class_count)
        features, layers = self.latent.features, list[nn.Module]()
        for units in hidden_units(options.hidden, "generator.hidden"):
            layers += [nn.Linear(features, units), _norm(options.norm, units), ACTIVATIONS[options.activation]()]
            features = units
        self.layers = nn.Sequential(*layers, nn.Linear(features, shape.channels * shape.size**2))
        initialise(self, options.init)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        x = full_precision(self.layers(self.latent(z, labels)))
        x = x if self.shape.is_points else torch.tanh(x)
        return x.view(-1, self.shape.channels, self.shape.size, self.shape.size)


class MlpDiscriminatorNet(DiscriminatorNet):
    """The pixels in a row -> hidden layers -> a logit."""

    def __init__(self, options: MlpDiscriminator, shape: ImageShape, class_count: int, pack: int) -> None:
        super().__init__()
        self.batch_dependent = options.minibatch_std or options.norm == "batch"
        features, layers = shape.channels * pack * shape.size**2, list[nn.Module]()
        units_of = hidden_units(options.hidden, "discriminator.hidden")
        for i, units in enumerate(units_of):
            if options.minibatch_std and i == len(units_of) - 1:  # before the last bend, to be weighed with the rest
                layers.append(MinibatchStd())
                features += 1
            layers += [nn.Linear(features, units), _norm(options.norm, units), ACTIVATIONS[options.activation]()]
            features = units
        if options.minibatch_std and not units_of:
            layers.append(MinibatchStd())
            features += 1
        self.layers = nn.Sequential(*layers)
        self.head = LogitHead(features, class_count, pack)
        initialise(self, options.init)
        if options.spectral_norm:
            apply_spectral_norm(self)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        logits: Tensor = self.head(self.layers(x.flatten(1)), labels)
        return logits


@generators.register("mlp", label="Dense layers", source="Goodfellow et al. 2014, Generative Adversarial Nets")
@dataclass(frozen=True)
class MlpGenerator(Generator):
    """Dense layers only: the simplest network there is; it does not know that pixels have neighbours."""

    serves_points: ClassVar[bool] = True

    hidden: str = text("256,512", max_length=48, label="Hidden layers", help=HIDDEN_HELP)
    activation: str = choice("leaky_relu", tuple(ACTIVATIONS), label="Activation", help=ACTIVATION_HELP)
    norm: str = choice("batch", ("none", "batch", "layer"), label="Normalisation", help=NORM_HELP)
    init: str = initial_weights("default")

    def build(self, shape: ImageShape, latent_dim: int, class_count: int) -> GeneratorNet:
        return MlpGeneratorNet(self, shape, latent_dim, class_count)

    def problems(self, shape: ImageShape) -> list[str]:
        return _hidden_problems(self.hidden, "generator.hidden")


@discriminators.register("mlp", label="Dense layers", source="Goodfellow et al. 2014, Generative Adversarial Nets")
@dataclass(frozen=True)
class MlpDiscriminator(Discriminator):
    """Dense layers only: looks at all pixels at once, and has to learn that neighbours belong together."""

    serves_points: ClassVar[bool] = True

    hidden: str = text("512,256", max_length=48, label="Hidden layers", help=HIDDEN_HELP)
    activation: str = choice("leaky_relu", tuple(ACTIVATIONS), label="Activation", help=ACTIVATION_HELP)
    norm: str = choice("none", ("none", "batch", "layer"), label="Normalisation", help=NORM_HELP)
    spectral_norm: bool = spectral_norm(False)
    minibatch_std: bool = minibatch_std()
    init: str = initial_weights("default")

    def build(self, shape: ImageShape, class_count: int, pack: int) -> DiscriminatorNet:
        return MlpDiscriminatorNet(self, shape, class_count, pack)

    def problems(self, shape: ImageShape) -> list[str]:
        return _hidden_problems(self.hidden, "discriminator.hidden")

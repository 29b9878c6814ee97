"""Option fields that several networks share: one label, one range and one help text for each."""

from __future__ import annotations

from typing import Any

from gan_core.config.fields import choice, flag, integer
from gan_core.nets.layers import INITS

WIDTH_HELP = (
    "Channels of the layer nearest to the image; layers further in have more. "
    "Twice the width is about four times the work."
)


def width(default: int, *, high: int) -> Any:
    """Channels of the layer nearest to the image."""
    return integer(
        default,
        low=4,
        high=high,
        scale="log",
        unit="channels",
        label="Width",
        help=WIDTH_HELP,
    )


def initial_weights(default: str) -> Any:
    """What `layers.initialise` takes."""
    return choice(
        default,
        INITS,
        label="Initial weights",
        help="How the weights start. default: PyTorch's own (uniform, by the number of inputs); normal: N(0, 0.02) "
        "as in DCGAN; xavier: keeps the variance through the layers; orthogonal: keeps lengths.",
        advanced=True,
    )


def spectral_norm(default: bool = False) -> Any:
    """Of a discriminator."""
    return flag(
        default,
        label="Spectral norm",
        help="Keeps each layer from stretching differences between images, so that D changes gently.",
    )


def minibatch_std() -> Any:
    """A `layers.MinibatchStd` before D's last layers."""
    return flag(
        False,
        label="Minibatch deviation",
        help="Shows D how varied the batch is, so that it notices a generator that repeats itself.",
    )

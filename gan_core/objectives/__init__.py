"""Losses, penalties and differentiable augmentations; importing this registers those of every module here."""

from gan_core.config.registry import import_modules
from gan_core.objectives.adversarial_losses import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Relativistic,
    Wasserstein,
)
from gan_core.objectives.base import augmentations, losses, penalties
from gan_core.objectives.critic_penalties import R1, R1R2, R2, Dragan, NoPenalty, WeightClipping, WganGp
from gan_core.objectives.image_augmentations import DiffAugment, NoAugmentation
from gan_core.objectives.image_augmentations_adaptive import AdaptiveAugment
from gan_core.objectives.noise import add_instance_noise, decayed_sigma

import_modules(__name__)

__all__ = [
    "R1",
    "R1R2",
    "R2",
    "AdaptiveAugment",
    "DiffAugment",
    "Dragan",
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NoAugmentation",
    "NoPenalty",
    "NonSaturating",
    "Relativistic",
    "Wasserstein",
    "WeightClipping",
    "WganGp",
    "add_instance_noise",
    "augmentations",
    "decayed_sigma",
    "losses",
    "penalties",
]

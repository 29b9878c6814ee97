"""Generators and discriminators; importing this registers those of every module here."""

from gan_core.config.registry import import_modules
from gan_core.nets.base import discriminators, generators
from gan_core.nets.cost import forward_flops, parameter_count
from gan_core.nets.dcgan import DcganDiscriminator, DcganGenerator
from gan_core.nets.mlp import MlpDiscriminator, MlpGenerator
from gan_core.nets.r3gan import R3ganDiscriminator, R3ganGenerator
from gan_core.nets.resnet import ResnetDiscriminator, ResnetGenerator
from gan_core.nets.style import StyleGenerator

import_modules(__name__)

__all__ = [
    "DcganDiscriminator",
    "DcganGenerator",
    "MlpDiscriminator",
    "MlpGenerator",
    "R3ganDiscriminator",
    "R3ganGenerator",
    "ResnetDiscriminator",
    "ResnetGenerator",
    "StyleGenerator",
    "discriminators",
    "forward_flops",
    "generators",
    "parameter_count",
]

"""Generators and discriminators; importing this registers every member."""

from gan_core.nets.base import discriminators, generators
from gan_core.nets.dcgan import DcganDiscriminator, DcganGenerator
from gan_core.nets.mlp import MlpDiscriminator, MlpGenerator

__all__ = [
    "DcganDiscriminator",
    "DcganGenerator",
    "MlpDiscriminator",
    "MlpGenerator",
    "discriminators",
    "generators",
]

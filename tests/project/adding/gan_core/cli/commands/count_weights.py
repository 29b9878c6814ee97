"""Count the weights of a preset's two networks."""

from __future__ import annotations

import argparse

import torch

from gan_core.cli.options import Parser
from gan_core.config.places import data_dir
from gan_core.nets import parameter_count
from gan_core.training import preset
from gan_core.training.build import build_networks, sample_shape


def add_arguments(parser: Parser) -> None:
    parser.add_argument("preset", metavar="PRESET", help="the preset's name")


def run(arguments: argparse.Namespace) -> int:
    config = preset(arguments.preset).config
    shape = sample_shape(config, config.data.info(data_dir()))
    networks = build_networks(config, shape, 0, torch.device("cpu"))
    for name, network in (("generator", networks.generator), ("discriminator", networks.discriminator)):
        print(f"{name}: {parameter_count(network):,}")
    return 0

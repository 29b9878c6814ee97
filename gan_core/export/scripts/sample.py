"""A run's generator as one Python file that draws samples from its weights, without this program."""

from __future__ import annotations

import torch

from gan_core.export.scripts.networks import network
from gan_core.export.scripts.rewriting import literal
from gan_core.export.scripts.source import Source
from gan_core.export.scripts.train import about_images, extent_setting, latent_settings
from gan_core.export.scripts.writing import TAKEN, filled, script, settings
from gan_core.nets.base import ImageShape
from gan_core.training import RunConfig
from gan_core.training.build import build_networks


def sample_script(
    config: RunConfig,
    *,
    run: str,
    channels: int,
    classes: tuple[str, ...] = (),
    name: str = "sample.py",
    weights: str = "generator.safetensors",
) -> str:
    """The script; name: what its file will be called; weights: the name of the safetensors file beside it.

    The same seed draws the samples that this program draws. Needs torch, numpy, pillow and safetensors.
    """
    shape = ImageShape(channels, 1 if channels == 2 else config.size)
    class_count = len(classes) if config.conditional else 0
    source, about = Source(TAKEN), about_images(config, shape, class_count)
    net = build_networks(config, shape, class_count, torch.device("cpu")).generator
    rows = [
        *latent_settings(config, class_count),
        ("BLOCK", 256, "samples that are drawn at once"),
        ("WEIGHTS", weights, "the generator's file, beside this script"),
        *extent_setting(config.data),
    ]
    body = filled(
        "sample.py.jinja", **about, settings=settings(rows), has_styles="w" in net.latent_spaces,
        generator=network(source, config, net, shape, class_count),
        pictures=filled("pictures.jinja", **about, sampling=True),
        about=literal(f"Draws samples from the generator of {run}."),
    )  # fmt: skip
    text = (
        f"Draws samples from the generator that the run {run} trained in GANscope; its weights are in {weights}.\n\n"
        f"    python {name} --count 100 --seed 1 --out samples.png\n"
        f"    python {name} --count 1000 --out samples.npz      bytes [N, height, width, channels]\n"
        f"    python {name} --latents mine.npz --out mine.png   latents of your own, z [N, "
        f"{config.latent.dim}]\n\n"
        "Needs torch, numpy, pillow and safetensors.\n"
    )
    if class_count:
        text += "\nClasses: " + ", ".join(f"{i} {name}" for i, name in enumerate(classes)) + ".\n"
    return script(text, body, source.imports)

"""A run's generator as one Python file that draws samples from its weights, without this program."""

from __future__ import annotations

import torch

from gan_core.data.points import PointDataset
from gan_core.export.scripts.bundle import TEMPLATES, Program
from gan_core.export.scripts.train import stand_generator
from gan_core.export.scripts.writing import written
from gan_core.nets.base import ImageShape
from gan_core.training import RunConfig
from gan_core.training.build import build_networks

_SECTIONS = (("The generator: latents to images", ("build_generator",)), ("Drawing samples", ("main",)))


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

    The same seed draws the samples that this program draws. Needs torch, numpy and pillow.
    """
    shape = ImageShape(channels, 1 if channels == 2 else config.size)
    class_count = len(classes) if config.conditional else 0
    has_styles = "w" in build_networks(config, shape, class_count, torch.device("cpu")).generator.latent_spaces
    extent = tuple(round(x, 4) for x in config.data.extent) if isinstance(config.data, PointDataset) else ()
    program = Program({
        "CLASS_COUNT": class_count, "LATENT_DIM": config.latent.dim, "POINTS": shape.is_points, "BLOCK": 256,
        "UNIFORM": config.latent.distribution == "uniform", "ABOUT": f"Draws samples from the generator of {run}.",
        "WEIGHTS": weights, "EXTENT": extent, "STYLES": has_styles,
    })  # fmt: skip
    stand_generator(program, config, shape, class_count)
    main = (f"{TEMPLATES}.look", "main")
    program.settle([main])
    text = (
        f"Draws samples from the generator that the run {run} trained in GANscope; its weights are in {weights}.\n\n"
        f"    python {name} --count 100 --seed 1 --out samples.png\n"
        f"    python {name} --count 1000 --out samples.npz      bytes [N, height, width, channels]\n"
        f"    python {name} --latents mine.npz --out mine.png   latents of your own, z [N, "
        f"{config.latent.dim}]\n\n"
        "Needs torch, numpy and pillow.\n"
    )
    if class_count:
        text += "\nClasses: " + ", ".join(f"{i} {name}" for i, name in enumerate(classes)) + ".\n"
    return written(program, main, text, _SECTIONS)

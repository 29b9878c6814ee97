"""Samples of a trained generator, as arrays."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load

from gan_core.nets.base import GeneratorNet, ImageShape
from gan_core.training import RunConfig
from gan_core.training.batches import to_pixels
from gan_core.training.build import draw_latents
from gan_core.training.configuration.run_config import Latent

BLOCK = 256
"""So many samples are drawn at once, always: sample i is the same however many are asked for."""


def load_generator(path: Path, config: RunConfig, *, channels: int, class_count: int) -> GeneratorNet:
    """The generator in a run's safetensors file, on the CPU, in eval mode.

    channels: of the run's data, 1 or 3; 2 for points. class_count: how many classes the generator can be asked for,
    0 where it is not conditional. Raises OSError where the file cannot be read and ValueError where it is damaged or
    holds another network.
    """
    with torch.random.fork_rng(devices=[]):  # building draws weights that are then replaced
        shape = ImageShape(channels, 1 if channels == 2 else config.size)
        net = config.generator.build(shape, config.latent.dim, class_count)
    try:
        net.load_state_dict(load(path.read_bytes()))
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}); sample an earlier checkpoint.") from None
    except RuntimeError:
        raise ValueError(f"{path} holds another network than the run's configuration describes.") from None
    return net.eval().requires_grad_(False)


@torch.inference_mode()
def draw_samples(
    net: GeneratorNet, latent: Latent, *, class_count: int, count: int, seed: int
) -> dict[str, NDArray[Any]]:
    """images uint8 [count, size, size, C], or points float32 [count, 2]; and, of a conditional generator, labels
    int64 [count]: 0, 1, 2... in turn.

    The same seed gives the same samples, and more of them begin with the same ones.
    """
    rng = torch.Generator().manual_seed(seed)
    labels = torch.arange(count + BLOCK) % class_count if class_count else None
    blocks = []
    for start in range(0, count, BLOCK):
        z = draw_latents(latent, BLOCK, rng)
        samples = net(z, None if labels is None else labels[start : start + BLOCK])[: count - start]
        points = samples.shape[-1] == 1
        block = samples.flatten(1).float() if points else to_pixels(samples).permute(0, 2, 3, 1).contiguous()
        blocks.append(block.numpy())
    arrays = {"points" if points else "images": np.concatenate(blocks)}
    return arrays if labels is None else {**arrays, "labels": labels[:count].numpy()}


def write_npz(path: Path | BinaryIO, arrays: dict[str, NDArray[Any]], level: int | None = None) -> None:
    """An .npz file like numpy's, but with the same bytes for the same arrays (numpy writes the time into it).

    level: zlib's, from 1 (quick) to 9 (tight); None is its usual one.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)

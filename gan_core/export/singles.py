"""Single pictures, each of a seed of its own, and many side by side on a sheet, as PNG files."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gan_core.latent.looks.where import draw_z
from gan_core.nets.base import GeneratorNet
from gan_core.training.batches import to_pixels
from gan_core.training.configuration.run_config import Latent

BLOCK = 64


def single_name(seed: int) -> str:
    """What the picture of a seed is called; names sort as seeds do."""
    return f"seed-{seed:010d}.png"


@torch.inference_mode()
def single_pngs(
    net: GeneratorNet, latent: Latent, *, class_count: int, seeds: Sequence[int], words: Mapping[str, str]
) -> Iterator[tuple[str, bytes]]:
    """(name, PNG) of every seed's picture, pixel for pixel; a seed means what it means on the Explore page.

    Of a conditional generator a seed's class is its remainder by the number of classes. words: what is written into
    each file, beside its seed and class.
    """
    for start in range(0, len(seeds), BLOCK):
        part = seeds[start : start + BLOCK]
        z = torch.from_numpy(np.stack([draw_z(seed, latent.dim, latent.distribution) for seed in part])).float()
        labels = torch.tensor([seed % class_count for seed in part]) if class_count else None
        images = to_pixels(net(z, labels)).permute(0, 2, 3, 1).numpy()
        for i, seed in enumerate(part):
            of_class = {} if labels is None else {"class": str(int(labels[i]))}
            yield single_name(seed), _png(images[i], {**words, "seed": str(seed), **of_class})


def sheet_png(images: NDArray[np.uint8], *, scale: int = 2, words: Mapping[str, str]) -> bytes:
    """Pictures uint8 [N, H, W, C] side by side in about as many rows as columns, every pixel `scale` x `scale`."""
    count, height, width, channels = images.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    cells = np.zeros((rows * columns, height, width, channels), np.uint8)
    cells[:count] = images
    sheet = cells.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    pixels = sheet.reshape(rows * height, columns * width, channels)
    return _png(pixels.repeat(scale, 0).repeat(scale, 1), words)


def _png(pixels: NDArray[Any], words: Mapping[str, str]) -> bytes:
    info, out = PngInfo(), io.BytesIO()
    for key, value in {"Software": "GANscope", **words}.items():
        info.add_itxt(key, value)
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(out, "PNG", pnginfo=info)
    return out.getvalue()

"""The script that draws samples, in general; `fold` cuts it down to one run's generator."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_core.export.scripts.loop import draw_latents
from gan_core.export.scripts.pictures import read_safetensors, save_samples, to_pixels

CLASS_COUNT = 0
LATENT_DIM = 64
POINTS = False
STYLES = False
BLOCK = 256
ABOUT = ""
WEIGHTS = "generator.safetensors"


def build_generator() -> nn.Module:
    raise NotImplementedError


def load_generator(path: Path) -> nn.Module:
    """The trained generator, ready to draw."""
    generator = build_generator()
    generator.load_state_dict(read_safetensors(path))
    return generator.eval().requires_grad_(False)


@torch.no_grad()
def draw(generator: Any, z: Tensor, labels: Tensor | None) -> np.ndarray[Any, Any]:
    """Latents [N, LATENT_DIM], and a class each where there are any -> images [N, C, H, W] from -1 to 1."""
    parts = []
    for start in range(0, len(z), BLOCK):
        part, classes = z[start : start + BLOCK], None if labels is None else labels[start : start + BLOCK]
        if STYLES and part.dim() == 3:  # styles instead, [N, layers, length]
            parts.append(generator.synthesis(part).float().numpy())
        else:
            parts.append(generator(part, classes).float().numpy())
    return np.concatenate(parts)


def random_latents(count: int, seed: int) -> tuple[Tensor, Tensor | None]:
    """`count` latents, of which more begin with the same ones; classes 0, 1, 2... in turn where there are any."""
    rng = torch.Generator().manual_seed(seed)
    z = torch.cat([draw_latents(BLOCK, rng) for _ in range(0, count, BLOCK)])[:count]
    return z, torch.arange(count) % CLASS_COUNT if CLASS_COUNT else None


def read_latents(path: Path) -> tuple[Tensor, Tensor | None]:
    """Latents z [N, LATENT_DIM] from an .npz file, and labels [N] where the generator wants them."""
    with np.load(path) as arrays:
        if STYLES and "styles" in arrays:  # of every layer, as a picture on the Explore page has them
            return torch.from_numpy(arrays["styles"].astype(np.float32)), None
        z = torch.from_numpy(arrays["z"].astype(np.float32)).reshape(-1, LATENT_DIM)
        labels = None
        if CLASS_COUNT:
            labels = (
                torch.from_numpy(arrays["labels"].astype(np.int64))
                if "labels" in arrays
                else torch.zeros(len(z)).long()
            )
    return z, labels


def main() -> None:
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("--count", type=int, default=64, help="how many samples (default: 64)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed draws the same samples (default: 0)")
    if CLASS_COUNT:
        parser.add_argument("--label", type=int, help=f"all of one class, from 0 to {CLASS_COUNT - 1}")
    parser.add_argument("--latents", type=Path, help=".npz file with latents z [N, LATENT_DIM] to draw instead")
    parser.add_argument(
        "--weights", type=Path, default=Path(__file__).with_name(WEIGHTS), help="the generator's file"
    )
    parser.add_argument("--out", type=Path, default=Path("samples.png"), help="a .png picture or an .npz of arrays")
    arguments = parser.parse_args()
    z, labels = (
        read_latents(arguments.latents) if arguments.latents else random_latents(arguments.count, arguments.seed)
    )
    if CLASS_COUNT:
        if arguments.label is not None:
            labels = torch.full((len(z),), arguments.label)
    samples = draw(load_generator(arguments.weights), z, labels)
    if arguments.out.suffix == ".npz":
        arrays: dict[str, Any] = {
            "points" if POINTS else "images": samples.reshape(-1, 2) if POINTS else to_pixels(samples)
        }
        if labels is not None:
            arrays["labels"] = labels.numpy()
        np.savez_compressed(arguments.out, **arrays)
    else:
        save_samples(arguments.out, samples, max(1, round(len(samples) ** 0.5)))
    print(f"{arguments.out}: {len(samples)} samples")

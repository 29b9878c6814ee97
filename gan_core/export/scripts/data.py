"""Where the training script's images come from: one function for each kind of dataset, of which it gets one."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_core.data.pixels import to_size
from gan_core.data.shapes import draw_factors, render

SIZE = 28
GREY = False
COUNT = 0  # 0: all of them
DATA_SEED = 1
BACKGROUND = 0.0
ONLY: int | None = None
TRAIN_POINTS = 65_536
POINTS_SEED = 2_014
TORCHVISION = "MNIST"
SPLIT_LETTERS = False
TURNED = False
BY_SPLIT = False
COLOUR = False

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")


def sample_points(count: int, rng: torch.Generator) -> Tensor:
    raise NotImplementedError


Labelled = tuple[Tensor, Tensor | None]
"""Images uint8 [N, C, SIZE, SIZE] (or points float32 [N, 2, 1, 1]) and their classes int64 [N]."""


def load_fashion(path: Path | None) -> Labelled:
    """Fashion-MNIST from a folder with its four idx.gz files; without a folder torchvision fetches them."""
    if path is None:
        import torchvision

        torchvision.datasets.FashionMNIST("data", train=True, download=True)
        path = Path("data/FashionMNIST/raw")
    images = torch.from_numpy(read_idx(path / "train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28))
    labels = torch.from_numpy(read_idx(path / "train-labels-idx1-ubyte.gz", 8)).long()
    if ONLY is not None:  # one class alone
        images, labels = images[labels == ONLY], torch.zeros(int((labels == ONLY).sum())).long()
    if COUNT:
        images, labels = images[:COUNT], labels[:COUNT]
    return to_size(images, SIZE), labels


def read_idx(path: Path, header_bytes: int) -> np.ndarray[Any, Any]:
    """The numbers in an idx file, packed or not; its header says how many there are, which is known here."""
    raw = gzip.decompress(path.read_bytes()) if path.exists() else path.with_suffix("").read_bytes()
    return np.frombuffer(raw, np.uint8, offset=header_bytes).copy()


def load_torchvision(path: Path | None) -> Labelled:
    """The training images as torchvision has them; it fetches what is not in the folder yet."""
    import torchvision

    root = path or Path("data")
    if BY_SPLIT:
        found = getattr(torchvision.datasets, TORCHVISION)(root, split="train", download=True)
        pixels, classes = found.data, found.labels
    elif SPLIT_LETTERS:
        found = torchvision.datasets.EMNIST(root, split="letters", train=True, download=True)
        pixels, classes = found.data, found.targets - 1  # counted from 1 there
    else:
        found = getattr(torchvision.datasets, TORCHVISION)(root, train=True, download=True)
        pixels, classes = found.data, found.targets
    images = torch.as_tensor(np.asarray(pixels))
    if images.dim() == 3:
        images = images[:, None]
    elif not BY_SPLIT:
        images = images.permute(0, 3, 1, 2)
    if TURNED:  # each letter is mirrored over its diagonal there
        images = images.transpose(2, 3)
    labels = torch.as_tensor(np.asarray(classes)).long()
    if COUNT:
        images, labels = images[:COUNT], labels[:COUNT]
    return to_size(images.contiguous(), SIZE), labels


def load_shapes(path: Path | None) -> Labelled:
    """Coloured shapes, drawn here from independent random causes."""
    factors = draw_factors(COUNT, DATA_SEED, 0)
    return render(factors, SIZE, BACKGROUND), torch.from_numpy(factors["shape"]).long()


def load_points(path: Path | None) -> Labelled:
    """Points in the plane, as images of two channels (x and y) and one pixel."""
    points = sample_points(TRAIN_POINTS, torch.Generator().manual_seed(POINTS_SEED))
    return points.view(-1, 2, 1, 1), None


def load_file(path: Path | None) -> Labelled:
    """A folder of pictures, whose subfolders are classes, or an .npz file with `images` uint8 and maybe `labels`.

    Without a path: the file of that kind beside this script.
    """
    path = path or Path(__file__).with_suffix(".npz")
    if not path.exists():
        raise SystemExit(f"There is no {path}: name a folder of pictures or an .npz file of images with --data.")
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            images = torch.from_numpy(arrays["images"])
            return to_size(images, SIZE), torch.from_numpy(arrays["labels"]).long() if "labels" in arrays else None
    files = sorted(f for f in path.rglob("*") if f.suffix.lower() in PICTURES)
    if not files:
        raise SystemExit(f"There is no picture in {path}.")
    folders = sorted({f.parent for f in files})
    pixels = np.stack([read_picture(file) for file in files])
    labels = torch.tensor([folders.index(f.parent) for f in files]) if len(folders) > 1 else None
    return torch.from_numpy(pixels), labels


def read_picture(file: Path) -> np.ndarray[Any, Any]:
    """The middle square of a picture, uint8 [C, SIZE, SIZE]."""
    with Image.open(file) as picture:
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        box = (left, top, left + side, top + side)
        mode = "L" if GREY else "RGB"
        small = picture.convert(mode).resize((SIZE, SIZE), Image.Resampling.LANCZOS, box=box)
    pixels = np.array(small)
    return pixels[None] if GREY else pixels.transpose(2, 0, 1)

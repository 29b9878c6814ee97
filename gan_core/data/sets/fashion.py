"""Fashion-MNIST, which comes with the program."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from gan_core.config.fields import choice, integer
from gan_core.data.base import Dataset, DataUnavailable, ImageInfo, ImageSet, Progress, datasets
from gan_core.data.files.assets import ASSETS
from gan_core.data.files.idx import read_idx
from gan_core.data.pixels import to_size

FOLDER = ASSETS / "fashion-mnist"

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
TRAIN_COUNT, TEST_COUNT = 60_000, 10_000

_SHA256 = {
    "train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    "train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
    "t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    "t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
}


@lru_cache(maxsize=4)
def _tensor(folder: Path, name: str) -> Tensor:
    """One of the four files as a tensor of its own; kept, so that a second run starts at once."""
    path = folder / name
    array = read_idx(path)
    if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256[name]:
        raise DataUnavailable(f"{path} is not the original Fashion-MNIST file; restore it from the repository.")
    return torch.from_numpy(array.copy())


def _part(prefix: str, count: int) -> tuple[Tensor, Tensor]:
    images = _tensor(FOLDER, f"{prefix}-images-idx3-ubyte.gz").unsqueeze(1)
    labels = _tensor(FOLDER, f"{prefix}-labels-idx1-ubyte.gz").long()
    if images.shape != (count, 1, 28, 28) or labels.shape != (count,):
        raise DataUnavailable(f"{FOLDER} does not hold the original Fashion-MNIST files; restore them.")
    return images, labels


@datasets.register("fashion-mnist", label="Fashion-MNIST", source="Xiao, Rasul, Vollgraf 2017, arXiv 1708.07747")
@dataclass(frozen=True)
class FashionMnist(Dataset):
    """60,000 grey pictures of clothes in ten classes and 10,000 held out, 28 x 28; comes with the program."""

    only: str = choice(
        "all", ("all", *CLASSES), label="Classes", help="All ten, or just one: a simpler world to learn."
    )
    count: int = integer(
        0,
        low=0,
        high=TRAIN_COUNT,
        scale="log",
        smallest=10,
        unit="images",
        label="Images kept",
        help="Train on only the first so many images, to see overfitting; 0 keeps all.",
    )

    def origin(self) -> str:
        return " ".join(_SHA256.values())

    def info(self, data_dir: Path) -> ImageInfo:
        """Each class has 6,000 training images."""
        whole = TRAIN_COUNT if self.only == "all" else TRAIN_COUNT // len(CLASSES)
        classes = CLASSES if self.only == "all" else (self.only,)
        return ImageInfo(1, 28, min(self.count, whole) or whole, classes, licence="MIT, Zalando SE")

    def load(self, size: int, data_dir: Path, progress: Progress | None = None) -> ImageSet:
        """The tensors of the 28-pixel set are shared between callers: do not write into them."""
        images, labels, held_out, held_labels = *_part("train", TRAIN_COUNT), *_part("t10k", TEST_COUNT)
        classes: tuple[str, ...] = CLASSES
        if self.only != "all":
            wanted, classes = CLASSES.index(self.only), (self.only,)
            images, held_out = images[labels == wanted], held_out[held_labels == wanted]
            labels, held_labels = torch.zeros(len(images)).long(), torch.zeros(len(held_out)).long()
        if self.count:
            images, labels = images[: self.count], labels[: self.count]
        if progress is not None:
            progress(1.0, "Fashion-MNIST read")
        return ImageSet(to_size(images, size), labels, classes, to_size(held_out, size), held_labels)

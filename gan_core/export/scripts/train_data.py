"""The data of an exported script: how it reads, fetches or draws them, and what goes along as a file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gan_core.data import FashionMnist, Shapes
from gan_core.data.base import Dataset
from gan_core.data.sets.fashion import CLASSES
from gan_core.data.sets.points import POINTS_SEED, TRAIN_POINTS, PointDataset
from gan_core.data.sets.published import Published
from gan_core.export.scripts.rewriting import literal
from gan_core.export.scripts.source import Source
from gan_core.export.scripts.writing import filled
from gan_core.training import RunConfig

NEEDED = "a folder of pictures, or an .npz file with images; needed, as none came along"
_TORCHVISION = {
    "Mnist": ('MNIST({}, train=True, download=True)', "[:, None]", "data.targets).long()"),
    "KMnist": ('KMNIST({}, train=True, download=True)', "[:, None]", "data.targets).long()"),
    "EmnistLetters": (  # each letter is mirrored over its diagonal there, and they are counted from 1
        'EMNIST({}, split="letters", train=True, download=True)', "[:, None].transpose(2, 3)",
        "data.targets).long() - 1",
    ),
    "Cifar10": ('CIFAR10({}, train=True, download=True)', ".permute(0, 3, 1, 2)", "data.targets).long()"),
    "Svhn": ('SVHN({}, split="train", download=True)', "", "data.labels).long()"),
}  # fmt: skip
"""How torchvision has the datasets that it has: the call, the order of what it gives, and the classes."""


def _kind(data: Dataset, beside: str) -> str:
    if beside:
        return "file"
    if isinstance(data, FashionMnist):
        return "fashion"
    if isinstance(data, Shapes | PointDataset):
        return "shapes" if isinstance(data, Shapes) else "points"
    return "torchvision" if type(data).__name__ in _TORCHVISION else "file"


def may_be_few(config: RunConfig, beside: str) -> bool:
    """Whether there may be fewer images than a batch has."""
    return _kind(config.data, beside) == "file" or config.data.info(Path()).count < config.batch_size


def data_help(data: Dataset, beside: str) -> str:
    """What --data is for. beside: the file with the images, if there is one."""
    kind = _kind(data, beside)
    if beside:
        return f"not needed: the images lie in {beside} beside this script; or a folder of pictures of your own"
    if kind == "torchvision":
        assert isinstance(data, Published)
        megabytes = math.ceil(sum(remote.megabytes for remote in data.remotes))
        return f"the folder where torchvision has the data (default: data), or fetches it to ({megabytes} MB)"
    return {
        "fashion": "the folder with Fashion-MNIST's idx.gz files; without it torchvision fetches them (30 MB)",
        "shapes": "not needed: the shapes are drawn by this script",
        "points": "not needed: the points are drawn by this script",
    }.get(kind, NEEDED)


def data_part(source: Source, config: RunConfig, about: dict[str, Any], beside: str) -> str:
    """load_data, with what it needs."""
    data, kind = config.data, _kind(config.data, beside)
    values: dict[str, Any] = {"only": None, "count": getattr(data, "count", 0), "resizes": kind == "file"}
    if isinstance(data, FashionMnist) and kind == "fashion":
        values["only"] = None if data.only == "all" else CLASSES.index(data.only)
        values["resizes"] = config.size != 28
    elif isinstance(data, Shapes):
        for name in ("draw_factors", "render"):
            source.definition("gan_core.data.sets.shapes", name, {"progress": None}, gone="progress")
        values |= {"seed": data.seed, "background": 1.0 if data.background == "white" else 0.0}
    elif isinstance(data, PointDataset):
        source.method(data, "sample", "sample_points")
        values |= {"count": literal(TRAIN_POINTS), "seed": literal(POINTS_SEED)}
    elif isinstance(data, Published) and kind == "torchvision":
        values["resizes"] = config.size != data.native_size
        call, order, labels = _TORCHVISION[type(data).__name__]
        values |= {"call": call.format('path or "data"'), "order": order, "labels_of": labels}
    if values["resizes"]:
        source.definition("gan_core.data.pixels", "to_size")
    return source.collected() + "\n\n" + filled("data.jinja", **about, kind=kind, **values)


def is_drawn(config: RunConfig) -> bool:
    """Whether the script makes its data itself; of any other an .npz file should go along, if it is here."""
    return isinstance(config.data, Shapes | PointDataset)


def data_size(config: RunConfig, data_dir: Path) -> int:
    """Pixels a side of the images that go along: no more than the originals have, as the script enlarges them."""
    has_original_size = isinstance(config.data, FashionMnist) or type(config.data).__name__ in _TORCHVISION
    return min(config.size, config.data.info(data_dir).native_size) if has_original_size else config.size


def training_data(config: RunConfig, data_dir: Path) -> dict[str, NDArray[Any]]:
    """The arrays for the script's .npz file: images uint8 [N, C, size, size] (`data_size`); labels int64 [N] where
    there are any.

    Raises DataUnavailable.
    """
    data = config.data.load(data_size(config, data_dir), data_dir)
    images = {"images": data.images.numpy()}
    return images if data.labels is None else {**images, "labels": data.labels.numpy()}

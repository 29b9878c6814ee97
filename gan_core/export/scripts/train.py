"""A run as one Python file that trains it again, for those who want to read or change it without this program."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from gan_core.data import FashionMnist, Shapes
from gan_core.data.base import Dataset
from gan_core.data.fashion import CLASSES
from gan_core.data.points import PointDataset
from gan_core.data.published import Published
from gan_core.export.scripts.bundle import TEMPLATES, Program
from gan_core.export.scripts.optimizers import stand_optimizer
from gan_core.export.scripts.writing import written
from gan_core.nets.base import ImageShape
from gan_core.objectives.base import Adaptive
from gan_core.training import RunConfig
from gan_core.training.build import build_networks

_LOOP, _DATA = f"{TEMPLATES}.loop", f"{TEMPLATES}.data"

SECTIONS = (
    ("The generator: latents to images", ("build_generator",)),
    ("The discriminator: images to logits, large for real", ("build_discriminator",)),
    ("What the two play for", ("d_loss", "g_loss", "penalty", "after_update")),
    ("What the discriminator gets to see", ("augment", "see")),
    ("How weights move", ("g_optimizer", "d_optimizer", "learning_rate_factor")),
    ("The data", ("load_data",)),
    ("Training", ("main",)),
)


def train_script(
    config: RunConfig, *, run: str, channels: int, classes: tuple[str, ...] = (), live_changes: int = 0,
    name: str = "train.py", with_data: bool = False,
) -> str:  # fmt: skip
    """The script. channels: of the run's images, 2 for points; classes: names of its data's classes; live_changes:
    how many settings were changed while the run trained; name: what its file will be called; with_data: an .npz file
    of that name, with the images (`training_data`), will lie beside it.

    It starts with the run's own weights and draws the same batches, latents and noise: on one processor thread its
    numbers are the run's but for rounding. Needs torch, numpy and pillow (torchvision for some datasets).
    """
    shape = ImageShape(channels, 1 if channels == 2 else config.size)
    class_count = len(classes) if config.conditional else 0
    program = Program(run_settings(config, shape, class_count))
    stand_generator(program, config, shape, class_count)
    program.stands_for(
        "build_discriminator", config.discriminator, "build", shape=shape, class_count=class_count, pack=config.pack
    )
    program.stands_for("d_loss", config.loss, "d_loss")
    program.stands_for("g_loss", config.loss, "g_loss")
    program.stands_for("penalty", config.penalty, "penalty")
    program.stands_for("after_update", config.penalty, "after_update")
    program.stands_for("augment", config.augmentation, "augment")
    program.stands_for("learning_rate_factor", config.schedule, "factor")
    stand_optimizer(program, "g", config.g_optimizer)
    stand_optimizer(program, "d", config.d_optimizer)
    data_help = _data(program, config.data, Path(name).with_suffix(".npz").name if with_data else "")
    program.settings |= {"ABOUT": f"Trains the run {run} again.", "DATA_HELP": data_help}
    program.settle([(_LOOP, "main")])
    call = f"python {name} --data PICTURES" if data_help == _NEEDED else f"python {name}"
    introduction = _introduction(config, run, call, data_help, classes, live_changes)
    return written(program, (_LOOP, "main"), introduction, SECTIONS)


def stand_generator(program: Program, config: RunConfig, shape: ImageShape, class_count: int) -> None:
    """The templates' build_generator builds this run's."""
    known = {"shape": shape, "latent_dim": config.latent.dim, "class_count": class_count}
    program.stands_for("build_generator", config.generator, "build", **known)


def run_settings(config: RunConfig, shape: ImageShape, class_count: int) -> dict[str, Any]:
    """The names in capitals of the templates, and what they are in this run."""
    judges = build_networks(config, shape, class_count, torch.device("cpu")).discriminator
    noise, ema, data = config.instance_noise, config.ema, config.data
    per_step = config.batch_size * config.k_d
    steps = max(1, -(-config.total_images // per_step))
    return {
        "SEED": config.seed, "SIZE": shape.size, "LATENT_DIM": config.latent.dim, "CLASS_COUNT": class_count,
        "UNIFORM": config.latent.distribution == "uniform", "BATCH_SIZE": config.batch_size,
        "TOTAL_IMAGES": config.total_images, "STEPS": steps, "SAMPLE_EVERY": max(1, steps // 40),
        "D_UPDATES": config.k_d, "PACK": config.pack, "BATCH_DEPENDENT": judges.batch_dependent,
        "RELATIVISTIC": config.loss.relativistic, "PENALTY": config.penalty.active,
        "PENALTY_EVERY": config.penalty.interval, "CLIPS": _overrides(config.penalty, "after_update"),
        "AUGMENTS": config.augmentation.active, "NOISE_SIGMA": noise.sigma, "NOISE_IMAGES": noise.decay_images,
        "EMA_HALF_LIFE": ema.half_life_images, "EMA_RAMP_UP": ema.ramp_up,
        "BFLOAT16": config.precision == "bfloat16", "G_LEARNING_RATE": config.g_optimizer.lr,
        "D_LEARNING_RATE": config.d_optimizer.lr, "GRID_COUNT": config.record.grid_count,
        "POINTS": shape.is_points, "GREY": shape.channels == 1,
        "EXTENT": tuple(round(x, 4) for x in data.extent) if isinstance(data, PointDataset) else (),
    }  # fmt: skip


def _overrides(member: object, method: str) -> bool:
    return method in vars(type(member))


_PUBLISHED: dict[str, dict[str, Any]] = {
    "Mnist": {"TORCHVISION": "MNIST"},
    "KMnist": {"TORCHVISION": "KMNIST"},
    "EmnistLetters": {"TORCHVISION": "EMNIST", "SPLIT_LETTERS": True, "TURNED": True},
    "Cifar10": {"TORCHVISION": "CIFAR10"},
    "Svhn": {"TORCHVISION": "SVHN", "BY_SPLIT": True},
}
"""How torchvision has the datasets that it has."""


_NEEDED = "a folder of pictures, or an .npz file with images; needed, as none came along"


def _data(program: Program, data: Dataset, beside: str) -> str:
    """Choose the function that loads this dataset; what --data is for. beside: the file with it, if there is one."""
    name = type(data).__name__
    function, help = "load_file", _NEEDED
    settings: dict[str, Any] = {"COUNT": getattr(data, "count", 0)}
    if beside:
        help = f"not needed: the images lie in {beside} beside this script; or a folder of pictures of your own"
    elif isinstance(data, FashionMnist):
        function = "load_fashion"
        help = "the folder with Fashion-MNIST's idx.gz files; without it torchvision fetches them (30 MB)"
        settings["ONLY"] = None if data.only == "all" else CLASSES.index(data.only)
    elif isinstance(data, Shapes):
        function, help = "load_shapes", "not needed: the shapes are drawn by this script"
        settings |= {"DATA_SEED": data.seed, "BACKGROUND": 1.0 if data.background == "white" else 0.0}
    elif isinstance(data, PointDataset):
        function, help = "load_points", "not needed: the points are drawn by this script"
        program.stands_for("sample_points", data, "sample")
    elif name in _PUBLISHED:
        function = "load_torchvision"
        help = "the folder where torchvision has the data (default: data), or fetches it to"
        if isinstance(data, Published):
            help += f" ({math.ceil(sum(remote.megabytes for remote in data.remotes))} MB)"
        settings |= {"SPLIT_LETTERS": False, "TURNED": False, "BY_SPLIT": False} | _PUBLISHED[name]
    program.settings |= settings
    program.is_called("load_data", _DATA, function)
    return help


def is_drawn(config: RunConfig) -> bool:
    """Whether the script makes its data itself; of any other an .npz file should go along, if it is here."""
    return isinstance(config.data, Shapes | PointDataset)


def data_size(config: RunConfig, data_dir: Path) -> int:
    """Pixels a side of the images that go along: no more than the originals have, as the script enlarges them."""
    has_original_size = isinstance(config.data, FashionMnist) or type(config.data).__name__ in _PUBLISHED
    return min(config.size, config.data.info(data_dir).native_size) if has_original_size else config.size


def training_data(config: RunConfig, data_dir: Path) -> dict[str, NDArray[Any]]:
    """The arrays for the script's .npz file: images uint8 [N, C, size, size] (`data_size`); labels int64 [N] where
    there are any.

    Raises DataUnavailable.
    """
    data = config.data.load(data_size(config, data_dir), data_dir)
    images = {"images": data.images.numpy()}
    return images if data.labels is None else {**images, "labels": data.labels.numpy()}


def _introduction(
    config: RunConfig, run: str, call: str, data_help: str, classes: tuple[str, ...], live_changes: int
) -> str:
    fetches = ", and torchvision where it fetches the data" if "fetch" in data_help else ""
    lines = [
        f"Trains a generative adversarial network: the run {run} once more, as GANscope trained it.",
        "",
        f"    {call} --out trained             the whole run; samples and weights: folder trained",
        f"    {call} --steps 100 --every 10    a first look",
        "",
        f"--data: {data_help}.",
        "",
        "It starts with the run's weights and draws the same batches, latents and noise: on a processor, losses and",
        f"weights are the run's, but for rounding. Needs torch, numpy and pillow{fetches}.",
    ]
    if live_changes:
        what = "A setting was" if live_changes == 1 else f"{live_changes} settings were"
        lines += ["", f"{what} changed while the run trained; here all are as they were at its end."]
    if isinstance(config.augmentation, Adaptive):
        start = f"{config.augmentation.start:g}, where it began: numbers differ once it had moved."
        lines += ["", f"The augmentation's strength followed the discriminator in the run; here it stays at {start}"]
    if config.conditional and classes:
        lines += ["", f"Classes: {', '.join(classes)}."]
    return "\n".join(lines) + "\n"

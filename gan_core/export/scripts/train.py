"""A run as one Python file that trains it again, for those who want to read or change it without this program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from gan_core.data.base import Dataset
from gan_core.data.sets.points import PointDataset
from gan_core.export.scripts.keras_layers import keras_discriminator, keras_generator, keras_optimizer, why_no_twin
from gan_core.export.scripts.networks import network
from gan_core.export.scripts.optimizers import optimizer_call
from gan_core.export.scripts.source import Source
from gan_core.export.scripts.train_data import NEEDED, data_help, data_part, may_be_few
from gan_core.export.scripts.writing import TAKEN, comment, filled, script, settings
from gan_core.nets.base import ImageShape
from gan_core.objectives import losses, penalties
from gan_core.objectives.base import Adaptive, Loss, Penalty
from gan_core.training import RunConfig
from gan_core.training.build import build_networks
from gan_core.training.optimizers import Constant


def train_script(
    config: RunConfig, *, run: str, channels: int, classes: tuple[str, ...] = (), live_changes: int = 0,
    name: str = "train.py", with_data: bool = False, keras: bool = False,
) -> str:  # fmt: skip
    """The script.

    run: its id, "" of settings that were not trained yet. channels: of its images, 2 for points. classes: names of
    its data's classes. live_changes: how many settings were changed while the run trained. name: what its file will
    be called. with_data: an .npz file of that name, with the images (`training_data`), will lie beside it. keras:
    networks and optimizers are Keras's, on torch (ValueError where `why_no_twin` has a reason).

    It starts with the run's own weights and draws the same batches, latents and noise: on one processor thread its
    numbers are the run's but for rounding. Needs torch, numpy, pillow, safetensors (torchvision for some datasets).
    The Keras twin draws initial weights of its own, and the same batches, latents and noise.
    """
    if keras and (reason := why_no_twin(config)):
        raise ValueError(reason)
    shape = ImageShape(channels, 1 if channels == 2 else config.size)
    class_count = len(classes) if config.conditional else 0
    source, about = Source(TAKEN), about_images(config, shape, class_count)
    beside = Path(name).with_suffix(".npz").name if with_data else ""
    what_for = data_help(config.data, beside)
    parts = {
        **about,
        **_parts(source, config, shape, class_count, keras),
        **_rules(source, config, class_count, keras),
    }
    body = filled(
        "train.py.jinja", **parts, settings=settings(_settings(config, shape, class_count)),
        data=data_part(source, config, about, beside), may_be_few=may_be_few(config, beside),
        pictures=filled("pictures.jinja", **about, sampling=False),
    )  # fmt: skip
    call = f"python {name} --data PICTURES" if what_for == NEEDED else f"python {name}"
    introduction = _introduction(config, run, call, what_for, classes, live_changes, keras)
    return script(introduction, body, source.imports | (_KERAS if keras else {}), before=_BACKEND if keras else "")


def about_images(config: RunConfig, shape: ImageShape, class_count: int) -> dict[str, Any]:
    """What all templates ask about a run."""
    return {
        "conditional": class_count > 0, "grey": shape.channels == 1, "points": shape.is_points,
        "uniform": config.latent.distribution == "uniform",
    }  # fmt: skip


def _settings(config: RunConfig, shape: ImageShape, class_count: int) -> list[tuple[str, object, str]]:
    """All that a script may ask for; what it does not stays out of it."""
    noise, ema = config.instance_noise, config.ema
    return [
        ("SEED", config.seed, "everything random follows from it"),
        ("SIZE", shape.size, "pixels a side"),
        *latent_settings(config, class_count),
        ("BATCH_SIZE", config.batch_size, "real images in one update, and as many generated ones"),
        ("TOTAL_IMAGES", config.total_images, "real images that the whole run sees"),
        ("D_UPDATES", config.k_d, "updates of the discriminator for each of the generator"),
        ("PACK", config.pack, "images that the discriminator judges together (PacGAN, Lin et al. 2018)"),
        ("PENALTY_EVERY", config.penalty.interval, "steps between two penalties"),
        ("G_LEARNING_RATE", config.g_optimizer.lr, "of the generator"),
        ("D_LEARNING_RATE", config.d_optimizer.lr, "of the discriminator"),
        ("NOISE_SIGMA", noise.sigma, "standard deviation of the noise on what the discriminator sees, at the start"),
        ("NOISE_IMAGES", noise.decay_images, "images after which that noise has faded out"),
        ("EMA_HALF_LIFE", ema.half_life_images, "images after which a weight's share in the average has halved"),
        ("EMA_RAMP_UP", ema.ramp_up, "early on, the half-life is at most this share of the images seen"),
        *extent_setting(config.data),
    ]


def latent_settings(config: RunConfig, class_count: int) -> list[tuple[str, object, str]]:
    return [
        ("LATENT_DIM", config.latent.dim, "numbers that the generator starts from"),
        ("CLASS_COUNT", class_count, "classes that the networks are told"),
    ]


def extent_setting(data: Dataset) -> list[tuple[str, object, str]]:
    extent = tuple(round(x, 4) for x in data.extent) if isinstance(data, PointDataset) else ()
    return [("EXTENT", extent, "of the plane that is shown: x from, to, y from, to")]


# --- the parts of the training itself


_IN_STEP = {"real", "fake", "seen", "seen_fake", "z", "classes", "step", "factor", "loss"}
"""Names that the step has for its own."""


def _parts(source: Source, config: RunConfig, shape: ImageShape, class_count: int, keras: bool) -> dict[str, Any]:
    """The networks, what they play for, and how their weights move."""
    nets = build_networks(config, shape, class_count, torch.device("cpu"))
    augmentation, schedule = config.augmentation, config.schedule
    constant = isinstance(schedule, Constant) and not schedule.warm_up_images
    return {
        "generator": keras_generator(config, nets, shape, class_count)
        if keras
        else network(source, config, nets.generator, shape, class_count),
        "discriminator": keras_discriminator(config, nets, shape, class_count)
        if keras
        else network(source, config, nets.discriminator, shape, class_count),
        "has_buffers": any(True for _ in nets.generator.buffers()),
        "batch_dependent": nets.discriminator.batch_dependent,
        "loss": _loss(source, config.loss),
        "penalty": _penalty(source, config.penalty),
        "augmentation": source.methods(augmentation, "augment") if augmentation.active else "",
        "schedule": "" if constant else source.methods(schedule, "factor", name="learning_rate_factor"),
        "g_optimizer": keras_optimizer(config.g_optimizer, "G_LEARNING_RATE")
        if keras
        else optimizer_call(source, config.g_optimizer, "g", "generator.parameters()"),
        "d_optimizer": keras_optimizer(config.d_optimizer, "D_LEARNING_RATE")
        if keras
        else optimizer_call(source, config.d_optimizer, "d", "discriminator.parameters()"),
        "own_optimizers": source.collected(),
    }


def _loss(source: Source, loss: Loss) -> dict[str, str]:
    """The lines of the step that say what the two play for, and what these need."""
    settle = {"real_logits": ...} if loss.relativistic else None
    source.method(loss, "d_loss", "d_loss")
    d_loss = source.inlined("d_loss", "loss_d", _IN_STEP)
    source.method(loss, "g_loss", "g_loss", None if loss.relativistic else {"real_logits": None}, settle)
    g_loss = source.inlined("g_loss", "loss_g", _IN_STEP)
    needed = source.collected().replace("real_logits: Tensor | None", "real_logits: Tensor")
    return {"told": _told(losses, loss, short=True), "needed": needed, "d": d_loss, "g": g_loss}


def _penalty(source: Source, penalty: Penalty) -> str:
    if penalty.active:
        source.method(penalty, "penalty", "penalty")
    if _clips(penalty):
        source.method(penalty, "after_update", "after_update")
    text = source.collected()
    return _told(penalties, penalty) + "\n\n" + text if text else ""


def _clips(penalty: Penalty) -> bool:
    return type(penalty).after_update is not Penalty.after_update


def _told(family: Any, member: object, *, short: bool = False) -> str:
    """What a member of a family is and where it comes from, as a comment; short: without what it does."""
    about = (type(member).__doc__ or "").split("\n")[0]
    entry = next((e for e in family if e.cls is type(member)), None)
    named = f"{entry.label} ({entry.source})" if entry else type(member).__name__
    return comment(named if short else f"{named}. {about}")


def _rules(source: Source, config: RunConfig, class_count: int, keras: bool) -> dict[str, Any]:
    """What decides which lines of the training a run has."""
    penalty, noise = config.penalty, config.instance_noise
    judges = config.pack > 1 or config.precision == "bfloat16" or keras
    sees = config.augmentation.active or noise.sigma > 0
    by_class = 1 < class_count <= 16
    count = config.record.grid_count
    judge = "judge(discriminator, x, classes)" if class_count else "judge(discriminator, x)"
    whole = f"lambda x: {judge if judges else 'discriminator(x, classes)'}"
    steps = max(1, -(-config.total_images // (config.batch_size * config.k_d)))
    return {
        "keras": keras, "steps": steps, "sample_every": max(1, steps // 40),
        "penalises": penalty.active, "interval": penalty.interval, "clips": _clips(penalty),
        "critic": whole if judges or class_count else "discriminator", "judges": judges, "sees": sees,
        "chance": sees or penalty.active, "noise": noise if noise.sigma > 0 else None, "ema": config.ema,
        "relativistic": config.loss.relativistic, "k_d": config.k_d, "pack": config.pack,
        "bfloat16": config.precision == "bfloat16", "columns_are_classes": by_class,
        "grid_rows": max(2, round(count / class_count)) if by_class else 0, "grid_count": count,
        "grid_columns": class_count if by_class else round(count**0.5),
    }  # fmt: skip


_KERAS = {"keras": ("keras", ""), "layers": ("keras", "layers")}  # as `script` wants imports
_BACKEND = """\
import os

os.environ["KERAS_BACKEND"] = "torch"  # before Keras is imported

"""
_TORCH_WORDS = (
    "It starts with the run's weights and draws the same batches, latents and noise: on a processor, losses and",
    "weights are the run's but for rounding. Needs torch, numpy, pillow, safetensors",
)
_KERAS_WORDS = (
    "With Keras 3, on torch: batches, latents and noise are those of the PyTorch script, weights are drawn alike,",
    "so that its losses are close to that one's. Needs keras, torch, numpy, pillow",
)


def _whose(run: str) -> str:
    """run: "" where the settings have not been trained yet."""
    what = f"run {run} once more, as GANscope trained it" if run else "settings of GANscope's Lab, as it trains them"
    return f"Trains a generative adversarial network: the {what}."


def _introduction(
    config: RunConfig,
    run: str,
    call: str,
    what_for: str,
    classes: tuple[str, ...],
    live_changes: int,
    keras: bool,
) -> str:
    fetches = ", torchvision to fetch the data" if "fetch" in what_for else ""
    lines = [
        _whose(run),
        "",
        f"    {call} --out trained             the whole run; samples and weights: folder trained",
        f"    {call} --steps 100 --every 10    a first look",
        "",
        f"--data: {what_for}.",
        "",
        _KERAS_WORDS[0] if keras else _TORCH_WORDS[0],
        f"{_KERAS_WORDS[1] if keras else _TORCH_WORDS[1]}{fetches}.",
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

"""Combinations of fields that cannot work, or are known not to: said in words before anything starts."""

from __future__ import annotations

from gan_core.data.base import ImageInfo, datasets
from gan_core.nets.base import discriminators, generators
from gan_core.objectives import augmentations
from gan_core.training.build import sample_shape
from gan_core.training.configuration.run_config import RunConfig


def problems(config: RunConfig, info: ImageInfo, *, processes: int = 1) -> list[str]:
    """A sentence for each reason why this run cannot start; empty where it can. processes: that share a batch."""
    shape = sample_shape(config, info)
    found = _wrong_for_points(config) if shape.is_points else []
    if not found:
        found = [*config.generator.problems(shape), *config.discriminator.problems(shape)]
    found += config.data.problems()
    if config.conditional and len(info.classes) < 2 and not info.problem:
        found.append(
            "conditional is true, but this dataset has no classes; switch it off or choose a dataset with classes."
        )
    if config.batch_size % config.pack:
        found.append(
            f"batch_size is {config.batch_size} and pack is {config.pack}; the batch must be a multiple of the pack."
        )
    elif config.batch_size % (config.pack * processes):
        packs = f", in packs of {config.pack}" if config.pack > 1 else ""
        found.append(
            f"batch_size is {config.batch_size}, which {processes} processes cannot share equally{packs}; "
            f"make it a multiple of {config.pack * processes}."
        )
    if info.needs_download:
        label = datasets.get(datasets.name_of(config.data)).label
        found.append(
            f"{label} is not on this machine yet; fetch its {info.download_megabytes} MB first, "
            "or choose a dataset that comes along."
        )
    elif info.problem:
        found.append(info.problem)
    elif info.count < 2:
        found.append(f"The dataset has {info.count} images; a run needs at least 2.")
    if config.total_images < config.batch_size * config.k_d:
        found.append(
            f"total_images is {config.total_images}, less than the {config.batch_size * config.k_d} of one step; "
            "make the run longer or the batch smaller."
        )
    return found


def _wrong_for_points(config: RunConfig) -> list[str]:
    found = [
        f'{field} is "{family.name_of(member)}", which works on pictures; for points in the plane choose "mlp".'
        for field, family, member in (
            ("generator", generators, config.generator),
            ("discriminator", discriminators, config.discriminator),
        )
        if not member.serves_points
    ]
    if config.augmentation.active:
        name = augmentations.name_of(config.augmentation)
        found.append(f'augmentation is "{name}", which works on pictures; for points in the plane choose "none".')
    return found


def cautions(config: RunConfig) -> list[str]:
    """A sentence for each choice that runs but is known to go wrong; shown beside the panel, never in the way."""
    found = []
    names = type(config.loss).__name__, type(config.penalty).__name__
    norm = getattr(config.discriminator, "norm", "none")
    if names == ("Wasserstein", "NoPenalty") and not getattr(config.discriminator, "spectral_norm", False):
        found.append("A Wasserstein loss without penalty, clipping or spectral norm lets the critic grow for ever.")
    if norm == "batch" and config.penalty.active:
        found.append(
            "A gradient penalty looks at each image alone, batch normalisation mixes them: "
            'set discriminator.norm to "none" or "layer".'
        )
    if config.g_optimizer.lr == 0 or config.d_optimizer.lr == 0:
        found.append("A learning rate of 0 leaves that network as it is.")
    return found

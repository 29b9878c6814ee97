"""The identity of a run's data: recorded when it starts, and compared with the data at hand before they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from gan_core.data.base import DataUnavailable, ImageSet
from gan_core.data.content import Content
from gan_core.data.identity import DataChanged, as_trained, other_classes, place_of, what_changed
from gan_core.data.own.own_set import own_set
from gan_core.data.sets.own_images import OwnImages
from gan_core.runs.dataset_cache import DatasetCache
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.replay import ahead, stages
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.views import first_config, known_config
from gan_core.runs.storage.weights.checkpoints import newest_sound
from gan_core.runs.storage.writer import write_manifest
from gan_core.training import RunConfig

_AGAIN = "bring the old ones back or start a new run"


def contents_now(config: RunConfig, data_dir: Path) -> dict[str, Content]:
    """What a new run of this configuration is trained on, for `RunManifest.trained_on`. Raises DataUnavailable."""
    return {place_of(config.data): config.data.content(data_dir)}


def content_of_run(manifest: RunManifest, config: RunConfig) -> Content | None:
    """What the dataset of a configuration of this run's life held; None where that was never written down."""
    return manifest.trained_on.get(place_of(config.data))


def on_data(manifest: RunManifest, config: RunConfig, data_dir: Path) -> RunConfig:
    """A configuration of the run's life, its dataset named as it has to be read to be what the run was trained on.

    Raises DataChanged, one sentence, where what is here is something else, or is missing.
    """
    known = content_of_run(manifest, config)
    try:
        config = replace(config, data=as_trained(config.data, known, data_dir))
    except DataChanged:
        raise
    except DataUnavailable as problem:
        raise DataChanged(str(problem)) from None
    if known is None:
        _check_fits(manifest, config, data_dir)
    return config


def _check_fits(manifest: RunManifest, config: RunConfig, data_dir: Path) -> None:
    """By what an earlier version's run tells of its own images: channels and classes. Raises DataChanged."""
    if not isinstance(config.data, OwnImages) or place_of(config.data) != place_of(first_config(manifest).data):
        return
    info, name = config.data.info(data_dir), f'"{own_set(data_dir, config.data.slug).title}"'
    if info.channels != manifest.channels:
        kinds = {1: "grey", 3: "colour"}
        raise DataChanged(
            f"{name} has {kinds.get(info.channels, 'other')} pictures, and this run was trained on "
            f"{kinds.get(manifest.channels, 'other')} ones; {_AGAIN}."
        )
    if info.classes != manifest.classes:
        raise DataChanged(f"{name} {other_classes(manifest.classes, info.classes)}; {_AGAIN}.")


def load_trained(datasets: DatasetCache, manifest: RunManifest, config: RunConfig, *, from_memory: bool) -> ImageSet:
    """The images that a configuration of the run's life is trained on, and no others.

    from_memory: where they still are there, the disk is not asked, as a run in training needs them. Raises
    DataChanged or DataUnavailable.
    """
    known = content_of_run(manifest, config)
    if from_memory and known is not None:
        if (kept := datasets.kept(config.data, config.size, known.digest)) is not None:
            return kept
    there = on_data(manifest, config, datasets.data_dir)
    loaded = datasets.load(there.data, config.size)
    if known is not None and loaded.content != known.digest:  # it was changed in this moment
        raise DataChanged(what_changed(there.data, known, there.data.content(datasets.data_dir)))
    return loaded


def check_data(folder: RunFolder, manifest: RunManifest, config: RunConfig, data_dir: Path) -> None:
    """That a run can go on with what is here, through the stages that are still ahead of it. Raises DataChanged.

    Of an earlier version's run a checkpoint tells how many images it learned from.
    """
    there = on_data(manifest, config, data_dir)
    if manifest.past:
        kept = folder.checkpoints()
        for stage in ahead(stages(manifest, ()), kept[-1].step if kept else None)[:-1]:
            on_data(manifest, known_config(manifest, stage.config), data_dir)
    if content_of_run(manifest, config) is not None:
        return
    if not isinstance(there.data, OwnImages) or (found := newest_sound(folder)[0]) is None:
        return
    batches, count = found[1].get("batches"), there.data.info(data_dir).count
    before = batches.get("count") if isinstance(batches, Mapping) else None
    if isinstance(before, int) and before != count:
        name = own_set(data_dir, there.data.slug).title
        raise DataChanged(
            f'"{name}" has {count:,} images to train on, and this run was trained on {before:,}; {_AGAIN}.'
        )


def trust(
    folder: RunFolder, manifest: RunManifest, config: RunConfig, data_dir: Path
) -> tuple[RunManifest, tuple[str, ...]]:
    """Before an earlier version's run goes on: keep with it what it is trained on from now on; and what to warn of.

    To be called with its lock held, after `check_data`. Raises OSError where its folder cannot be written.
    """
    if content_of_run(manifest, config) is not None:
        return manifest, ()
    manifest = replace(manifest, trained_on={**manifest.trained_on, **contents_now(config, data_dir)})
    write_manifest(folder, manifest)
    return manifest, _doubts(manifest, config, data_dir)


def _doubts(manifest: RunManifest, config: RunConfig, data_dir: Path) -> tuple[str, ...]:
    if not isinstance(config.data, OwnImages):
        return ()
    known = own_set(data_dir, config.data.slug)
    try:
        if datetime.fromisoformat(known.created) <= datetime.fromisoformat(manifest.created):
            return ()
    except (ValueError, TypeError):
        pass
    return (
        f'It is not known which pictures this run was trained on so far: "{known.title}" was brought in after it '
        "began, and an earlier version of the program kept no record.",
    )

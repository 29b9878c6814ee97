"""Branches: where one starts, which settings must stay the same, and what it copies from its parent."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gan_core.config.codec import ConfigError, replace_at
from gan_core.config.files import write_atomically
from gan_core.data.base import ImageInfo
from gan_core.data.identity import other_classes
from gan_core.runs.engine.context import StopCondition
from gan_core.runs.launcher import Launcher, ReadyRun
from gan_core.runs.lineage.ready import check_device
from gan_core.runs.storage.data_identity import check_data, on_data
from gan_core.runs.storage.grids import load_grid, save_grid
from gan_core.runs.storage.manifest import Past, RunManifest
from gan_core.runs.storage.replay import leading_to, stages
from gan_core.runs.storage.run_folder import RunFolder, open_run
from gan_core.runs.storage.tables import CheckpointRow, RunStatus
from gan_core.runs.storage.views import config_in_force, known_config
from gan_core.runs.storage.weights.checkpoints import sound_files
from gan_core.runs.storage.weights.small_generators import copy_small
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig

FIXED = ("size", "conditional", "latent", "generator", "discriminator", "pack")


def start_branch(
    launcher: Launcher,
    run_id: str,
    step: int | None,
    changes: Mapping[str, Any],
    title: str,
    asked: StopCondition,
    owner: str = "",
) -> str:
    """As `RunManager.branch`."""
    parent = open_run(launcher.runs_dir, run_id)
    origin = parent.manifest()
    check_device(origin, launcher.device)
    start = find_start(parent, origin, step, launcher.view(run_id).step)
    old = config = config_in_force(origin, parent.changes(), start.step)
    for path, value in changes.items():
        config = replace_at(config, path, value)
    config = _long_enough(config, start, asked.steps)
    same_data = old.data == config.data
    if same_data:
        check_data(parent, origin, config, launcher.data_dir)
    config = on_data(origin, config, launcher.data_dir)
    info = config.data.info(launcher.data_dir)
    if wrong := [*incompatible(old, config, origin, info, start.images), *launcher.configs.problems(config)]:
        raise ConfigError(" ".join(wrong))
    check_past(launcher, origin, start)
    config = launcher.configs.resolved(config)
    manifest = launcher.manifest(
        config, origin.preset, title or origin.title, parent=parent.id, parent_step=start.step, past=start.past,
        threads=origin.threads, owner=owner,
    )  # fmt: skip
    manifest = replace(manifest, trained_on={**origin.trained_on, **manifest.trained_on})
    stop = _stop(parent, start, asked, longer="total_images" in changes)
    with launcher.new_run(manifest) as (folder, lock, manifest):
        fill_branch(parent, folder, start, stop, evaluations=same_data)
    folder = RunFolder(launcher.runs_dir / manifest.id)
    launcher.launch(ReadyRun(folder, lock, manifest, config, start.status(stop), stop))
    return manifest.id


def _long_enough(config: RunConfig, start: Start, steps: int | None) -> RunConfig:
    """Raises ValueError where the branch would begin behind its own end."""
    if steps is None:
        return config
    if steps <= start.step:
        raise ValueError(f"The branch begins at step {start.step:,}; it cannot stop at step {steps:,}.")
    needed = start.images + (steps - start.step) * config.batch_size * config.k_d
    return replace_at(config, "total_images", max(config.total_images, needed))


def _stop(parent: RunFolder, start: Start, asked: StopCondition, *, longer: bool) -> StopCondition:
    """Where the branch stops, on its own clock: as asked for, else where its parent was to, if that lies ahead."""
    began = start.row.elapsed_seconds if start.row else 0.0  # the parent's steps from there on are put on top later
    if asked != StopCondition() or longer:
        return StopCondition(asked.steps, None if asked.seconds is None else began + asked.seconds)
    was, at = parent.status(), parent.seconds_at(start.step)
    steps = was.until_step if was.until_step is not None and was.until_step > start.step else None
    left = None if was.until_seconds is None else was.until_seconds - at
    return StopCondition(steps, began + left if left is not None and left > 0 else None)


def check_past(launcher: Launcher, origin: RunManifest, start: Start) -> None:
    """That what its parent learned from is here, where its steps are to be gone through again. Raises DataChanged."""
    for part in start.past:
        if part.until > part.since:
            on_data(origin, known_config(origin, part.config), launcher.data_dir)


def incompatible(old: RunConfig, new: RunConfig, parent: RunManifest, info: ImageInfo, images: int) -> list[str]:
    """A sentence for each reason why a checkpoint after so many images cannot go on as `new`; info: its dataset."""
    found = [
        f"{name} cannot change in a branch: the checkpoint's networks were built with it."
        for name in FIXED
        if getattr(old, name) != getattr(new, name)
    ]
    if info.channels != parent.channels:
        found.append(
            f"The dataset has {info.channels} channels, but the checkpoint's networks were built for "
            f"{parent.channels}; choose another dataset or start a new run."
        )
    if old.conditional and len(info.classes) != len(parent.classes):
        found.append(
            f"The dataset has {len(info.classes)} classes, but the checkpoint's networks know "
            f"{len(parent.classes)}; choose another dataset or start a new run."
        )
    elif old.conditional and info.classes != parent.classes:
        found.append(
            f"The dataset {other_classes(parent.classes, info.classes)}; "
            "choose a dataset of the same classes or start a new run."
        )
    if images >= new.total_images:
        found.append(
            f"total_images is {new.total_images:,}, but the checkpoint has seen {images:,} images already; "
            "make the branch longer."
        )
    return found


@dataclass(frozen=True)
class Start:
    """Where a branch begins: the newest sound checkpoint up to its step, and the way from there.

    step, images: at which it becomes itself. row None: there is no checkpoint, and the way is from nothing.
    """

    step: int
    images: int
    past: tuple[Past, ...]
    row: CheckpointRow | None = None
    state: bytes = b""
    generator: bytes = b""

    def status(self, stop: StopCondition) -> RunStatus:
        row = self.row
        before = RunStatus("queued", row.step, row.images, row.elapsed_seconds) if row else RunStatus()
        return replace(before, until_step=stop.steps, until_seconds=stop.seconds)


def find_start(folder: RunFolder, manifest: RunManifest, step: int | None, reached: int) -> Start:
    """step None: the newest sound checkpoint's. reached: how far the run has come.

    Raises ValueError in one sentence where the step cannot be reached.
    """
    if step is not None and not 0 <= step <= reached:
        raise ValueError(f"The run {folder.id} has {reached:,} steps; it cannot be branched at step {step:,}.")
    found = sound_files(folder, step)
    row = found[0] if found else None
    if step is None:
        if row is None:
            raise ValueError(f"The run {folder.id} has no checkpoint; name a step, and it is trained again up to it.")
        step = row.step
    life = stages(manifest, folder.changes())
    if row is None and (life[0].since > 0 or life[0].takes_over):
        raise ValueError(f"The run {folder.id} has no whole checkpoint up to step {step:,} from which to go there.")
    past = leading_to(life, row.step if row else None, step)
    images = (row.images if row else 0) + sum(_images_of(manifest, part) for part in past)
    return Start(step, images, past, *(found or ()))


def _images_of(manifest: RunManifest, part: Past) -> int:
    """Real images seen in a part of the past; the discriminator's updates in a step may change on the way."""
    config, images, at = known_config(manifest, part.config), 0, part.since
    for step, path, value in (*part.changes, (part.until, "", None)):
        images += max(0, step - at) * config.batch_size * config.k_d
        at = max(at, step)
        config = replace_at(config, path, value) if path else config
    return images


def fill_branch(
    parent: RunFolder, branch: RunFolder, start: Start, stop: StopCondition, *, evaluations: bool
) -> None:
    """The checkpoint, and all that was kept up to it: the branch stands on its own. Raises OSError.

    evaluations: False where its data are others, so that its parent's measures are not of the same thing.
    """
    with contextlib.closing(RunWriter(branch)) as writer:
        if start.row is not None:
            _copy(parent, branch, writer, start.row, start.state, start.generator, evaluations=evaluations)
        writer.write_status(start.status(stop))


def _copy(
    parent: RunFolder, branch: RunFolder, writer: RunWriter, row: CheckpointRow, state: bytes, generator: bytes, *,
    evaluations: bool,
) -> None:  # fmt: skip
    write_atomically(branch.checkpoint(row.step), state)
    write_atomically(branch.generator(row.step), generator)
    points = parent.points()
    before = points["step"] <= row.step
    writer.add_points({name: column[before] for name, column in points.items()})
    for step, _ in parent.grids():
        grid = load_grid(parent, step) if step <= row.step else None
        if grid is not None:
            writer.add_grid(save_grid(branch, grid))
    for small in parent.generators():
        if small.step <= row.step and copy_small(parent, branch, small):
            writer.add_generator(small)
    for evaluation in parent.evaluations() if evaluations else ():
        if evaluation.step <= row.step:
            writer.add_evaluation(evaluation)
    writer.add_checkpoint(replace(row, by_hand=True))

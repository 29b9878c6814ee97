"""Twin runs: the same seed, weights, batches and latents, one changed setting, trained in step."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from gan_core.config.codec import ConfigError, differences, replace_at, to_dict
from gan_core.data.base import ImageInfo
from gan_core.data.identity import DataChanged
from gan_core.runs.engine.context import StopCondition
from gan_core.runs.engine.lockstep import LockstepPair
from gan_core.runs.lineage.ready import Ready, ready_to_resume
from gan_core.runs.names import free_id, named_after
from gan_core.runs.storage.run_folder import RunFolder, RunStatus, open_run
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig
from gan_core.training.build import build_networks, sample_shape
from gan_core.training.cost import points_every_steps

if TYPE_CHECKING:
    from gan_core.runs.manager import RunManager

log = logging.getLogger(__name__)


def with_changes(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """The other twin's configuration. Raises ConfigError, also where nothing is different in it."""
    other = config
    for path, value in changes.items():
        other = replace_at(other, path, value)
    if other == config:
        raise ConfigError("The twins would be the same: change at least one setting of the second.")
    return other


def own_fields(config: RunConfig, other: RunConfig) -> frozenset[str]:
    """The paths of the fields in which two configurations differ."""
    return frozenset({*differences(other, config), *differences(config, other)})


def start_twins(
    manager: RunManager, config: RunConfig, changes: Mapping[str, Any], *, preset: str = "", title: str = "",
    limits: StopCondition = StopCondition(),
) -> tuple[str, str]:  # fmt: skip
    """As `RunManager.start`, two runs at once; `changes` (dotted path -> value) are the second one's alone."""
    other = with_changes(config, changes)
    for each in (config, other):
        if found := manager.problems(each):
            raise ConfigError(" ".join(found))
    pair = _points_at_the_same_steps(manager, manager.resolved(config), manager.resolved(other))
    infos = [each.data.info(manager.data_dir) for each in pair]
    name = named_after(to_dict(config), preset)
    ids = free_id(manager.runs_dir, name), free_id(manager.runs_dir, name)
    before = RunStatus(until_step=limits.steps, until_seconds=limits.seconds)
    with contextlib.ExitStack() as undo:
        ready = []
        for each, info, own_id, twin in zip(pair, infos, ids, reversed(ids), strict=True):
            about = manager._about(each, preset, title, info.channels, info.classes)
            about = replace(about, id=own_id, twin_of=twin)
            with manager._new_run(about) as (folder, lock, about), contextlib.closing(RunWriter(folder)) as writer:
                writer.stand(before)
            folder = RunFolder(manager.runs_dir / about.id)
            undo.callback(shutil.rmtree, folder.root, ignore_errors=True)
            undo.callback(lock.release)
            ready.append((folder, lock, about, each, before, limits))
        undo.pop_all()
    launch_pair(manager, ready[0], ready[1], None)
    return ids


def launch_pair(manager: RunManager, ready: Ready, other: Ready, total_images: int | None) -> None:
    """Start both threads; whose cannot be started is at rest again."""
    duet = LockstepPair((ready[2].id, other[2].id), own_fields(ready[3], other[3]))
    try:
        manager._launch(*ready, total_images=total_images, duet=duet)
    except BaseException:
        other[1].release()
        raise
    try:
        manager._launch(*other, total_images=total_images, duet=duet)
    except BaseException:
        duet.leave(other[2].id)
        raise


def other_to_resume(
    manager: RunManager, ready: Ready, limits: StopCondition, total_images: int | None
) -> Ready | None:
    """The other twin with its lock held, where it is at rest and can go on too; None where the run has none such.

    Raises DataChanged where the data of the other one are not what it was trained on: they go on together or not.
    """
    run_id, twin = ready[2].id, ready[2].twin_of
    if not twin:
        return None
    try:
        if open_run(manager.runs_dir, twin).about().twin_of != run_id:
            return None
        return ready_to_resume(manager, twin, limits, total_images)
    except DataChanged:
        raise
    except (ValueError, OSError) as problem:  # it is gone, has diverged or is at its end
        log.info("run %s goes on without its twin: %s", run_id, problem)
        return None


def _points_at_the_same_steps(
    manager: RunManager, config: RunConfig, other: RunConfig
) -> tuple[RunConfig, RunConfig]:  # fmt: skip
    """Where the size of the networks decides how often the curves have a point, the first one's decides for both."""
    if other.record.every_steps or config.record.every_steps:
        return config, other
    every = [_every_steps(manager, each) for each in (config, other)]
    if every[0] == every[1]:
        return config, other
    return replace_at(config, "record.every_steps", every[0]), replace_at(other, "record.every_steps", every[0])


def _every_steps(manager: RunManager, config: RunConfig) -> int:
    info = config.data.info(manager.data_dir)
    with manager._around.build_lock:
        return points_every_steps(config, sample_shape(config, info), _class_count(config, info))


def _class_count(config: RunConfig, info: ImageInfo) -> int:
    return len(info.classes) if config.conditional else 0


def twin_cautions(manager: RunManager, config: RunConfig, changes: Mapping[str, Any]) -> list[str]:
    """What would not be the same in twins although it was not asked for, a sentence each. Raises ConfigError."""
    other = with_changes(config, changes)
    found = []
    players = _other_weights(manager, config, other)
    if players:
        networks = "Both networks start" if len(players) == 2 else f"The {players[0]} starts"
        found.append(f"{networks} from other weights: with this change the same seed gives other ones.")
    if config.seed != other.seed:
        found.append("With another seed nothing is the same: weights, batches and latents are all drawn anew.")
    elif config.data != other.data or config.size != other.size:
        found.append("They learn from other data, so their batches are not the same.")
    elif config.batch_size != other.batch_size or config.k_d != other.k_d:
        found.append("A step of one sees more images than a step of the other, so their batches are not the same.")
    if config.seed == other.seed and config.latent != other.latent:
        found.append("Their latents are not the same, so a place in the sample grid is not the same sample.")
    if config.total_images / (config.batch_size * config.k_d) != other.total_images / (other.batch_size * other.k_d):
        found.append("They take a different number of steps: the longer one goes on alone at the end.")
    return found


def _other_weights(manager: RunManager, config: RunConfig, other: RunConfig) -> list[str]:
    """The players whose initial weights are not the same numbers in the same shapes."""
    nets = []
    for each in (config, other):
        info = each.data.info(manager.data_dir)
        with manager._around.build_lock:
            built = build_networks(each, sample_shape(each, info), _class_count(each, info), torch.device("cpu"))
        nets.append(built)
    pairs = (("generator", nets[0].generator, nets[1].generator),
             ("discriminator", nets[0].discriminator, nets[1].discriminator))  # fmt: skip
    return [name for name, a, b in pairs if not _same(a.state_dict(), b.state_dict())]


def _same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)

"""Twin runs: the same seed, weights, batches and latents, one changed setting, trained in lockstep."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Mapping
from typing import Any

import torch

from gan_core.config.codec import ConfigError, differences, replace_at, to_dict
from gan_core.data.base import ImageInfo
from gan_core.data.identity import DataChanged
from gan_core.runs.engine.context import StopCondition
from gan_core.runs.engine.lockstep import LockstepPair
from gan_core.runs.launcher import Launcher, ReadyRun
from gan_core.runs.lineage.ready import ready_to_resume
from gan_core.runs.names import free_id, named_after
from gan_core.runs.storage.run_folder import open_run
from gan_core.training import RunConfig
from gan_core.training.build import build_networks, sample_shape
from gan_core.training.configuration.cost import points_every_steps

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
    launcher: Launcher, config: RunConfig, changes: Mapping[str, Any], *, preset: str = "", title: str = "",
    stop: StopCondition = StopCondition(), owner: str = "",
) -> tuple[str, str]:  # fmt: skip
    """As `RunManager.start`, two runs at once; `changes` (dotted path -> value) are the second one's alone."""
    other = with_changes(config, changes)
    for each in (config, other):
        if found := launcher.configs.problems(each):
            raise ConfigError(" ".join(found))
    pair = _points_at_the_same_steps(launcher, launcher.configs.resolved(config), launcher.configs.resolved(other))
    name = named_after(to_dict(config), preset)
    ids = free_id(launcher.runs_dir, name), free_id(launcher.runs_dir, name)
    with contextlib.ExitStack() as undo:
        ready = []
        for each, own_id, twin in zip(pair, ids, reversed(ids), strict=True):
            ready.append(launcher.make(each, preset, title, stop, id=own_id, twin_of=twin, owner=owner))
            undo.callback(shutil.rmtree, ready[-1].folder.root, ignore_errors=True)
            undo.callback(ready[-1].lock.release)
        undo.pop_all()
    launch_pair(launcher, ready[0], ready[1], None)
    return ids


def launch_pair(launcher: Launcher, run: ReadyRun, other: ReadyRun, total_images: int | None) -> None:
    """Start both workers; whose cannot be started is at rest again."""
    pair = LockstepPair((run.manifest.id, other.manifest.id), own_fields(run.config, other.config))
    try:
        launcher.launch(run, total_images=total_images, pair=pair)
    except BaseException:
        other.lock.release()
        raise
    try:
        launcher.launch(other, total_images=total_images, pair=pair)
    except BaseException:
        pair.leave(other.manifest.id)
        raise


def other_to_resume(
    launcher: Launcher, run: ReadyRun, stop: StopCondition, total_images: int | None
) -> ReadyRun | None:
    """The other twin with its lock held, where it is at rest and can go on too; None where the run has none such.

    Raises DataChanged where the data of the other one are not what it was trained on: they go on together or not.
    """
    run_id, twin = run.manifest.id, run.manifest.twin_of
    if not twin:
        return None
    try:
        if open_run(launcher.runs_dir, twin).manifest().twin_of != run_id:
            return None
        return ready_to_resume(launcher, twin, stop, total_images)
    except DataChanged:
        raise
    except (ValueError, OSError) as problem:  # it is gone, has diverged or is at its end
        log.info("run %s goes on without its twin: %s", run_id, problem)
        return None


def _points_at_the_same_steps(
    launcher: Launcher, config: RunConfig, other: RunConfig
) -> tuple[RunConfig, RunConfig]:  # fmt: skip
    """Where the size of the networks decides how often the curves have a point, the first one's decides for both."""
    if other.record.every_steps or config.record.every_steps:
        return config, other
    every = [_every_steps(launcher, each) for each in (config, other)]
    if every[0] == every[1]:
        return config, other
    return replace_at(config, "record.every_steps", every[0]), replace_at(other, "record.every_steps", every[0])


def _every_steps(launcher: Launcher, config: RunConfig) -> int:
    info = config.data.info(launcher.data_dir)
    with launcher.context.build_lock:
        return points_every_steps(config, sample_shape(config, info), _class_count(config, info))


def _class_count(config: RunConfig, info: ImageInfo) -> int:
    return len(info.classes) if config.conditional else 0


def twin_cautions(launcher: Launcher, config: RunConfig, changes: Mapping[str, Any]) -> list[str]:
    """What would not be the same in twins although it was not asked for, a sentence each. Raises ConfigError."""
    other = with_changes(config, changes)
    found = []
    players = _other_weights(launcher, config, other)
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


def _other_weights(launcher: Launcher, config: RunConfig, other: RunConfig) -> list[str]:
    """The players whose initial weights are not the same numbers in the same shapes."""
    nets = []
    for each in (config, other):
        info = each.data.info(launcher.data_dir)
        with launcher.context.build_lock:
            built = build_networks(each, sample_shape(each, info), _class_count(each, info), torch.device("cpu"))
        nets.append(built)
    pairs = (("generator", nets[0].generator, nets[1].generator),
             ("discriminator", nets[0].discriminator, nets[1].discriminator))  # fmt: skip
    return [name for name, a, b in pairs if not _same(a.state_dict(), b.state_dict())]


def _same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)

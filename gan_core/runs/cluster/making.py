"""Makes the runs of a sweep on a cluster, for the nodes to begin: what depends on a machine is decided there."""

from __future__ import annotations

import contextlib
import shutil
from contextlib import ExitStack

from gan_core.config.codec import ConfigError, to_dict
from gan_core.runs.groups.sweep_beginning import Beginning
from gan_core.runs.groups.sweep_file import Member, OnCluster, Sweep, write_sweep
from gan_core.runs.groups.sweep_measures import measure_of
from gan_core.runs.groups.sweeps import FOLDER, Sweeps, member_title
from gan_core.runs.manager import RunManager
from gan_core.runs.names import free_id, named_after
from gan_core.runs.storage.run_folder import now_text
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig


def make_sweep(manager: RunManager, asked: Beginning, sweep_id: str = "") -> Sweep:
    """Every member's run, at rest before its first step, and the sweep's file; all of it or nothing.

    sweep_id: what it is to be called. Raises ConfigError where a member cannot start, OSError where the folder cannot
    be written.
    """
    manager.refuse_where_nothing_trains()
    plan, launcher = asked.plan, manager.launcher
    if wrong := [*Sweeps(manager).problems(plan), *cluster_problems(plan.configs(), asked.cluster)]:
        raise ConfigError(" ".join(wrong))
    configs = plan.configs()
    name = named_after(to_dict(configs[0]), asked.preset)
    sweep_id = sweep_id or free_id(manager.runs_dir, f"sweep-{name}" if name else "sweep")
    members = []
    with ExitStack() as undo:
        for config, values in zip(configs, plan.members(), strict=True):
            manifest = launcher.manifest(
                config, asked.preset, member_title(asked.title, values), sweep=sweep_id, owner=asked.owner
            )  # fmt: skip
            with launcher.new_run(manifest) as (folder, lock, manifest):
                with contextlib.closing(RunWriter(folder)) as writer:
                    writer.write_status(RunStatus(until_step=asked.stop_at_step))
                undo.callback(shutil.rmtree, manager.runs_dir / manifest.id, ignore_errors=True)
            lock.release()
            members.append(Member(manifest.id, values))
        sweep = Sweep(
            sweep_id, asked.title[:200], asked.preset, now_text(), plan.axes, plan.seeds, plan.draws, tuple(members),
            owner=asked.owner, cluster=asked.cluster,
        )  # fmt: skip
        write_sweep(manager.runs_dir / FOLDER, sweep)
        undo.pop_all()
    return sweep


def cluster_problems(configs: list[RunConfig], on: OnCluster) -> list[str]:
    """Why these cannot be compared on the way, a sentence each; empty where they can, or need not be."""
    if not on.reduction:
        return []
    try:
        label, _, higher = measure_of(on.measure)
    except ConfigError as problem:
        return [str(problem)]
    if higher is None:
        return [f"Neither end of {label} is the good one; ASHA needs another measure."]
    if any(config.record.evaluate_images == 0 and not hasattr(config.data, "extent") for config in configs):
        return ["ASHA compares members while they train, but record.evaluate_images is 0: nothing is measured then."]
    return []

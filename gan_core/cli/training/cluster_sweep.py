"""A sweep on a Ray cluster from the command line: begun, or gone on with, and driven in the foreground."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from gan_core.cli.terminal.errors import CommandError
from gan_core.cli.terminal.signals import StopSignals
from gan_core.cli.training.train import closing, fetch_missing
from gan_core.runs.cluster.connecting import Cluster, ClusterProblem
from gan_core.runs.cluster.driver import SweepDriver
from gan_core.runs.cluster.making import make_sweep
from gan_core.runs.groups.sweep_beginning import Beginning, read_beginning
from gan_core.runs.groups.sweep_driver import DriverPlace
from gan_core.runs.groups.sweep_file import OnCluster, Sweep, is_address, read_sweep
from gan_core.runs.groups.sweep_plan import Plan
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.manager import RunManager
from gan_core.runs.storage.shared.lock import HeldElsewhere

CUT_OFF = (
    "What drove this sweep was cut off, or its Ray cluster has ended; resumed, it goes on from the last checkpoints."
)
FIRST_REDUCTION = 3
FIRST_SHARE = 9  # of a member's length, one in so many steps comes before the first rung


def cluster_from(arguments: argparse.Namespace, plan: Plan, measure: str) -> OnCluster | None:
    """What was asked for; None where the members train here. Raises CommandError."""
    only = {
        "--cpus": arguments.cpus, "--gpus": arguments.gpus, "--asha": arguments.asha,
        "--grace-steps": arguments.grace_steps, "--reduction-factor": arguments.reduction_factor,
    }  # fmt: skip
    if not arguments.on:
        if given := [name for name, value in only.items() if value not in (None, False)]:
            raise CommandError(f"{given[0]} is for members that train on a cluster; give --on ray with it.")
        return None
    if not is_address(arguments.on):
        raise CommandError(f'--on is "{arguments.on[:100]}"; it must be ray or ray://HOST:PORT.')
    if not arguments.asha and (arguments.grace_steps or arguments.reduction_factor):
        raise CommandError("--grace-steps and --reduction-factor say how ASHA stops members; give --asha with them.")
    cpus, gpus = arguments.cpus or 1, arguments.gpus or 0.0
    if not arguments.asha:
        return OnCluster(arguments.on, cpus, gpus, measure)
    steps = max(c.total_images // (c.batch_size * c.k_d) for c in plan.configs())
    grace = arguments.grace_steps or max(1, steps // FIRST_SHARE)
    return OnCluster(arguments.on, cpus, gpus, measure, arguments.reduction_factor or FIRST_REDUCTION, grace)


@contextmanager
def driven(
    arguments: argparse.Namespace, asked: Beginning | str, tell: Callable[[Sweeps, Sweep], Callable[[], None]]
) -> Iterator[tuple[RunManager, Sweep, StopSignals]]:
    """Drive a sweep to its end; in the block all of its members are at rest.

    asked: what it is to be, or the id of one that was begun before. tell: of the sweep, what is called meanwhile.
    What goes wrong is written where a page finds it, and raised.
    """
    place = None if isinstance(asked, Beginning) else _place_of(arguments, asked)
    with ExitStack() as stack:
        try:
            with ExitStack() as driving:  # the lock and the cluster are let go of before anybody looks at the results
                if place is not None:
                    _hold(driving, place)
                found = asked if isinstance(asked, Beginning) else _as_begun(arguments, asked)
                on = found.cluster
                assert on is not None
                cluster = Cluster(on)  # before the signals are ours: it sets its own
                driving.callback(cluster.close)
                signals = stack.enter_context(StopSignals())
                made = RunManager(arguments.runs_dir, arguments.data_dir, device="cpu", threads=on.cpus)
                manager = stack.enter_context(closing(made))
                if isinstance(found, Beginning):
                    fetch_missing(found.plan.base, manager.data_dir, signals)
                    found = make_sweep(manager, found, "" if isinstance(asked, Beginning) else asked)
                if place is None:
                    place = Sweeps(manager).driver(found.id)
                    _hold(driving, place)
                place.say(CUT_OFF)  # as Ray ends this process where the cluster's own ends
                _drive(SweepDriver(manager, found, cluster, place), cluster, signals, tell(Sweeps(manager), found))
                place.say("")
        except (ValueError, OSError) as problem:
            if place is not None:
                place.say(str(problem))
            raise
        yield manager, found, signals


def _drive(driver: SweepDriver, cluster: Cluster, signals: StopSignals, tell: Callable[[], None]) -> None:
    """Raises ClusterProblem where the cluster is gone."""
    try:
        driver.run(signals.asked, tell)
    except (cluster.ray.exceptions.RayError, ConnectionError) as error:
        words = " ".join(str(error).split())[:200]
        raise ClusterProblem(
            f"The Ray cluster is gone ({words}); once it is back, sweep --resume goes on from the last checkpoints."
        ) from error


def _place_of(arguments: argparse.Namespace, sweep_id: str) -> DriverPlace:
    return DriverPlace(arguments.runs_dir / ".sweeps", sweep_id)


def _hold(stack: ExitStack, place: DriverPlace) -> None:
    lock = place.lock()
    try:
        lock.acquire()
    except HeldElsewhere:
        raise CommandError(f"The sweep {place.root.name} is driven by another process already.") from None
    stack.callback(lock.release)


def _as_begun(arguments: argparse.Namespace, sweep_id: str) -> Beginning | Sweep:
    """The sweep, or, where none of it was made yet, what it is to be."""
    path = arguments.runs_dir / ".sweeps" / f"{sweep_id}.json"
    return read_sweep(path) if path.is_file() else read_beginning(_place_of(arguments, sweep_id).plan)

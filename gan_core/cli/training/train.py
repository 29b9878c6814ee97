"""`train` and `resume`: the same engine thread as behind the pages, in the foreground."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from gan_core.cli.configure import config_from, with_images
from gan_core.cli.show import open_manager, run_named
from gan_core.cli.terminal.errors import CommandError
from gan_core.cli.terminal.follow import follow, print_summary
from gan_core.cli.terminal.signals import StopSignals
from gan_core.cli.terminal.streams import Passing, is_terminal
from gan_core.cli.training.take_over import take_over
from gan_core.cli.training.together import (
    begun_before_restart,
    end_in_time,
    forget_restarts,
    note_for_restart,
    together,
)
from gan_core.runs import RunManager, RunView, UnknownRun, UnreadableRun
from gan_core.training import RunConfig
from gan_core.training.together.ranks import Ranks


def train(arguments: argparse.Namespace) -> int:
    """Start a run and train it to its end; together with the other processes that torchrun has started."""
    return together(arguments, _train)


def _train(arguments: argparse.Namespace, ranks: Ranks | None) -> int:
    config, name = config_from(arguments)
    return train_here(arguments, config, name, arguments.title, ranks)


def train_here(
    arguments: argparse.Namespace, config: RunConfig, name: str, title: str, ranks: Ranks | None
) -> int:  # fmt: skip
    """Train a configuration in the foreground. name: of its preset; arguments: engine, `steps`, `seconds`, `json`."""
    if arguments.steps is not None:
        config = replace(config, total_images=long_enough(config, arguments.steps))
    with (
        _stop_signals(ranks) as signals,
        closing(open_manager(arguments, ranks)) as manager,
    ):
        before = begun_before_restart(manager)
        if before is None:
            fetch_missing(config, manager.data_dir, signals)
            manager.prepare(config)  # so that the same command gives the same run, also the first time
        run = before or manager.start(
            config,
            preset=name,
            title=title,
            stop_at_step=arguments.steps,
            stop_after_seconds=arguments.seconds,
        )
        note_for_restart(manager, run)
        view = follow(manager, run, signals)
        forget_restarts(manager, view)
    return print_summary(view, as_json=arguments.json)


@contextlib.contextmanager
def _stop_signals(ranks: Ranks | None) -> Iterator[StopSignals]:
    with StopSignals() as signals:
        if ranks is not None:
            end_in_time(signals.asked)
        yield signals


def fetch_missing(config: RunConfig, data_dir: Path, signals: StopSignals) -> None:
    """Bring a published dataset here, with a progress bar on a terminal. Raises DataUnavailable; Ctrl-C stops it."""
    if not config.data.info(data_dir).needs_download:
        return
    with tqdm(
        total=1.0, file=Passing(), disable=not is_terminal(sys.stderr), bar_format="{desc}: {percentage:3.0f}%|{bar}|"
    ) as bar:

        def progress(done: float, words: str) -> None:
            if signals.asked.is_set():
                raise CommandError("The fetch was stopped; nothing half-done is left behind.")
            bar.set_description(words, refresh=False)
            bar.n = done
            bar.refresh()

        config.data.fetch(data_dir, progress)


def resume(arguments: argparse.Namespace) -> int:
    """Go on with a run, to the length that is given in all, or to the one that it was given before."""
    return together(arguments, _resume)


def _resume(arguments: argparse.Namespace, ranks: Ranks | None) -> int:
    with _stop_signals(ranks) as signals, closing(open_manager(arguments, ranks)) as manager:
        run = run_named(manager, arguments.run)
        if arguments.take_over:
            take_over(manager, run, signals)
        view = manager.view(run)
        if ranks is not None and view.twin_of:
            raise CommandError(
                f"{run} has a twin, with which it takes turns in one process; resume it without torchrun."
            )
        manager.resume(
            run,
            total_images=_new_length(manager, view, arguments),
            stop_at_step=arguments.steps,
            stop_after_seconds=arguments.seconds,
        )
        view = follow(manager, run, signals)
        if view.twin_of and manager.trains_here(view.twin_of):  # it went on together with its twin
            follow(manager, view.twin_of, signals)
    return print_summary(view, as_json=arguments.json)


def _new_length(manager: RunManager, view: RunView, arguments: argparse.Namespace) -> int | None:
    """The run's new length in images, where it has to have one. Raises CommandError for what lies behind it."""
    kept = view.checkpoints[-1] if view.checkpoints else 0
    for option, asked, done, words in (
        ("--steps", arguments.steps, kept, f"done {kept}"),
        ("--seconds", arguments.seconds, view.elapsed_seconds, f"trained {view.elapsed_seconds:.1f} s"),
    ):
        if asked is not None and asked <= done:
            raise CommandError(
                f"{option} is {asked:.10g}, but {view.id} has {words} already; it counts from the run's start."
            )
    if arguments.images is not None:
        length = with_images(manager.config(view.id), arguments.images).total_images
        if length <= view.images:
            raise CommandError(f"--images is {length}, but {view.id} has seen {view.images} already; give more.")
        return length
    if arguments.steps is None:
        return None
    both = [view, *_twin_of(manager, view)]
    return max(long_enough(manager.config(v.id), arguments.steps, done=(v.step, v.images)) for v in both)


def _twin_of(manager: RunManager, view: RunView) -> list[RunView]:
    """The run that would go on together with this one, if there is one."""
    if not view.twin_of:
        return []
    try:
        return [manager.view(view.twin_of)]
    except (UnknownRun, UnreadableRun):
        return []


def long_enough(config: RunConfig, steps: int, *, done: tuple[int, int] = (0, 0)) -> int:
    """The run's length in images, or as much more as `steps` steps in all take; done: steps and images so far.

    A shorter run keeps its planned length, so that its schedule is the same as in the whole one.
    """
    needed = done[1] + (steps - done[0]) * config.batch_size * config.k_d
    return max(config.total_images, needed)


@contextlib.contextmanager
def closing(manager: RunManager) -> Iterator[RunManager]:
    """At its end every run is saved and every thread has ended, however long that takes; a second Ctrl-C cuts it."""
    try:
        yield manager
    finally:
        manager.close(timeout_seconds=None)

"""A run in the foreground: a progress bar while it trains, a careful stop on Ctrl-C, a summary at its end."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

from gan_core.cli.terminal.signals import StopSignals
from gan_core.cli.terminal.streams import Passing, is_terminal
from gan_core.runs import RunManager
from gan_core.runs.commands import Stop
from gan_core.runs.snapshot import RunView
from gan_core.runs.states import LIVE, WORDS

POLL_SECONDS = 0.1


def follow(manager: RunManager, run: str, signals: StopSignals) -> RunView:
    """Wait until the run is at rest, and show how far it is where standard error is a terminal."""
    stopped = False
    view = manager.view(run)
    with _bar(view) as bar:
        while view.state in LIVE:
            if signals.asked.is_set() and not stopped:
                stopped = True
                _stop(manager, view)
            else:
                time.sleep(POLL_SECONDS)
            view = manager.view(run)
            _show(bar, view)
    return view


def _stop(manager: RunManager, view: RunView) -> None:
    """Ask a running run to stop with a checkpoint; a waiting one is taken from the queue."""
    with contextlib.suppress(ValueError):  # it came to rest in this moment
        if view.state == "queued":
            manager.cancel(view.id)
        else:
            manager.send(view.id, Stop())


@contextlib.contextmanager
def _bar(view: RunView) -> Iterator[Any]:
    """A bar over steps or seconds where they limit the run, else over images."""
    total, unit = _length(view)
    with tqdm(
        total=total,
        unit=unit,
        unit_scale=unit == " images",
        desc=view.id,
        file=Passing(),
        disable=not is_terminal(sys.stderr),
        dynamic_ncols=True,
    ) as bar:
        yield bar


def _length(view: RunView) -> tuple[float, str]:
    if view.until_step is not None:
        return view.until_step, " steps"
    if view.until_seconds is not None:
        return view.until_seconds, " s"
    return view.total_images, " images"


def _show(bar: Any, view: RunView) -> None:
    done = {" steps": view.step, " s": round(view.elapsed_seconds, 1), " images": view.images}[_length(view)[1]]
    bar.n = min(bar.total, done)
    state = ", ".join(filter(None, (view.state, view.queue_words)))
    bar.set_postfix_str(f"{view.recent_images_per_second:,.0f} images/s, {state}", refresh=False)
    bar.refresh()


def summary(view: RunView) -> dict[str, Any]:
    """What `--json` prints. seconds counts training only; images_per_second is the mean over them."""
    rate = view.images / view.elapsed_seconds if view.elapsed_seconds > 0 else 0.0
    return {
        "run": view.id,
        "state": view.state,
        "steps": view.step,
        "images": view.images,
        "images_per_second": round(rate, 3),
        "seconds": round(view.elapsed_seconds, 3),
        "device": view.device,
        "threads": view.threads,
        "processes": view.processes,
        "until_step": view.until_step,
        "until_seconds": view.until_seconds,
        "total_images": view.total_images,
        "error": view.error,
    }


def print_summary(view: RunView, *, as_json: bool) -> int:
    """The last line on standard output, and the exit status: 2 with a sentence where the run went wrong."""
    told = summary(view)
    if as_json:
        print(json.dumps(told), flush=True)
    else:
        print(
            f"{view.id}: {outcome(view)} after {view.step:,} steps, {view.images:,} images in "
            f"{view.elapsed_seconds:.1f} s ({told['images_per_second']:,.0f} images/s).{_cut_short(view)}",
            flush=True,
        )
    if view.state in ("finished", "stopped"):
        return 0
    print(view.error or f"The run {view.id} {WORDS[view.state]}.", file=sys.stderr)
    return 2


def outcome(view: RunView) -> str:
    """Its state; of a run that came to where it was asked to stop, that."""
    return "stopped as asked" if view.cut_short else view.state


def _cut_short(view: RunView) -> str:
    """How much there is left to do, where it has not come to its full length."""
    if not view.cut_short:
        return ""
    return f" That is {view.planned_share} of its planned length; resume goes on to {view.total_images:,} images."

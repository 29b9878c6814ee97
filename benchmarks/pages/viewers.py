"""What viewers cost a run: its speed with one browser tab watching live, with ten viewers of the channel, with none.

    python -m benchmarks.pages.viewers [--rounds 5] [--seconds 8] [--preset fashion-fast]

One run trains in a real server for the whole time. Phases without and with viewers take turns, so that a drift of
the machine's speed falls on both; a ratio is a phase with viewers over the mean of the phases before and after.
The last part shows what the tamed garbage collector is worth: the same with Streamlit's own setting.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.machine import describe, told
from benchmarks.serving import Server, browser, newest_run, server

LISTENERS = """
import asyncio, sys, websockets
async def listen(url, origin):
    async with websockets.connect(url, origin=origin, max_size=None) as socket:
        async for _ in socket:
            pass
async def main():
    await asyncio.gather(*(listen(sys.argv[1], sys.argv[2]) for _ in range(int(sys.argv[3]))))
asyncio.run(main())
"""


def images_seen(run: Any) -> int:
    return int(run.status().images)


def speed(run: Any, seconds: float) -> float:
    """Images a second over a phase, from what the run itself writes every second."""
    first, start = images_seen(run), time.perf_counter()
    time.sleep(seconds)
    return (images_seen(run) - first) / (time.perf_counter() - start)


@contextlib.contextmanager
def tab(opened: Browser, url: str) -> Iterator[Page]:
    page = opened.new_page(viewport={"width": 1366, "height": 768})
    page.goto(url)
    page.wait_for_selector("canvas", timeout=30_000)
    time.sleep(3)
    try:
        yield page
    finally:
        page.close()
        time.sleep(1)


@contextlib.contextmanager
def listeners(socket_url: str, origin: str, count: int) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", LISTENERS, socket_url, origin, str(count)])
    time.sleep(3)
    try:
        yield
        if process.poll() is not None:
            raise RuntimeError("the listeners ended early")
    finally:
        process.terminate()
        process.wait()
        time.sleep(1)


def ratios(run: Any, watching: Callable[[], Any], rounds: int, seconds: float) -> list[float]:
    """Speed with viewers over the mean speed without them before and after, once a round."""
    found, before = [], speed(run, seconds)
    for _ in range(rounds):
        with watching():
            during = speed(run, seconds)
        after = speed(run, seconds)
        found.append(during / ((before + after) / 2))
        before = after
    return found


def start_run(opened: Browser, at: Server, preset: str) -> tuple[Any, str, str]:
    """Press Train as a person would; the run's folder, its page and its socket's address."""
    page = opened.new_page(viewport={"width": 1366, "height": 768})
    sockets: list[str] = []
    page.on("websocket", lambda s: sockets.append(s.url))
    page.goto(f"{at.url}/?preset={preset}&total_images=100000000")
    page.get_by_role("button", name="Train", exact=True).click()
    while not (live := [s for s in sockets if "/live/" in s]) or newest_run(at.runs_dir) is None:
        page.wait_for_timeout(100)
    run = newest_run(at.runs_dir)
    page.wait_for_timeout(4000)
    page.close()
    return run, f"{at.url}/?run={run.id}", live[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--preset", default="fashion-fast")
    asked = parser.parse_args()
    print(describe())
    for words, options, goal_tab, goal_ten in (
        ("as shipped", (), 0.92, 0.85),
        ("with a collection after every rerun (Streamlit's default)", ("--runner.postScriptGC", "true"), 0.0, None),
    ):
        with tempfile.TemporaryDirectory() as folder, server(Path(folder), *options) as at, browser() as opened:
            run, page_url, socket_url = start_run(opened, at, asked.preset)
            print(f"{asked.preset}, {words}: {speed(run, asked.seconds):.0f} images/s with nobody watching")
            found = ratios(run, lambda o=opened, u=page_url: tab(o, u), asked.rounds, asked.seconds)  # type: ignore[misc]
            print("  " + told("one browser tab / none", statistics.median(found), goal_tab, found))
            if goal_ten is not None:
                found = ratios(
                    run,
                    lambda s=socket_url, u=at.url: listeners(s, u, 10),
                    asked.rounds,
                    asked.seconds,  # type: ignore[misc]
                )
                print("  " + told("ten viewers of the channel / none", statistics.median(found), goal_ten, found))


if __name__ == "__main__":
    main()

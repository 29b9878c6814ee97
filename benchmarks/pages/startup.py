"""How long a person waits: from the command to a server that answers, and from Train to the first grid on screen.

python -m benchmarks.pages.startup [--times 5]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.serving import browser, server

READY_GOAL_SECONDS = 5.0
GRID_GOAL_SECONDS = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    print(describe())
    ready, first_grid = [], []
    with browser() as opened:
        for _ in range(asked.times):
            with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as at:
                ready.append(at.seconds_to_ready)
                page = opened.new_page(viewport={"width": 1366, "height": 768})
                page.goto(at.url)
                button = page.get_by_role("button", name="Train", exact=True)
                button.wait_for(timeout=60_000)
                page.wait_for_timeout(2000)
                start = time.perf_counter()
                button.click()
                page.get_by_test_id("film-step").filter(has_text="tep").wait_for(timeout=60_000)
                first_grid.append(time.perf_counter() - start)
                page.close()
    for words, seconds, goal in (
        ("command to ready", ready, READY_GOAL_SECONDS),
        ("Train to first grid on screen", first_grid, GRID_GOAL_SECONDS),
    ):
        median = statistics.median(seconds)
        verdict = "reached" if median < goal else "MISSED"
        print(
            f"{words}: {median:.2f} s (goal under {goal} s: {verdict}; all: {sorted(round(s, 2) for s in seconds)})"
        )


if __name__ == "__main__":
    main()

"""How smoothly the stage draws: frame times in Chromium while scenes arrive, and the time that drawing takes.

    python -m benchmarks.pages.stage [--seconds 10] [--side 560] [--a-second 8]

A page of its own with 2,000 + 2,000 points, D's 64 x 64 map, its boundary, the pulls, the 21 x 21 grid and trails,
then with density lines too, and both networks beside it. Scenes come from inside the page, so that nothing but the
browser is at work. "Bare" is the same browser with a page that only asks for frames: what the machine gives at best.
"""

from __future__ import annotations

import argparse
import itertools
import statistics

from playwright.sync_api import Browser, Page

from benchmarks.machine import describe
from benchmarks.plane import page as plane_page
from benchmarks.serving import browser

SLOW_MS = 20.0  # a frame of a screen's sixty a second takes 16.7
SCENES = 24

_COUNT = """(seconds) => new Promise((done) => {
  const times = [], until = performance.now() + 1000 * seconds;
  const next = (time) => { times.push(time); if (time < until) requestAnimationFrame(next); else done(times); };
  requestAnimationFrame(next);
})"""
_TIMED = """() => {
  window.paints = [];
  const stage = window.view.plane, paint = stage.paint.bind(stage);
  stage.paint = (time) => {
    const start = performance.now();
    paint(time);
    window.paints.push(performance.now() - start);
  };
}"""
_FEED = """([frames, wait]) => {
  const there = frames.length, all = [...frames, ...frames.slice(1, there - 1).reverse()];
  let i = 0;
  setInterval(() => window.feed(all[i++ % all.length]), wait);
}"""


def frame_times(page: Page, seconds: float) -> list[float]:
    """Milliseconds from each frame to the next."""
    times = page.evaluate(_COUNT, seconds)
    return [b - a for a, b in itertools.pairwise(times)]


def told(name: str, gaps: list[float]) -> str:
    slow = sum(gap > SLOW_MS for gap in gaps) / len(gaps)
    p95 = statistics.quantiles(gaps, n=20)[-1]
    return (
        f"{name}: {1000 * len(gaps) / sum(gaps):.1f} frames a second; from frame to frame "
        f"{statistics.median(gaps):.2f} ms (median), {p95:.2f} ms (95%); over {SLOW_MS:.0f} ms: {100 * slow:.1f}%"
    )


def moving_page(opened: Browser, side: int, a_second: float) -> Page:
    """The live view as it opens, and scenes arriving."""
    page = opened.new_page(viewport={"width": 2 * side + 100, "height": side + 330})
    plane_page.show(page)
    page.wait_for_function("() => window.view")
    page.evaluate("t => feed(t)", plane_page.text(plane_page.hello_frame(10)))
    page.evaluate("t => feed(t)", plane_page.text(plane_page.stage_frame()))
    frames = [plane_page.text(plane_page.grid_frame(25 * i)) for i in range(SCENES)]
    page.evaluate(_FEED, [frames, 1000 / a_second])
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--side", type=int, default=560, help="of the stage, in pixels, about")
    parser.add_argument("--a-second", type=float, default=8.0, help="scenes that arrive in a second")
    asked = parser.parse_args()
    print(describe())
    with browser() as opened:
        bare = opened.new_page()
        print(told("bare page", frame_times(bare, min(4.0, asked.seconds))))
        bare.close()
        page = moving_page(opened, asked.side, asked.a_second)
        size = page.get_by_test_id("stage").evaluate("c => c.width")
        print(f"stage of {size} x {size} pixels, {asked.a_second:g} scenes a second:")
        page.evaluate(_TIMED)
        tell(page, "as it opens", asked.seconds)
        page.get_by_test_id("layer-density").click()
        tell(page, "with density lines", asked.seconds)


def tell(page: Page, shown: str, seconds: float) -> None:
    """What the frames took, and the drawing in them, once what was pressed is drawn."""
    page.wait_for_timeout(2000)
    page.evaluate("() => { window.paints = []; }")
    gaps = frame_times(page, seconds)
    paints = page.evaluate("() => window.paints")
    print("  " + told(shown, gaps))
    p95 = statistics.quantiles(paints, n=20)[-1]
    print(f"    drawing takes {statistics.median(paints):.2f} ms (median), {p95:.2f} ms (95%), {len(paints)} times")
    late = statistics.quantiles(gaps, n=20)[-1] > SLOW_MS
    print(f"    60 frames a second (19 of 20 within {SLOW_MS:.0f} ms): {'MISSED' if late else 'reached'}")


if __name__ == "__main__":
    main()

"""How soon the picture follows the hand on the Explore page, in Chromium, alone and while a run trains.

    python -m benchmarks.pages.explore [--seconds 8] [--model asset:...] [--skip-training]

Times are from the hand's event (its own time stamp) to the drawn picture, the request, the server's work and the way
back included; the screen shows it with its next frame. The pad is dragged and a slider is, 60 times a second;
neighbours are asked for as 8 x 8 pictures. Without --model: the first generator that comes along, or where there is
none, a DCGAN of half a million parameters that has been trained for a moment.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page

from benchmarks.machine import describe
from benchmarks.serving import ROOT, Server, browser, server

GOALS = {"idle": (12.0, 33.0), "training": (math.inf, 60.0)}
NEIGHBOURS_GOAL_MS = 120.0
EVERY_MS = 1000 / 60

_WATCH = """() => {
  const { explorer } = document.querySelector(".gx-explore");
  const asked = new WeakMap(), show = explorer.show.bind(explorer), accept = explorer.accept.bind(explorer);
  let stamp = 0;
  window.times = [];
  for (const kind of ["pointerrawupdate", "pointermove", "pointerdown", "input"])
    document.addEventListener(kind, (event) => { stamp = event.timeStamp; }, true);
  explorer.show = (...a) => {
    const look = show(...a);
    if (look && !a[1]?.commit) asked.set(look, stamp);
    return look;
  };
  explorer.accept = (one, answer) => {
    accept(one, answer);
    if (asked.has(one.look)) window.times.push(performance.now() - asked.get(one.look));
  };
  window.around = [];
  const picture = explorer.picture, fetchAround = picture.fetchAround.bind(picture);
  picture.fetchAround = async () => {
    const start = performance.now();
    await fetchAround();
    window.around.push(performance.now() - start);
  };
}"""


def told(name: str, times: list[float], goals: tuple[float, float]) -> bool:
    """One line; whether both goals (median, 95%) were reached."""
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    reached = p50 <= goals[0] and p95 <= goals[1]
    wanted = " and ".join(
        f"{word} at most {goal:g} ms" for word, goal in zip(("p50", "p95"), goals, strict=True) if goal < math.inf
    )
    verdict = "reached" if reached else "MISSED"
    print(f"{name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms of {len(times)} pictures ({wanted}: {verdict})")
    return reached


def drag(page: Page, test_id: str, seconds: float, radius: float) -> list[float]:
    """Drag round and round on an element."""
    page.evaluate("() => { window.times.length = 0; }")
    box = page.get_by_test_id(test_id).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for i in range(int(1000 * seconds / EVERY_MS)):
        angle = i / 25
        page.mouse.move(
            x + radius * box["width"] * math.cos(angle), y + radius * box["height"] * math.sin(1.3 * angle)
        )
        page.wait_for_timeout(EVERY_MS)
    page.mouse.up()
    found: list[float] = page.evaluate("() => window.times")
    return found


def around(page: Page, times: int) -> list[float]:
    page.evaluate("() => { window.around.length = 0; }")
    page.get_by_test_id("neighbours-toggle").click()
    for _ in range(times):
        page.get_by_test_id("neighbours-turn").click()
        page.wait_for_timeout(150)
    page.get_by_test_id("neighbours-toggle").click()
    found: list[float] = page.evaluate("() => window.around")
    return found


def measure(page: Page, seconds: float, state: str) -> None:
    for name, tab, target, radius in (("pad", "tab-pad", "pad", 0.35), ("slider", "tab-sliders", "slider-0", 0.4)):
        page.get_by_test_id(tab).click()
        page.wait_for_timeout(600)
        told(f"{name}, {state}: drag to new picture", drag(page, target, seconds, radius), GOALS[state])
    told(f"8 x 8 neighbours, {state}", around(page, 25), (math.inf, NEIGHBOURS_GOAL_MS))


def open_page(page: Page, at: Server, model: str) -> None:
    page.goto(f"{at.url}/explore" + (f"?model={quote(model)}" if model else ""))
    page.wait_for_function("() => document.querySelector('.gx-explore')?.explorer.point")
    page.wait_for_timeout(1500)
    page.evaluate(_WATCH)
    find = "() => { const { label, size, dim } = document.querySelector('.gx-explore').explorer.model; "
    told_model = page.evaluate(find + "return { label, size, dim }; }")
    print(f"model: {json.dumps(told_model)}")


def train_a_moment(folder: Path) -> None:
    """A run with a checkpoint, where nothing comes along."""
    from gan_core.config.codec import replace_at
    from gan_core.runs import RunManager
    from gan_core.training import preset

    manager = RunManager(folder / "runs", folder / "data", device="cpu", threads=1)
    config = replace_at(preset("fashion-fast").config, "total_images", 6400)
    run = manager.start(config, preset="fashion-fast")
    while manager.view(run).state not in ("finished", "failed", "diverged"):
        pass
    manager.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each drag")
    parser.add_argument("--model", default="", help="such as asset:fashion or run:...")
    parser.add_argument("--skip-training", action="store_true")
    asked = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not asked.model and not list((ROOT / "assets" / "generators").glob("*.safetensors")):
            train_a_moment(folder)
        with server(folder) as at, browser() as opened:
            page = opened.new_page(viewport={"width": 1366, "height": 768})
            open_page(page, at, asked.model)
            measure(page, asked.seconds, "idle")
            if not asked.skip_training:
                other = opened.new_page(viewport={"width": 1366, "height": 768})
                other.goto(at.url)
                other.get_by_role("button", name="Train", exact=True).click()
                other.wait_for_url("**run=**")
                other.goto("about:blank")  # the run goes on; its viewer is not what is measured
                page.bring_to_front()
                page.wait_for_timeout(3000)
                measure(page, asked.seconds, "training")


if __name__ == "__main__":
    main()

"""Comparing runs as a person does it: curves, samples and settings, held against what is on disk."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.serving import ROOT, Server
from gan_core.cli.main import main
from gan_core.runs.storage.run_folder import RunFolder, run_ids
from tests.browser.canvases import levels, same_picture
from tests.browser.forked import server
from tests.browser.lab import until

SMALL = (
    "generator.width=8", "discriminator.width=8", "batch_size=16", "record.every_steps=2", "record.grid_growth=0.3",
    "record.checkpoint_images=1000", "record.evaluate_images=0", "precision=float32",
)  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """A server that finds runs of points (the second with a slower D) and of images (the third with another seed)."""

    at: Server
    points: tuple[str, str]
    images: tuple[str, str, str]

    def folder(self, run: str) -> RunFolder:
        return RunFolder(self.at.runs_dir / run)

    def open(self, page: Page, tab: str, *runs: str) -> None:
        page.goto(f"{self.at.url}/compare?tab={tab}&runs={','.join(runs)}")


def trained(folder: Path, *options: str) -> str:
    places = ["--runs-dir", str(folder / "runs"), "--data-dir", str(folder / "data"), "--threads", "1"]
    assert main(["train", *options, *places]) == 0
    return run_ids(folder / "runs")[0]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    folder = tmp_path_factory.mktemp("compared")
    ring = (
        "--preset",
        "ring",
        "--images",
        "40000",
        "--set",
        "record.every_steps=4",
        "--set",
        "record.evaluate_images=0",
    )
    small = [word for pair in SMALL for word in ("--set", pair)]
    points = trained(folder, *ring), trained(folder, *ring, "--set", "d_optimizer.lr=0.0005", "--title", "Slow D")
    images = (
        trained(folder, *small, "--images", "3200"),
        trained(folder, *small, "--images", "2000", "--set", "g_optimizer.lr=0.002"),
        trained(folder, *small, "--images", "3200", "--seed", "7"),
    )
    with server(folder) as at:
        yield Compared(at, points, images)


def traces(page: Page, measure: str) -> list[dict[str, Any]]:
    """What a chart draws: the run, x and y of each line."""
    find = """(name) => (document.querySelector(`[data-testid=overlay-${name}] .gs-plot`)?.data ?? [])
      .map(({ meta, x, y, opacity }) => ({ run: meta, x: [...x], y: [...y], opacity }))"""
    found: list[dict[str, Any]] = page.evaluate(find, measure)
    return found


def ranges(page: Page) -> list[list[float]]:
    found: list[list[float]] = (
        page.evaluate("""() => [...document.querySelectorAll('[data-testid^=overlay-] .gs-plot')]
      .filter((plot) => plot._fullLayout).map((plot) => plot._fullLayout.xaxis.range.map(Number))""")
    )
    return found


def drawn(page: Page, measure: str, lines: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = until(lambda: now if len(now := traces(page, measure)) == lines else None)
    return found


def test_curves_lie_over_one_another_as_they_were_recorded(page: Page, compared: Compared, shots: Path) -> None:
    compared.open(page, "curves", *compared.points)
    lines = drawn(page, "g_loss", 2)
    assert [line["run"] for line in lines] == list(compared.points)
    for column, button in (("step", ""), ("images", "axis-images"), ("elapsed_seconds", "axis-seconds")):
        if button:
            page.get_by_test_id(button).click()
        first = compared.folder(compared.points[0]).points()
        end = np.float32(first[column][-1])
        now = until(
            lambda end=end: (now := traces(page, "g_loss")) and len(now) == 2 and now[0]["x"][-1] == end and now
        )
        for line, run in zip(now, compared.points, strict=True):
            known = compared.folder(run).points()
            np.testing.assert_allclose(line["x"], known[column].astype(np.float32))
            np.testing.assert_allclose(line["y"], known["g_loss"].astype(np.float32))
    expect(page.get_by_test_id("values-g_loss")).to_contain_text(f"{first['g_loss'][-1]:.2f}")
    page.screenshot(path=shots / "compare-curves.png")


def test_smoothing_is_the_moving_average_with_its_start_put_right(page: Page, compared: Compared) -> None:
    compared.open(page, "curves", *compared.points)
    drawn(page, "d_loss", 2)
    page.get_by_test_id("smoothing").fill("0.8")
    lines = drawn(page, "d_loss", 4)  # the lines themselves stand faintly behind
    for faint, line, run in zip(lines[:2], lines[2:], compared.points, strict=True):
        y = compared.folder(run).points()["d_loss"].astype(np.float32).astype(np.float64)
        age = np.arange(len(y))[:, None] - np.arange(len(y))[None, :]
        weights = np.where(age >= 0, 0.8 ** np.maximum(age, 0), 0.0)  # of point j in the average at i
        np.testing.assert_allclose(line["y"], weights @ y / weights.sum(1), rtol=1e-6)
        np.testing.assert_allclose(faint["y"], y)
        assert faint["opacity"] < 0.5 < line["opacity"]


def test_zoom_pointer_and_legend_hold_for_all_charts(page: Page, compared: Compared) -> None:
    compared.open(page, "curves", *compared.points)
    drawn(page, "sliced_wasserstein", 2)
    charts = page.locator("[data-testid^=overlay-] .nsewdrag")
    until(lambda: charts.count() >= 3 and len({tuple(r) for r in ranges(page)}) == 1)
    whole = ranges(page)
    box = charts.first.bounding_box()
    assert box
    x, y = box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"]
    page.mouse.move(x, y)
    cursors = page.locator(".gc-cursor:visible")
    lefts = "all => all.map((line) => parseFloat(line.style.left))"
    until(lambda: len(at := cursors.evaluate_all(lefts)) >= 3 and max(at) - min(at) < 1.5)  # the same place in each
    step = whole[0][0] + 0.5 * (whole[0][1] - whole[0][0])
    known = compared.folder(compared.points[0]).points()
    nearest = known["d_loss"][np.abs(known["step"] - step).argmin()]
    shown = page.get_by_test_id("values-d_loss").locator("b").first
    until(lambda: abs(float(shown.inner_text()) - nearest) < 0.006)

    page.mouse.move(box["x"] + 0.3 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], y, steps=4)
    page.mouse.up()
    low, high = until(
        lambda: (now := ranges(page)) and now[0] != whole[0] and now.count(now[0]) == len(now) and now[0]
    )
    span = whole[0][1] - whole[0][0]
    assert low == pytest.approx(whole[0][0] + 0.3 * span, abs=0.02 * span)
    assert high == pytest.approx(whole[0][0] + 0.6 * span, abs=0.02 * span)
    page.get_by_test_id("whole").click()
    until(lambda: ranges(page)[:1] == whole[:1])

    page.get_by_test_id("run-A").click()
    assert [line["run"] for line in drawn(page, "d_loss", 1)] == [compared.points[1]]
    page.get_by_test_id("run-A").click()
    page.get_by_test_id("measure-mmd").click()
    drawn(page, "mmd", 2)


def pixels(canvas: Locator) -> np.ndarray:
    return levels(canvas, "L")


def step_of(page: Page, letter: str) -> int:
    found = re.search(r"step ([\d,]+)", page.get_by_test_id(f"moment-{letter}").inner_text())
    return int(re.sub(r"\D", "", found.group(1))) if found else -1


def test_samples_are_scrubbed_together_to_the_nearest_kept_moment(page: Page, compared: Compared) -> None:
    runs = compared.images[:2]
    compared.open(page, "samples", *runs)
    expect(page.get_by_test_id("latents")).to_contain_text("The same latents in every run")
    kept = [compared.folder(run).grids() for run in runs]
    until(lambda: [step_of(page, letter) for letter in "AB"] == [grids[-1][0] for grids in kept])
    positions = sorted({images for grids in kept for _, images in grids})
    before = pixels(page.get_by_test_id("grid-A"))
    for at in (2, len(positions) // 2, len(positions) - 2):
        page.get_by_test_id("timeline").fill(str(at))
        nearest = [min(grids, key=lambda one, at=at: abs(one[1] - positions[at]))[0] for grids in kept]
        until(lambda nearest=nearest: [step_of(page, letter) for letter in "AB"] == nearest)
        until(lambda: (pixels(page.get_by_test_id("grid-A")) != before).any())
    page.get_by_test_id("newest").click()
    until(lambda: step_of(page, "A") == kept[0][-1][0])
    page.get_by_test_id("grid-B").hover(position={"x": 40, "y": 40})
    marks = page.locator(".gc-cell:visible")
    expect(marks).to_have_count(2)
    assert len(set(marks.evaluate_all("all => all.map((m) => m.style.left + m.style.top)"))) == 1


def test_runs_of_other_seeds_are_drawn_from_the_same_latents(page: Page, compared: Compared, shots: Path) -> None:
    compared.open(page, "samples", compared.images[0], compared.images[2])
    expect(page.get_by_test_id("latents")).to_contain_text("different latents")
    checkpoint = compared.folder(compared.images[0]).checkpoints()[-1].step
    until(lambda: step_of(page, "A") == checkpoint and step_of(page, "B") == checkpoint)
    own, other = pixels(page.get_by_test_id("grid-A")), pixels(page.get_by_test_id("grid-B"))
    page.get_by_test_id("same-latents").click()
    expect(page.get_by_test_id("latents")).to_contain_text("drawn now")
    grid = page.get_by_test_id("grid-B")
    until(lambda: (pixels(grid) != other).any())
    assert same_picture(pixels(page.get_by_test_id("grid-A")), own)  # seed 1 is this run's own
    page.screenshot(path=shots / "compare-samples.png")
    page.get_by_test_id("seed").fill("7")
    page.get_by_test_id("seed").press("Enter")
    until(lambda: same_picture(pixels(grid), other))  # and 7 that of the other


def test_the_plane_is_seen_at_the_same_place_in_every_run(page: Page, compared: Compared) -> None:
    compared.open(page, "samples", *compared.points)
    until(lambda: len({pixels(page.get_by_test_id(f"grid-{letter}")).tobytes() for letter in "AB"}) == 2)
    with_map = {letter: pixels(page.get_by_test_id(f"grid-{letter}")) for letter in "AB"}
    page.locator(".gc-layers").get_by_test_id("layer-heat").click()  # one row of layers for both
    for letter in "AB":
        until(lambda letter=letter: (pixels(page.get_by_test_id(f"grid-{letter}")) != with_map[letter]).any())
    before = {letter: pixels(page.get_by_test_id(f"grid-{letter}")) for letter in "AB"}
    page.get_by_test_id("card-A").get_by_test_id("zoom-in").click()
    for letter in "AB":
        until(lambda letter=letter: (pixels(page.get_by_test_id(f"grid-{letter}")) != before[letter]).mean() > 0.02)


def test_settings_that_differ_are_listed_and_runs_are_chosen_by_lines(
    page: Page, compared: Compared, shots: Path
) -> None:
    compared.open(page, "settings", *compared.points)
    rows = page.get_by_test_id("settings-table").locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(["Discriminator's optimizer: Learning rate"])
    page.get_by_test_id("all-settings").click()
    until(lambda: rows.count() > 30)
    page.get_by_test_id("find-setting").fill("batch size")
    expect(rows).to_have_count(1)
    lines = page.get_by_test_id("parallel").locator("path[data-run]")
    expect(lines).to_have_count(5)  # of all runs: two are too few for lines
    page.get_by_test_id("parallel-metric").select_option("d_loss")
    brush = page.get_by_test_id("brush-data").first
    brush.scroll_into_view_if_needed()
    box = brush.bounding_box()
    assert box
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 0.7 * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.95 * box["height"], steps=5)
    page.mouse.up()
    expect(page.get_by_test_id("parallel-words")).to_have_text("3 of 5 runs pass.")
    listed = page.get_by_test_id("parallel-best").locator("tbody tr")
    expect(listed).to_have_count(3)
    page.screenshot(path=shots / "compare-settings.png")
    page.get_by_test_id("compare-these").click()
    page.wait_for_url(lambda url: all(run in url for run in compared.images) and compared.points[0] not in url)


@pytest.mark.long  # curves of runs that have ended: above; what comes of one that trains: test_runs_table.py
def test_a_run_that_trains_grows_in_the_chart(page: Page, compared: Compared) -> None:
    known, at = set(run_ids(compared.at.runs_dir)), compared.at
    words = [
        "--preset",
        "ring",
        "--set",
        "total_images=100000000",
        "--set",
        "record.every_steps=20",
        "--seconds",
        "900",
    ]
    places = ["--runs-dir", str(at.runs_dir), "--data-dir", str(at.data_dir), "--threads", "1"]
    training = subprocess.Popen(
        [sys.executable, "-m", "gan_core", "train", *words, *places], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        (run,) = until(lambda: set(run_ids(at.runs_dir)) - known)
        compared.open(page, "curves", run)
        first = until(lambda: traces(page, "g_loss"))[0]["x"][-1]
        until(lambda: (now := traces(page, "g_loss")) and now[0]["x"][-1] > first)
        expect(page.get_by_test_id("run-A")).to_contain_text("running")
    finally:
        training.terminate()
        training.wait(180)
    expect(page.get_by_test_id("run-A")).to_contain_text("stopped")

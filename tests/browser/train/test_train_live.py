"""A run from Train to its files, in a real Chromium against a real server."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from safetensors.numpy import load as load_safetensors

from benchmarks.serving import Server
from gan_core.runs.storage.run_folder import RunFolder
from tests.browser.lab import CALM, Lab, until


def _points(served: Server, run: str) -> int:
    return len(RunFolder(served.runs_dir / run).points()["step"])


def test_a_run_from_train_to_its_files(page: Page, served: Server, shots: Path, tmp_path: Path) -> None:
    lab = Lab(page, served.url)
    lab.open(f"preset=fashion-fast&{CALM}&total_images=100000000")
    before_training = lab.picture()
    lab.press("Train")
    lab.expect_state("training")
    run = lab.run_id()

    # The grid changes while it trains, and the curves fill.
    first = until(lambda: lab.step() >= 0 and lab.picture())
    assert first != before_training
    until(lambda: lab.step() > 20 and lab.picture() != first)
    until(lambda: _points(served, run) > 10)
    page.screenshot(path=shots / "training.png")

    # A learning rate is changed live: the run writes it down and goes on with it.
    slider = page.locator(".st-key-steer-g_optimizer-lr input[type=range]")
    slider.focus()
    slider.press("ArrowLeft")
    folder = RunFolder(served.runs_dir / run)
    change = until(lambda: folder.changes())[0]
    assert change.path == "g_optimizer.lr"
    assert change.after < change.before
    expect(page.get_by_text("Changed on the way")).to_be_visible()
    d_lr = folder.manifest().config["d_optimizer"]["lr"]  # the schedule is on both: their ratio is what was set
    until(lambda: (p := folder.points())["g_lr"][-1] / p["d_lr"][-1] == pytest.approx(change.after / d_lr))

    # Pause: nothing moves. One step: exactly one. Resume.
    lab.press("Pause")
    lab.expect_state("paused")
    still = folder.status().step
    lab.press("Step")
    until(lambda: folder.status().step > still)
    assert folder.status().step == still + 1
    lab.expect_state("paused")

    # Scrub back through the training, while it goes on.
    lab.press("Resume")
    lab.expect_state("training")
    timeline = page.get_by_test_id("timeline")
    timeline.focus()
    timeline.press("Home")
    until(lambda: lab.step() == 0)
    earliest = lab.picture()
    seen = _points(served, run)
    until(lambda: _points(served, run) > seen + 3)
    assert lab.step() == 0
    assert lab.picture() == earliest
    page.get_by_test_id("live").get_by_role("button", name="Show the newest samples").click()
    until(lambda: lab.step() > still)
    assert "at=" not in page.evaluate("location.search")  # a reload at once opens what is shown

    # Reload: the same run, still training, nothing lost.
    page.reload()
    lab.expect_state("training")
    assert lab.run_id() == run
    until(lambda: lab.step() > still)
    assert folder.status().state == "running"

    # A checkpoint by hand, then stop.
    lab.press("Checkpoint")
    until(lambda: any(row.by_hand for row in folder.checkpoints()))
    lab.press("Stop")
    lab.expect_state("stopped")
    _check_downloads(page, lab, run, tmp_path)


def _check_downloads(page: Page, lab: Lab, run: str, tmp_path: Path) -> None:
    """Every file that the page offers, opened again."""
    files = {}
    lab.press("Download")
    for name in ("grid.png", "training.gif", "metrics.csv", "generator.safetensors", "generator.onnx", "sample.zip",
                 "train.zip", "config.json"):  # fmt: skip
        with page.expect_download() as download:
            page.locator(f"[class*='st-key-download-{name.replace('.', '-')}'] button").click()
        path = tmp_path / name
        download.value.save_as(path)
        assert download.value.suggested_filename.endswith(name)
        files[name] = path.read_bytes()
    with Image.open(io.BytesIO(files["grid.png"])) as grid:
        assert grid.width >= 8 * 28
    with Image.open(io.BytesIO(files["training.gif"])) as film:
        assert getattr(film, "n_frames", 1) > 5
    header, *rows = files["metrics.csv"].decode().splitlines()
    assert header.startswith("step")
    assert len(rows) > 10
    assert len(load_safetensors(files["generator.safetensors"])) > 3
    assert json.loads(files["config.json"])["generator"]["width"] == 8
    assert b"GANscope" in files["generator.onnx"]
    with zipfile.ZipFile(io.BytesIO(files["sample.zip"])) as archive:
        beside = load_safetensors(archive.read("generator.safetensors"))
        assert beside.keys() == load_safetensors(files["generator.safetensors"]).keys()
        compile(archive.read("sample.py"), "sample.py", "exec")
    with zipfile.ZipFile(io.BytesIO(files["train.zip"])) as archive:
        assert set(archive.namelist()) == {"train.py", "train.npz"}
        compile(archive.read("train.py"), "train.py", "exec")


def test_real_images_beside_and_scores_under_the_pointer(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    lab.open(f"preset=fashion-fast&{CALM}&total_images=100000")
    lab.press("Train")
    until(lambda: lab.step() > 0)
    real, toggle = page.get_by_test_id("real"), page.get_by_test_id("toggle-real")
    expect(real).to_be_visible()
    toggle.click()
    expect(real).to_be_hidden()
    toggle.click()
    expect(real).to_be_visible()
    until(
        lambda: real.evaluate("c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size > 20")
    )
    lab.film.hover(position={"x": 40, "y": 40})
    expect(page.locator(".gs-tip:not(.gs-point-tip)")).to_contain_text(re.compile(r"\d"))
    lab.press("Stop")
    lab.expect_state("stopped")


def test_two_tabs_watch_one_run_and_closing_one_changes_nothing(
    page: Page, chromium: Browser, served: Server
) -> None:
    lab = Lab(page, served.url)
    lab.open(f"preset=fashion-fast&{CALM}&total_images=100000000&seed=2")
    lab.press("Train")
    run = lab.run_id()
    until(lambda: lab.step() > 0)
    other_page = chromium.new_page()
    other = Lab(other_page, served.url)
    other.open(f"run={run}")
    other.expect_state("training")
    until(lambda: other.step() > 0)
    folder = RunFolder(served.runs_dir / run)
    other_page.close()
    steps = folder.status().step
    until(lambda: folder.status().step > steps)
    lab.expect_state("training")

    # A second run waits in line, visibly, and can be taken out of it.
    third_page = chromium.new_page()
    third = Lab(third_page, served.url)
    third.open(f"preset=fashion-fast&{CALM}&seed=3")
    third.press("Train")
    third.expect_state("waiting|queue")
    third.press("Cancel")
    third.expect_state("stopped")
    third_page.close()
    lab.press("Stop")
    lab.expect_state("stopped")


def test_what_cannot_work_is_said_before_train(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    lab.open("preset=fashion-fast&batch_size=6&pack=4")
    expect(page.get_by_text("the batch must be a multiple of the pack").first).to_be_visible()
    expect(lab.button("Train")).to_be_disabled()
    lab.open("preset=fashion-fast&batch_size=3")
    expect(page.get_by_text(re.compile("batch_size is .*from 4 to 1024"))).to_be_visible()
    expect(lab.button("Train")).to_be_enabled()
    lab.open("run=no-such-run")
    expect(page.get_by_text(re.compile("There is no run called"))).to_be_visible()


def test_a_link_opens_the_same_panel(page: Page, chromium: Browser, served: Server) -> None:
    lab = Lab(page, served.url)
    lab.open("preset=wgan-gp&penalty.weight=3&seed=77")
    expect(page.get_by_text("A critic that measures a distance")).to_be_visible()
    address = page.url
    other_page = chromium.new_page()
    other_page.goto(address)
    expect(other_page.get_by_text("A critic that measures a distance")).to_be_visible()
    assert "seed=77" in other_page.url
    assert re.search(r"penalty\.weight=3", other_page.url)
    other_page.close()

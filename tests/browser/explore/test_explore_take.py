"""Take away on the Explore page: every file is saved by a real browser and opened again."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image
from playwright.sync_api import Page, expect
from safetensors.torch import load

from benchmarks.serving import Server
from gan_core.config.codec import from_dict
from gan_core.training import RunConfig
from tests.export.made_scripts import alive

SHOWN = """(c) => [...c.getContext("2d").getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0)"""


def open_tool(page: Page, served: Server) -> None:
    page.goto(f"{served.url}/explore")
    page.wait_for_function("() => document.querySelector('.gx-explore')?.explorer.point")
    page.get_by_test_id("random").click()
    page.get_by_test_id("tab-take").click()
    expect(page.locator("[data-kind=onnx] .gx-take-size")).to_contain_text("about")
    expect(page.locator("[data-kind=train-script] .gx-take-size")).to_contain_text("MB with the images")
    expect(page.locator("[data-kind=train-script] .gx-take-format")).to_have_text("zip")
    page.wait_for_function("""() => {
      const { explorer } = document.querySelector(".gx-explore");
      return !explorer.busy && !explorer.next;
    }""")


def save(page: Page, kind: str) -> tuple[str, bytes]:
    with page.expect_download(timeout=120_000) as caught:
        page.get_by_test_id(f"take-{kind}").click()
    expect(page.get_by_test_id("take-words")).to_contain_text(f"{caught.value.suggested_filename} saved")
    return caught.value.suggested_filename, Path(caught.value.path()).read_bytes()


def test_everything_can_be_taken_away_and_opened_again(
    page: Page, served: Server, shots: Path, tmp_path: Path
) -> None:
    open_tool(page, served)
    page.screenshot(path=shots / "explore-take.png")
    shown = np.array(page.get_by_test_id("picture").evaluate(SHOWN)).reshape(28, 28)
    name, data = save(page, "picture")
    with Image.open(io.BytesIO(data)) as picture:
        assert name.endswith(".png")
        assert picture.width == picture.height >= 512
        scale = picture.width // 28
        large = np.asarray(picture.convert("L"))
    np.testing.assert_array_equal(large, shown.repeat(scale, 0).repeat(scale, 1))

    (tmp_path / "latent.npz").write_bytes(save(page, "latent")[1])
    latent = np.load(tmp_path / "latent.npz")
    np.testing.assert_array_equal(latent["image"][0, ..., 0], shown)
    session = onnxruntime.InferenceSession(save(page, "onnx")[1], providers=["CPUExecutionProvider"])
    (drawn,) = session.run(None, {"latent": latent["z"]})
    assert np.abs((drawn[0, 0] + 1) * 127.5 - shown).max() < 0.6

    name, data = save(page, "sample-script")
    assert name.endswith("-sample.zip")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    script = alive((tmp_path / "sample.py").read_text())
    z = script.read_latents(tmp_path / "latent.npz")
    again = script.draw(script.load_generator(tmp_path / "generator.safetensors"), z)
    assert np.abs(script.to_pixels(again)[0, ..., 0].numpy().astype(int) - shown).max() <= 1
    assert set(load(save(page, "safetensors")[1])) == set(load((tmp_path / "generator.safetensors").read_bytes()))

    name, data = save(page, "train-script")
    assert name.endswith("-train.zip")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert set(archive.namelist()) == {"train.py", "train.npz"}
        assert alive(archive.read("train.py").decode()).Discriminator() is not None
    config = from_dict(RunConfig, json.loads(save(page, "config")[1]))
    assert config.latent.dim == latent["z"].shape[1]
    point: dict[str, Any] = json.loads(save(page, "point")[1])
    assert set(point) == {"model", "step", "look"}
    assert "where" in point["look"]


def test_on_a_phone_in_the_dark_nothing_is_cut_off(page: Page, served: Server, shots: Path) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    open_tool(page, served)
    for kind in ("picture", "train-script"):
        button = page.get_by_test_id(f"take-{kind}")
        button.scroll_into_view_if_needed()
        box = button.bounding_box()
        assert box
        assert box["x"] + box["width"] <= 390
        assert box["height"] >= 40
    page.screenshot(path=shots / "explore-take-phone.png")

"""`sample` and `export`: files that other programs read."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from gan_core.cli.take import SCRIPTS
from gan_core.latent import check_look, render
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from tests.export.made_scripts import run_alone

from .conftest import SMALL, Answer

Cli = Callable[..., Answer]


@pytest.fixture
def run(cli: Cli) -> str:
    told = cli("train", *SMALL, "--set", "record.grid_growth=0", "--steps", "6", "--json").json()
    return str(told["run"])


def test_samples_are_bytes_with_channels_last(cli: Cli, run: str, tmp_path: Path) -> None:
    assert cli("sample", run, "--count", "5", "--seed", "3", "--out", str(tmp_path / "a.npz")).status == 0
    assert cli("sample", run, "--count", "9", "--seed", "3", "--out", str(tmp_path / "b.npz")).status == 0
    assert cli("sample", run, "--count", "5", "--seed", "4", "--out", str(tmp_path / "c.npz")).status == 0
    few, more, other = (np.load(tmp_path / f"{n}.npz")["images"] for n in "abc")
    assert (few.shape, few.dtype) == ((5, 28, 28, 1), np.uint8)
    np.testing.assert_array_equal(more[:5], few)
    assert (other != few).any()


def test_arrays_are_not_written_under_a_pictures_name(cli: Cli, run: str, tmp_path: Path) -> None:
    answer = cli("sample", run, "--count", "2", "--out", str(tmp_path / "a.PNG"))
    assert "name such a file, or take single pictures in a folder by --to png" in answer.sentence()
    assert not list(tmp_path.glob("a*"))


def test_samples_of_a_conditional_run_carry_their_classes(cli: Cli, tmp_path: Path) -> None:
    told = cli("train", *SMALL, "--set", "conditional=true", "--steps", "1", "--json").json()
    cli("sample", told["run"], "--count", "12", "--out", str(tmp_path / "a.npz"))
    np.testing.assert_array_equal(np.load(tmp_path / "a.npz")["labels"], [*range(10), 0, 1])


def test_png_is_the_newest_grid_enlarged(cli: Cli, run: str, tmp_path: Path) -> None:
    assert cli("export", run, "--to", "png", "--scale", "3", "--out", str(tmp_path / "grid.png")).status == 0
    with Image.open(tmp_path / "grid.png") as image:
        assert image.size == (4 * 28 * 3, 4 * 28 * 3)
        assert image.text["run"] == run  # type: ignore[attr-defined]
        assert image.text["step"] == "6"  # type: ignore[attr-defined]
        shown = np.asarray(image)
    (newest,) = (tmp_path / "runs" / run / "samples").glob("00000006.png")
    with Image.open(newest) as kept:
        np.testing.assert_array_equal(shown[::3, ::3], np.asarray(kept))


def test_gif_shows_every_kept_grid(cli: Cli, run: str, tmp_path: Path) -> None:
    assert cli("export", run, "--to", "gif", "--scale", "1", "--out", str(tmp_path / "film.gif")).status == 0
    kept = sorted((tmp_path / "runs" / run / "samples").glob("*.png"))
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == len(kept) >= 3  # type: ignore[attr-defined]
        for index, path in enumerate(kept):
            film.seek(index)
            with Image.open(path) as grid:
                np.testing.assert_array_equal(np.asarray(film.convert("L")), np.asarray(grid.convert("L")))


def test_csv_holds_every_recorded_step(cli: Cli, run: str, tmp_path: Path) -> None:
    assert cli("export", run, "--to", "csv", "--out", str(tmp_path / "curves.csv")).status == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "curves.csv").read_text())))
    assert [row["step"] for row in rows] == ["2", "4", "6"]
    assert [row["images"] for row in rows] == ["16", "32", "48"]
    assert all(float(row["d_loss"]) > 0 and float(row["images_per_second"]) > 0 for row in rows)


def test_safetensors_says_which_run_it_is_and_holds_the_weights(cli: Cli, run: str, tmp_path: Path) -> None:
    assert cli("export", run, "--to", "safetensors", "--out", str(tmp_path / "g.safetensors")).status == 0
    (kept,) = (tmp_path / "runs" / run / "checkpoints").glob("00000006-generator.safetensors")
    with safe_open(tmp_path / "g.safetensors", "np") as ours, safe_open(kept, "np") as theirs:
        words = ours.metadata()
        assert (words["run"], words["step"]) == (run, "6")
        assert json.loads(words["config"])["batch_size"] == 8
        assert (json.loads(words["channels"]), json.loads(words["classes"])[:1]) == (1, ["T-shirt/top"])
        assert re.fullmatch("[0-9a-f]{64}", words["weights_sha256"])
        assert set(ours.keys()) == set(theirs.keys())
        for name in ours.keys():  # noqa: SIM118 (not a dictionary)
            np.testing.assert_array_equal(ours.get_tensor(name), theirs.get_tensor(name))


def test_the_discriminator_is_that_of_the_checkpoint(cli: Cli, run: str, tmp_path: Path) -> None:
    assert cli("export", run, "--to", "discriminator", "--out", str(tmp_path / "d.safetensors")).status == 0
    (kept,) = (tmp_path / "runs" / run / "checkpoints").glob("00000006*.pt")
    wanted = torch.load(kept, weights_only=True)["discriminator"]
    with safe_open(tmp_path / "d.safetensors", "pt") as ours:
        assert (ours.metadata()["network"], ours.metadata()["step"]) == ("discriminator", "6")
        assert set(ours.keys()) == set(wanted)
        for name, tensor in wanted.items():
            assert torch.equal(ours.get_tensor(name), tensor.half() if tensor.is_floating_point() else tensor)


def test_onnx_gives_the_images_that_sample_draws(cli: Cli, run: str, tmp_path: Path) -> None:
    assert cli("export", run, "--to", "onnx", "--out", str(tmp_path / "g.onnx")).status == 0
    cli("sample", run, "--count", "9", "--seed", "2", "--out", str(tmp_path / "s.npz"))
    session = onnxruntime.InferenceSession(tmp_path / "g.onnx", providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["run"] == run
    latent_dim = session.get_inputs()[0].shape[1]
    z = torch.randn(256, latent_dim, generator=torch.Generator().manual_seed(2))[:9]
    (images,) = session.run(None, {"latent": z.numpy()})
    drawn = np.load(tmp_path / "s.npz")["images"].astype(np.float32)
    assert np.abs((images.transpose(0, 2, 3, 1) + 1) * 127.5 - drawn).max() < 0.51


def test_the_sample_script_draws_what_sample_draws(cli: Cli, tmp_path: Path) -> None:
    told = cli("train", *SMALL, "--set", "conditional=true", "--steps", "2", "--json").json()
    run = str(told["run"])
    cli("export", run, "--to", "sample-script", "--out", str(tmp_path / "sample.py"))
    cli("sample", run, "--count", "300", "--seed", "4", "--out", str(tmp_path / "theirs.npz"))
    run_alone(tmp_path / "sample.py", "--count", "300", "--seed", "4", "--out", "ours.npz")
    ours, theirs = np.load(tmp_path / "ours.npz"), np.load(tmp_path / "theirs.npz")
    np.testing.assert_array_equal(ours["labels"], theirs["labels"])
    apart = np.abs(ours["images"].astype(int) - theirs["images"].astype(int))
    assert apart.max() <= 1  # a number half-way between two bytes may be rounded to either
    assert apart.mean() < 1e-3
    assert theirs["images"].std() > 0


def test_the_training_script_comes_with_the_data_that_it_cannot_make(cli: Cli, tmp_path: Path) -> None:
    emoji = ["--set", "data=emoji", "--set", "data.only=Activities", "--set", "size=32"]
    told = cli("train", *SMALL, *emoji, "--steps", "1", "--json").json()
    said = cli("export", told["run"], "--to", "train-script", "--out", str(tmp_path / "train.py"))
    assert [line.split(":")[0] for line in said.out.splitlines()] == [
        str(tmp_path / name) for name in ("train.py", "train.npz")
    ]
    assert "gan_core" not in (tmp_path / "train.py").read_text()
    out = run_alone(tmp_path / "train.py", "--steps", "2", "--every", "1").stdout
    assert [line.split("  ")[0] for line in out.splitlines()] == ["step 1", "step 2"]
    assert (tmp_path / "trained" / "generator.safetensors").stat().st_size > 10_000


@pytest.mark.parametrize("kind", ["train-script", "sample-script"])
def test_a_script_comes_with_all_that_it_needs_however_it_is_named(
    cli: Cli, run: str, tmp_path: Path, kind: str
) -> None:
    usual, beside = SCRIPTS[kind][0], ".npz" if kind == "train-script" else ".safetensors"
    folder = tmp_path / "folder"
    folder.mkdir()
    inside = {usual, "train.npz" if kind == "train-script" else "generator.safetensors"}
    assert cli("export", run, "--to", kind, "--out", str(folder)).status == 0
    assert {path.name for path in folder.iterdir()} == inside
    assert cli("export", run, "--to", kind, "--out", str(folder / "all.ZIP")).status == 0
    with zipfile.ZipFile(folder / "all.ZIP") as archive:
        assert set(archive.namelist()) == inside
        assert all(len(archive.read(name)) == (folder / name).stat().st_size for name in inside)
    assert cli("export", run, "--to", kind, "--out", str(tmp_path / "mine.py")).status == 0
    assert (tmp_path / "mine.py").is_file()
    assert (tmp_path / f"mine{beside}").is_file()
    assert "python mine.py" in (tmp_path / "mine.py").read_text()
    for name in ("x.npz", "x.safetensors"):
        assert "no name for a script" in cli("export", run, "--to", kind, "--out", str(tmp_path / name)).sentence()
    os.mkfifo(tmp_path / "pipe")
    assert "a plain file" in cli("export", run, "--to", kind, "--out", str(tmp_path / "pipe")).sentence()


def test_single_pictures_are_named_by_seeds_that_mean_the_same_on_the_explore_page(cli: Cli, tmp_path: Path) -> None:
    told = cli("train", *SMALL, "--set", "conditional=true", "--steps", "3", "--json").json()
    run, out = str(told["run"]), tmp_path / "pictures"
    assert cli("sample", run, "--to", "png", "--count", "70", "--seed", "5", "--out", str(out)).status == 0
    assert sorted(path.name for path in out.iterdir()) == [f"seed-{seed:010d}.png" for seed in range(5, 75)]
    shelf = ModelCatalog(RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1))
    model = shelf.open(f"run:{run}")
    for seed in (5, 6, 69, 74):
        (wanted,) = render(model, [check_look(model, {"where": {"seed": seed}, "class": [seed % 10]})])
        with Image.open(out / f"seed-{seed:010d}.png") as image:
            words = image.text  # type: ignore[attr-defined]
            assert (words["run"], words["seed"], words["class"]) == (run, str(seed), str(seed % 10))
            np.testing.assert_allclose(np.asarray(image).astype(int), wanted[..., 0].astype(int), atol=1)
    assert cli("sample", run, "--to", "png", "--seed", "74", "--count", "2", "--out", str(out)).status == 0
    assert len(list(out.iterdir())) == 71  # into the same folder: 74 again, and 75
    plain = tmp_path / "plain"
    plain.write_text("mine")
    assert "not a folder" in cli("sample", run, "--to", "png", "--out", str(plain)).sentence()
    assert "there is no folder" in cli("sample", run, "--to", "png", "--out", str(tmp_path / "a" / "b")).sentence()


def test_points_are_no_single_pictures(cli: Cli, tmp_path: Path) -> None:
    told = cli("train", *POINTS, "--steps", "5", "--json").json()
    said = cli("sample", told["run"], "--to", "png", "--out", str(tmp_path / "p")).sentence()
    assert "points in the plane" in said
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(("count", "side"), [("5", (3, 2)), ("101", (10, 10))])
def test_a_sheet_lies_beside_the_arrays(
    cli: Cli, run: str, tmp_path: Path, count: str, side: tuple[int, int]
) -> None:
    assert cli("sample", run, "--count", count, "--out", str(tmp_path / "a.npz")).status == 0
    images = np.load(tmp_path / "a.npz")["images"]
    with Image.open(tmp_path / "a-sheet.png") as image:
        assert image.size == (side[0] * 56, side[1] * 56)
        sheet = np.asarray(image)[::2, ::2]
    for i in range(min(len(images), 100)):
        row, column = divmod(i, side[0])
        np.testing.assert_array_equal(sheet[row * 28 :, column * 28 :][:28, :28], images[i, :, :, 0])


@pytest.mark.parametrize("command", [["sample", "last"], ["export", "last", "--to", "csv"]])
def test_a_place_that_cannot_be_written_is_said_before_any_work(cli: Cli, tmp_path: Path, command: list[str]) -> None:
    assert "there is no folder" in cli(*command, "--out", str(tmp_path / "no" / "x")).sentence()
    assert "which is a folder" in cli(*command, "--out", str(tmp_path)).sentence()


def test_a_failed_write_leaves_the_old_file(
    cli: Cli, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out" / "x.csv"
    out.parent.mkdir()
    out.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(out))

    monkeypatch.setattr("os.replace", full)
    assert cli("export", run, "--to", "csv", "--out", str(out)).sentence().startswith("The disk is full")
    assert [p.name for p in out.parent.iterdir()] == ["x.csv"]
    assert out.read_text() == "old"


@pytest.mark.parametrize("kind", ["pickle", "jpg", ""])
def test_a_kind_that_is_not_there_is_named_with_those_that_are(cli: Cli, kind: str, tmp_path: Path) -> None:
    said = cli("export", "last", "--to", kind, "--out", str(tmp_path / "x")).sentence()
    assert f"'{kind}'" in said
    assert "safetensors" in said


POINTS = (
    "--preset",
    "ring",
    "--set",
    "total_images=5120",
    "--set",
    "record.every_steps=5",
    "--set",
    "record.grid_growth=0",
)


def test_a_run_of_points_is_drawn_in_the_size_asked_for(cli: Cli, tmp_path: Path) -> None:
    told = cli("train", *POINTS, "--json")
    run = str(told.json()["run"])
    assert cli("export", run, "--to", "png", "--scale", "1", "--out", str(tmp_path / "plane.png")).status == 0
    assert cli("export", run, "--to", "gif", "--scale", "1", "--out", str(tmp_path / "film.gif")).status == 0
    with Image.open(tmp_path / "plane.png") as image:
        assert image.size == (240, 240)
        assert image.text["run"] == run  # type: ignore[attr-defined]
        pixels = np.asarray(image.convert("RGB")).astype(int)
    right = pixels[110:130, 205:225]  # the ring's first mode at (1, 0), in an extent of +-1.3
    assert (np.abs(right - (0, 114, 178)).sum(-1) < 150).sum() > 20
    with Image.open(tmp_path / "film.gif") as film:
        assert film.size == (240, 240)
        assert film.n_frames == len(list((tmp_path / "runs" / run / "samples").glob("*.scene"))) >= 3  # type: ignore[attr-defined]

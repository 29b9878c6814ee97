"""What can be taken away on the Explore page: each file opened again and held against the model."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load

from gan_core.data import Emoji, Shapes
from gan_core.latent import check_look, render
from gan_core.runs.catalog.model_catalog import ModelCatalog
from pages.explore.ops import OPERATIONS
from pages.explore.ops.take import KINDS
from pages.server.live.operations import OperationContext, Reply
from tests.export.made_scripts import alive, run_alone
from tests.latent.conftest import small_config, small_model
from tests.pages.explore.explore_shelf import CONDITIONAL, PLAIN, STYLED, make_shelf, model_of, write_asset

MODELS = (PLAIN, CONDITIONAL, STYLED)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> ModelCatalog:
    folder = tmp_path_factory.mktemp("shelf")
    made = make_shelf(folder)
    emoji = replace(small_config(), data=Emoji(only="Activities"), size=32)
    write_asset(folder / "assets", "small-emoji", small_model(emoji, channels=3), order=9)
    return made


def ask(shelf: ModelCatalog, do: str, model: str = PLAIN, **asked: Any) -> Reply:
    asked = {"model": model, "look": {"where": {"seed": 1}}, **asked}
    found: Reply = OPERATIONS[do].run(OperationContext(shelf, asked=asked), asked, [])
    return found


def take(shelf: ModelCatalog, what: str, model: str = PLAIN, **asked: Any) -> tuple[str, bytes]:
    reply = ask(shelf, "take", model, what=what, **asked)
    (data,) = reply.blobs
    assert reply.header["mime"]
    return reply.header["name"], data


@pytest.mark.parametrize("model_id", MODELS)
def test_onnx_draws_the_model_s_pictures(shelf: ModelCatalog, model_id: str) -> None:
    model = shelf.open(model_id)
    name, data = take(shelf, "onnx", model_id)
    assert name == f"{model_id.removeprefix('asset:')}-generator.onnx"
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    z = torch.randn(3, model.dim, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([2, 0, 1]) if model.classes else None
    feeds = {"latent": z.numpy()} | ({} if labels is None else {"label": labels.numpy()})
    assert np.abs(session.run(None, feeds)[0] - model.generator(z, labels).numpy()).max() < 1e-4


@pytest.mark.parametrize("model_id", MODELS)
def test_the_safetensors_opens_on_a_shelf_again(shelf: ModelCatalog, model_id: str, tmp_path: Path) -> None:
    model = shelf.open(model_id)
    name, data = take(shelf, "safetensors", model_id)
    again = shelf.open(shelf.bring(data, name))
    assert (again.config, again.shape, again.classes, again.step) == (
        model.config, model.shape, model.classes, model.step
    )  # fmt: skip
    wanted = model.generator.state_dict()
    assert all(torch.equal(tensor, wanted[key]) for key, tensor in again.generator.state_dict().items())


def test_the_discriminator_only_where_there_is_one(shelf: ModelCatalog, tmp_path: Path) -> None:
    name, data = take(shelf, "discriminator", STYLED)
    assert set(load(data)) == set(model_of(STYLED).discriminator.state_dict())  # type: ignore[union-attr]
    (tmp_path / name).write_bytes(data)
    with safe_open(tmp_path / name, "np") as file:
        assert file.metadata()["network"] == "discriminator"
    with pytest.raises(ValueError, match="only its generator"):
        take(shelf, "discriminator", CONDITIONAL)
    sizes = [ask(shelf, "takeaway", model).header["sizes"] for model in (STYLED, CONDITIONAL)]
    assert ["discriminator" in s for s in sizes] == [True, False]


@pytest.mark.parametrize("model_id", MODELS)
def test_the_latent_drawn_by_the_sampling_script_is_the_picture(
    shelf: ModelCatalog, model_id: str, tmp_path: Path
) -> None:
    model, look = shelf.open(model_id), {"where": {"seed": 3}, "psi": 0.6}
    if model.classes:
        look["class"] = [1]
    if model.has_w:
        look["mix"] = [{"where": {"seed": 9}, "layers": [0, 2]}]
    name, data = take(shelf, "latent", model_id, look=look)
    assert name.endswith("-latent.npz")
    (wanted,) = render(model, [check_look(model, look)])
    (tmp_path / name).write_bytes(data)
    arrays = np.load(tmp_path / name)
    np.testing.assert_array_equal(arrays["image"][0], wanted)
    if model.classes:
        assert arrays["labels"].tolist() == [1]
        assert arrays["class_weights"].shape == (1, len(model.classes))
    with zipfile.ZipFile(io.BytesIO(take(shelf, "sample-script", model_id)[1])) as archive:
        archive.extractall(tmp_path)
    script = alive((tmp_path / "sample.py").read_text())
    assert ("styles" in arrays) == model.has_w == ("z" not in arrays)
    latents = script.read_latents(tmp_path / name)  # with labels, or class weights, where there are classes
    drawn = script.draw(
        script.load_generator(tmp_path / "generator.safetensors"), *(latents if model.classes else (latents,))
    )
    assert np.abs(script.to_pixels(drawn)[0].numpy().astype(int) - wanted).max() <= 1


def test_the_sampling_script_runs_where_it_was_unpacked(shelf: ModelCatalog, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(take(shelf, "sample-script", CONDITIONAL)[1])) as archive:
        archive.extractall(tmp_path)
    run_alone(tmp_path / "sample.py", "--count", "5", "--out", "made.npz")
    made = np.load(tmp_path / "made.npz")
    model = shelf.open(CONDITIONAL)
    assert made["images"].shape == (5, model.shape.size, model.shape.size, 3)
    assert made["labels"].max() < len(model.classes)


def test_the_training_script_brings_the_images_that_it_cannot_make(shelf: ModelCatalog) -> None:
    name, data = take(shelf, "train-script", "asset:small-emoji")
    assert name == "small-emoji-train.zip"
    config = shelf.open("asset:small-emoji").config
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        script = alive(archive.read("train.py").decode())
        with archive.open("train.npz") as file:
            arrays = np.load(io.BytesIO(file.read()))
            images = arrays["images"]
    wanted = config.data.load(config.size, Path()).images
    np.testing.assert_array_equal(images, wanted.numpy())
    assert script.Generator()(torch.zeros(1, config.latent.dim)).shape[-1] == config.size
    header = ask(shelf, "takeaway", "asset:small-emoji").header
    assert header["with_data"]
    assert header["formats"]["train-script"] == "zip"
    said = ask(shelf, "takeaway-scripts", "asset:small-emoji").header["sizes"]["train-script"]
    assert said == pytest.approx(len(data), rel=0.1)


def test_a_training_script_that_draws_its_images_is_one_file(shelf: ModelCatalog, tmp_path: Path) -> None:
    drawn = small_model(replace(small_config(), data=Shapes(count=60)), channels=3)
    write_asset(tmp_path / "assets", "small-shapes", drawn)
    of_its_own = ModelCatalog(shelf._manager, tmp_path / "assets")
    name, data = take(of_its_own, "train-script", "asset:small-shapes")
    assert name == "small-shapes-train.py"
    assert "gan_core" not in data.decode()
    assert drawn.config.batch_size == alive(data.decode()).BATCH_SIZE
    assert ask(of_its_own, "takeaway", "asset:small-shapes").header["formats"]["train-script"] == "Python"
    sizes = ask(of_its_own, "takeaway-scripts", "asset:small-shapes").header["sizes"]
    assert sizes["train-script"] == len(data)


def test_every_kind_has_a_size_or_its_reason_and_others_are_refused(shelf: ModelCatalog) -> None:
    header = ask(shelf, "takeaway", STYLED).header
    assert {*header["sizes"], *ask(shelf, "takeaway-scripts", STYLED).header["sizes"]} == set(KINDS)
    json.dumps(header, allow_nan=False)
    for what in (None, "pickle", 3, []):
        with pytest.raises(ValueError, match="must be one of"):
            take(shelf, what)  # type: ignore[arg-type]

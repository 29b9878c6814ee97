"""What was kept before names and rooms of the engine changed still opens: runs, a generator, a bookmark, a link."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gan_core.latent import check_look, render
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.runs.storage.bookmarks import BookmarkStore
from pages.ui.session import from_url, to_url

from .conftest import Answer

KEPT = Path(__file__).parents[1] / "kept"
LINK = {
    "preset": "fashion-fast", "generator.width": "8", "discriminator.norm": "layer", "loss": "hinge", "seed": "7",
    "augmentation": "ada", "g_optimizer.lr": "0.002", "total_images": "64000",
}  # fmt: skip

Cli = Callable[..., Answer]


def test_a_run_of_images_draws_what_it_drew_and_goes_on(cli: Cli, tmp_path: Path) -> None:
    run = str(cli("import-run", str(KEPT / "image_run.zip"), "--json").json()["run"])
    assert cli("sample", run, "--count", "4", "--seed", "2", "--out", str(tmp_path / "now.npz")).status == 0
    now, before = np.load(tmp_path / "now.npz")["images"], np.load(KEPT / "samples.npz")["images"]
    assert np.abs(now.astype(int) - before.astype(int)).max() <= 1
    assert before.std() > 0
    told = cli("resume", run, "--steps", "16", "--json").json()
    assert (told["state"], told["steps"]) == ("finished", 16)
    for to in ("train-script", "sample-script", "safetensors"):
        assert cli("export", run, "--to", to, "--out", str(tmp_path / to)).status == 0


def test_a_run_of_points_goes_on_branches_and_is_diagnosed(cli: Cli) -> None:
    run = str(cli("import-run", str(KEPT / "point_run.zip"), "--json").json()["run"])
    assert cli("resume", run, "--steps", "50", "--json").json()["steps"] == 50
    branch = cli("branch", run, "--step", "40", "--set", "d_optimizer.lr=0.001", "--steps", "45", "--json").json()
    assert branch["steps"] == 45
    assert cli("diagnose", run, "--json").json()["run"] == run


def test_a_generator_its_bookmarks_and_directions_open(tmp_path: Path) -> None:
    for name in ("runs", "data"):
        (tmp_path / name).mkdir()
    manager = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu")
    try:
        catalog = ModelCatalog(manager)
        model = catalog.open(catalog.bring((KEPT / "generator.safetensors").read_bytes(), "kept.safetensors"))
        (picture,) = render(model, [check_look(model, {"where": {"seed": 2}})])
        before = np.load(KEPT / "samples.npz")["images"]
        assert np.asarray(picture).shape[:2] == before.shape[1:3]
    finally:
        manager.close()
    shutil.copytree(KEPT / "explore", tmp_path / "explore")
    kept = BookmarkStore(tmp_path / "explore")
    assert [one.name for one in kept.bookmarks.all()] == ["red shoe"]
    assert [one.name for one in kept.directions.all()] == ["hue"]
    assert kept.problems() == []


def test_a_link_leads_to_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    state = from_url(LINK)
    assert state.config.generator.width == 8  # type: ignore[attr-defined]
    assert (state.config.seed, state.config.total_images, state.config.g_optimizer.lr) == (7, 64_000, 0.002)  # type: ignore[attr-defined]
    assert from_url(to_url(state)).config == state.config

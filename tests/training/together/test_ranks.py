"""Several processes with a share of the batch each, against one that has all of it: the same but for rounding."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.config.codec import apply_sets, to_dict
from gan_core.data.base import ImageSet
from gan_core.training import RunConfig, Trainer, preset
from gan_core.training.optimizers import optimizers
from tests.conftest import shortened
from tests.training.made_data import random_data_like
from tests.training.together.rank_process import train

ROOT = Path(__file__).parents[3]
STEPS, FEWER_STEPS = 50, 20
TOLERANCE = {"adam": 5e-5, "sgd": 1e-5}  # of losses; what is seen after 50 steps is 2e-7 and 5e-7
BASE = {
    "batch_size": "8", "precision": "float32", "backend": "reference", "latent.dim": "4", "record.grid_count": "16",
    "generator.width": "8", "discriminator.width": "8", "g_optimizer.lr": "0.00005", "d_optimizer.lr": "0.00005",
}  # fmt: skip
"""At a low rate: Adam makes whole steps of rounding, which at 0.0002 grow to 8e-5 of a loss, or 5e-4, by kind."""
PLAIN = {**BASE, "generator.norm": "none", "discriminator.norm": "none"}
DENSE = {
    "batch_size": "8", "precision": "float32", "backend": "reference", "latent.dim": "4", "record.grid_count": "16",
    "generator": "mlp", "discriminator": "mlp", "generator.hidden": "16", "discriminator.hidden": "16,16",
    "g_optimizer": "sgd", "d_optimizer": "sgd", "g_optimizer.lr": "0.001", "d_optimizer.lr": "0.001",
}  # fmt: skip
"""By plain gradients: Adam makes whole steps of what is but rounding, as the slope of a critic's last bias."""
WITHOUT_BATCH_STATISTICS = {
    "r1, every augmentation, noise, k_d": {
        **PLAIN, "penalty": "r1", "penalty.interval": "2", "augmentation": "diffaugment", "k_d": "2",
        "instance_noise.sigma": "0.1", "ema.half_life_images": "100",
    },
    "adaptive augmentation, packs, classes": {
        **PLAIN, "augmentation": "ada", "augmentation.start": "0.5", "augmentation.images_to_full": "1000",
        "pack": "2", "conditional": "true",
    },
    "wgan-gp, layer norm, uniform latents": {
        **DENSE, "generator.norm": "layer", "discriminator.norm": "layer", "loss": "wasserstein",
        "penalty": "wgan-gp", "penalty.weight": "1", "latent.distribution": "uniform",
    },
    "dragan, spectral norm": {**DENSE, "penalty": "dragan", "discriminator.spectral_norm": "true"},
    "relativistic": {**DENSE, "loss": "relativistic", "penalty": "r1-r2"},
}  # fmt: skip
WITH_BATCH_STATISTICS = {
    "batch norm in both": {**BASE, "generator.norm": "batch", "discriminator.norm": "batch"},
    "batch norm under a penalty": {
        **DENSE, "generator.norm": "batch", "discriminator.norm": "batch", "penalty": "r1",
    },
    "minibatch deviation": {**DENSE, "discriminator.minibatch_std": "true", "penalty": "r1"},
    "mixed styles": {
        **PLAIN, "generator": "style", "generator.style_dim": "8", "generator.mapping_layers": "2",
        "g_optimizer": "sgd", "d_optimizer": "sgd", "g_optimizer.lr": "0.02", "d_optimizer.lr": "0.02",
    },
}  # fmt: skip


def _config(settings: dict[str, str]) -> RunConfig:
    if settings.get("generator") == "style":
        settings = {name: value for name, value in settings.items() if name != "generator.norm"}
    config = apply_sets(preset("fashion-fast").config, settings)
    return shortened(replace(config, batch_size=8), steps=200, every=1)


def _task(config: RunConfig, data: ImageSet, steps: int, state: dict[str, Any] | None = None) -> dict[str, Any]:
    about = {"images": data.images, "labels": data.labels, "classes": list(data.classes), "held_out": data.held_out}
    return {"config": to_dict(config), "steps": steps, "state": state, **about}


def _in_processes(count: int, tasks: dict[str, Any], folder: Path, *words: str) -> dict[str, Any]:
    """What rank 0 of so many processes found. words: see `rank_process`."""
    folder.mkdir()
    torch.save(tasks, folder / "tasks.pt")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    command = [sys.executable, "-m", "tests.training.together.rank_process"]
    started = [
        subprocess.Popen([*command, str(rank), str(count), str(folder), *words], cwd=ROOT, env=environment)
        for rank in range(count)
    ]
    try:
        assert [process.wait(300) for process in started] == [0] * count
    finally:
        for process in started:
            process.kill()
    found: dict[str, Any] = torch.load(folder / f"found-{count}.pt", weights_only=True)
    return found


def _alone(config: RunConfig, data: ImageSet, steps: int = STEPS) -> dict[str, Any]:
    return train(Trainer(config, data, torch.device("cpu")), steps)


def _assert_alike(found: dict[str, Any], wanted: dict[str, Any], tolerance: float) -> None:
    for step, (ours, theirs) in enumerate(zip(found["losses"], wanted["losses"], strict=True), start=1):
        assert ours == pytest.approx(theirs, rel=tolerance, abs=tolerance, nan_ok=True), f"step {step}"
    for net in ("generator", "discriminator", "average"):
        for name, tensor in wanted["state"][net].items():
            torch.testing.assert_close(found["state"][net][name], tensor, atol=20 * tolerance, rtol=1e-3)
    for stream in ("latents_rng", "noise_rng"):
        assert torch.equal(found["state"][stream], wanted["state"][stream])


def _compare(
    count: int, cases: dict[str, dict[str, str]], tmp_path: Path, names: Sequence[str] = (), words: Sequence[str] = ()
) -> None:  # fmt: skip
    configs = {name: _config(settings) for name, settings in cases.items() if not names or name in names}
    data = {name: random_data_like(config, tmp_path) for name, config in configs.items()}
    steps = {name: FEWER_STEPS if name in WITH_BATCH_STATISTICS else STEPS for name in configs}
    tasks = {n: _task(c, data[n], steps[n]) for n, c in configs.items()}
    found = _in_processes(count, tasks, tmp_path / "ranks", *words)
    for name, config in configs.items():
        print(name)
        tolerance = TOLERANCE[optimizers.name_of(config.d_optimizer)]
        _assert_alike(found[name], _alone(config, data[name], steps[name]), tolerance)


def test_two_with_half_a_batch_each_are_one_with_all_of_it(tmp_path: Path) -> None:
    _compare(2, WITHOUT_BATCH_STATISTICS | WITH_BATCH_STATISTICS, tmp_path)


@pytest.mark.long  # as two with a half, in twice as many processes
def test_four_with_a_quarter_each_are_one_with_all_of_it(tmp_path: Path) -> None:
    _compare(4, WITHOUT_BATCH_STATISTICS, tmp_path, [*WITHOUT_BATCH_STATISTICS][2:4])


@pytest.mark.long  # on one: above
def test_on_several_machines_too(tmp_path: Path) -> None:
    names = ["adaptive augmentation, packs, classes", "batch norm in both"]
    _compare(2, WITHOUT_BATCH_STATISTICS | WITH_BATCH_STATISTICS, tmp_path, names, ["apart"])


def test_the_same_count_gives_the_same_bits_and_another_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    config = _config(WITHOUT_BATCH_STATISTICS["r1, every augmentation, noise, k_d"])
    data = random_data_like(config, tmp_path)
    half = _in_processes(2, {"run": _task(config, data, 5)}, tmp_path / "half")["run"]["state"]
    tasks = {"through": _task(config, data, 10), "resumed": _task(config, data, 10, half)}
    found = _in_processes(2, tasks, tmp_path / "whole")
    assert found["through"]["digest"] == found["resumed"]["digest"]
    assert half["processes"] == 2
    alone = Trainer(config, data, torch.device("cpu"))
    alone.load_state(half)
    went_on, wanted = train(alone, 10), _alone(config, data, 10)
    wanted["losses"] = wanted["losses"][5:]
    _assert_alike(went_on, wanted, TOLERANCE["adam"])

"""What the presets in the plane promise, from the command line to samples judged by numpy alone, with three seeds."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

SEEDS = (1, 2, 3)
RING = np.array([(np.cos(t), np.sin(t)) for t in np.arange(8) * np.pi / 4])
GRID = np.array([(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)], dtype=float)


def gan_core(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "gan_core", *arguments], check=True, capture_output=True, text=True, timeout=600
    )
    return done.stdout


def covered_and_good(preset: str, seed: int, centres: np.ndarray, std: float, folder: Path) -> tuple[int, float]:
    """Modes with a sample within three standard deviations, and the share of 2,500 samples so near to one."""
    runs = str(folder / f"runs-{seed}")
    told = gan_core("train", "--preset", preset, "--seed", str(seed), "--runs-dir", runs, "--json")
    result = json.loads(told.splitlines()[-1])
    assert result["state"] == "finished"
    out = folder / f"{seed}.npz"
    gan_core("sample", result["run"], "--count", "2500", "--seed", "9", "--out", str(out), "--runs-dir", runs)
    points = np.load(out)["points"].astype(np.float64)
    assert points.shape == (2500, 2)
    distances = np.linalg.norm(points[:, None] - centres[None], axis=2)
    good = distances.min(axis=1) <= 3 * std
    return len(set(distances.argmin(axis=1)[good])), float(good.mean())


@pytest.mark.parametrize(
    ("preset", "centres", "std", "fewest", "most", "least_good"),
    [
        ("ring", RING, 0.01, 8, 8, 0.95),
        ("grid", GRID, 0.05, 25, 25, 0.90),
        ("ring-collapse", RING, 0.05, 0, 2, 0.0),
        ("ring-fixed", RING, 0.05, 8, 8, 0.5),
    ],
)
def test_the_promise_holds_for_every_seed(
    preset: str, centres: np.ndarray, std: float, fewest: int, most: int, least_good: float, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(2) as two:
        found = list(two.map(lambda seed: covered_and_good(preset, seed, centres, std, tmp_path), SEEDS))
    for modes, share in found:
        assert fewest <= modes <= most, found
        assert share >= least_good, found

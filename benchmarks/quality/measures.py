"""The published example of precision, recall, density and coverage, the peer's numbers on the same draw, and memory.

    python -m benchmarks.quality.measures [--draws 5]

Two samples of N(0, I), 10,000 x 1,000, k = 5, as in the README of clovaai/generative-evaluation-prdc, whose draw is
not seeded: precision 0.477, recall 0.471, density 1.056, coverage 0.974. In so many dimensions the points that happen
to lie nearest to the middle are neighbours of nearly all, so that all four vary from draw to draw; what must hold is
that the published numbers lie among ours, and that prdc's are ours on the same draw. About 20 CPU-seconds a draw.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import statistics
import time

import numpy as np
import torch
from prdc import compute_prdc  # type: ignore[import-untyped]

from benchmarks.machine import describe
from gan_core.measure.frechet import Doubles
from gan_core.measure.manifold import Balls, compare_manifolds, nearest_distances

PUBLISHED = {"precision": 0.4772, "recall": 0.4705, "density": 1.0555, "coverage": 0.9735}
COUNT, WIDTH, K = 10_000, 1_000, 5


def draw(seed: int) -> tuple[Doubles, Doubles]:
    """Generated and real, [COUNT, WIDTH] each."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((COUNT, WIDTH)), rng.standard_normal((COUNT, WIDTH))


def ours(generated: Doubles, real: Doubles) -> dict[str, float]:
    return dataclasses.asdict(compare_manifolds(Balls.around(generated, K, K), Balls.around(real, K, K), K))


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(describe())
    found: list[dict[str, float]] = []
    for seed in range(asked.draws):
        generated, real = draw(seed)
        nearest_distances(generated[:1_000], real[:1_000])  # what the libraries take for themselves
        before, start = peak_megabytes(), time.process_time()
        found.append(ours(generated, real))
        words = ", ".join(f"{name} {value:.4f}" for name, value in found[-1].items())
        extra = f", {peak_megabytes() - before:.0f} MB beside the features" if seed == 0 else ""
        print(f"draw {seed}: {words} ({time.process_time() - start:.0f} CPU-s{extra})", flush=True)
    for name, wanted in PUBLISHED.items():
        values = [one[name] for one in found]
        spread = statistics.stdev(values) if len(values) > 1 else float("nan")
        off = abs(wanted - statistics.mean(values)) / spread
        verdict = "reached" if off <= 3 else "MISSED"
        mean = f"{statistics.mean(values):.3f} +- {spread:.3f} of {len(values)} draws"
        print(f"{name}: {mean}, published {wanted:.3f}: {off:.1f} spreads off (goal at most 3: {verdict})")
    theirs = compute_prdc(*reversed(draw(0)), K)
    worst = max(abs(found[0][name] / theirs[name] - 1) for name in PUBLISHED)
    verdict = "reached" if worst <= 1e-3 else "MISSED"
    print(f"prdc on draw 0: largest relative difference {worst:.1e} (goal at most 1e-3: {verdict})")


if __name__ == "__main__":
    main()

"""How long it takes to bring a picture back, and to tell whether a sample is a copy.

    python -m benchmarks.quality.inversion [--rounds 5] [--threads 1]

16 restarts of 200 iterations on an untrained DCGAN of half a million parameters at 28 x 28, with its discriminator's
features, from the 16 nearest of 1,000 random samples: what a network has learned changes nothing in the time. Then
the nearest of 60,000 training images of Fashion-MNIST.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.machine import describe
from gan_core.data import FashionMnist
from gan_core.latent import Explorable, check_look, render
from gan_core.latent.inversion import InversionOptions, invert
from gan_core.latent.neighbours import TrainingSet
from gan_core.nets.base import ImageShape
from gan_core.training import RunConfig
from gan_core.training.build import build_networks

GOAL_SECONDS, NEAREST_SECONDS = 6.0, 1.0


def model() -> Explorable:
    config, shape = RunConfig(), ImageShape(1, 28)
    nets = build_networks(config, shape, 0, torch.device("cpu"))
    return Explorable("asset:bench", "bench", config, shape, (), nets.generator, nets.discriminator)


def told(name: str, seconds: list[float], own: list[float], goal: float) -> str:
    """Wall-clock and the process's own time."""
    middle = statistics.median(seconds)
    return (
        f"{name}: {middle:.2f} s (median of {len(seconds)}, {min(seconds):.2f} to {max(seconds):.2f}; "
        f"processor time {statistics.median(own):.2f} s); goal {goal:g} s: {'reached' if middle < goal else 'MISSED'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) - 1), help="as the server has")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print(describe())
    subject, options = model(), InversionOptions()
    size = sum(p.numel() for p in subject.generator.parameters())
    print(f"generator of {size:,} parameters; {options.restarts} restarts, {options.iterations} iterations")
    picture = FashionMnist().load(28, Path("data")).held_out[0].permute(1, 2, 0).contiguous().numpy()
    for name, keep in (("pruned at a quarter and a half", options.keep), ("every restart to its end", 1.0)):
        seconds, own = [], []
        for seed in range(asked.rounds):
            start, used = time.perf_counter(), time.process_time()
            invert(subject, picture, InversionOptions(keep=keep, seed=seed))
            seconds.append(time.perf_counter() - start)
            own.append(time.process_time() - used)
        print(told(f"inversion, {name}", seconds, own, GOAL_SECONDS))

    data = FashionMnist().load(28, Path("data"))
    samples = render(subject, [check_look(subject, {"where": {"seed": seed}}) for seed in range(200)])
    start = time.perf_counter()
    training = TrainingSet(subject, data, "pixels", samples)
    print(f"400 real and 200 generated images among 60,000, once a model: {time.perf_counter() - start:.2f} s")
    seconds, own = [], []
    for row in range(max(5, asked.rounds)):
        start, used = time.perf_counter(), time.process_time()
        training.around(np.asarray(samples[row]))
        seconds.append(time.perf_counter() - start)
        own.append(time.process_time() - used)
    print(told("nearest training images of one sample", seconds, own, NEAREST_SECONDS))


if __name__ == "__main__":
    main()

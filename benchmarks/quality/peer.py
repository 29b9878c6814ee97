"""Sample quality at equal CPU time: `fashion-fast` against PyTorch-GAN's dcgan.py on Fashion-MNIST.

    python -m benchmarks.quality.peer [--seeds 1] [--seconds 60 200]

Both train on one thread and count the process's own CPU time, so that a busy machine does not matter. The distance is
Fréchet's in the features of a small classifier (`gan_core.measure.features.classifier`), 10,000 samples against the
10,000 test images. Goals: after 60 s ours is below the peer's after 200 s; after 200 s at most a sixth of it.

The peer is re-created from its published settings (images 32 x 32, latent 100, batch 64, Adam 2e-4 / 0.5 / 0.999;
generator: dense, BatchNorm, upsample, conv 128, upsample, conv 64, conv 1; discriminator: strided convs 16-32-64-128
with Dropout2d 0.25). Its images are resized once, before the clock starts, and nothing is written to disk: both
favour it. Its samples are resized to 28 x 28 for the features, with the generator's running statistics or its
batches', whichever is better.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.machine import describe
from gan_core.data import FashionMnist
from gan_core.measure import features_for
from gan_core.measure.frechet import fit_gaussian, frechet_distance
from gan_core.runs.engine.estimate import faster_precision
from gan_core.training import PRESETS, Trainer
from gan_core.training.batches import to_pixels, to_unit

LATENT, BATCH, SAMPLES = 100, 64, 10_000


class Referee:
    """Distances of generated images [N, 1, 28, 28] in [-1, 1] to the 10,000 test images."""

    def __init__(self) -> None:
        self.data = FashionMnist().load(28, Path())
        self.space = features_for(FashionMnist(), 28, self.data.channels)
        self.test = fit_gaussian(self.space.extract(self.data.held_out))

    def distance(self, images: Tensor) -> float:
        return frechet_distance(fit_gaussian(self.space.extract(to_pixels(images))), self.test)


def peer_generator() -> nn.Module:
    return nn.Sequential(
        nn.Linear(LATENT, 128 * 8 * 8), nn.Unflatten(1, (128, 8, 8)), nn.BatchNorm2d(128),
        nn.Upsample(scale_factor=2), nn.Conv2d(128, 128, 3, padding=1), nn.BatchNorm2d(128, 0.8), nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=2), nn.Conv2d(128, 64, 3, padding=1), nn.BatchNorm2d(64, 0.8), nn.LeakyReLU(0.2),
        nn.Conv2d(64, 1, 3, padding=1), nn.Tanh(),
    )  # fmt: skip


def peer_discriminator() -> nn.Module:
    layers: list[nn.Module] = []
    for inside, outside in ((1, 16), (16, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(inside, outside, 3, 2, 1), nn.LeakyReLU(0.2), nn.Dropout2d(0.25)]
        if inside > 1:
            layers.append(nn.BatchNorm2d(outside, 0.8))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 2 * 2, 1), nn.Sigmoid())


def peer_weights(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


@torch.inference_mode()
def peer_samples(generator: nn.Module) -> Tensor:
    z = torch.randn(SAMPLES, LATENT, generator=torch.Generator().manual_seed(123))
    made = [functional.interpolate(generator(c), size=28, mode="bilinear", antialias=True) for c in z.split(500)]
    return torch.cat(made)


def peer_distances(referee: Referee, marks: list[float], seed: int) -> list[float]:
    """The peer's distance after so many CPU-seconds each."""
    torch.manual_seed(seed)
    g, d = peer_generator().apply(peer_weights), peer_discriminator().apply(peer_weights)
    g_optimizer = torch.optim.Adam(g.parameters(), 2e-4, (0.5, 0.999))
    d_optimizer = torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.999))
    bce = nn.BCELoss()
    images = functional.interpolate(to_unit(referee.data.images), size=32, mode="bilinear", antialias=True)
    order, place, seen, spent, found = torch.randperm(len(images)), 0, 0, 0.0, list[float]()
    start = time.process_time()
    for mark in marks:
        while spent + time.process_time() - start < mark:
            if place + BATCH > len(images):
                order, place = torch.randperm(len(images)), 0
            real = images[order[place : place + BATCH]]
            place, seen = place + BATCH, seen + BATCH
            valid, invalid = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
            g_optimizer.zero_grad()
            fake = g(torch.randn(BATCH, LATENT))
            bce(d(fake), valid).backward()
            g_optimizer.step()
            d_optimizer.zero_grad()
            ((bce(d(real), valid) + bce(d(fake.detach()), invalid)) / 2).backward()
            d_optimizer.step()
        spent += time.process_time() - start
        by_running = referee.distance(peer_samples(g.eval()))
        found.append(min(by_running, referee.distance(peer_samples(g.train()))))
        print(f"  dcgan.py, seed {seed}: {found[-1]:.1f} after {mark:.0f} CPU-s, {seen:,} images", flush=True)
        start = time.process_time()
    return found


def our_distances(referee: Referee, marks: list[float], seed: int) -> list[float]:
    """`fashion-fast` as shipped, with points of the curves and sample grids as a run makes them."""
    config = replace(PRESETS["fashion-fast"].config, seed=seed, precision=faster_precision("cpu"))
    trainer, spent, found = Trainer(config, referee.data, torch.device("cpu")), 0.0, list[float]()
    start = time.process_time()
    for mark in marks:
        while spent + time.process_time() - start < mark:
            trainer.step()
            if trainer.due.point:
                trainer.point()
                if trainer.due.grid:
                    trainer.keep_grid()
        spent += time.process_time() - start
        with torch.inference_mode():
            z = torch.randn(SAMPLES, config.latent.dim, generator=torch.Generator().manual_seed(123))
            samples = torch.cat([trainer.sampler()(chunk, None).float() for chunk in z.split(500)])
        found.append(referee.distance(samples))
        images = f"{trainer.images:,} images ({config.precision})"
        print(f"  fashion-fast, seed {seed}: {found[-1]:.1f} after {mark:.0f} CPU-s, {images}", flush=True)
        start = time.process_time()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seconds", type=float, nargs=2, default=[60.0, 200.0])
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(describe())
    referee = Referee()
    ours, peers = [], []
    for seed in range(1, asked.seeds + 1):
        ours.append(our_distances(referee, asked.seconds, seed))
        peers.append(peer_distances(referee, asked.seconds, seed))
    early, late = (statistics.median(run[i] for run in ours) for i in (0, 1))
    peer = statistics.median(run[1] for run in peers)
    first, second = asked.seconds
    for words, ratio, goal in (
        (f"ours after {first:.0f} s / the peer's after {second:.0f} s", early / peer, 1.0),
        (f"ours after {second:.0f} s / the peer's after {second:.0f} s", late / peer, 1 / 6),
    ):
        print(f"{words}: {ratio:.3f} (goal at most {goal:.3f}: {'reached' if ratio <= goal else 'MISSED'})")


if __name__ == "__main__":
    main()

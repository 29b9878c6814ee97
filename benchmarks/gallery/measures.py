"""Whether a scene of the failure gallery fails, in plain numpy, from nothing but samples and real data.

None of it is what the program itself says of a run. Each judgement is one number and the band in which it means
failure; the cure has to come out beyond another line, so that nothing in between counts for either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.training.configuration.gallery import GALLERY

Floats = NDArray[np.float64]
SAMPLES = 500
_PROJECTIONS = 24


@dataclass(frozen=True)
class Seen:
    """What is judged: samples [N, F] and the centres of the cloud on the way [T, 2] (points only).

    train, held_out [M, F]: real data. side: pixels of an image's side, channels: how many; 1 and 2 of points.
    """

    samples: Floats
    train: Floats
    held_out: Floats
    side: int
    channels: int
    centres: Floats


@dataclass(frozen=True)
class Judgement:
    """failed: whether a number means failure; cured: whether it means that the cure works."""

    number: Callable[[Seen], float]
    words: str
    fails: Callable[[float], bool]
    cured: Callable[[float], bool]


def modes_covered(seen: Seen) -> float:
    """Of the eight Gaussians (standard deviation 0.05) on the unit circle, those with 1% of the points near them."""
    angles = 2 * np.pi * np.arange(8) / 8
    centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    far = np.linalg.norm(seen.samples[:, None] - centres, axis=2)
    return float(((far <= 0.15).mean(axis=0) >= 0.01).sum())


def frechet(seen: Seen) -> float:
    """Fréchet distance of 24 fixed random projections of the pixels (0 to 1) from those of held-out images."""
    directions = np.random.default_rng(0).normal(size=(seen.samples.shape[1], _PROJECTIONS))
    directions /= np.sqrt(seen.samples.shape[1])
    a, b = seen.samples @ directions, seen.held_out @ directions
    if not np.isfinite(a).all():
        return float("inf")
    first, second = np.cov(a.T), np.cov(b.T)
    roots = np.linalg.eigvals(first @ second)  # those of a product of two positive matrices: real and not negative
    shared = np.sqrt(np.clip(roots.real, 0, None)).sum()
    return float(np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(first) + np.trace(second) - 2 * shared)


def nearness_to_training(seen: Seen) -> float:
    """Median distance of a sample from its nearest training image, over that of a held-out image."""

    def nearest(points: Floats) -> Floats:
        square = (points**2).sum(1)[:, None] + (seen.train**2).sum(1) - 2 * points @ seen.train.T
        far: Floats = np.sqrt(np.clip(square, 0, None)).min(axis=1)
        return far

    return float(np.median(nearest(seen.samples)) / np.median(nearest(seen.held_out)))


def checkerboard(seen: Seen) -> float:
    """Share of the samples' energy at a period of two pixels, over that share of real images."""
    window = np.hanning(seen.side)[:, None] * np.hanning(seen.side)
    half = seen.side // 2

    def share(images: Floats) -> float:
        grey = images.reshape(-1, seen.channels, seen.side, seen.side).mean(axis=1)
        power = np.abs(np.fft.fft2((grey - grey.mean(axis=(1, 2), keepdims=True)) * window)) ** 2
        power = power.mean(axis=0)
        return float((power[half, :].sum() + power[:, half].sum()) / power.sum())

    return share(seen.samples) / share(seen.held_out)


def swing(seen: Seen) -> float:
    """Root mean square distance of the cloud's centre from the real one, over the second half of the run."""
    late = seen.centres[len(seen.centres) // 2 :] - seen.held_out.mean(axis=0)
    return float(np.sqrt((late**2).sum(axis=1).mean()))


def _judgement(name: str, number: Callable[[Seen], float], words: str) -> Judgement:
    """With the limits that the scene itself promises."""
    return Judgement(number, words, GALLERY[name].fails.kept, GALLERY[name].cures.kept)


JUDGEMENTS: dict[str, Judgement] = {
    "collapse": _judgement("collapse", modes_covered, "modes covered, of 8"),
    "dominance": _judgement("dominance", frechet, "Fréchet distance"),
    "learning-rate": _judgement("learning-rate", frechet, "Fréchet distance"),
    "normalisation": _judgement("normalisation", frechet, "Fréchet distance"),
    "critic": _judgement("critic", frechet, "Fréchet distance"),
    "memorisation": _judgement("memorisation", nearness_to_training, "distance to training images / held-out's"),
    "checkerboard": _judgement("checkerboard", checkerboard, "energy at 2 pixels / real"),
    "oscillation": _judgement("oscillation", swing, "swing of the centre"),
}


def plain(images: Any) -> Floats:
    """Pixels uint8 [N, ...] -> [N, F] from 0 to 1; points as they are."""
    array = np.asarray(images)
    flat = array.reshape(len(array), -1).astype(np.float64)
    return flat / 255 if array.dtype == np.uint8 else flat

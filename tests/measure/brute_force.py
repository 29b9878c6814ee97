"""The measures once more, in float64 and from other formulas, and a made ring of Gaussians to measure."""

from __future__ import annotations

import math

import numpy as np

from gan_core.data.sets.points import Modes


def ring_modes(k=8, std=0.01, weights=None):
    angles = 2 * np.pi * np.arange(k) / k
    weights = np.full(k, 1 / k) if weights is None else np.asarray(weights, dtype=np.float64)
    return Modes(np.stack([np.cos(angles), np.sin(angles)], axis=1), std, weights)


def draw(modes, count, seed):
    rng = np.random.default_rng(seed)
    which = rng.choice(len(modes.weights), count, p=modes.weights)
    return (modes.centres[which] + modes.std * rng.standard_normal((count, 2))).astype(np.float32)


def w1(x, y):
    """The area between the two distribution functions, not the inverses: integral |F(t) - G(t)| dt."""
    places = np.sort(np.concatenate([x, y]))
    below_x, below_y = (np.searchsorted(np.sort(p), places[:-1], side="right") / len(p) for p in (x, y))
    return float(np.sum(np.abs(below_x - below_y) * np.diff(places)))


def sliced_w1(x, y, directions):
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    total = 0.0
    for k in range(directions):
        angle = (k + 0.5) * math.pi / directions
        direction = np.array([math.cos(angle), math.sin(angle)])
        total += w1(x @ direction, y @ direction)
    return total / directions


def distances(x, y):
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    return np.linalg.norm(x[:, None] - y[None], axis=2)


def median_distance(real):
    table = distances(real, real)
    return float(np.median([table[i, j] for i in range(len(real)) for j in range(i)]))


def mmd2(x, y, widths):
    """Gretton et al. 2012, equation 3, with the mean of Gaussian kernels of these standard deviations."""
    n, m = len(x), len(y)

    def kernel(a, b):
        return np.mean([np.exp(-(distances(a, b) ** 2) / (2 * s**2)) for s in widths], axis=0)

    within_x = kernel(x, x)[~np.eye(n, dtype=bool)].sum() / (n * (n - 1))
    within_y = kernel(y, y)[~np.eye(m, dtype=bool)].sum() / (m * (m - 1))
    return within_x + within_y - 2 * kernel(x, y).mean()

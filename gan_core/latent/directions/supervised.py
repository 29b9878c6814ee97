"""Directions that are asked for: from values of many pictures, or from one's own marks on a few.

InterFaceGAN (Shen et al. 2020, arXiv:1907.10786) fits a plane between latents with and without an attribute; its
normal is the direction. The plane here is that of logistic regression.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from gan_core.latent.directions.direction import Direction, unit_vector
from gan_core.latent.directions.pca import principal_components
from gan_core.latent.directions.population import Floats, Population

Exact = np.ndarray[Any, np.dtype[np.float64]]
Booleans = np.ndarray[Any, np.dtype[np.bool_]]

EXTREMES = 0.3  # of the values, how many from either end are told apart (the paper takes the extremes too)
HELD_OUT = 0.2  # of those, how many judge the plane
STRENGTH = 1.0  # of the regularisation: of |weights|^2 / 2 beside the sum of the losses
FEWEST_MARKS = 2  # of yes and of no
_PICTURE_COMPONENTS = 32
_MOST_COMPARED = 500  # pictures that the components are those of: with more they change little


def logistic_regression(rows: Exact, yes: Booleans, strength: float = STRENGTH) -> tuple[Exact, float]:
    """Weights n [d] and intercept b that minimise sum_i log(1 + exp(-s_i (n . x_i + b))) + strength |n|^2 / 2.

    s_i is +1 where yes, else -1. Newton's method; each step is halved until the sum gets smaller.
    """
    x = np.concatenate([np.asarray(rows, np.float64), np.ones((len(rows), 1))], axis=1)
    signs = np.where(yes, 1.0, -1.0)
    ridge = np.full(x.shape[1], strength)
    ridge[-1] = 1e-9  # the intercept is free; not quite, so that it stays finite
    theta = np.zeros(x.shape[1])

    def objective(at: Exact) -> float:
        return float(np.logaddexp(0, -signs * (x @ at)).sum() + 0.5 * (ridge * at * at).sum())

    value = objective(theta)
    for _ in range(50):
        p = 0.5 * (1 + np.tanh(0.5 * (x @ theta)))  # the sigmoid, without overflow
        gradient = x.T @ (p - yes) + ridge * theta
        step = np.linalg.solve((x.T * (p * (1 - p))) @ x + np.diag(ridge), gradient)
        size = 1.0
        while (after := objective(theta - size * step)) > value and size > 1e-6:
            size /= 2
        theta = theta - size * step
        if value - after < 1e-10 * max(1.0, value):
            break
        value = after
    return theta[:-1], float(theta[-1])


def labelled_direction(population: Population, values: Floats, label: str, method: str = "attribute") -> Direction:
    """Where `values` [N], one for each of the population's pictures, grow the most per standard deviation.

    The points with the highest and the lowest 30% of the values (of yes and no: all of both) are told apart by
    logistic regression in coordinates in which the population's spread is the same everywhere. With z from N(0, 1)
    that is the normal of InterFaceGAN; in W, where it is not, going along it stays among styles that occur.
    NaN is left out. figures: accuracy, of the plane on a fifth of those points that it was not fitted to.
    Raises ValueError where all values are alike, or fewer than ten have one.
    """
    points = population.points.double().numpy()
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 10:
        raise ValueError(f"{label} could be read in {len(known)} of {len(values)} pictures; at least ten are needed.")
    chosen, yes = _extremes(np.asarray(values, np.float64)[known])
    if not (0 < yes.sum() < len(yes)):
        raise ValueError(f"{label} is the same in all pictures of this generator, so there is no direction of it.")
    mean, axes, scales = _whitening(points)
    rows = ((points[known[chosen]] - mean) @ axes) / scales
    order = np.random.default_rng(0).permutation(len(rows))
    test, train = np.split(order, [max(1, int(HELD_OUT * len(order)))])
    weights, offset = logistic_regression(rows[train], yes[train])
    accuracy = float(np.mean((rows[test] @ weights + offset > 0) == yes[test]))
    weights, _ = logistic_regression(rows, yes)
    vector = unit_vector((axes * scales) @ weights)
    return Direction(
        vector, population.space, population.spread(vector), label, method, figures={"accuracy": accuracy}
    )


def _extremes(values: Exact) -> tuple[np.ndarray[Any, np.dtype[np.int64]], Booleans]:
    """Which of the values to tell apart, and whether each is a high one."""
    if len(np.unique(values)) <= 2:
        return np.arange(len(values)), values > values.min()
    order = np.argsort(values, kind="stable")
    count = max(1, int(EXTREMES * len(values)))
    chosen = np.concatenate([order[:count], order[-count:]])
    yes = np.arange(2 * count) >= count
    if values[order[count - 1]] >= values[order[-count]]:  # nearly all are alike
        middle = float(np.mean(values))
        return np.arange(len(values)), values > middle
    return chosen, yes


def _whitening(points: Exact) -> tuple[Exact, Exact, Exact]:
    """Mean [d], axes [d, d] and standard deviations [d] along them, none less than a thousandth of the largest."""
    mean = points.mean(axis=0)
    values, axes = np.linalg.eigh(np.cov(points - mean, rowvar=False).reshape(points.shape[1], -1))
    scales = np.sqrt(np.maximum(values, 1e-6 * max(1e-12, float(values.max()))))
    return mean, axes, scales


def marked_direction(
    population: Population, pictures: Tensor, marked: Tensor, yes: Sequence[bool], label: str = "Your direction"
) -> Direction:
    """From a handful of pictures marked yes or no: where more yes lies.

    pictures: the population's, float32 [N, C, size, size]; marked: the marked ones, [M, C, size, size].
    So few marks say little of a latent with dozens of numbers, but more of what is seen: the marked pictures are
    told apart by their coordinates on the principal components of `pictures`, every picture of the population gets
    the score that this gives it, and the direction is that of the score. figures: agreement, how many of the marks
    are told right by the others; accuracy as of `labelled_direction`.
    Raises ValueError, one sentence, where there are fewer than two of yes or of no.
    """
    marks = np.asarray(yes, bool)
    if marks.sum() < FEWEST_MARKS or (~marks).sum() < FEWEST_MARKS:
        raise ValueError(
            f"You marked {int(marks.sum())} yes and {int((~marks).sum())} no; mark at least {FEWEST_MARKS} of each."
        )
    flat, seen = pictures.flatten(1), marked.flatten(1)
    components = principal_components(flat[:_MOST_COMPARED], _PICTURE_COMPONENTS)[0]
    mean = flat[:_MOST_COMPARED].mean(dim=0).numpy()
    coordinates = (flat.numpy() - mean) @ components.T
    scale = max(1e-6, float(coordinates[:, 0].std()))  # the first component gets a spread of 1, the rest less
    rows = ((seen.numpy() - mean) @ components.T / scale).astype(np.float64)
    weights, offset = logistic_regression(rows, marks)
    right = 0
    for out in range(len(marks)):
        others = np.arange(len(marks)) != out
        without, shift = logistic_regression(rows[others], marks[others])
        right += (float(rows[out] @ without) + shift > 0) == marks[out]
    scores = (coordinates @ weights / scale + offset).astype(np.float32)
    found = labelled_direction(population, scores, label, "marks")
    found.figures["agreement"] = right / len(marks)
    found.figures["marks"] = float(len(marks))
    return found

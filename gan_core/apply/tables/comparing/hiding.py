"""Cells hidden on purpose: which ones, at a rate and by a mechanism (Rubin 1976)."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from gan_core.apply.tables.encoded import Encoded

Mechanism = Literal["mcar", "mar", "mnar"]
MECHANISMS: tuple[Mechanism, ...] = get_args(Mechanism)
STEEPNESS = 2.0  # of the chance to be hidden, per standard deviation of what it depends on
DRIVERS = 0.3  # share of the columns that stay whole for "mar"
LEAST_LEFT = 2  # known cells that every column keeps


def hide(data: Encoded, rate: float, mechanism: Mechanism, seed: int) -> NDArray[np.bool_]:
    """Which known cells to hide, (n, d). rate: the share of them in (0, 1).

    mcar: completely at random, every cell alike. mar: three in ten columns stay whole, and each of the others is
    hidden where one of those is high. mnar: hidden where the cell itself is high, a category by an order drawn for
    it. Every column keeps 2 known cells. Raises ValueError in one sentence where nothing can be hidden so.
    """
    rng = np.random.default_rng([seed, MECHANISMS.index(mechanism)])
    n, d = data.values.shape
    chance = np.zeros((n, d))
    if mechanism == "mcar":
        chance[:] = rate
    elif mechanism == "mnar":
        for j, k in enumerate(data.categories):
            codes = data.values[:, j]
            if k > 0:
                order = rng.permutation(k).astype(float)
                codes = np.where(np.isnan(codes), np.nan, order[np.nan_to_num(codes).astype(int)])
            chance[:, j] = _by_height(codes, data.observed[:, j], rate)
    else:
        if d < 2:
            raise ValueError("Cells that depend on another column need a table of two columns or more.")
        columns = rng.permutation(d)
        drivers = columns[: max(1, round(DRIVERS * d))]
        for j in columns[len(drivers) :]:
            driver = rng.choice(drivers)
            chance[:, j] = _by_height(data.values[:, driver], data.observed[:, j], rate)
    mask = data.observed & (rng.random((n, d)) < chance)
    for j in range(d):
        _keep_some(mask[:, j], data.observed[:, j], rng)
    if not mask.any():
        raise ValueError("No cell of this table can be hidden at this rate; it needs more known cells.")
    return mask


def _by_height(values: NDArray[np.float64], known: NDArray[np.bool_], rate: float) -> NDArray[np.float64]:
    """(n,) chances that rise with the rank of a value, of mean `rate` where cells are known; 0 elsewhere.

    A missing value counts as the middle one.
    """
    seen = values[~np.isnan(values)]
    if not known.any() or not len(seen):
        return np.zeros(len(values))
    ordered = np.sort(seen)
    ranks = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / (2 * len(seen))
    z = np.where(np.isnan(values), 0.0, (ranks - 0.5) * np.sqrt(12))
    shift = brentq(lambda c: expit(STEEPNESS * z[known] + c).mean() - rate, -50, 50)
    return np.where(known, expit(STEEPNESS * z + shift), 0.0)


def _keep_some(mask: NDArray[np.bool_], known: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Take cells of one column out of the mask, in place, until enough are known."""
    hidden = rng.permutation(np.flatnonzero(mask))
    short = min(len(hidden), max(0, LEAST_LEFT - int((known & ~mask).sum())))
    mask[hidden[:short]] = False

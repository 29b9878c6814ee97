"""What the referee sees in a run's samples: the same fixed latents, looked at again and again while it trains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.data.base import ImageSet
from gan_core.data.sets.points import Modes
from gan_core.measure.modes import count_modes

Floats = NDArray[np.float32]

REALS = 1_000  # real samples that others are compared with
POINTS_LOOKED_AT = 500  # of the 2,000 points of a scene, where pairs are compared
SMALL_SET = 5_000  # training images, up to which copies are looked for
POOLED = 16  # pixels a side, at most, of the pictures that are compared
FLOOR_DRAWS = 16

LOOKS = ("spread", "twins", "distance", "movement", "copied", "even_modes", "radius")
"""What `Eye.look` tells; NaN where it cannot be told.

spread: the samples' root mean square distance from their mean, over that of real samples.
twins: the median distance from a sample to the nearest other one, over that among as many real samples.
distance: the energy distance to real samples over the mean distance of two real ones, so that 0 is perfect and about
    2 is far away; unbiased, so at times below 0. Székely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018, equation 2.1.
movement: how far the samples went since the last look, root mean square, in mean distances of two real samples.
copied: the median distance from a sample to the nearest training image, over that of held-out real images; near 1 or
    above is as it should be, near 0 is a copy. Only for training sets of up to 5,000.
even_modes: exp(-KL) of the shares of the modes against the true ones: 1 is as in the data, 1 / K is all in one.
radius: the samples' root mean square distance from the real mean, over that of real samples.
"""


@dataclass(frozen=True)
class Eye:
    """Real samples to compare with, made once for a dataset by `build`.

    real float32 [M, F]; train: the whole training set where it is small, else empty; floor: distance of real samples
    from real ones, mean and standard deviation over draws of `count` samples.
    """

    real: Floats
    train: Floats
    modes: Modes | None
    count: int
    floor: tuple[float, float]
    _mean: Floats
    _radius: float
    _pair: float
    _twin: float
    _held_out_copied: float

    @classmethod
    def build(cls, data: ImageSet, modes: Modes | None, count: int) -> Eye:
        """For looks at `count` samples; half a second for the largest sets."""
        rng = np.random.default_rng(0)
        chosen = rng.permutation(len(data.images))[: REALS + FLOOR_DRAWS * min(count, POINTS_LOOKED_AT)]
        pool = flat_features(data.images[chosen].numpy())
        real = pool[:REALS]
        train = flat_features(data.images.numpy()) if data.size > 1 and len(data.images) <= SMALL_SET else real[:0]
        mean = real.mean(0)
        pair = float(_distances(real, real).sum() / max(1, len(real) * (len(real) - 1)))
        used = min(count, POINTS_LOOKED_AT)
        held = flat_features(data.held_out[:500].numpy()) if len(train) and len(data.held_out) else real[:0]
        own = float(np.median(_distances(held, train).min(1))) if len(held) else math.nan
        bare = cls(real, train, modes, count, (0.0, 0.0), mean, _rms(real - mean), pair, 1.0, own)
        rest = pool[REALS:]
        draws = [rest[rng.permutation(len(rest))[:used]] for _ in range(FLOOR_DRAWS)] if len(rest) >= 2 * used else []
        draws = draws or [real[rng.permutation(len(real))[:used]] for _ in range(FLOOR_DRAWS)]
        scores = [bare._distance(draw) for draw in draws]
        twin = float(np.median([_nearest_other(draw) for draw in draws]))
        floor = float(np.mean(scores)), float(np.std(scores))
        return cls(real, train, modes, count, floor, mean, bare._radius, pair, twin, own)

    def look(self, samples: Floats, before: Floats | None) -> dict[str, float]:
        """`samples` and the same latents' samples at the last look, as `flat_features` gives them: LOOKS -> value."""
        if not np.isfinite(samples).all():
            return dict.fromkeys(LOOKS, math.nan)
        few = samples[:POINTS_LOOKED_AT]
        found = {
            "spread": _ratio(_rms(samples - samples.mean(0)), self._radius),
            "twins": _ratio(_nearest_other(few), self._twin),
            "distance": self._distance(few),
            "movement": math.nan if before is None else _ratio(_rms(samples - before), self._pair),
            "copied": math.nan,
            "even_modes": math.nan,
            "radius": _ratio(_rms(samples - self._mean), self._radius),
        }
        if len(self.train) and self._held_out_copied > 0:
            found["copied"] = float(np.median(_distances(few, self.train).min(1))) / self._held_out_copied
        if self.modes is not None:
            found["even_modes"] = math.exp(-count_modes(samples, self.modes).reverse_kl(self.modes.weights))
        return found

    def _distance(self, samples: Floats) -> float:
        """2 E|x - y| - E|x - x'| - E|y - y'| over E|y - y'|, with pairs of two different samples."""
        across = float(_distances(samples, self.real).mean())
        within = _ratio(float(_distances(samples, samples).sum()), len(samples) * (len(samples) - 1))
        return _ratio(2 * across - within - self._pair, self._pair)


def flat_features(samples: NDArray[Any]) -> Floats:
    """uint8 images [N, C, H, W] as float32 [N, F] from -1 to 1, pooled to 16 pixels a side at most; points [N, 2]."""
    if samples.shape[-1] == 1:
        return np.ascontiguousarray(samples.reshape(len(samples), -1), dtype=np.float32)
    n, c, h, w = samples.shape
    by = next(k for k in range(1, h + 1) if h % k == 0 and h // k <= POOLED)
    pooled: Floats = samples.reshape(n, c, h // by, by, w // by, by).mean((3, 5), dtype=np.float32)
    scaled: Floats = (pooled / np.float32(127.5) - np.float32(1)).reshape(n, -1)
    return scaled


def cut_atlas(pixels: NDArray[np.uint8], columns: int, rows: int) -> NDArray[np.uint8]:
    """A sample grid [rows * size, columns * size] or with channels last -> uint8 [rows * columns, C, size, size]."""
    picture = pixels[:, :, None] if pixels.ndim == 2 else pixels
    size_y, size_x = picture.shape[0] // rows, picture.shape[1] // columns
    cells = picture.reshape(rows, size_y, columns, size_x, -1).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(cells.reshape(rows * columns, -1, size_y, size_x))


def _distances(x: Floats, y: Floats) -> NDArray[np.float64]:
    """Euclidean distances [N, M]; exact zeros on the diagonal of a set with itself."""
    square = np.sum(x.astype(np.float64) ** 2, 1)[:, None] + np.sum(y.astype(np.float64) ** 2, 1)
    square -= 2 * (x @ y.T).astype(np.float64)
    found: NDArray[np.float64] = np.sqrt(np.maximum(square, 0))
    if x is y:
        np.fill_diagonal(found, 0.0)
    return found


def _ratio(value: float, of: float) -> float:
    """NaN where there is nothing to compare with: all real samples are the same, or every one is there twice."""
    return value / of if of > 0 else math.nan


def _nearest_other(samples: Floats) -> float:
    if len(samples) < 2:
        return math.nan
    table = _distances(samples, samples)
    np.fill_diagonal(table, np.inf)
    return float(np.median(table.min(1)))


def _rms(differences: Floats) -> float:
    return float(np.sqrt(np.mean(np.sum(differences.astype(np.float64) ** 2, 1))))

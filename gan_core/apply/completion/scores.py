"""How near a filled picture is to the true one. Pictures are uint8 [H, W, C]."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gan_core.apply.completion.masks import Mask

MOST_PSNR = 99.0
_SIGMA, _TRUNCATE = 1.5, 3.5  # of the window: 11 x 11 pixels
_C1, _C2 = (0.01 * 255.0) ** 2, (0.03 * 255.0) ** 2


@dataclass(frozen=True)
class Score:
    """psnr: in dB, l1: mean absolute difference in grey levels of 255, both in the hole; ssim: of the whole."""

    psnr: float
    l1: float
    ssim: float

    def json(self) -> dict[str, float]:
        return asdict(self)


def score(filled: NDArray[np.uint8], truth: NDArray[np.uint8], hidden: Mask) -> Score:
    off = filled[hidden].astype(np.float64) - truth[hidden]
    square = float(np.mean(off**2))
    psnr = MOST_PSNR if square == 0.0 else min(MOST_PSNR, 10.0 * math.log10(255.0**2 / square))
    return Score(psnr, float(np.mean(np.abs(off))), ssim(filled, truth))


def ssim(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Structural similarity, 1 for equal pictures (Wang, Bovik, Sheikh, Simoncelli 2004, equation 13).

    Gaussian windows of 1.5 pixels; the mean over channels and over windows that lie within the picture.
    """
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _smooth(x), _smooth(y)
    var_x, var_y = _smooth(x * x) - mean_x**2, _smooth(y * y) - mean_y**2
    together = _smooth(x * y) - mean_x * mean_y
    alike = (2 * mean_x * mean_y + _C1) * (2 * together + _C2)
    alike /= (mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2)
    edge = int(_TRUNCATE * _SIGMA + 0.5)
    inner = alike[edge:-edge, edge:-edge] if min(a.shape[:2]) > 2 * edge else alike
    return float(inner.mean())


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    smoothed: NDArray[np.float64] = ndimage.gaussian_filter(
        values, _SIGMA, truncate=_TRUNCATE, axes=(0, 1), mode="reflect"
    )
    return smoothed

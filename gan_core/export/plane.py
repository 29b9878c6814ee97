"""A scene of a run of points as a picture: what D makes of the plane, the real points and the generated ones."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from PIL.Image import Resampling

from gan_core.training.observe.scene import HEAT, Scene, decode_scene

Doubles = NDArray[np.float64]

REAL, GENERATED = (0, 114, 178), (230, 159, 0)
FAKE_SIDE, MIDDLE, REAL_SIDE = (188, 195, 202), (248, 247, 244), (171, 128, 234)  # of D's map
LINE, EDGE = (85, 56, 127), (107, 67, 0)  # D's boundary; around what is generated
LARGEST = 4_096  # pixels a side
_FINE = 1_200  # up to so many pixels a side, lines and points are drawn twice as large and then made smooth
_BEND = 0.85  # brings faint differences out
_SUREST, _OUTER, _FEW = 8.0, 2.0, 0.001  # logits; percent left out at each end; share too small to be a side
_LEAST, _LEAST_PART = 0.04, 0.004  # below this a difference is half precision's, not D's


def _shades() -> NDArray[np.uint8]:
    """The colours from "generated" (-1) over the line (0) to "real" (1), evenly spaced."""
    share = np.linspace(-1, 1, 511)[:, None]
    end = np.where(share < 0, np.array(FAKE_SIDE), np.array(REAL_SIDE))
    mixed: NDArray[np.float64] = np.array(MIDDLE) + np.abs(share) ** _BEND * (end - np.array(MIDDLE))
    return mixed.round().astype(np.uint8)


_SHADES = _shades()


def scene_png(
    encoded: bytes, real: NDArray[np.float32], extent: tuple[float, float, float, float], *,
    threshold: float | None, probability: bool, pixels: int = 480,
) -> bytes:  # fmt: skip
    """An encoded scene as PNG, `pixels` (64 to 4 096) a side, y upwards.

    real: float32 [n, 2]; extent: (x0, x1, y0, y1), what is shown. threshold: the score above which D takes a point
    for real; None: half-way between its two means. probability: scores lie between 0 and 1.
    """
    if not HEAT <= pixels <= LARGEST:
        raise ValueError(f"pixels is {pixels}; a picture of the plane has {HEAT} to {LARGEST} a side.")
    scene = decode_scene(encoded)
    line = _half_way(scene, real, extent) if threshold is None else threshold
    fine = pixels * (2 if pixels <= _FINE else 1)
    seen = _seen(scene.heat, probability)
    turn = float(_seen(np.float64(line), probability))
    image = Image.fromarray(_coloured(_enlarged(seen - turn, fine), *_range(seen - turn, probability)))
    pen = ImageDraw.Draw(image, "RGBA")
    radius = max(3.0, fine / 240)
    for x, y in _places(real, extent, fine):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), (*REAL, 190))
    for x, y in _places(scene.fakes, extent, fine):
        corners = ((x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius))
        pen.polygon(corners, (*GENERATED, 235), (*EDGE, 150))
    out = io.BytesIO()
    image.resize((pixels, pixels), Resampling.BOX).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _places(points: NDArray[np.float32], extent: tuple[float, float, float, float], pixels: int) -> list[list[float]]:
    """Points as pixels from the top left; those that are not finite or far outside are left out."""
    x0, x1, y0, y1 = extent
    with np.errstate(over="ignore", invalid="ignore"):
        places = (points.astype(np.float64) - (x0, y1)) / (x1 - x0, y0 - y1) * pixels
        near = (np.abs(places - pixels / 2) < pixels).all(1)
    found: list[list[float]] = places[near].tolist()
    return found


def _enlarged(heat: Doubles, pixels: int) -> Doubles:
    """D's scores at every pixel, the first row on top."""
    smooth = Image.fromarray(heat[::-1].astype(np.float32)).resize((pixels, pixels), Resampling.BILINEAR)
    return np.asarray(smooth, np.float64)


def _seen(scores: Any, probability: bool) -> Doubles:
    """What the colours follow, as on the stage: the logit of a probability, else the score."""
    given: Doubles = np.asarray(scores, np.float64)
    if not probability:
        return given
    with np.errstate(divide="ignore", invalid="ignore"):
        logits: Doubles = np.clip(np.log(given / (1 - given)), -_SUREST, _SUREST)
    return logits


def _range(away: Doubles, probability: bool) -> tuple[float, float, float]:
    """Where the colours turn and how far they reach below and above: by what D says on each side of its line (0).

    Where it says one thing nearly everywhere they turn half-way between its least and its most.
    """
    away = away[np.isfinite(away)]
    if not away.size:
        return 0.0, 1.0, 1.0
    real = away > 0
    sides = _FEW <= real.mean() <= 1 - _FEW
    low = float(np.percentile(away[~real] if sides else away, _OUTER))
    high = float(np.percentile(away[real] if sides else away, 100 - _OUTER))
    middle = 0.0 if sides else (low + high) / 2
    least = _LEAST if probability else _LEAST_PART * float(np.abs(away).max()) or 1.0
    return middle, max(least, middle - low), max(least, high - middle)


def _coloured(away: Doubles, middle: float, below: float, above: float) -> NDArray[np.uint8]:
    """Grey where D says generated, purple where it says real, and the line where `away` from it is 0."""
    with np.errstate(invalid="ignore"):
        away = np.nan_to_num(away)
    share = away - middle
    share /= np.where(share < 0, below, above)
    pixels = _SHADES[np.rint((np.clip(share, -1, 1) + 1) * (len(_SHADES) // 2)).astype(np.intp)]
    pixels[_crossed(away > 0, max(1, len(away) // 480))] = LINE
    return pixels


def _crossed(above: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Where two neighbours differ, `width` pixels to each side."""
    edge = np.zeros_like(above)
    edge[:, 1:] |= above[:, 1:] != above[:, :-1]
    edge[1:] |= above[1:] != above[:-1]
    wide = Image.fromarray(edge.astype(np.uint8)).filter(ImageFilter.MaxFilter(2 * width + 1))
    return np.asarray(wide) > 0


def _half_way(scene: Scene, real: NDArray[Any], extent: tuple[float, float, float, float]) -> float:
    """Between D's mean score of real points, read off its map, and that of the generated ones."""
    x0, x1, y0, y1 = extent
    cells = ((real - (x0, y0)) / (x1 - x0, y1 - y0) * HEAT).astype(np.int64).clip(0, HEAT - 1)
    return float((scene.heat[cells[:, 1], cells[:, 0]].mean() + scene.scores.mean()) / 2)

"""A scene of a run of points as a picture: what D makes of the plane, the real points and the generated ones."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from PIL.Image import Resampling

from gan_core.training.scene import HEAT, Scene, decode_scene

Colour = tuple[int, int, int]
Doubles = NDArray[np.float64]

REAL, GENERATED = (0, 114, 178), (230, 159, 0)
FAKE_SIDE, MIDDLE, REAL_SIDE = (180, 186, 194), (246, 244, 241), (169, 143, 210)  # of D's map
LINE, EDGE = (85, 56, 127), (107, 67, 0)  # D's boundary; around what is generated
LARGEST = 4_096  # pixels a side
_FINE = 1_200  # up to so many pixels a side, lines and points are drawn twice as large and then made smooth
_BEND = 0.85  # brings faint differences out


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
    field = _enlarged(scene.heat, fine)
    image = Image.fromarray(_coloured(field, line, probability))
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


def _enlarged(heat: NDArray[np.float32], pixels: int) -> Doubles:
    """D's scores at every pixel, the first row on top."""
    smooth = Image.fromarray(heat[::-1].astype(np.float32)).resize((pixels, pixels), Resampling.BILINEAR)
    return np.asarray(smooth, np.float64)


def _coloured(field: Doubles, line: float, probability: bool) -> NDArray[np.uint8]:
    """Grey where D says generated, purple where it says real, and the line between."""
    with np.errstate(invalid="ignore"):
        away = np.nan_to_num(field - line)
    reach = (max(line, 1 - line) if probability else float(np.abs(away).max())) or 1.0
    pixels = _SHADES[np.rint((np.clip(away / reach, -1, 1) + 1) * (len(_SHADES) // 2)).astype(np.intp)]
    pixels[_crossed(away > 0, max(1, len(field) // 480))] = LINE
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

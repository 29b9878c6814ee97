"""Signed distances to simple outlines, for drawing them with soft edges.

Each function takes coordinates p = (x right, y down) of any shape and gives the distance to the outline,
negative inside, exact at the outline. Every outline has its centroid at the origin and an area of pi / 4, so
that all shapes of one size cover the same number of pixels; `EXTENT` is how far each one reaches.
After Quilez, "2D distance functions", iquilezles.org/articles/distfunctions2d.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
Distance = Callable[[Floats, Floats], Floats]

_AREA = math.pi / 4
_SQUARE = math.sqrt(_AREA) / 2  # half a side
_TRIANGLE = math.sqrt(4 * _AREA / (3 * math.sqrt(3)))  # circumradius
_STAR_INNER = 0.45  # inner radius as a share of the outer one
_STAR = math.sqrt(_AREA / (5 * _STAR_INNER * math.sin(math.pi / 5)))
_CROSS_ARM = 0.36  # half an arm's width as a share of half its length
_CROSS = math.sqrt(_AREA / (8 * _CROSS_ARM - 4 * _CROSS_ARM**2))
# The heart is a square of side sqrt(1/2) on its corner and two half discs of radius sqrt(2)/4 (area 1/2 + pi/8);
# a half disc's centroid lies 4 r / (3 pi) from its straight side.
_HEART_AREA = 0.5 + math.pi / 8
_HEART_CENTROID = (0.5 * 0.5 + math.pi / 8 * (0.75 + 1 / (3 * math.pi))) / _HEART_AREA
_HEART = math.sqrt(_AREA / _HEART_AREA)


def _length(x: Floats, y: Floats) -> Floats:
    return np.sqrt(x * x + y * y)  # hypot guards against overflow, slowly


def circle(x: Floats, y: Floats) -> Floats:
    """A disc of diameter 1."""
    return _length(x, y) - 0.5


def square(x: Floats, y: Floats) -> Floats:
    """Sides along the axes."""
    return np.maximum(np.abs(x), np.abs(y)) - _SQUARE


def triangle(x: Floats, y: Floats) -> Floats:
    """Three equal sides, one corner up."""
    side = math.sqrt(3) / 2 * np.abs(x) - 0.5 * y
    return np.maximum(side, y) - _TRIANGLE / 2


def star(x: Floats, y: Floats) -> Floats:
    """Five points, one of them up."""
    x, y = np.abs(x), -y
    # Fold the plane into one tenth by mirrors through the origin at 36 degrees either way.
    for sign in (1.0, -1.0):
        nx, ny = sign * math.cos(math.pi / 5), -math.sin(math.pi / 5)
        over = 2 * np.maximum(nx * x + ny * y, 0)
        x, y = x - over * nx, y - over * ny
    x, y = np.abs(x), y - _STAR
    # The remaining edge runs from the point (0, 0) to the notch (ex, ey).
    ex = _STAR * _STAR_INNER * math.sin(math.pi / 5)
    ey = _STAR * (_STAR_INNER * math.cos(math.pi / 5) - 1)
    along = np.clip((x * ex + y * ey) / (ex * ex + ey * ey), 0, 1)
    distance = _length(x - ex * along, y - ey * along)
    return np.where(y * ex - x * ey > 0, distance, -distance)


def cross(x: Floats, y: Floats) -> Floats:
    """Two crossed bars along the axes."""
    x, y = np.abs(x), np.abs(y)
    return np.maximum(np.maximum(x, y) - _CROSS, np.minimum(x, y) - _CROSS * _CROSS_ARM)


def heart(x: Floats, y: Floats) -> Floats:
    """The tip down."""
    x, y = np.abs(x) / _HEART, _HEART_CENTROID - y / _HEART
    lobe = _length(x - 0.25, y - 0.75) - math.sqrt(2) / 4
    middle = np.maximum(x + y, 0) / 2
    below = np.minimum(_length(x, y - 1), _length(x - middle, y - middle)) * np.sign(x - y)
    return np.where(x + y > 1, lobe, below) * _HEART


# name -> (distance, degrees after which it looks the same again; 0 where every turn does)
OUTLINES: dict[str, tuple[Distance, float]] = {
    "circle": (circle, 0.0),
    "square": (square, 90.0),
    "triangle": (triangle, 120.0),
    "star": (star, 72.0),
    "cross": (cross, 90.0),
    "heart": (heart, 360.0),
}

EXTENT = max(_TRIANGLE, _STAR, _HEART * _HEART_CENTROID, math.hypot(_CROSS, _CROSS * _CROSS_ARM))
"""The farthest that any outline reaches from its centroid, in units of `size`."""

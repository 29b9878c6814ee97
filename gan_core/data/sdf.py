"""Signed distances to simple outlines, for drawing them with soft edges.

Each function takes coordinates p = (x right, y down) of any shape and gives the distance to the outline,
negative inside, exact at the outline. Every outline has its centroid at the origin and an area of pi / 4, so
that all shapes of one size cover the same number of pixels; `EXTENT` is how far each one reaches.
After Quilez, "2D distance functions", iquilezles.org/articles/distfunctions2d.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

Distance = Callable[[Tensor, Tensor], Tensor]

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


def circle(x: Tensor, y: Tensor) -> Tensor:
    """A disc of diameter 1."""
    return torch.hypot(x, y) - 0.5


def square(x: Tensor, y: Tensor) -> Tensor:
    """Sides along the axes."""
    return torch.maximum(x.abs(), y.abs()) - _SQUARE


def triangle(x: Tensor, y: Tensor) -> Tensor:
    """Three equal sides, one corner up."""
    side = math.sqrt(3) / 2 * x.abs() - 0.5 * y
    return torch.maximum(side, y) - _TRIANGLE / 2


def star(x: Tensor, y: Tensor) -> Tensor:
    """Five points, one of them up."""
    x, y = x.abs(), -y
    # Fold the plane into one tenth by mirrors through the origin at 36 degrees either way.
    for sign in (1.0, -1.0):
        nx, ny = sign * math.cos(math.pi / 5), -math.sin(math.pi / 5)
        over = 2 * (nx * x + ny * y).clamp_(min=0)
        x, y = x - over * nx, y - over * ny
    x, y = x.abs(), y - _STAR
    # The remaining edge runs from the point (0, 0) to the notch (ex, ey).
    ex = _STAR * _STAR_INNER * math.sin(math.pi / 5)
    ey = _STAR * (_STAR_INNER * math.cos(math.pi / 5) - 1)
    along = ((x * ex + y * ey) / (ex * ex + ey * ey)).clamp_(0, 1)
    distance = torch.hypot(x - ex * along, y - ey * along)
    return torch.where(y * ex - x * ey > 0, distance, -distance)


def cross(x: Tensor, y: Tensor) -> Tensor:
    """Two crossed bars along the axes."""
    x, y = x.abs(), y.abs()
    return torch.maximum(torch.maximum(x, y) - _CROSS, torch.minimum(x, y) - _CROSS * _CROSS_ARM)


def heart(x: Tensor, y: Tensor) -> Tensor:
    """The tip down."""
    x, y = x.abs() / _HEART, _HEART_CENTROID - y / _HEART
    lobe = torch.hypot(x - 0.25, y - 0.75) - math.sqrt(2) / 4
    middle = (x + y).clamp(min=0) / 2
    below = torch.minimum(torch.hypot(x, y - 1), torch.hypot(x - middle, y - middle)) * torch.sign(x - y)
    return torch.where(x + y > 1, lobe, below) * _HEART


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

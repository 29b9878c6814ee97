"""One known factor of Shapes moved, the others held: the direction is found anew at each step, at this very picture.

One direction for all pictures moves other things along. Around one latent all factors are nearly linear in it: with
every coordinate moved a little, pictures read, and Gauss-Newton as in `dragging`, the wanted factor goes on by a
small step while the readings of the others, and where the shape is when only its hue is to change, stay.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from gan_core.apply.editing.latents import latents_of, moved
from gan_core.apply.editing.place import Place, images
from gan_core.data.sets.shapes import PLACE_RANGE, SIZE_RANGE
from gan_core.latent.directions.attributes import reader_of
from gan_core.latent.directions.factors import FactorReader

RANGES = {"hue": 1.0, "size": SIZE_RANGE[1] - SIZE_RANGE[0], "x": PLACE_RANGE[1] - PLACE_RANGE[0]}
RANGES["y"] = RANGES["x"]
"""How far each goes in the set: hue in turns, the others in shares of the picture's width."""

_STEP = 1 / 48  # of the range, asked for at once
_MORE = 10  # steps at the end, to come to what was asked for
_NEAR = 0.05  # of the range: less is not spoken of as short
_NUDGE, _DAMPING, _FARTHEST = 0.05, 0.003, 2.0
_WEIGHT = 10.0  # of the factors, beside the shape's place


def factor_moved(place: Place, factor: str, amount: float) -> Iterator[Place]:
    """Step by step, `factor` changed by `amount` (see RANGES). Deterministic; closing the iterator cancels it.

    Raises ValueError, one sentence, where factors are not known or no shape is seen.
    """
    search = _Search(place, factor)
    point = search.start
    total = max(1, math.ceil(abs(amount) / RANGES[factor] / _STEP))
    for i in range(total + _MORE):
        point = search.nearer(point, amount * min(1.0, (i + 1) / total))
        yield moved(place, search.start, point)


def factor_settled(place: Place, after: Place, factor: str, amount: float) -> Place:
    """`after` one step nearer to `place` with its factor changed by `amount`: of a way taught by another picture.

    Raises ValueError as `factor_moved` does.
    """
    search = _Search(place, factor)
    _, point = latents_of(after)
    return moved(place, search.start, search.nearer(point, amount))


def came_to(before: Place, after: Place, factor: str, amount: float) -> str:
    """How far the factor went, in a sentence."""
    reader = reader_of(after.model)
    assert reader is not None  # or it would not have moved
    with torch.no_grad():
        was, now = (reader.read(images(place, place.point[None])) for place in (before, after))
    went = float(now[factor][0]) - float(was[factor][0])
    if factor == "hue":
        went = (went - amount + 0.5) % 1.0 - 0.5 + amount
    if not math.isfinite(went):
        return f"The {factor} cannot be read any more: the generator draws no such shape."
    short = (
        "" if abs(went - amount) <= _NEAR * RANGES[factor] else ", and no farther: the generator draws no such shape"
    )
    return (
        f"The {factor} went by {went:+.3f} of {amount:+.3f} {'turns' if factor == 'hue' else 'of the width'}{short}."
    )


class _Search:
    """From `start` [D], where the picture lies, toward the same picture with one factor changed."""

    def __init__(self, place: Place, factor: str) -> None:
        reader = reader_of(place.model)
        if reader is None:
            raise ValueError("Known factors move with generators of Shapes only; take a direction, as pca-1.")
        self.latents, self.start = latents_of(place)
        count = len(self.latents.basis)
        self._nudges = torch.cat([torch.zeros(1, count), _NUDGE * torch.eye(count)])
        self._began = _Readings(reader, self.latents.draw(self.start[None]).detach(), factor)

    def nearer(self, point: Tensor, amount: float) -> Tensor:
        """One step of Gauss and Newton from a point [D]."""
        basis = self.latents.basis
        with torch.no_grad():
            pictures = self.latents.draw(point + self._nudges @ basis)
        rows = self._began.differences(pictures, amount)
        jacobian, off = (rows[1:] - rows[:1]) / _NUDGE, rows[0]
        square = jacobian @ jacobian.T + _DAMPING * torch.eye(len(rows) - 1)
        step = -torch.linalg.solve(square, jacobian @ off)
        shortened: Tensor = step * min(1.0, _FARTHEST / max(float(step.norm()), 1e-12))
        return point + shortened @ basis


class _Readings:
    """What is read of pictures, as differences to what is wanted."""

    def __init__(self, reader: FactorReader, picture: Tensor, factor: str) -> None:
        self.reader, self.factor = reader, factor
        self.began = reader.read(picture)
        if not np.isfinite(self.began["x"]).all():
            raise ValueError("No shape is seen in this picture, so none of its factors can be moved.")
        self.shape = self._outline(picture)

    def differences(self, pictures: Tensor, amount: float) -> Tensor:
        """[N, R], of float [N, 3, size, size]."""
        now = self.reader.read(pictures)
        columns = []
        for name, extent in RANGES.items():
            wanted = float(self.began[name][0]) + (amount if name == self.factor else 0.0)
            away = np.nan_to_num(now[name].astype(np.float64) - wanted)
            if name == "hue":
                away = (away + 0.5) % 1.0 - 0.5
            columns.append(_WEIGHT * away / extent)
        rows = torch.from_numpy(np.stack(columns, 1)).float()
        if self.factor != "hue":
            return rows
        outline = (self._outline(pictures) - self.shape).flatten(1)
        return torch.cat([rows, outline / math.sqrt(outline.shape[1] / 10)], 1)

    def _outline(self, pictures: Tensor) -> Tensor:
        """Where the shape is, whatever its hue: what differs most of each pixel from the ground."""
        return pictures.amin(1) if self.reader.background > 0.5 else pictures.amax(1)

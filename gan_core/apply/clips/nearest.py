"""The generator's nearest picture to a live one, many times a second: from the one before, or from a bank of samples.

A picture begins where it is nearer: at the latent of the one before, or at the nearest of random samples. From there
gradient descent (Adam) on the pixels goes on for a few steps, as many as there is time for. What a still subject does
not get in one picture it gets in the next.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.apply.editing.place import Place, drawn, images
from gan_core.apply.editing.regions import Picture
from gan_core.latent.model import Explorable
from gan_core.latent.survey import class_labels, survey
from gan_core.training.batches import to_unit

BANK = 2_000  # random samples
STEPS, SECONDS = 10, 0.06  # of one picture, at most
_LEAST_STEPS = 4
_RATE, _BETA1, _BETA2 = 0.08, 0.8, 0.9  # the rate in standard deviations of a latent's numbers
_ANOTHER = 0.7  # so much less an error must be for another class to be taken


@dataclass(frozen=True, eq=False)
class Near:
    """point: float32 [length], as `Place.point` has it but flat. label: its class, -1 without classes. picture: uint8
    [size, size, C], what the generator draws there; error: root mean square in grey levels of 255."""

    point: NDArray[np.float32]
    label: int
    picture: Picture
    error: float


class Nearest:
    """For one model; what it holds does not change, so that many may ask at once."""

    def __init__(self, model: Explorable) -> None:
        model.need_pictures()
        self.model = model
        found = survey(model, BANK, 0, class_labels(model, BANK, None))
        self.space = "ws" if model.has_w else "z"
        self.points, self.unit, self.labels = found.points(self.space), found.unit(self.space), found.labels
        self.pixels = found.images.flatten(1)
        self.lengths = self.pixels.square().sum(1)

    @property
    def length(self) -> int:
        """Of a point."""
        return self.points[0].numel()

    def find(
        self, picture: Picture, before: tuple[NDArray[np.float32], int] | None = None, seconds: float | None = None
    ) -> Near:
        """picture: uint8 [size, size, C]. before: point and class of the picture before; a class that there is not is
        none. seconds: that it takes at most; None: SECONDS. Raises ValueError."""
        shape = self.model.shape
        if picture.shape != (shape.size, shape.size, shape.channels):
            raise ValueError(f"A picture of {shape.size} x {shape.size} pixels is wanted.")
        until = time.monotonic() + (SECONDS if seconds is None else seconds)
        target = to_unit(torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1))[None]
        place, point = self._begin(target, before)
        point, error = self._descend(place, point, target, until)
        label = -1 if place.weights is None else int(place.weights.argmax())
        return Near(point.flatten().numpy(), label, drawn(place.at(point)), error)

    @torch.no_grad()
    def _begin(self, target: Tensor, before: tuple[NDArray[np.float32], int] | None) -> tuple[Place, Tensor]:
        flat = target.flatten()
        index = int((self.lengths - 2.0 * self.pixels @ flat).argmin())
        label = -1 if self.labels is None else int(self.labels[index])
        point = self.points[index]
        if before is not None:
            old, old_label = torch.from_numpy(before[0]).view_as(point), before[1] if self.labels is not None else -1
            made = images(self._place(old, old_label), old[None])
            error = float((made - target).square().mean())
            bank = float((self.pixels[index] - flat).square().mean())
            if error <= bank or (old_label != label and _ANOTHER * error <= bank):
                return self._place(old, old_label), old
        return self._place(point, label), point

    def _place(self, point: Tensor, label: int) -> Place:
        weights = None
        if self.labels is not None:
            weights = torch.nn.functional.one_hot(torch.tensor(label), len(self.model.classes)).float()
        place = Place(self.model, None, None, weights)
        return replace(place, styles=point) if self.space == "ws" else replace(place, z=point)

    def _descend(self, place: Place, point: Tensor, target: Tensor, until: float) -> tuple[Tensor, float]:
        """The nearest on the way, and how far off it is, in grey levels."""
        mean, square = torch.zeros_like(point), torch.zeros_like(point)
        best, least = point, float("inf")
        with torch.enable_grad():
            for step in range(1, STEPS + 2):
                point = point.detach().requires_grad_(True)
                loss = (images(place, point[None]) - target).square().mean()
                now = float(loss.detach())
                if now < least:
                    best, least = point.detach(), now
                if step > STEPS or (step > _LEAST_STEPS and time.monotonic() > until):
                    break
                (slope,) = torch.autograd.grad(loss, point)
                mean = _BETA1 * mean + (1 - _BETA1) * slope
                square = _BETA2 * square + (1 - _BETA2) * slope.square()
                way = (mean / (1 - _BETA1**step)) / ((square / (1 - _BETA2**step)).sqrt() + 1e-12)
                point = point.detach() - _RATE * self.unit * way
        return best, 127.5 * least**0.5

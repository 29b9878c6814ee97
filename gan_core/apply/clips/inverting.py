"""A latent for every frame of a clip: the first is looked for from many starts, each other from the one before.

As in Tzaban et al. 2022 (Stitch it in Time, arXiv:2201.08361) what follows in time is to follow among the latents. A
frame's loss is that of `gan_core.latent.search` on its pixels alone, and

    smoothness |(latent - latent before) / unit|^2 / D,

unit the standard deviations of random latents. A cut, after which the frame before is no start at all, is looked for
anew. What the latents still tremble is smoothed over time afterwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.apply.editing.edits import Start
from gan_core.apply.editing.place import Place
from gan_core.apply.editing.regions import Picture
from gan_core.apply.editing.starting import PICTURE, Beginning, Told, begin, quiet
from gan_core.latent.model import Explorable
from gan_core.latent.search import InversionOptions, LatentSearch
from gan_core.latent.survey import class_labels, survey
from gan_core.training.batches import to_unit

_POOL = 256  # random samples that tell the latents' spread and the unit of the loss
_CUT, _CUT_LEVELS = 1.6, 8.0  # times and grey levels by which a frame is farther off than usual: perhaps a cut
_RATE = 0.1  # the first step, in standard deviations: a frame is near the one before


@dataclass(frozen=True, eq=False)
class FrameFound:
    """point: float32 as `Place.point` has it. error: root mean square in grey levels of 255. anew: after a cut."""

    point: Tensor
    error: float
    anew: bool = False


def first_frame(model: Explorable, picture: Picture, start: Start, told: Told = quiet) -> Beginning:
    """From many starts, and a copy of the generator tuned to it where `start` says so."""
    return begin(model, Start(**{**vars(start), "source": PICTURE}), picture, told)


class Follower:
    """Goes from frame to frame of one clip, at the model of the first frame's place."""

    def __init__(self, place: Place, start: Start, iterations: int, smoothness: float) -> None:
        """iterations: of each frame's search; smoothness: the weight of the way from the latent before."""
        self.place, self.start, self.smoothness = place, start, smoothness
        space = "z" if place.styles is None else "ws"
        self.options = InversionOptions(
            space=space, restarts=1, iterations=iterations, pool=_POOL, keep=1.0, rate=_RATE, feature_weight=0.0,
            seed=start.seed,
        )  # fmt: skip
        self.label = None if place.weights is None else int(place.weights.argmax())
        labels = class_labels(place.model, _POOL, self.label)
        self.survey = survey(place.model, _POOL, start.seed, labels)

    def follow(self, before: Tensor, picture: Picture) -> FrameFound:
        """The latent of the frame after the one with the latent `before`; the same every time."""
        with torch.enable_grad():
            search = _FrameSearch(self, before, _tensor(picture))
            search.descend(None)
        return FrameFound(search.values[0].clone(), float(search.curves[-1, 0]))

    def anew(self, picture: Picture, told: Told = quiet) -> FrameFound:
        """Looked for from many starts, as the first frame was; the tuned copy stays as it is."""
        space = "z" if self.place.styles is None else "ws"
        start = Start(**{**vars(self.start), "source": PICTURE, "tuning": 0, "space": space,
                         "label": -1 if self.label is None else self.label})  # fmt: skip
        found = begin(self.place.model, start, picture, told)
        assert found.place is not None  # of a picture that was looked for
        assert found.error is not None
        return FrameFound(found.place.point, found.error, anew=True)


def is_cut(error: float, usual: float) -> bool:
    """Whether a frame is so much farther off than those before that it may come after a cut; in grey levels."""
    return error > _CUT * usual + _CUT_LEVELS


class _FrameSearch(LatentSearch):
    """One start, the latent before, which pulls."""

    def __init__(self, follower: Follower, before: Tensor, target: Tensor) -> None:
        self.before, self.target, self.smoothness = before[None], target, follower.smoothness
        with torch.no_grad():
            errors = (follower.survey.images - target).square().mean((1, 2, 3))
        self.pixel_unit = max(float(errors.median()), 1e-8)
        super().__init__(follower.place.model, follower.survey, follower.options, errors)
        self.values = self.before.clone()  # and not the nearest sample
        self.lowest = self.values.clone()

    def compare(self, images: Tensor) -> tuple[Tensor, Tensor]:
        error = (images - self.target).square().mean((1, 2, 3))
        way = ((self.values - self.before) / self.unit).square().flatten(1).mean(1)
        return error, error / self.pixel_unit + self.smoothness * way


def _tensor(picture: Picture) -> Tensor:
    return to_unit(torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1))[None]


def smoothed(points: NDArray[np.float32], sigma: float, cuts: tuple[int, ...] = ()) -> NDArray[np.float32]:
    """Latents [frames, ...] as a Gaussian of `sigma` frames has them; no mean goes across a cut.

    cuts: the first frames of what comes after one. At its ends a piece goes on as its reflection in the end's point,
    so that a steady movement stays what it is.
    """
    out = points.astype(np.float64)
    if sigma <= 0:
        return points.copy()
    for first, last in zip((0, *cuts), (*cuts, len(points)), strict=True):
        reach = min(math.ceil(3 * sigma), last - first - 1)
        if reach < 1:
            continue
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        kernel /= kernel.sum()
        piece = points[first:last].astype(np.float64)
        width = ((reach, reach), *(((0, 0),) * (piece.ndim - 1)))
        padded = np.pad(piece, width, mode="reflect", reflect_type="odd")
        out[first:last] = sum(share * padded[i : i + last - first] for i, share in enumerate(kernel))
    return out.astype(np.float32)

"""Every frame of a clip as a latent, piece by piece kept, so that a stopped job goes on where it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gan_core.apply.base import Workplace
from gan_core.apply.clips.inverting import Follower, FrameFound, first_frame, is_cut, smoothed
from gan_core.apply.completion.results import png
from gan_core.apply.editing.edits import Start
from gan_core.apply.editing.place import Place, drawn
from gan_core.apply.editing.regions import Picture
from gan_core.apply.editing.starting import Beginning, begin, source_of
from gan_core.config.files import write_atomically
from gan_core.latent.looks.vectors import decode_vector, encode_vector
from gan_core.latent.model import Explorable

PREVIEW_EVERY = 10  # frames
_MOST_FAILED = 3  # frames that are looked for anew in vain; then the clip is just far from the generator
_BETTER = 0.8  # an error that is so much smaller says that there was a cut
_SHOWN = 128  # px a side of a preview's pictures, about
FIRST_SHARE, SHARE = 0.15, 0.7  # of the work, once the first frame is found, and all are


@dataclass(frozen=True, eq=False)
class Found:
    """points: float32 [frames, ...], smoothed; errors: of each frame in grey levels, as it was found and smoothed.

    cuts: the frames that come after one.
    """

    place: Place
    points: NDArray[np.float32]
    errors: tuple[float, ...]
    smoothed_errors: tuple[float, ...]
    cuts: tuple[int, ...]
    words: tuple[str, ...]

    def at(self, index: int) -> Place:
        return self.place.at(torch.from_numpy(self.points[index].copy()))


@dataclass(frozen=True)
class Following:
    """iterations, smoothness: of each frame's search. sigma: frames over which the latents are smoothed."""

    iterations: int
    smoothness: float
    sigma: float


def find_frames(
    workplace: Workplace, model: Explorable, pictures: list[Picture], start: Start, options: Following
) -> Found:
    """A latent for every frame, uint8 [size, size, C] each. Raises Cancelled, ValueError."""
    began = _first(workplace, model, pictures[0], start)
    place = began.place
    assert place is not None  # of a picture that was looked for
    assert began.error is not None
    follower = Follower(place, start, options.iterations, options.smoothness)
    found, failed = [FrameFound(place.point, began.error)], 0
    for index in range(1, len(pictures)):
        share = FIRST_SHARE + (SHARE - FIRST_SHARE) * index / len(pictures)
        words = f"Frame {index + 1} of {len(pictures)}"
        workplace.progress(share, words)

        def told(_: float, __: str, share: float = share, words: str = words) -> None:
            workplace.progress(share, words + ", which may come after a cut")

        def make(index: int = index, told: Any = told if failed < _MOST_FAILED else None) -> dict[str, Any]:
            usual = float(np.median([each.error for each in found]))
            made = _followed(follower, found[-1], pictures[index], usual, told)
            workplace.record("off, grey levels", {"step": index, "frame": made["error"]})
            return made

        part = workplace.part(f"frame-{index:04}", make)
        failed += bool(part["in_vain"])
        vector = decode_vector(part["point"], place.point.numel(), "point")
        found.append(FrameFound(torch.from_numpy(vector).view_as(place.point), part["error"], part["anew"]))
        if index % PREVIEW_EVERY == 0:
            preview(workplace, index, pictures[index], drawn(place.at(found[-1].point)))
    cuts = tuple(i for i, each in enumerate(found) if each.anew)
    points = smoothed(torch.stack([each.point for each in found]).numpy(), options.sigma, cuts)
    errors = []
    for point, picture in zip(points, pictures, strict=True):
        workplace.progress(SHARE, "Comparing")
        errors.append(_off(drawn(place.at(torch.from_numpy(point.copy()))), picture))
    return Found(place, points, tuple(each.error for each in found), tuple(errors), cuts, began.words)


def _first(workplace: Workplace, model: Explorable, picture: Picture, start: Start) -> Beginning:
    """As it was found before a stop. A tuned copy is made again: it is the same, and too large to keep."""

    def told(share: float, words: str) -> None:
        workplace.progress(0.05 + (FIRST_SHARE - 0.05) * share, f"First frame: {words.lower()}")

    if start.tuning:
        return first_frame(model, picture, start, told)

    def make() -> dict[str, Any]:
        began = first_frame(model, picture, start, told)
        place = began.place
        assert place is not None
        label = -1 if place.weights is None else int(place.weights.argmax())
        source = source_of(place) if place.z is None else f"z:{encode_vector(place.z.numpy())}"
        return {"source": source, "label": label, "error": began.error, "words": list(began.words)}

    part = workplace.part("first", make)
    there = begin(model, Start(source=part["source"], label=part["label"]))
    return Beginning(there.place, picture, part["error"], tuple(part["words"]))


def _followed(follower: Follower, before: FrameFound, picture: Picture, usual: float, told: Any) -> dict[str, Any]:
    """told: None where a cut is no longer looked for."""
    found, in_vain = follower.follow(before.point, picture), False
    if told is not None and is_cut(found.error, usual):
        other = follower.anew(picture, told)
        if other.error < _BETTER * found.error:
            found = other
        else:
            in_vain = True
    vector = encode_vector(found.point.reshape(-1).numpy())
    return {"point": vector, "error": found.error, "anew": found.anew, "in_vain": in_vain}


def preview(workplace: Workplace, index: int, *pictures: Picture) -> None:
    """Pictures of a frame beside each other, as parts/preview-0010.png: the clip's, the generator's, the edited."""
    scale = max(1, _SHOWN // len(pictures[0]))
    large = np.concatenate([each.repeat(scale, 0).repeat(scale, 1) for each in pictures], 1)
    write_atomically(workplace.parts / f"preview-{index:04}.png", png(large))


def _off(made: Picture, wanted: Picture) -> float:
    return float(np.sqrt(np.mean((made.astype(np.float64) - wanted) ** 2)))

"""Which images are held out, and which real ones each seed may see: decided before anything learns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gan_core.data.base import ImageSet
from gan_core.training.seeds import stream_generator

FEWEST_HELD_OUT = 10  # of each class
DRAWN_SHARE = 0.2  # of each class, where held-out images are drawn


@dataclass(frozen=True)
class Split:
    """images, labels: real ones that may be learned from. held_out: those that are only ever classified.

    own: whether these are the ones that the dataset holds out, which no run trains on. repeated: how many were left
    out of them because the same picture, pixel by pixel, is among `images`.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    held_out: Tensor
    held_out_labels: Tensor
    own: bool
    repeated: int

    def digest(self) -> str:
        """Of all pixels and labels, and of what is held out."""
        whole = hashlib.sha256()
        for images, labels in ((self.images, self.labels), (self.held_out, self.held_out_labels)):
            whole.update(b"".join(keys(images)))
            whole.update(labels.numpy().astype("<i8").tobytes())
        return whole.hexdigest()

    def rows_for(self, seed: int, per_class: int) -> Tensor:
        """int64 [K * per_class]: which images a seed may see, class by class; another seed draws others.

        Raises ValueError in one sentence where a class has too few.
        """
        rng = stream_generator(seed, "augmentation rows", torch.device("cpu"))
        rows = []
        for index, name in enumerate(self.classes):
            of_class = torch.nonzero(self.labels == index).flatten()
            if len(of_class) < per_class:
                raise ValueError(_too_few(name, len(of_class), per_class))
            rows.append(of_class[torch.randperm(len(of_class), generator=rng)[:per_class]])
        return torch.cat(rows)


def split(data: ImageSet, how: str, seed: int) -> Split:
    """how: "set" takes the images that the dataset holds out; "drawn" draws a fifth of each class by the seed, and
    what the dataset holds out joins the rest; "auto" is "set" where that has enough of each class.

    Raises ValueError in one sentence.
    """
    if data.labels is None or len(data.classes) < 2:
        raise ValueError("These images have no classes to tell apart; choose a set with at least two classes.")
    own = how == "set" or (how == "auto" and _enough(data.held_out_labels, len(data.classes)))
    found = _as_the_set_has_it(data, data.labels) if own else _drawn(data, data.labels, seed)
    for index, name in enumerate(found.classes):
        count = int((found.held_out_labels == index).sum())
        if count < FEWEST_HELD_OUT:
            raise ValueError(_too_few_held_out(name, count, own, data, index))
    return found


def _too_few_held_out(name: str, count: int, own: bool, data: ImageSet, label: int) -> str:
    there = sum(int((of == label).sum()) for of in (data.labels, data.held_out_labels) if of is not None)
    least = round(FEWEST_HELD_OUT / DRAWN_SHARE)
    if there < least and not own:
        return (
            f'Of "{name}" there {_images(there)}; a fifth of each class is held out, and at least '
            f"{FEWEST_HELD_OUT} of each are needed to measure anything: bring at least {least}, or leave it out."
        )
    draw = ", or let them be drawn from all of the set" if own else ""
    return (
        f'Of "{name}" only {count:,} images can be held out; at least {FEWEST_HELD_OUT} of each class are '
        f"needed to measure anything: bring more images{draw}."
    )


def _images(count: int) -> str:
    return "is 1 image" if count == 1 else f"are {count:,} images"


def _too_few(name: str, count: int, per_class: int) -> str:
    return (
        f'Of "{name}" there {_images(count)} to learn from, and {per_class:,} a class were asked for; ask for fewer.'
    )


def _enough(labels: Tensor | None, classes: int) -> bool:
    return (
        labels is not None
        and len(labels) > 0
        and all(int((labels == index).sum()) >= FEWEST_HELD_OUT for index in range(classes))
    )


def _as_the_set_has_it(data: ImageSet, labels: Tensor) -> Split:
    if data.held_out_labels is None or not len(data.held_out):
        raise ValueError("This set holds no images out; let them be drawn.")
    return _without_repeats(data, (data.images, labels), (data.held_out, data.held_out_labels), own=True)


def _drawn(data: ImageSet, labels: Tensor, seed: int) -> Split:
    images = data.images
    if data.held_out_labels is not None and len(data.held_out):
        images, labels = torch.cat([images, data.held_out]), torch.cat([labels, data.held_out_labels])
    rng = stream_generator(seed, "augmentation held out", torch.device("cpu"))
    held = torch.zeros(len(labels), dtype=torch.bool)
    for index in range(len(data.classes)):
        of_class = torch.nonzero(labels == index).flatten()
        count = round(len(of_class) * DRAWN_SHARE)
        held[of_class[torch.randperm(len(of_class), generator=rng)[:count]]] = True
    return _without_repeats(data, (images[~held], labels[~held]), (images[held], labels[held]), own=False)


def _without_repeats(
    data: ImageSet, rest: tuple[Tensor, Tensor], held: tuple[Tensor, Tensor], *, own: bool
) -> Split:  # fmt: skip
    known = set(keys(rest[0]))
    fresh = torch.tensor([key not in known for key in keys(held[0])], dtype=torch.bool)
    repeated = int((~fresh).sum())
    return Split(*rest, data.classes, held[0][fresh], held[1][fresh], own, repeated)


def keys(images: Tensor) -> Sequence[bytes]:
    """What each image uint8 [N, C, H, W] is told by: a digest of all of its pixels."""
    flat = np.ascontiguousarray(images.flatten(1).numpy())
    return [hashlib.blake2b(row, digest_size=16).digest() for row in flat]

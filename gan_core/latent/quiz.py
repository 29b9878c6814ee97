"""Real or fake? Pictures of both kinds in an order that nobody knows, and who tells them apart: a person, or D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gan_core.data.base import ImageSet
from gan_core.latent.inside.judging import judge
from gan_core.latent.looks.checking import check_look
from gan_core.latent.looks.where import render
from gan_core.latent.model import Explorable

PICTURES = 20
_FEWEST = 7  # of either kind: who counts to ten learns nothing
_MEANS_OF = 64  # pictures of either kind from which D's threshold is taken, where its loss does not fix one

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Quiz:
    """images uint8 [N, S, S, C]; real bool [N]; logits float32 [N] and threshold: what D says, None without a D.

    held_out: whether the real ones are of those that the run never trained on.
    """

    images: Pixels
    real: NDArray[np.bool_]
    logits: NDArray[np.float32] | None
    threshold: float
    held_out: bool

    @property
    def judged_real(self) -> NDArray[np.bool_] | None:
        """What D takes for real."""
        return None if self.logits is None else self.logits > self.threshold


def make_quiz(model: Explorable, data: ImageSet, seed: int, count: int = PICTURES) -> Quiz:
    """The same pictures in the same order for one model, seed and count; of a conditional one, classes by chance."""
    rng = np.random.default_rng([seed, count])
    held_out = len(data.held_out) > 0
    source = data.held_out if held_out else data.images
    labels = data.held_out_labels if held_out else data.labels
    reals = int(rng.integers(_FEWEST, count - _FEWEST + 1))
    rows = rng.choice(len(source), reals, replace=len(source) < reals)
    seeds = rng.integers(0, 2**31, count - reals)
    classes = rng.integers(0, max(1, len(model.classes)), count - reals)
    drawn = _drawn(model, seeds.tolist(), classes.tolist())
    images = np.concatenate([source[torch.from_numpy(rows)].permute(0, 2, 3, 1).numpy(), drawn])
    kinds = [int(labels[int(row)]) for row in rows] if model.classes and labels is not None else [0] * reals
    order = rng.permutation(count)
    shown, real = images[order], (np.arange(count) < reals)[order]
    if model.discriminator is None:
        return Quiz(shown, real, None, 0.0, held_out)
    logits = _logits(model, shown, np.array([*kinds, *classes])[order])
    return Quiz(shown, real, logits, _threshold(model, data), held_out)


def _drawn(model: Explorable, seeds: Sequence[int], classes: Sequence[int]) -> Pixels:
    looks = [
        {"where": {"seed": seed}, "class": [kind] if model.classes else None}
        for seed, kind in zip(seeds, classes, strict=True)
    ]
    return render(model, [check_look(model, look) for look in looks])


@torch.no_grad()
def _logits(model: Explorable, images: Pixels, kinds: NDArray[Any]) -> NDArray[np.float32]:
    """Each picture as one of its own class."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1.0
    weights = np.eye(len(model.classes), dtype=np.float32)[kinds] if model.classes else None
    found, _ = judge(model, pixels, list(weights) if weights is not None else [None] * len(images))
    return found.float().numpy()


def _threshold(model: Explorable, data: ImageSet) -> float:
    """The logit above which D takes a picture for real, as its loss says it."""
    kinds = np.arange(_MEANS_OF) % max(1, len(model.classes))
    if model.config.loss.fixed_threshold() is not None:
        real = fake = torch.zeros(1)
    else:
        images = data.images[:_MEANS_OF].permute(0, 2, 3, 1).numpy()
        labels = (
            data.labels[:_MEANS_OF].numpy() if model.classes and data.labels is not None else kinds[: len(images)]
        )
        real = torch.from_numpy(_logits(model, images, labels))
        fake = torch.from_numpy(_logits(model, _drawn(model, range(_MEANS_OF), kinds.tolist()), kinds))
    return float(model.config.loss.threshold(real, fake))


@dataclass(frozen=True)
class Marks:
    """sensitivity: of the real ones, the share taken for real. specificity: of the generated ones, the share seen
    through. accuracy: of all, the share judged rightly. Each None where there was nothing to judge."""

    sensitivity: float | None
    specificity: float | None
    accuracy: float | None


def marks(real: NDArray[np.bool_], said_real: NDArray[np.bool_]) -> Marks:
    """real, said_real: bool [N]."""

    def share(rows: NDArray[np.bool_], right: NDArray[np.bool_]) -> float | None:
        return float(right[rows].mean()) if rows.any() else None

    right = real == said_real
    return Marks(share(real, right), share(~real, right), share(np.ones(len(real), bool), right))

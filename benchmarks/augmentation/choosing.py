"""Which spread and filter of synthetic images are measured for the goal: chosen without the held-out images.

Of the 60,000 training images 600 a class are split off. The filter's classifier learns from the other 54,000, a
classifier of each choice from synthetic images alone, and the choice is the one that takes most of the 6,000 for what
they are. The held-out images have no part in it; the generator, which comes along trained on all 60,000, has seen the
6,000 as one image in ten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_core.apply.augmentation import classifier
from gan_core.apply.augmentation.filters import Filter, chosen, nearest_distances
from gan_core.apply.augmentation.gan import ClassSampler
from gan_core.data import FashionMnist
from gan_core.latent import Explorable
from gan_core.training.seeds import stream_generator

VALIDATION_A_CLASS, SEED = 600, 1_000
REAL_STEPS, STEPS = 1_000, 500
POOL = 8_000  # candidates a class, whatever the filter: a strict one leaves fewer to learn from
Images = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Choice:
    """What of `Augment` is chosen."""

    spread: float = 1.0
    least_confidence: float = 0.0
    keep_nearest: float = 1.0


CHOICES = (
    Choice(1.0, 0.5), Choice(1.3, 0.3), Choice(1.3, 0.5), Choice(1.5, 0.3), Choice(1.5, 0.5), Choice(1.7, 0.3),
    Choice(1.7, 0.5), Choice(1.7, 0.5, 0.8), Choice(1.7, 0.7), Choice(2.0, 0.5), Choice(2.0, 0.7), Choice(2.3, 0.5),
    Choice(2.3, 0.7), Choice(2.6, 0.7),
)  # fmt: skip


def split_off(images: Tensor, labels: Tensor) -> tuple[Images, Images]:
    """The training images as (those to learn from, VALIDATION_A_CLASS of each class)."""
    rng, aside = stream_generator(SEED, "validation", torch.device("cpu")), torch.zeros(len(labels), dtype=torch.bool)
    for label in range(int(labels.max()) + 1):
        rows = torch.nonzero(labels == label).flatten()
        aside[rows[torch.randperm(len(rows), generator=rng)[:VALIDATION_A_CLASS]]] = True
    return (images[~aside], labels[~aside]), (images[aside], labels[aside])


class Choosing:
    """Trains a classifier for each choice, and tells how many of the split-off images it takes for what they are."""

    def __init__(self, model: Explorable, data_dir: Path) -> None:
        data = FashionMnist().load(model.shape.size, data_dir, lambda *_: None)
        assert data.labels is not None
        self._model, self._classes = model, len(data.classes)
        self._real, self._validation = split_off(data.images, data.labels)

    def accuracies(self, choices: tuple[Choice, ...]) -> Iterator[tuple[Choice, dict[str, Any]]]:
        """Of each choice: {accuracy, kept, drawn}; those of a spread share one pool."""
        for spread in dict.fromkeys(choice.spread for choice in choices):
            pool = self._pool(spread)
            for choice in choices:
                if choice.spread == spread:
                    yield choice, self._try(choice, *pool)

    @property
    def real_accuracy(self) -> float:
        """Of the classifier that filters go by, which learned from real images."""
        return self._accuracy(self._judge)

    @cached_property
    def _judge(self) -> classifier.SmallCnn:
        return self._train(self._real, REAL_STEPS)

    def _pool(self, spread: float) -> tuple[Images, Tensor, Tensor]:
        """((images, labels), their confidence in their class, their distance to the nearest real one of it)."""
        sampler = ClassSampler(self._model.generator, self._model.config.latent, self._model.images, spread=spread)
        images, sure, far = [], [], []
        for label in range(self._classes):
            rng = stream_generator(SEED, f"candidates {label}", torch.device("cpu"))
            made = sampler.draw(label, POOL, rng)
            features, probabilities = classifier.look(self._judge, made)
            images.append(made)
            sure.append(probabilities[:, label])
            far.append(nearest_distances(features, self._real_features(label)))
        labels = torch.arange(self._classes).repeat_interleave(POOL)
        return (torch.cat(images), labels), torch.cat(sure), torch.cat(far)

    def _real_features(self, label: int) -> Tensor:
        return classifier.look(self._judge, self._real[0][self._real[1] == label])[0]

    def _try(self, choice: Choice, pool: Images, sure: Tensor, far: Tensor) -> dict[str, Any]:
        rule, rows = Filter(choice.least_confidence, choice.keep_nearest), []
        for label in range(self._classes):
            of_class = torch.nonzero(pool[1] == label).flatten()
            rows.append(of_class[chosen(sure[of_class], far[of_class], rule)])
        used = torch.cat(rows)
        net = self._train((pool[0][used], pool[1][used]), STEPS)
        return {**asdict(choice), "accuracy": self._accuracy(net), "kept": len(used), "drawn": len(pool[1])}

    def _train(self, images: Images, steps: int) -> classifier.SmallCnn:
        plan = classifier.Plan(steps, classic=False, flips=False)
        return classifier.train(*images, self._classes, plan, SEED, lambda *_: None)

    def _accuracy(self, net: classifier.SmallCnn) -> float:
        return classifier.accuracy(classifier.confusion(net, *self._validation, self._classes))


def best(found: list[dict[str, Any]]) -> Choice:
    """Of what `accuracies` gave; of equal ones the first."""
    first = max(found, key=lambda one: float(one["accuracy"]))
    return Choice(first["spread"], first["least_confidence"], first["keep_nearest"])


def told(found: dict[str, Any]) -> str:
    """Markdown: a row for each choice."""
    lines = ["| spread | least confidence | nearest kept | images that passed | accuracy |", "|---|---|---|---|---|"]
    for one in found["choices"]:
        passed = f"{one['kept']:,} of {one['drawn']:,}"
        accuracy = f"{100 * one['accuracy']:.2f}"
        lines.append(
            f"| {one['spread']:g} | {one['least_confidence']:g} | {one['keep_nearest']:g} | {passed} | {accuracy} |"
        )
    return "\n".join(lines)

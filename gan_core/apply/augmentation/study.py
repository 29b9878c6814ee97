"""What one seed does: its real images, its GAN, a classifier for each way; a piece is kept for a job that stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from gan_core.apply.augmentation import classifier
from gan_core.apply.augmentation.classic import flips_suit
from gan_core.apply.augmentation.files import write_images, write_sheet
from gan_core.apply.augmentation.filters import Filter, chosen, nearest_distances
from gan_core.apply.augmentation.gan import (
    ClassSampler,
    gan_config,
    sampling_stream,
    suggested_augmentation,
    train_gan,
)
from gan_core.apply.augmentation.lender import check_fit, check_lender
from gan_core.apply.augmentation.split import Split, split
from gan_core.apply.augmentation.ways import Way, plan, read_names, read_ratios
from gan_core.apply.base import Workplace
from gan_core.config.files import atomic_path
from gan_core.data.base import DataUnavailable, ImageSet, datasets
from gan_core.latent.model import Explorable

if TYPE_CHECKING:
    from gan_core.apply.augmentation.task import Augment

GAN_UNITS = 0.06  # a GAN's image, in a classifier's steps: for the bar alone
MOST_ROUNDS = 20  # of candidates that a filter is given

Images = tuple[Tensor, Tensor]
"""uint8 [N, C, size, size] and their labels int64 [N]."""


@dataclass(frozen=True)
class SeedResult:
    """confusions: of each way's name, rows the true class. gan: images it was shown, and seconds; {} of a run.

    filtered: how many candidates were drawn, and passed; {} without a filter.
    """

    seed: int
    confusions: dict[str, list[list[int]]]
    gan: dict[str, float]
    filtered: dict[str, int]


class Study:
    """All that the seeds share: what was asked for, the data, what is held out, and how far it has come."""

    def __init__(self, asked: Augment, place: Workplace) -> None:
        """Raises ValueError in one sentence where the input is not what it has to be."""
        self.asked, self.place = asked, place
        self.rule = Filter(asked.least_confidence, asked.keep_nearest)
        self.ways = plan(read_names(asked.ways), read_ratios(asked.ratio), filtering=self.rule.active)
        self.model: Explorable | None = None
        if asked.run:
            self.model = place.model(asked.run)
            check_lender(self.model, asked.data, place.data_dir)
        self.size = asked.image_size(place.data_dir) if self.model is None else self.model.shape.size
        self.split = self._load()
        digest = self.split.digest()
        if place.part("content", lambda: {"digest": digest})["digest"] != digest:
            raise ValueError("The images have changed since this job began; delete it, and start another.")
        if self.model is not None:
            check_fit(self.model, self.split)
        count = asked.per_class * len(self.split.classes)
        suggested = suggested_augmentation(count)
        self.augmentation = suggested if asked.gan_augmentation == "auto" else asked.gan_augmentation
        flips = {"auto": flips_suit(datasets.name_of(asked.data)), "yes": True, "no": False}
        self.flips = flips[asked.flips]
        self._done = 0.0

    def _load(self) -> Split:
        try:
            tell = partial(self.place.progress, 0.0)
            data = self.asked.data.load(self.size, self.place.data_dir, lambda _, words: tell(words))
        except DataUnavailable as problem:
            raise ValueError(str(problem)) from None
        return split(data, self.asked.held_out, self.asked.seed)

    @property
    def synthesizes(self) -> bool:
        return any(way.ratio for way in self.ways)

    @property
    def trains_gans(self) -> bool:
        return self.synthesizes and self.model is None

    def stretch(self, units: float) -> Callable[[float, str], None]:
        """What tells of a piece of the work of so many classifier's steps, which comes after those before it."""
        asked = self.asked
        one = len(self.ways) * asked.classifier_steps + self.trains_gans * asked.gan_images * GAN_UNITS
        before, share = self._done, units / (one * asked.seeds)
        self._done += share
        return lambda fraction, words: self.place.progress(before + share * fraction, words)

    def seed(self, seed: int) -> SeedResult:
        """Raises Cancelled; ValueError in one sentence."""
        return SeedStudy(self, seed).result()


class SeedStudy:
    """One seed: `real` are the images that it may see."""

    def __init__(self, study: Study, seed: int) -> None:
        self._study, self._seed, self._place = study, seed, study.place
        rows = study.split.rows_for(seed, study.asked.per_class)
        self.real: Images = study.split.images[rows], study.split.labels[rows]
        self._classes = len(study.split.classes)
        self._gan: dict[str, float] = {}
        self._tell: classifier.Tell = lambda *_: None  # of what is under way

    def result(self) -> SeedResult:
        confusions = {}
        for way in self._study.ways:
            if way.ratio and self._study.trains_gans:
                _ = self._sampler  # trained now, so that the bar goes on in order
            confusions[way.name] = self._fit(way)
        if self._study.synthesizes and self._seed == self._study.asked.seed:
            self._place.part("given", self._give_away)
        drawn = self._place.part(f"filter-{self._seed}", dict) if self._study.rule.active else {}
        return SeedResult(self._seed, confusions, self._gan, drawn)

    def _give_away(self) -> dict[str, Any]:
        images, labels = self._filtered if self._study.rule.active else self._synthetic
        self._tell(1.0, "writing the synthetic images")
        return {"images": len(images), **write_images(self._place.result, images, labels, self._study.split.classes)}

    def _fit(self, way: Way) -> list[list[int]]:
        self._tell = self._study.stretch(self._study.asked.classifier_steps)

        def make() -> dict[str, Any]:
            began = self._place.clock()
            held, labels = self._study.split.held_out, self._study.split.held_out_labels
            net = self._classifier(way)
            matrix = classifier.confusion(net, held, labels, self._classes)
            return {"confusion": matrix, "seconds": round(self._place.clock() - began, 3)}

        name = "".join(letter if letter.isalnum() else "-" for letter in way.name)
        found: list[list[int]] = self._place.part(f"fit-{self._seed}-{name}", make)["confusion"]
        return found

    def _classifier(self, way: Way) -> classifier.SmallCnn:
        if way.base == "real":
            return self._real_net
        return self._train(self._training_set(way), way.classic, f"seed {self._seed}: {way.label.lower()}")

    def _train(self, images: Images, classic: bool, words: str) -> classifier.SmallCnn:
        steps = classifier.Plan(self._study.asked.classifier_steps, classic, self._study.flips)
        return classifier.train(
            *images, self._classes, steps, self._seed, lambda fraction, _: self._tell(fraction, words)
        )

    def _training_set(self, way: Way) -> Images:
        parts = [self.real] if way.real else []
        if way.ratio:
            images, labels = self._filtered if way.filtered else self._synthetic
            wanted = round(way.ratio * self._study.asked.per_class)
            rows = torch.cat([torch.nonzero(labels == k).flatten()[:wanted] for k in range(self._classes)])
            parts.append((images[rows], labels[rows]))
        return torch.cat([images for images, _ in parts]), torch.cat([labels for _, labels in parts])

    # --- the classifier of real images, which filters go by

    @cached_property
    def _real_net(self) -> classifier.SmallCnn:
        path = self._place.parts / f"classifier-{self._seed}.safetensors"
        split = self._study.split
        net = classifier.build(self._study.size, int(split.images.shape[1]), self._classes, self._seed)
        if path.is_file():
            try:
                net.load_state_dict(load_file(path))
                return net.eval().requires_grad_(False)
            except (ValueError, RuntimeError, OSError):  # damaged: it is trained again, to the same weights
                pass
        net = self._train(self.real, False, f"seed {self._seed}: real images")
        with atomic_path(path) as temporary:
            save_file({key: value.contiguous() for key, value in net.state_dict().items()}, temporary)
        return net

    # --- synthetic images

    @cached_property
    def _sampler(self) -> ClassSampler:
        study = self._study
        if study.model is not None:
            model = study.model
            return ClassSampler(model.generator, model.config.latent, model.images, spread=study.asked.spread)
        images, labels = self.real
        alone = ImageSet(images, labels, study.split.classes, images[:0], labels[:0])
        config = gan_config(study.asked.data, study.size, self._seed, study.asked.gan_images, study.augmentation)
        tell = study.stretch(study.asked.gan_images * GAN_UNITS)
        name = f"GAN of seed {self._seed}"
        sampler = train_gan(self._place, config, alone, name, study.asked.seconds, tell)
        self._gan = {"images": sampler.images, "seconds": sampler.seconds}
        return replace(sampler, spread=study.asked.spread)

    @cached_property
    def _synthetic(self) -> Images:
        """The most that any way takes, class by class; fewer of them are the first of these."""
        images = [self._draw(k, self._wanted, filtered=False) for k in range(self._classes)]
        write_sheet(self._place.result / f"samples-seed-{self._seed}.png", images)
        return self._labelled(images)

    @property
    def _wanted(self) -> int:
        return round(max(way.ratio for way in self._study.ways) * self._study.asked.per_class)

    def _labelled(self, images: list[Tensor]) -> Images:
        counts = torch.tensor([len(of_class) for of_class in images])
        return torch.cat(images), torch.arange(self._classes).repeat_interleave(counts)

    def _draw(self, label: int, count: int, *, filtered: bool) -> Tensor:
        self._tell(0.0, f"seed {self._seed}: drawing synthetic images")
        return self._sampler.draw(label, count, sampling_stream(self._seed, label, filtered))

    @cached_property
    def _filtered(self) -> Images:
        """As many that pass the filter, as far as there are."""
        drawn = passed = 0
        kept = []
        for label in range(self._classes):
            images, seen = self._pass(label)
            drawn, passed = drawn + seen, passed + len(images)
            kept.append(images[: self._wanted])
        self._place.part(f"filter-{self._seed}", lambda: {"drawn": drawn, "passed": passed})
        return self._labelled(kept)

    def _pass(self, label: int) -> tuple[Tensor, int]:
        """Images of a class that pass, and how many candidates that took."""
        rule, count = self._study.rule, self._study.rule.candidates(self._wanted)
        rng = sampling_stream(self._seed, label, filtered=True)
        real = classifier.look(self._real_net, self.real[0][self.real[1] == label])[0]
        kept: list[Tensor] = []
        drawn = 0
        while sum(map(len, kept)) < self._wanted and drawn < MOST_ROUNDS * count:
            self._tell(0.0, f"seed {self._seed}: choosing synthetic images")
            images = self._sampler.draw(label, count, rng)
            features, probabilities = classifier.look(self._real_net, images)
            drawn += count
            kept.append(images[chosen(probabilities[:, label], nearest_distances(features, real), rule)])
        if not any(map(len, kept)):
            name = self._study.split.classes[label]
            raise ValueError(
                f'Of {drawn:,} synthetic images of "{name}" none passes the filter; ask for less confidence, or let '
                "the GAN see more images."
            )
        return torch.cat(kept), drawn

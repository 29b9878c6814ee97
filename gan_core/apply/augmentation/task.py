"""The task `augment`: what is asked for, and why it cannot begin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_core.apply.augmentation.ways import read_names, read_ratios
from gan_core.apply.base import Task, Workplace, tasks
from gan_core.config.fields import choice, integer, number, one_of, text
from gan_core.data import FashionMnist, OwnImages, datasets
from gan_core.data.base import Dataset

QUICK_SIZE = 32  # for images that come larger: four times as quick as 64


@tasks.register("augment", label="Augmentation", source="Ravuri and Vinyals 2019, arXiv:1905.10887")
@dataclass(frozen=True)
class Augment(Task):
    """Trains the same classifier on real, synthetic and classically augmented images, and says what each gives."""

    data: Dataset = one_of(datasets, FashionMnist, label="Images", help="A set with classes.")
    per_class: int = integer(
        100, low=2, high=100_000, scale="log", unit="images", label="Real images a class",
        help="So many are drawn from each class by the seed; nothing else learns from any others.",
    )  # fmt: skip
    run: str = text(
        "", max_length=120, label="Generator",
        help="A run that learned this set's classes, in place of GANs that are trained for this; empty: trains them.",
    )  # fmt: skip
    ways: str = text(
        "real,synthetic,both,classic,all", max_length=80, label="Ways",
        help="Which training sets are compared: real, synthetic, both, classic, all; real is always one of them.",
    )  # fmt: skip
    ratio: str = text(
        "1", max_length=40, label="Synthetic for each real", help="In both and all; several as in 1,2, up to 10."
    )
    seeds: int = integer(
        3, low=1, high=20, label="Seeds", help="How often it is all done again; one seed has no interval."
    )
    seconds: float = number(
        0.0, low=0.0, high=86_400.0, unit="s", label="Time for a GAN",
        help="Each seed's GAN stops training after so long; 0 lets it see all of its images.",
    )  # fmt: skip
    gan_images: int = integer(
        200_000, low=640, high=100_000_000, scale="log", unit="images", label="Images for a GAN",
        help="How many real images each GAN is shown, repeats counted.",
    )  # fmt: skip
    gan_augmentation: str = choice(
        "auto", ("auto", "none", "diffaugment", "ada"), label="The GAN's augmentation",
        help="auto goes by how many images there are: DiffAugment below 2,000, ADA below 20,000, none above.",
    )  # fmt: skip
    spread: float = number(
        1.0, low=0.1, high=3.0, label="Spread of the latents",
        help="Times what the generator learned with: above 1 rarer images, and worse ones for a filter to take out.",
    )  # fmt: skip
    least_confidence: float = number(
        0.0, low=0.0, high=0.99, label="Least confidence",
        help="Also try only synthetic images that a classifier of the real ones takes for their class by so much.",
    )  # fmt: skip
    keep_nearest: float = number(
        1.0, low=0.1, high=1.0, label="Share kept by nearness",
        help="Also try only this share of the synthetic images: those nearest to a real one of their class.",
    )  # fmt: skip
    classifier_steps: int = integer(
        1_000, low=10, high=100_000, scale="log", unit="steps", label="Classifier's steps",
        help="Of 128 images each, the same for every way.",
    )  # fmt: skip
    flips: str = choice(
        "auto", ("auto", "yes", "no"), label="Mirror images", help="auto: yes, but for sets of letters and digits."
    )
    held_out: str = choice(
        "auto", ("auto", "set", "drawn"), label="Held-out images",
        help="set: those that the set holds out. drawn: a fifth of each class. auto: set, where it has enough.",
    )  # fmt: skip
    size: int = choice(
        0, (0, 28, 32, 64), unit="px", label="Image size", help="0: as the set has it, but at most 32."
    )
    seed: int = integer(1, low=0, high=2**31 - 1, label="First seed", help="Everything random follows from it.")

    def title(self) -> str:
        name = getattr(self.data, "slug", "") or datasets.get(datasets.name_of(self.data)).label
        return f"Augmentation: {name}, {self.per_class:,} a class"

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        info = self.data.info(data_dir)
        if info.problem:
            return [info.problem]
        found = list(self.data.problems())
        for read, asked in ((read_names, self.ways), (read_ratios, self.ratio)):
            try:
                read(asked)
            except ValueError as problem:
                found.append(str(problem))
        label = datasets.get(datasets.name_of(self.data)).label
        if info.native_size == 1:
            found.append(f"{label} is of points in the plane; choose a set of pictures with classes.")
        elif len(info.classes) < 2:
            what = "this set of your images" if isinstance(self.data, OwnImages) else label
            found.append(f"There are no classes to tell apart in {what}; choose a set with at least two.")
        elif self.per_class * len(info.classes) > 2 * info.count:  # what is held out may join them; `split` is exact
            found.append(
                f"{self.per_class:,} images of each of {len(info.classes):,} classes were asked for, and there are "
                f"{info.count:,} in all; ask for at most {max(2, info.count // len(info.classes)):,}."
            )
        if inputs:
            found.append("Augmentation takes no files; bring your images in on the Data page.")
        return found

    def image_size(self, data_dir: Path) -> int:
        """In pixels, where no run decides it."""
        native = self.data.info(data_dir).native_size
        return self.size or (native if native in (28, 32) else QUICK_SIZE)

    def work(self, place: Workplace) -> dict[str, Any]:
        """`ways`: name -> accuracy in [0, 1] as mean, low and high; `verdict`; see `outcome` for the rest."""
        from gan_core.apply.augmentation.outcome import conclude
        from gan_core.apply.augmentation.study import Study

        study = Study(self, place)
        return conclude(study, [study.seed(self.seed + index) for index in range(self.seeds)])

"""Whether a generator that was trained before may be used: only one that has never seen what is held out."""

from __future__ import annotations

from pathlib import Path

from gan_core.apply.augmentation.split import Split
from gan_core.data.base import Dataset, DataUnavailable, datasets
from gan_core.latent.model import Explorable


def check_lender(model: Explorable, data: Dataset, data_dir: Path) -> None:
    """Before the data is read at the generator's size. Raises ValueError in one sentence."""
    if model.id.startswith("file:"):
        raise ValueError(
            f"{model.label} was brought as a file, and nobody can tell which images it has seen; name a run of this "
            "program, or let GANs be trained."
        )
    label = datasets.get(datasets.name_of(data)).label
    learned = datasets.get(datasets.name_of(model.config.data)).label
    if datasets.name_of(model.config.data) != datasets.name_of(data):
        raise ValueError(
            f"{model.label} learned from {learned}, and the images here are {label}; name a run on them."
        )
    if not model.config.conditional or not model.classes:
        raise ValueError(f"{model.label} cannot be asked for a class; name a run that was told the classes.")
    try:
        now = data.content(data_dir)
    except DataUnavailable as problem:
        raise ValueError(str(problem)) from None
    known = model.trained_on
    if known is None and now.pictures:  # one's own pictures: only what was written down tells them apart
        raise ValueError(f"Nobody wrote down which images {model.label} has seen; name a newer run.")
    if known is not None and known.digest != now.digest:
        raise ValueError(
            f"The set has changed since {model.label} learned from it, so that it may have seen what is held out; "
            "train a new run on it."
        )


def check_fit(model: Explorable, split: Split) -> None:
    """Once it is known what is held out. Raises ValueError in one sentence."""
    if not split.own:
        raise ValueError(
            f"{model.label} may have seen the images that are held out, as these are drawn from all of the set; "
            "hold out what the set itself does, or let GANs be trained."
        )
    if model.classes != split.classes:
        raise ValueError(f"{model.label} knows other classes than the images here have; name a run on the same ones.")
    if model.shape.channels != int(split.images.shape[1]):
        raise ValueError(f"{model.label} makes images of other colours than these here; name a run on the same set.")

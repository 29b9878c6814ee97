"""The task of filling a picture: what is asked for, and the order of the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan_core.apply.base import Task, Workplace, tasks
from gan_core.apply.completion.baselines import Baseline, mean_image, nearest_image, smooth
from gan_core.apply.completion.filling import MOST_COUNT, FillOptions, fill
from gan_core.apply.completion.masks import FACTORS, MADE, SIDES, check_mask, made_mask
from gan_core.apply.completion.observation import KnownPixels, LowResolution, Observation
from gan_core.apply.completion.reading import FITS, INVERT, Subject, read_mask, read_subject
from gan_core.apply.completion.results import write_results
from gan_core.config.fields import choice, flag, integer, number, text
from gan_core.data.base import DataUnavailable, ImageSet
from gan_core.latent.model import Explorable
from gan_core.latent.search import SPACES, Moment
from gan_core.latent.survey import class_labels, survey
from gan_core.latent.targets import real_target, training_images
from gan_core.training.batches import to_pixels

PICTURE, MASK = "picture", "mask"
HIDING = ("mask", "transparent", *MADE, "low-resolution")
_DRAWN, _SEARCHED, _COMPARED = 0.1, 0.85, 0.97  # shares of the work, about
_SAMPLES = 16  # whose border says on what ground this generator draws


@tasks.register("fill-picture", label="Fill a picture", source="Yeh et al. 2017, arXiv:1607.07539")
@dataclass(frozen=True)
class FillPicture(Task):
    """Inputs: `picture`, a picture's file, with source "upload"; `mask`, a mask's file, with hiding "mask"."""

    model: str = text("last", max_length=200, label="Generator", help="A run, or a generator that Explore lists.")
    source: str = choice("upload", ("upload", "held-out"), label="Picture", help="A file, or one of the data set's.")
    index: int = integer(0, low=0, high=10_000_000, label="Number", help="Which held-out picture, counted round.")
    hiding: str = choice(
        "mask", HIDING, label="What is missing",
        help="A mask's file; transparent parts of the picture; a half, a box in the middle, random pixels, lines; "
        "or detail: the picture is known at a low resolution only.",
    )  # fmt: skip
    side: str = choice("right", SIDES, label="Half", help="Which half is missing.")
    share: float = number(0.5, low=0.01, high=0.99, label="Share", help="Of the pixels that are missing.")
    factor: int = choice(4, FACTORS, label="Factor", help="How many pixels make one of the low resolution, a side.")
    count: int = integer(6, low=1, high=MOST_COUNT, label="Completions", help="How many different ones are wanted.")
    space: str = choice(
        "auto", ("auto", *SPACES), label="Search in",
        help="z, or the styles of a style-based generator: w, or ws with one for each layer. auto: w where there is.",
    )  # fmt: skip
    label: int = integer(-1, low=-1, high=10_000, label="Class", help="Of a conditional generator; -1 tries all.")
    restarts: int = integer(32, low=1, high=64, label="Restarts", help="Searches that begin at once.")
    iterations: int = integer(120, low=1, high=2_000, label="Iterations", help="Steps of each search.")
    pool: int = integer(1_000, low=64, high=20_000, label="Pool", help="Random samples; the nearest are the starts.")
    realism: float = number(
        0.1, low=0.0, high=10.0, label="Realism",
        help="The weight of the discriminator's opinion beside the fit to what is known.",
    )  # fmt: skip
    prior: float = number(0.2, low=0.0, high=10.0, label="Usual latents", help="How much unusual latents cost.")
    blend: bool = flag(True, label="Blend", help="Poisson blending: no seam at the hole's border.")
    truth: bool = flag(True, label="The truth is known", help="The hidden part of the picture is right, so score it.")
    fit: str = choice("crop", FITS, label="Fit", help="How a picture that is no square becomes one.")
    invert: str = choice("no", INVERT, label="Invert", help="Swap light and dark of an uploaded picture.")
    seed: int = integer(0, low=0, high=2**31 - 1, label="Seed", help="The same seed finds the same.")

    def title(self) -> str:
        what = f"held-out picture {self.index}" if self.source == "held-out" else "a picture"
        return f"Filling {what} with {self.model.removeprefix('asset:')}"

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        found = []
        if self.source == "upload" and PICTURE not in inputs:
            found.append("There is no picture; give one, or choose a held-out picture of the data set.")
        if self.hiding == "mask" and MASK not in inputs:
            found.append("There is no mask; give one, or choose another way to hide a part of the picture.")
        if self.hiding == "transparent" and self.source != "upload":
            found.append("Only a picture of your own can have transparent parts; choose another way to hide some.")
        return found

    def work(self, place: Workplace) -> dict[str, Any]:
        start = place.clock()
        place.progress(0.0, "Opening the generator")
        model = place.model(self.model)
        model.need_pictures()
        data, no_data = _data_of(model, place)
        subject, subject_notes = self._subject(place, model, data, no_data)
        observed, notes = self._observed(place, model, subject)
        filling = fill(model, observed, self.count, self.options(model), _follow(place), _drawing(place))
        place.progress(_SEARCHED, "Comparing with simple ways")
        simple = self._simple(place, observed, data)
        result = write_results(
            place.result, observed, filling, simple, blend=self.blend, wanted=self.count,
            truth=subject.picture if self._truth_is_known() else None, space=self.options(model).space,
            classes=model.classes,
        )  # fmt: skip
        return {
            "model": model.id, "label": model.label, "size": model.shape.size, "hiding": self.hiding,
            "hidden_share": float(observed.hidden.mean()), **result,
            "notes": [*result["notes"], *subject_notes, *notes, *([no_data] if no_data else [])],
            "seconds": round(place.clock() - start, 2),
        }  # fmt: skip

    def options(self, model: Explorable) -> FillOptions:
        space = ("w" if model.has_w else "z") if self.space == "auto" else self.space
        return FillOptions(
            space=space, label=None if self.label < 0 else self.label, restarts=self.restarts,
            iterations=self.iterations, pool=self.pool, realism_weight=self.realism, prior_weight=self.prior,
            seed=self.seed,
        )  # fmt: skip

    def _truth_is_known(self) -> bool:
        return self.source == "held-out" or (self.truth and self.hiding != "transparent")

    def _subject(
        self, place: Workplace, model: Explorable, data: ImageSet | None, no_data: str
    ) -> tuple[Subject, list[str]]:
        if self.source == "upload":
            found = read_subject(
                (place.input / PICTURE).read_bytes(), model.shape, background=background_of(model), fit=self.fit,
                invert=self.invert == "yes",
            )  # fmt: skip
            return found, list(found.notes)
        if data is None:
            raise ValueError(no_data)
        return held_out_subject(model, data, self.index)

    def _observed(self, place: Workplace, model: Explorable, subject: Subject) -> tuple[Observation, list[str]]:
        size, notes = model.shape.size, list[str]()
        if self.hiding == "low-resolution":
            if size % self.factor:
                able = ", ".join(str(each) for each in FACTORS if size % each == 0)
                raise ValueError(f"{size} pixels cannot be divided by {self.factor}; choose one of {able}.")
            return LowResolution(subject.picture, self.factor), notes
        if self.hiding == "mask":
            hidden, notes = read_mask((place.input / MASK).read_bytes(), subject.size, size, self.fit)
        elif self.hiding == "transparent":
            hidden = subject.transparent
            if not hidden.any():
                raise ValueError("The picture has no transparent parts; give a mask, or choose another way to hide.")
        else:
            hidden = made_mask(self.hiding, size, side=self.side, share=self.share, seed=self.seed)
        check_mask(hidden)
        return KnownPixels(subject.picture, hidden), notes

    def _simple(self, place: Workplace, observed: Observation, data: ImageSet | None) -> list[Baseline]:
        found = [smooth(observed)]
        if data is not None:
            own = self.index % len(data.images) if self.source == "held-out" and not len(data.held_out) else None
            told = _told(place)
            found = [mean_image(data, told), nearest_image(observed, data, own, told), *found]
        return found


def held_out_subject(model: Explorable, data: ImageSet, index: int) -> tuple[Subject, list[str]]:
    """A picture of the data set, as it is. Raises ValueError where there is none."""
    picture = real_target(model, data, index)[0].image
    size = model.shape.size
    notes = [] if len(data.held_out) else ["This data set keeps no picture back: the generator has seen this one."]
    return Subject(picture, np.zeros((size, size), bool), tuple(notes), (size, size)), notes


def background_of(model: Explorable) -> str:
    """What the border of this generator's pictures is nearer to: "white" or "black"."""
    images = to_pixels(survey(model, _SAMPLES, 0, class_labels(model, _SAMPLES, None)).images).float()
    border = torch.cat([images[..., 0, :], images[..., -1, :], images[..., 0], images[..., -1]], -1)
    return "white" if float(border.mean()) >= 128.0 else "black"


def _data_of(model: Explorable, place: Workplace) -> tuple[ImageSet | None, str]:
    """What the generator learned from; or why it cannot be compared with that."""
    try:
        return training_images(model, place.data_dir), ""
    except (DataUnavailable, ValueError) as problem:
        return None, f"What this generator learned from is not at hand, for the mean and the nearest image: {problem}"


def _drawing(place: Workplace) -> Callable[[float], None]:
    return lambda share: place.progress(_DRAWN * share, "Drawing random samples to start from")


def _follow(place: Workplace) -> Callable[[Moment], None]:
    def follow(moment: Moment) -> None:
        share = moment.iteration / moment.iterations
        place.progress(_DRAWN + (_SEARCHED - _DRAWN) * share, f"{moment.iteration} of {moment.iterations} iterations")
        left = moment.rmse[np.isfinite(moment.rmse)]
        place.record("off on the known part, grey levels", {
            "step": moment.iteration, "best": float(left.min()), "median": float(np.median(left)),
        })  # fmt: skip

    return follow


def _told(place: Workplace) -> Callable[[float], None]:
    return lambda share: place.progress(_SEARCHED + (_COMPARED - _SEARCHED) * share, "Looking at training images")

"""Films without a clip: an edit whose strength changes over time, and a smooth way between pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan_core.apply.base import Task, Workplace, tasks
from gan_core.apply.clips.carrying import Way, at_strength, solve
from gan_core.apply.clips.strength import Strength, read_strength
from gan_core.apply.completion.reading import read_subject
from gan_core.apply.completion.task import background_of
from gan_core.apply.editing.applying import beginning, check
from gan_core.apply.editing.edits import FROM_FILE, MOST_BYTES, Drag, Factor, Start, stack_from_json, stack_to_json
from gan_core.apply.editing.place import Place, drawn
from gan_core.apply.editing.regions import Picture, encode_region, read_region
from gan_core.apply.editing.starting import PICTURE, begin, source_of
from gan_core.apply.editing.task import EDIT, MASK
from gan_core.config.fields import choice, flag, integer, number, text
from gan_core.config.files import write_atomically
from gan_core.export.film import Film, write_film
from gan_core.latent.looks.vectors import encode_vector
from gan_core.latent.model import Explorable
from gan_core.latent.walks import WAYS, Timeline, Walk

FEWEST, MOST = 2, 50  # pictures
_FOUND = 0.7  # share of the work, once every picture has its latent


@dataclass(frozen=True)
class _FilmTask(Task):
    model: str = text("last", max_length=200, label="Generator", help="A run, or a generator that Explore lists.")
    seconds: float = number(4.0, low=0.1, high=60.0, unit="s", label="Length", help="Of the film.")
    rate: int = integer(25, low=1, high=60, label="Frames a second", help="A GIF has at most 50.")
    size: int = integer(512, low=64, high=1080, unit="px", label="Size", help="Of its longer side.")
    kind: str = choice("mp4", ("mp4", "gif"), label="File", help="MP4 or GIF.")

    def film(self) -> Film:
        """Raises ValueError."""
        return Film(self.kind, self.size, self.rate, self.seconds)

    def _written(self, place: Workplace, pictures: Iterator[Picture], since: float) -> str:
        """The film's name among what is given away; nothing is left of one that was stopped."""

        def told(share: float) -> None:
            place.progress(since + (1.0 - since) * share, "Making the film")

        name = f"film.{self.kind}"
        write_atomically(place.result / name, write_film(self.film(), pictures, told))
        return name

    def _problems(self, check: Callable[[], object]) -> list[str]:
        try:
            self.film()
            check()
        except ValueError as problem:
            return [str(problem)]
        return []


@tasks.register("film-of-edit", label="Film of an edit")
@dataclass(frozen=True)
class FilmOfEdit(_FilmTask):
    """Inputs: `picture`, where the edit begins with one; `mask`, for steps that wait for it."""

    stack: str = text("", max_length=MOST_BYTES, label="Edit", help="The steps, as JSON.")
    strength: str = text("", max_length=2_000, label="Strength over time", help='As "0:0 2:1 4:0", seconds and '
                         "strength; empty: from nothing to all over the film's length.")  # fmt: skip

    def title(self) -> str:
        return f"A film of an edit with {self.model.removeprefix('asset:')}"

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        found = self._problems(lambda: (stack_from_json(self.stack), self.strengths()))
        if found:
            return found
        stack = stack_from_json(self.stack)
        if any(getattr(each, "mask", "") == FROM_FILE for each in stack.edits) and MASK not in inputs:
            found.append("This edit waits for a mask's file; give one with --mask.")
        if stack.start.source == PICTURE and PICTURE not in inputs:
            found.append("This edit begins with a picture, and none was given; give one, or a seed.")
        return found

    def strengths(self) -> Strength:
        """Raises ValueError."""
        return read_strength(self.strength or f"0:0 {self.seconds:g}:1")

    def work(self, place: Workplace) -> dict[str, Any]:
        began = place.clock()
        place.progress(0.0, "Opening the generator")
        model = place.model(self.model)
        stack = stack_from_json(self.stack)
        if (place.input / MASK).is_file():
            region = read_region((place.input / MASK).read_bytes(), model.shape.size)
            stack = stack.with_mask(encode_region(region))
        stack = replace(stack, size=stack.size or model.shape.size, model=model.id)
        check(model, stack)
        brought, start = None, stack.start
        if (place.input / PICTURE).is_file():
            content = (place.input / PICTURE).read_bytes()
            brought = read_subject(content, model.shape, background=background_of(model)).picture
            start = replace(start, source=PICTURE)

        def told(share: float, words: str) -> None:
            place.progress(0.4 * share, words)

        first = begin(model, start, brought, told)
        state, strength = beginning(first), self.strengths()

        def solved() -> dict[str, Any]:
            ways, end = solve(model, state, stack.edits, {}, lambda _, words: place.progress(0.4, words), brought)
            return {"ways": {str(i): way.to_json() for i, way in ways.items()}, "words": list(end.words)}

        part: dict[str, Any] = {"ways": {}, "words": list(first.words)}
        if any(each.on and isinstance(each, Drag | Factor) for each in stack.edits):
            part = place.part("ways", solved)
        ways = {int(i): Way.from_json(each) for i, each in part["ways"].items()}
        rate = self.rate

        def pictures() -> Iterator[Picture]:
            for i in range(self.film().frame_count):
                share = strength.at(i / rate)
                yield at_strength(model, state, stack.edits, share, ways, brought).picture

        name = self._written(place, pictures(), 0.5)
        write_atomically(place.result / EDIT, stack_to_json(stack).encode())
        return {
            "model": model.id, "label": model.label, "file": name, "edit": EDIT, "frames": self.film().frame_count,
            "rate": rate, "error": first.error, "words": part["words"],
            "seconds": round(place.clock() - began, 2),
        }  # fmt: skip


@tasks.register("film-of-pictures", label="Film between pictures")
@dataclass(frozen=True)
class FilmOfPictures(_FilmTask):
    """Inputs: 2 to 50 pictures; the film goes through them in the order of their names."""

    way: str = choice(
        "spline", WAYS, label="Way", help="spline: smooth through all; slerp, lerp: from one to the next."
    )
    loop: bool = flag(False, label="Round", help="At the end the film goes back to its first picture.")
    search: str = choice("auto", ("auto", "z", "w", "ws"), label="Search in", help="Where pictures are looked for.")
    iterations: int = integer(200, low=1, high=2_000, label="Iterations", help="Of the search for each picture.")
    restarts: int = integer(16, low=1, high=64, label="Restarts", help="Searches for each that begin at once.")
    seed: int = integer(0, low=0, high=2**31 - 1, label="Seed", help="Of the search.")

    def title(self) -> str:
        return f"A film between pictures with {self.model.removeprefix('asset:')}"

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        found = self._problems(lambda: None)
        if not FEWEST <= len(inputs) <= MOST:
            found.append(f"There are {len(inputs)} pictures; give {FEWEST} to {MOST}.")
        return found

    def work(self, place: Workplace) -> dict[str, Any]:
        began = place.clock()
        place.progress(0.0, "Opening the generator")
        model = place.model(self.model)
        model.need_pictures()
        names = sorted(path.name for path in place.input.iterdir())
        found = [self._found(place, model, name, i, len(names)) for i, name in enumerate(names)]
        places = [begin(model, Start(source=each["source"], label=each["label"])).place for each in found]
        whole = [each for each in places if each is not None]
        name = self._written(place, self._between(whole), _FOUND)
        return {
            "model": model.id, "label": model.label, "file": name, "frames": self.film().frame_count,
            "rate": self.rate, "pictures": [{"name": n, "error": each["error"], "words": each["words"]}
                                            for n, each in zip(names, found, strict=True)],
            "seconds": round(place.clock() - began, 2),
        }  # fmt: skip

    def _found(self, place: Workplace, model: Explorable, name: str, index: int, count: int) -> dict[str, Any]:
        """One picture's latent, as it was found before a stop."""

        def told(share: float, words: str) -> None:
            place.progress(_FOUND * (index + share) / count, f"Picture {index + 1} of {count}: {words.lower()}")

        def make() -> dict[str, Any]:
            content = (place.input / name).read_bytes()
            try:
                subject = read_subject(content, model.shape, background=background_of(model))
            except ValueError as problem:
                raise ValueError(f"Picture {index + 1} of {count}: {problem}") from None
            start = Start(source=PICTURE, space=self.search, iterations=self.iterations, restarts=self.restarts,
                          seed=self.seed)  # fmt: skip
            first = begin(model, start, subject.picture, told)
            at = first.place
            assert at is not None  # of a picture that was looked for
            source = source_of(at) if at.z is None else f"z:{encode_vector(at.z.numpy())}"
            label = -1 if at.weights is None else int(at.weights.argmax())
            return {"source": source, "label": label, "error": first.error, "words": [*subject.notes, *first.words]}

        return place.part(f"picture-{index:04}", make)

    def _between(self, places: list[Place]) -> Iterator[Picture]:
        """Every frame; at its own time each picture is drawn by its very latent."""
        steps = len(places) if self.loop else len(places) - 1
        timeline = Timeline((self.seconds / steps,) * len(places), ("linear",) * len(places), self.loop)
        shape = places[0].point.shape
        points = Walk(torch.stack([each.point.flatten() for each in places]).numpy(), timeline, self.way)
        norms = Walk(np.linalg.norm(points.values, axis=1)[:, None], timeline, "lerp")
        weights = None
        if places[0].weights is not None:
            weights = Walk(torch.stack([each.weights for each in places if each.weights is not None]).numpy(),
                           timeline, "lerp")  # fmt: skip
        count = self.film().frame_count
        for i in range(count):
            at = i * self.seconds / (count if self.loop else max(1, count - 1))
            point = points.at(at)
            if (
                places[0].styles is None and self.way == "spline"
            ):  # a Gaussian latent's norm is about the same everywhere
                point = point * (norms.at(at)[0] / max(float(np.linalg.norm(point)), 1e-12))
            here = places[0].at(torch.from_numpy(point.astype(np.float32)).view(shape))
            if weights is not None:
                here = replace(here, weights=torch.from_numpy(weights.at(at).astype(np.float32)))
            yield drawn(here)

"""The task of editing pictures: one from a seed, or one that is brought, or up to a thousand by the same steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from gan_core.apply.base import Task, Workplace, tasks
from gan_core.apply.completion.reading import read_subject
from gan_core.apply.completion.results import png
from gan_core.apply.completion.task import background_of
from gan_core.apply.editing.applying import Moment, State, check, steps
from gan_core.apply.editing.dragging import RADIUS
from gan_core.apply.editing.edits import (
    FROM_FILE,
    MOST_BYTES,
    Drag,
    Edit,
    Stack,
    Start,
    read_points,
    stack_from_json,
    stack_to_json,
)
from gan_core.apply.editing.features import Sight
from gan_core.apply.editing.latents import latents_of
from gan_core.apply.editing.reachable import SIDES, chart, reachable
from gan_core.apply.editing.regions import Picture, encode_region, read_region
from gan_core.apply.editing.starting import PICTURE, Told
from gan_core.config.codec import ConfigError
from gan_core.config.fields import flag, text
from gan_core.config.files import write_atomically
from gan_core.latent.model import Explorable

MASK, EDIT = "mask", "edit.json"
MOST_PICTURES = 1_000


@tasks.register("edit-pictures", label="Edit pictures", source="Pan et al. 2023, arXiv:2305.10973")
@dataclass(frozen=True)
class EditPictures(Task):
    """Inputs: `mask`, a mask's file, for steps that wait for it; any other: a picture that the steps are applied to,
    each by itself. Without one the stack's own start is edited."""

    model: str = text("last", max_length=200, label="Generator", help="A run, or a generator that Explore lists.")
    stack: str = text("", max_length=MOST_BYTES, label="Edit", help="The steps, as JSON.")
    reachable: bool = flag(
        False, label="Reachable places", help="How far each handle of a drag can go to eight sides."
    )

    def title(self) -> str:
        return f"Editing pictures with {self.model.removeprefix('asset:')}"

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        try:
            stack = stack_from_json(self.stack)
        except ValueError as problem:
            return [str(problem)]
        found, pictures = [], _pictures(inputs)
        waits = any(each.on and getattr(each, "mask", "") == FROM_FILE for each in stack.edits)
        if waits and MASK not in inputs:
            found.append("This edit waits for a mask's file; give one.")
        if len(pictures) > MOST_PICTURES:
            found.append(f"There are {len(pictures):,} pictures; at most {MOST_PICTURES:,} are edited at once.")
        if len({_stem(name) for name in pictures}) < len(pictures):
            found.append("Two pictures have the same name but for its ending; give each a name of its own.")
        if not pictures and stack.start.source == PICTURE:
            found.append("This edit begins with a picture, and none was given; give one, or a seed.")
        return found

    def work(self, place: Workplace) -> dict[str, Any]:
        place.progress(0.0, "Opening the generator")
        model = place.model(self.model)
        stack = self._whole(place, model)
        check(model, stack)
        write_atomically(place.result / EDIT, stack_to_json(stack).encode())
        names = _pictures(tuple(sorted(path.name for path in place.input.iterdir()))) or ("",)
        done = []
        for i, name in enumerate(names):
            make = partial(_edited, place, model, stack, name, i, len(names), self.reachable)
            done.append(place.part(f"picture-{i:04}", make))
        failed = [one for one in done if one["problem"]]
        if len(failed) == len(done):
            raise ValueError(failed[0]["problem"])
        return {"model": model.id, "label": model.label, "size": model.shape.size, "pictures": done,
                "failed": len(failed), "edit": EDIT}  # fmt: skip

    def _whole(self, place: Workplace, model: Explorable) -> Stack:
        """The stack with what the generator and the mask's file add to it."""
        stack = stack_from_json(self.stack)
        if (place.input / MASK).is_file():
            region = read_region((place.input / MASK).read_bytes(), model.shape.size)
            stack = stack.with_mask(encode_region(region))
        return replace(stack, size=stack.size or model.shape.size, model=model.id)


def _pictures(inputs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in inputs if name != MASK)


def _edited(
    place: Workplace, model: Explorable, stack: Stack, name: str, index: int, count: int, reaching: bool
) -> dict[str, Any]:  # fmt: skip
    """One picture; where it cannot be edited, why, in a sentence."""
    began = place.clock()
    told = f" ({index + 1} of {count})" if count > 1 else ""

    def progress(share: float, words: str) -> None:
        place.progress((index + min(1.0, share)) / count, words + told)

    progress(0.0, "Beginning")
    found: dict[str, Any] = {"name": name, "file": "", "problem": "", "error": None, "moved_to": [], "words": []}
    try:
        brought, start, notes = None, None, tuple[str, ...]()
        if name:
            subject = read_subject((place.input / name).read_bytes(), model.shape, background=background_of(model))
            brought, notes, start = subject.picture, subject.notes, _brought(stack.start)
        moment = before = None
        for moment in steps(model, stack, brought, progress, start):
            progress(_share(moment, len(stack.edits)), _words(moment))
            if moment.index < 0:
                found["error"] = moment.error
                found["before"] = _write(place, name, "before", moment.state.picture)
            if reaching and moment.drag is not None and moment.drag.index == 0 and not moment.done:
                assert before is not None  # a drag comes after the beginning
                since = place.clock()
                found |= _reached(place, name, before.state, stack.edits[moment.index], progress)
                began += place.clock() - since  # the seconds are the edit's own
            before = moment if moment.done else before
        assert moment is not None  # there is at least the beginning
        found["file"] = _write(place, name, "", moment.state.picture)
        found["moved_to"] = [[round(x, 2), round(y, 2)] for x, y in moment.state.moved_to]
        found["short"] = [round(far, 2) for far in moment.state.short]
        found["words"] = [*notes, *moment.state.words]
    except ConfigError:
        raise
    except ValueError as problem:
        found["problem"] = str(problem)
    return {**found, "seconds": round(place.clock() - began, 2)}


def _brought(start: Start) -> Start:
    """How a picture is looked for: as the stack says where it begins with one."""
    return replace(start, source=PICTURE)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _write(place: Workplace, name: str, kind: str, picture: Picture) -> str:
    file = "-".join(part for part in (_stem(name) or "edited", kind) if part) + ".png"
    write_atomically(place.result / file, png(picture))
    return file


def _reached(place: Workplace, name: str, state: State, edit: Edit, progress: Told) -> dict[str, Any]:
    """How far each handle of a drag can go from where the drag begins, and the picture that shows it."""
    at, size = state.place, len(state.picture)
    assert at is not None  # else it would not have begun
    assert isinstance(edit, Drag)
    latents, start = latents_of(at)
    sight = Sight(at.model.generator, latents, size)
    found = []
    for x, y, _, _ in read_points(edit.points, size):
        for each in reachable(latents, sight, start, (x, y), edit.radius or RADIUS * size):
            progress(0.5, f"Trying to side {len(each.ends)} of {SIDES}")
        found.append(each)
    said = [
        {"handle": list(each.handle), "ends": each.ends.round(2).tolist(), "reach": each.reach.round(2).tolist()}
        for each in found
    ]
    return {"reachable": said, "reachable_file": _write(place, name, "reachable", chart(state.picture, found))}


def _share(moment: Moment, count: int) -> float:
    return (moment.index + 1) / max(1, count + 1)


def _words(moment: Moment) -> str:
    if moment.drag is not None and not moment.done:
        return f"Dragging: {moment.drag.far:.1f} px left"
    return "Editing"

"""The batch: several pictures by the same steps, one that cannot be read, and a stop after which it goes on."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core.apply import Cancelled, Workplace
from gan_core.apply.editing.applying import steps
from gan_core.apply.editing.edits import FROM_FILE, Copy, Drag, Move, Stack, Start, stack_from_json, stack_to_json
from gan_core.apply.editing.regions import encode_region
from gan_core.apply.editing.task import EDIT, MASK, EditPictures
from gan_core.latent import Explorable

QUICK = Start(source="picture", iterations=4, restarts=1)


def workplace(folder: Path, model: Explorable, inputs: dict[str, bytes], stop_in: str = "never") -> Workplace:
    told = 0

    def progress(share: float, words: str) -> None:
        nonlocal told
        assert 0.0 <= share <= 1.0
        told += stop_in in words
        if told == 3:
            raise Cancelled

    place = Workplace(folder, folder, torch.device("cpu"), progress, lambda series, values: None, lambda name: model)
    for each in (place.input, place.parts, place.result):
        each.mkdir(exist_ok=True, parents=True)
    for name, content in inputs.items():
        (place.input / name).write_bytes(content)
    return place


def png(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def own(count: int) -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    return {f"{i:04}.png": png(rng.integers(0, 256, (32, 32, 3), np.uint8)) for i in range(count)}


def test_each_picture_is_edited_by_itself_and_one_that_is_none_is_said(emoji: Explorable, tmp_path: Path) -> None:
    region = np.zeros((32, 32), np.uint8)
    region[3:9, 4:20] = 255
    task = EditPictures("emoji", stack_to_json(Stack((Copy(source="seed:9", mask=FROM_FILE),), QUICK)))
    inputs = {**own(2), "0002.png": b"no picture", MASK: png(region)}
    assert task.problems(tmp_path, tuple(inputs)) == []
    place = workplace(tmp_path, emoji, inputs)
    found = task.work(place)
    assert [one["file"] for one in found["pictures"]] == ["0000.png", "0001.png", ""]
    assert found["failed"] == 1
    assert found["pictures"][2]["problem"].endswith(".")
    for name in ("0000.png", "0001.png"):
        before, after = (np.asarray(Image.open(folder / name)) for folder in (place.input, place.result))
        np.testing.assert_array_equal(after[region == 0], before[region == 0])
        assert (after[region > 0] != before[region > 0]).any()
    assert all(one["error"] > 0 for one in found["pictures"][:2])
    saved = stack_from_json((place.result / EDIT).read_bytes())
    assert saved.edits == (Copy(source="seed:9", mask=encode_region(region > 0)),)
    assert saved.size == 32


def test_a_batch_that_was_stopped_goes_on_where_it_was(emoji: Explorable, tmp_path: Path) -> None:
    task = EditPictures("emoji", stack_to_json(Stack((Move(along="pca-1"),), QUICK)))
    with pytest.raises(Cancelled):
        task.work(workplace(tmp_path / "stopped", emoji, own(2), stop_in="(2 of 2)"))
    kept = tmp_path / "stopped" / "parts" / "picture-0000.json"
    before = kept.stat().st_mtime_ns
    resumed = task.work(workplace(tmp_path / "stopped", emoji, {}))
    assert kept.stat().st_mtime_ns == before
    whole = task.work(workplace(tmp_path / "whole", emoji, own(2)))
    for one, other in zip(resumed["pictures"], whole["pictures"], strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
        pair = ((tmp_path / name / "result" / one["file"]).read_bytes() for name in ("stopped", "whole"))
        assert next(pair) == next(pair)


def test_without_a_picture_the_start_of_the_stack_is_edited(emoji: Explorable, tmp_path: Path) -> None:
    stack = Stack((Move(along="pca-1", amount=1.5),), Start(source="seed:4"))
    place = workplace(tmp_path, emoji, {})
    found = EditPictures("emoji", stack_to_json(stack)).work(place)
    *_, last = steps(emoji, stack)
    made = np.asarray(Image.open(place.result / found["pictures"][0]["file"]))
    np.testing.assert_array_equal(made, last.state.picture)


def test_what_cannot_begin_is_said_before(tmp_path: Path) -> None:
    waiting = EditPictures("emoji", stack_to_json(Stack((Copy(mask=FROM_FILE),), QUICK)))
    assert [words.split(";")[0] for words in waiting.problems(tmp_path, ())] == [
        "This edit waits for a mask's file", "This edit begins with a picture, and none was given",
    ]  # fmt: skip
    (said,) = waiting.problems(tmp_path, (MASK, *(f"{i}.png" for i in range(1_001))))
    assert "at most 1,000" in said
    (said,) = waiting.problems(tmp_path, (MASK, "a.png", "a.jpg"))
    assert "same name" in said
    assert EditPictures("emoji", "{").problems(tmp_path, ()) == [
        "The edit is not JSON; give a file that `edit --save` wrote."
    ]


def test_one_picture_that_cannot_be_edited_fails(emoji: Explorable, tmp_path: Path) -> None:
    task = EditPictures("emoji", stack_to_json(Stack((Move(along="sideways"),), Start())))
    with pytest.raises(ValueError, match='"sideways" is no direction'):
        task.work(workplace(tmp_path, emoji, {}))


def test_the_reachable_places_of_a_drag_are_told_and_drawn(blob: Explorable, tmp_path: Path) -> None:
    text = stack_to_json(Stack((Drag(points="8,8:10,8", steps=2),), Start(source="z:AAAAAAAAAAAAAAAA")))
    place = workplace(tmp_path / "a", blob, {})
    (one,) = EditPictures("blob", text, reachable=True).work(place)["pictures"]
    (found,) = one["reachable"]
    assert found["handle"] == [8.0, 8.0]
    assert len(found["ends"]) == len(found["reach"]) == 8
    assert min(found["reach"]) > 2.0  # the blob goes anywhere
    drawn = np.asarray(Image.open(place.result / one["reachable_file"]))
    assert drawn.shape == (12 * 16, 12 * 16, 3)
    assert (drawn[8 * 12, 8 * 12] == 255).all()  # the handle
    assert "reachable" not in EditPictures("blob", text).work(workplace(tmp_path / "b", blob, {}))["pictures"][0]

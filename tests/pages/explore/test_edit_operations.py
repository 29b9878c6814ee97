"""What the workshop Edit asks the server, without a browser: held against the engine's own edits."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gan_core.apply.clips.carrying import at_strength, solve
from gan_core.apply.editing.applying import beginning, steps
from gan_core.apply.editing.edits import stack_from_json
from gan_core.apply.editing.regions import encode_region
from gan_core.apply.editing.starting import begin
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from pages.explore.ops import OPERATIONS
from pages.explore.ops import editing as operations
from pages.server.live.operations import Cancelled, OperationContext, Reply

SHAPES = "asset:shapes"
DRAG = {"name": "drag", "points": "14,12:20,12", "steps": 6}
MOVE = {"name": "move", "along": "pca-1", "amount": 1.0}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> ModelCatalog:
    folder: Path = tmp_path_factory.mktemp("catalog")
    manager = RunManager(folder / "runs", folder / "data", device="cpu", threads=1)
    made = ModelCatalog(manager)
    manager.close()
    return made


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    operations._known.clear()


def stack_of(*steps_: dict[str, Any], seed: int = 1, size: int = 32) -> dict[str, Any]:
    start = {"source": f"seed:{seed}"}
    return {"format": "ganscope-edit", "version": 1, "size": size, "start": start, "edits": list(steps_)}


def ask(
    catalog: ModelCatalog, do: str, *blobs: bytes, told: list[dict[str, Any]] | None = None, most: int = 10**6,
    model: str = SHAPES, **asked: Any,
) -> Reply:  # fmt: skip
    """most: how many times it may tell of itself before nobody wants it any more."""
    news = [] if told is None else told

    def tell(fraction: float, words: str, extra: Any, pictures: Any) -> None:
        news.append({"words": words, "pictures": list(pictures), **extra})
        if len(news) >= most:
            raise Cancelled

    asked = {"model": model, **asked}
    return OPERATIONS[do].run(OperationContext(catalog, tell, asked), asked, list(blobs))


def pixels(blob: bytes, size: int = 32) -> np.ndarray:
    return np.frombuffer(blob, np.uint8).reshape(size, size, 4)[..., :3]


def box(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    region = np.zeros((32, 32), bool)
    region[top:bottom, left:right] = True
    return region


def test_a_stack_is_what_the_engine_makes_of_it_and_every_picture_on_the_way_is_sent(catalog: ModelCatalog) -> None:
    stack, told = stack_of(DRAG, {**MOVE, "on": False}, MOVE), list[dict[str, Any]]()
    reply = ask(catalog, "edit", stack=stack, told=told)
    moments = list(steps(catalog.open(SHAPES), stack_from_json(json.dumps(stack))))
    np.testing.assert_array_equal(pixels(reply.blobs[0]), moments[0].state.picture)
    np.testing.assert_array_equal(pixels(reply.blobs[1]), moments[-1].state.picture)
    assert reply.header["moved_to"] == [list(place) for place in moments[-1].state.moved_to]
    assert [len(said) for said in reply.header["said"]] == [1, 0, 0]
    assert reply.header["said"][0] == list(moments[-1].state.words)
    way, dragged = [one for one in told if "handles" in one], [one for one in moments if one.drag is not None]
    assert len(way) == len(dragged) > 2
    for sent, made in zip(way, dragged, strict=True):
        np.testing.assert_array_equal(pixels(sent["pictures"][0]), made.state.picture)
        assert sent["handles"] == made.drag.handles.tolist()  # type: ignore[union-attr]


def test_what_is_known_is_not_done_again_and_another_beginning_is(catalog: ModelCatalog) -> None:
    first = ask(catalog, "edit", stack=stack_of(DRAG))
    told: list[dict[str, Any]] = []
    again = ask(catalog, "edit", stack=stack_of(DRAG, MOVE), told=told)
    assert not [one for one in told if "handles" in one]
    assert again.header["said"][0] == first.header["said"][0]
    ask(catalog, "edit", stack=stack_of(DRAG, seed=2), told=told)
    assert [one for one in told if "handles" in one]


def test_a_drag_that_nobody_waits_for_ends_and_the_next_request_is_whole(catalog: ModelCatalog) -> None:
    whole = ask(catalog, "edit", stack=stack_of(DRAG)).blobs[1]
    operations._known.clear()
    with pytest.raises(Cancelled):
        ask(catalog, "edit", stack=stack_of(DRAG), most=3)
    assert ask(catalog, "edit", stack=stack_of(DRAG)).blobs[1] == whole


def test_a_region_is_repainted_and_nothing_else(catalog: ModelCatalog) -> None:
    region = box(8, 8, 14, 14)
    reply = ask(catalog, "edit", stack=stack_of({"name": "blend", "source": "seed:5", "way": "pixels",
                                                 "mask": encode_region(region)}))  # fmt: skip
    before, after = map(pixels, reply.blobs)
    np.testing.assert_array_equal(before[~region], after[~region])
    other = pixels(ask(catalog, "edit", stack=stack_of(seed=5)).blobs[1])
    np.testing.assert_array_equal(after[region], other[region])


def test_where_a_handle_can_go_is_told_side_by_side(catalog: ModelCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_core.apply.editing.reachable._MOST_STEPS", 2)
    told: list[dict[str, Any]] = []
    reply = ask(catalog, "edit-reach", stack=stack_of(), x=14, y=12, told=told)
    counts = [len(one["ends"]) for one in told if "ends" in one]
    assert counts == list(range(1, 9))
    assert reply.header["handle"] == [14, 12]
    assert all(0 <= v <= 32 for end in reply.header["ends"] for v in end)


def test_the_units_that_stand_out_under_a_mask(catalog: ModelCatalog) -> None:
    layer = ask(catalog, "edit-options").header["layers"][-1]
    region = box(8, 4, 24, 20)
    reply = ask(catalog, "edit-units", stack=stack_of(), mask=encode_region(region), layer=layer["name"], count=64)
    maps = np.frombuffer(
        ask(catalog, "inside-maps", look={"where": {"seed": 1}}, layer=layer["name"]).blobs[0], np.int8
    ).reshape(layer["units"], layer["size"], layer["size"])  # each by its own peak, which no ratio minds
    seen, inside = np.abs(maps.astype(float)), region.astype(float)
    scale = 32 // layer["size"]
    inside = inside.reshape(layer["size"], scale, layer["size"], scale).mean((1, 3))
    means = [(seen * part).sum((1, 2)) / part.sum() for part in (inside, 1 - inside)]
    standing = (means[0] - means[1]) / np.maximum(seen.mean((1, 2)), 1e-9)
    clear = {int(i) for i in np.flatnonzero(standing > 0.05)}
    assert clear
    assert clear <= set(reply.header["units"]) <= {int(i) for i in np.flatnonzero(standing > -0.05)}
    found = standing[reply.header["units"]]
    assert (np.diff(found) < 0.05).all()  # the strongest first, but for the rounding of int8


def test_a_picture_is_brought_looked_for_and_its_error_said(catalog: ModelCatalog) -> None:
    out = io.BytesIO()
    Image.fromarray(pixels(ask(catalog, "edit", stack=stack_of(seed=9)).blobs[1]).copy()).save(out, "PNG")
    brought = ask(catalog, "edit-bring", out.getvalue()).header["brought"]
    stack = {**stack_of(), "start": {"source": "picture", "iterations": 3, "restarts": 2}}
    reply = ask(catalog, "edit", stack=stack, brought=brought)
    assert reply.header["error"] > 0
    assert "of 255 grey levels" in reply.header["began"][-1]
    np.testing.assert_array_equal(pixels(reply.blobs[0]), np.asarray(Image.open(out)))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"stack": None}, "does not say"),
        ({"stack": stack_of(size=64)}, "of 64 x 64 pixels"),
        ({"stack": stack_of({"name": "drag", "points": "1,1:99,1"})}, "outside the picture"),
        ({"stack": stack_of({"name": "repaint"})}, "has no mask"),
        ({"stack": {**stack_of(), "start": {"source": "picture"}}}, "none was given"),
        ({"stack": stack_of(), "brought": "pixels:AAAA"}, "3 bytes"),
        ({"stack": stack_of(), "brought": 7}, "edit-bring"),
    ],
)
def test_what_cannot_be_is_one_sentence(catalog: ModelCatalog, asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as problem:
        ask(catalog, "edit", **asked)
    assert str(problem.value).count("\n") == 0


def test_no_more_states_are_held_than_there_is_room_for(catalog: ModelCatalog) -> None:
    for seed in range(operations.MOST_KNOWN + 5):
        ask(catalog, "edit", stack=stack_of(seed=seed))
    assert len(operations._known) == operations.MOST_KNOWN


def test_a_cameras_picture_gets_the_nearest_back_and_the_next_goes_on_from_it(
    catalog: ModelCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_core.apply.clips.nearest.SECONDS", 60.0)  # as many steps as there may be
    assert ask(catalog, "camera-ready").header == {"size": 32}
    wanted = next(steps(catalog.open(SHAPES), stack_from_json(json.dumps(stack_of(seed=7))))).state.picture
    frame = np.dstack([wanted, np.full((32, 32), 255, np.uint8)]).tobytes()
    answer = ask(catalog, "camera", frame, b"")
    errors, point = [answer.header["error"]], answer.blobs[1]
    for _ in range(4):
        answer = ask(catalog, "camera", frame, point, **{"class": answer.header["class"]})
        errors.append(answer.header["error"])
        point = answer.blobs[1]
    shown = np.frombuffer(answer.blobs[0], np.uint8).reshape(32, 32, 4)[..., :3].astype(float)
    assert np.sqrt(np.mean((shown - wanted) ** 2)) == pytest.approx(errors[-1], abs=0.6)
    assert errors[-1] < 0.7 * errors[0]


@pytest.mark.parametrize("sent", [b"", b"\0" * 7, b"\xff" * 2_048, b"\0" * 10_000])
def test_a_point_that_is_none_is_begun_without(catalog: ModelCatalog, sent: bytes) -> None:
    frame = b"\x20" * (4 * 32 * 32)
    found = ask(catalog, "camera", frame, sent, **{"class": 3})
    assert np.isfinite(np.frombuffer(found.blobs[1], "<f4")).all()
    with pytest.raises(ValueError, match="32 x 32 pixels, four bytes each"):
        ask(catalog, "camera", frame[:-4], sent)


def test_what_is_offered_tells_of_styles(catalog: ModelCatalog) -> None:
    assert ask(catalog, "edit-options").header["style_layers"] == catalog.open(SHAPES).style_layers
    assert ask(catalog, "edit-options", model="asset:fashion").header["style_layers"] == 0


def test_an_edit_at_any_time_is_the_films(catalog: ModelCatalog) -> None:
    stack, told = stack_of(DRAG, MOVE), list[dict[str, Any]]()
    times = [0.0, 0.5, 1.0, 3.0]
    reply = ask(catalog, "edit-strength", stack=stack, told=told, strength="0:0 1:0.5 2:1", times=times)
    assert told, "the search tells how far it is"
    assert (reply.header["columns"], reply.header["size"]) == (4, 32)
    seen = np.frombuffer(reply.blobs[0], np.uint8).reshape(32, 4, 32, 4)[..., :3].transpose(1, 0, 2, 3)
    model = catalog.open(SHAPES)
    state = beginning(begin(model, stack_from_json(json.dumps(stack)).start))
    edits = stack_from_json(json.dumps(stack)).edits
    ways, end = solve(model, state, edits, {})
    for picture, at in zip(seen, (0.0, 0.25, 0.5, 1.0), strict=True):
        np.testing.assert_array_equal(picture, at_strength(model, state, edits, at, ways).picture)
    np.testing.assert_array_equal(seen[0], state.picture)
    np.testing.assert_array_equal(seen[-1], end.picture)
    again: list[dict[str, Any]] = []
    ask(catalog, "edit-strength", stack=stack, told=again, strength="0:0 1:0.5 2:1", times=times)
    assert all(news["words"] == "Drawing the edit" for news in again)  # nothing is searched for twice
    for wrong in ({"times": []}, {"times": [float("nan")]}, {"strength": "0:7"}, {"strength": ""}):
        with pytest.raises(ValueError, match=r"."):
            ask(catalog, "edit-strength", stack=stack, **{"strength": "0:1", "times": [0.0], **wrong})

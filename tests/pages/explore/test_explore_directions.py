"""Directions on the Explore page: found, shown, measured and kept, against single pictures and a real shelf."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from gan_core.latent import check_look, decode_vector, encode_vector, render
from pages.explore.ops.directions import (
    change,
    delete,
    factors,
    find,
    keep,
    marks,
    options,
    rename,
    restore,
    strips,
)
from pages.explore.ops.picture import rgba
from pages.server.live.operations import Cancelled, OperationContext, Reply
from tests.pages.explore.explore_shelf import CONDITIONAL, PLAIN, STYLED, make_shelf
from tests.pictures import assert_same_picture

MODELS = (PLAIN, CONDITIONAL, STYLED)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> OperationContext:
    return OperationContext(make_shelf(tmp_path_factory.mktemp("explore")))


def ask(context: OperationContext, run: Any, model: str = PLAIN, **more: Any) -> Reply:
    return run(context, {"model": model, **more}, [])


def some_direction(context: OperationContext, model: str = PLAIN, seed: int = 0, **more: Any) -> dict[str, Any]:
    opened = context.model(model)
    space = "w" if opened.has_w else "z"
    vector = np.random.default_rng(seed).standard_normal(opened.length(space))
    vector = (vector / np.linalg.norm(vector)).astype(np.float32)
    return {"vector": encode_vector(vector), "space": space, "unit": 1.25, "label": "Sleeves", "layers": None, **more}


def floats(direction: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(direction["vector"]), "<f4")


def test_what_is_offered_fits_the_model(context: OperationContext) -> None:
    plain, styled, conditional = (ask(context, options, model).header for model in (PLAIN, STYLED, CONDITIONAL))
    assert plain["methods"] == ["pca", "sefa", "attribute"]
    assert plain["layers"][0] == "layers.1"
    assert styled["layers"] == []
    groups = {one["group"] for one in plain["attributes"]}
    assert groups == {"Measured in the picture", "The discriminator"}
    assert "The discriminator" not in {one["group"] for one in conditional["attributes"]}  # it came without
    assert plain["strip"] == [-3, -2, -1, 0, 1, 2, 3]
    assert not plain["factors"]


@pytest.mark.parametrize("model", MODELS)
def test_found_directions_travel_whole(context: OperationContext, model: str) -> None:
    told: list[float] = []
    early: list[dict[str, Any]] = []

    def listen(fraction: float, _words: str, extra: Any, _blobs: Any) -> None:
        told.append(fraction)
        early.extend(extra.get("directions", []))

    listening = OperationContext(context.catalog, listen)
    more = {"layers": [0, 2]} if model == STYLED else {}
    found = ask(listening, find, model, method="pca", count=3, **more).header["directions"]
    assert len(found) == 3
    for direction in found:
        vector = decode_vector(direction["vector"], context.model(model).length(direction["space"]))
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
        assert direction["low"] <= 0 <= direction["high"]
        assert direction["layers"] == more.get("layers")
    assert told == sorted(told)
    assert [one["vector"] for one in early] == [one["vector"] for one in found]  # before they are measured
    assert all(one["low"] is None for one in early)


def test_a_search_stops_when_nobody_waits_for_it(context: OperationContext) -> None:
    def stop(fraction: float, *_: Any) -> None:
        if fraction > 0.1:
            raise Cancelled

    with pytest.raises(Cancelled):
        ask(OperationContext(context.catalog, stop), find, method="attribute", attribute="measure-brightness")


@pytest.mark.parametrize("model", MODELS)
def test_a_strip_is_the_pictures_at_minus_three_to_three(context: OperationContext, model: str) -> None:
    directions = [some_direction(context, model, seed) for seed in range(2)]
    if model == STYLED:
        directions[1]["layers"] = [1]
    look = {"where": {"seed": 5}, "psi": 0.8}
    if model == CONDITIONAL:
        look["class"] = [1]
    reply = ask(context, strips, model, look=look, directions=directions)
    assert (reply.header["columns"], reply.header["rows"]) == (7, 2)
    size = reply.header["size"]
    cells = np.frombuffer(reply.blobs[0], np.uint8).reshape(2, size, 7, size, 4).transpose(0, 2, 1, 3, 4)
    opened = context.model(model)
    for direction, row in zip(directions, cells, strict=True):
        moves = [
            {"vector": direction["vector"], "space": direction["space"], "amount": 1.25 * steps,
             "layers": direction["layers"]}
            for steps in range(-3, 4)
        ]  # fmt: skip
        looks = [{**look, "where": {"base": {"seed": 5}, "along": [move]}} for move in moves]
        expected = rgba(render(opened, [check_look(opened, one) for one in looks]))
        assert_same_picture(row, expected)
    assert_same_picture(cells[0, 3], cells[1, 3])  # both begin where one is


def test_changed_directions_are_orthogonal_and_ranged(context: OperationContext) -> None:
    one, other = some_direction(context, seed=1), some_direction(context, seed=2)
    (found,) = ask(context, change, direction=one, others=[other]).header["directions"]
    assert float(floats(found) @ floats(other)) == pytest.approx(0, abs=1e-5)
    assert found["low"] <= 0 <= found["high"]
    (layered,) = ask(
        context, change, STYLED, direction=some_direction(context, STYLED), layers=[2, 0, 2]
    ).header["directions"]  # fmt: skip
    assert layered["layers"] == [0, 2]


def test_marks_make_a_direction(context: OperationContext) -> None:
    seeds = range(10)
    listed = [{"look": {"where": {"seed": seed}}, "yes": seed % 2 == 0} for seed in seeds]
    (found,) = ask(context, marks, marks=listed).header["directions"]
    assert found["method"] == "marks"
    assert found["figures"]["marks"] == 10
    with pytest.raises(ValueError, match="^You marked 1 yes and 5 no; mark at least 2 of each"):
        ask(context, marks, marks=[{**mark, "yes": i == 0} for i, mark in enumerate(listed[:6])])


def test_kept_directions_come_back_are_renamed_deleted_and_restored(context: OperationContext) -> None:
    direction = some_direction(context, low=-2.5, high=4.0, method="pca", figures={"variance": 0.2})
    kept = ask(context, keep, direction=direction, name="Sleeves, longer").header
    (mine,) = [one for one in kept["directions"] if one["key"] == kept["key"]]
    assert mine == {**direction, "key": kept["key"], "label": "Sleeves, longer"}
    again = OperationContext(context.catalog)
    assert ask(again, options).header["directions"] == kept["directions"]
    (stored,) = context.catalog.bookmark_store(PLAIN).directions.all()
    assert (stored.low, stored.high) == (-2.5 * 1.25, 4.0 * 1.25)  # amounts, as a look has them
    renamed = ask(context, rename, key=kept["key"], name="Coats").header["directions"]
    assert renamed[0]["label"] == "Coats"
    assert ask(context, delete, key=kept["key"]).header["directions"] == []
    assert ask(context, restore, key=kept["key"]).header["directions"] == renamed
    assert ask(context, options, STYLED).header["directions"] == []


def test_a_direction_without_a_range_is_kept_without_one(context: OperationContext) -> None:
    kept = ask(context, keep, CONDITIONAL, direction=some_direction(context, CONDITIONAL), name="Mine").header
    assert (kept["directions"][0]["low"], kept["directions"][0]["high"]) == (None, None)


@pytest.mark.parametrize(
    ("run", "more", "words"),
    [
        (find, {"method": "guess"}, 'method is "guess"; it must be one of'),
        (find, {"method": "pca", "count": 999}, '"count"'),
        (find, {"method": "pca", "layers": [0]}, "layers must be null: this generator has no style layers"),
        (find, {"method": "pca", "others": [3]}, r"others\[0\] must be an object"),
        (find, {}, '"method" must be a text'),
        (strips, {"directions": []}, '"directions" must be a list of 1 to'),
        (strips, {"directions": [{"space": "w"}]}, r'directions\[0\].space is "w"; of this model it must be "z"'),
        (strips, {"directions": [{"space": "z", "vector": "AAAA"}]}, r"directions\[0\].vector has 4 characters"),
        (
            keep,
            {"name": "x", "direction": {"space": "z", "vector": "A" * 84 + "AA=="}},
            "The direction has no length",
        ),
        (change, {"direction": None}, "direction must be an object"),
        (marks, {"marks": [{"look": {"where": {"seed": 1}}, "yes": 1}]}, "A mark must be an object"),
        (rename, {"key": "nothing", "name": "x"}, "This direction is not there any more"),
        (factors, {}, "direction must be an object"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    context: OperationContext, run: Any, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=f"^{words}"):
        ask(context, run, look={"where": {"seed": 1}}, **more)


def test_layers_beyond_the_last_are_refused(context: OperationContext) -> None:
    last = context.model(STYLED).style_layers - 1
    for layers in ([last + 1], [-1], [], [True], "all"):
        with pytest.raises(ValueError, match=f"^layers must be null or a list of layers from 0 to {last}"):
            ask(context, find, STYLED, method="pca", layers=layers)


def test_factors_are_known_of_shapes_only(context: OperationContext) -> None:
    with pytest.raises(ValueError, match="^The factors of pictures are known for models trained on Shapes only"):
        ask(context, factors, direction=some_direction(context))

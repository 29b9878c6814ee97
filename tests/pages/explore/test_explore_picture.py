"""What the Explore page asks for of pictures, models and bookmarks, against numpy and the generator itself."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_core.latent import check_look, render, resolve
from gan_core.runs.catalog.model_catalog import ModelCatalog
from pages.explore.ops import OPERATIONS
from pages.explore.ops.picture import spread
from pages.server.live.operations import OperationContext, Reply
from tests.pages.explore.explore_shelf import CONDITIONAL, PLAIN, STYLED, make_shelf
from tests.pictures import assert_same_picture

MODELS = (PLAIN, CONDITIONAL, STYLED)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> ModelCatalog:
    return make_shelf(tmp_path_factory.mktemp("shelf"))


def ask(shelf: ModelCatalog, do: str, model: str = PLAIN, blobs: list[bytes] | None = None, **asked: Any) -> Reply:
    asked = {"model": model, **asked}
    found: Reply = OPERATIONS[do].run(OperationContext(shelf, asked=asked), asked, blobs or [])
    return found


def look_of(where: Any, **rest: Any) -> dict[str, Any]:
    return {"where": where, "class": None, "psi": 1.0, "mix": [], "units": [], **rest}


def pixels(blob: bytes, side: int) -> np.ndarray:
    return np.frombuffer(blob, np.uint8).reshape(-1, side, 4)


@pytest.mark.parametrize("model_id", MODELS)
def test_a_look_gives_its_picture_and_its_latent(shelf: ModelCatalog, model_id: str) -> None:
    model, look = shelf.open(model_id), look_of({"seed": 5}, psi=0.7)
    reply = ask(shelf, "look", model_id, look=look)
    picture, vector, weights = reply.blobs
    (wanted,) = render(model, [check_look(model, look)])
    found = pixels(picture, reply.header["size"])
    assert_same_picture(found[..., :3], np.broadcast_to(wanted, (*wanted.shape[:2], 3)))
    assert (found[..., 3] == 255).all()
    assert len(vector) == 4 * model.length(reply.header["space"])
    assert len(weights) == 4 * len(model.classes)


@pytest.mark.parametrize("model_id", MODELS)
def test_the_latent_that_comes_back_is_the_same_picture_again(shelf: ModelCatalog, model_id: str) -> None:
    where = {"plane": [{"seed": 1}, {"seed": 2}, {"seed": 3}], "at": [0.3, -0.2]}
    first = ask(shelf, "look", model_id, look=look_of(where, psi=0.8))
    explicit = {first.header["space"]: base64.b64encode(first.blobs[1]).decode()}
    again = ask(shelf, "look", model_id, look=look_of(explicit, psi=0.8))
    assert again.blobs[1] == first.blobs[1]
    assert_same_picture(*(pixels(reply.blobs[0], reply.header["size"]) for reply in (again, first)))


def test_many_looks_stand_in_an_atlas_row_by_row(shelf: ModelCatalog) -> None:
    model, looks = shelf.open(CONDITIONAL), [look_of({"seed": i}, **{"class": [i % 3]}) for i in range(7)]
    reply = ask(shelf, "looks", CONDITIONAL, looks=looks, columns=3)
    size = reply.header["size"]
    assert (reply.header["columns"], reply.header["rows"], size) == (3, 3, 28)
    whole = pixels(reply.blobs[0], 3 * size)
    for i, one in enumerate(render(model, [check_look(model, look) for look in looks])):
        cell = whole[i // 3 * size : (i // 3 + 1) * size, i % 3 * size : (i % 3 + 1) * size]
        assert_same_picture(cell[..., :3], one)
    assert not whole[2 * size :, size:].any()  # transparent where there is none


@pytest.mark.parametrize("model_id", MODELS)
def test_neighbours_lie_at_even_steps_along_two_directions_at_right_angles(
    shelf: ModelCatalog, model_id: str
) -> None:
    model, look = shelf.open(model_id), look_of({"seed": 3})
    reply = ask(shelf, "neighbours", model_id, look=look, across=4, spacing=0.5, salt=8)
    cells = np.frombuffer(reply.blobs[1], "<f4").reshape(4, 4, -1).astype(np.float64)
    point = resolve(model, check_look(model, look)).vector
    assert reply.header["middle"] == 2 * 4 + 2
    np.testing.assert_array_equal(cells[2, 2].astype(np.float32), point)
    across, down = np.diff(cells, axis=1), np.diff(cells, axis=0)
    step = 0.5 * spread(model, reply.header["space"])
    np.testing.assert_allclose(np.linalg.norm(across, axis=-1), step, rtol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(down, axis=-1), step, rtol=1e-4)
    np.testing.assert_allclose(across, np.broadcast_to(across[0, 0], across.shape), atol=1e-5)
    assert abs(across[0, 0] @ down[0, 0]) < 1e-4 * step**2
    size = reply.header["size"]
    whole = pixels(reply.blobs[0], 4 * size)
    where = {reply.header["space"]: base64.b64encode(cells[1, 3].astype("<f4").tobytes()).decode()}
    (wanted,) = render(model, [check_look(model, look_of(where))])
    assert_same_picture(whole[size : 2 * size, 3 * size :, :3], np.broadcast_to(wanted, (size, size, 3)))


def test_neighbours_go_where_they_are_told(shelf: ModelCatalog) -> None:
    model = shelf.open(PLAIN)
    units = np.eye(model.dim, dtype="<f4")[:2]
    given = [base64.b64encode(unit.tobytes()).decode() for unit in units]
    reply = ask(shelf, "neighbours", look=look_of({"seed": 3}), across=3, spacing=0.1, directions=given)
    cells = np.frombuffer(reply.blobs[1], "<f4").reshape(3, 3, -1)
    assert (np.diff(cells, axis=1)[..., 1:] == 0).all()
    assert (np.diff(cells, axis=1)[..., 0] > 0).all()
    assert (np.diff(cells, axis=0)[..., 1] > 0).all()


def test_the_spread_of_latents_is_that_of_their_distribution(shelf: ModelCatalog) -> None:
    model = shelf.open(PLAIN)
    assert spread(model, "z") == pytest.approx(model.dim**0.5, rel=0.15)  # the norm of N(0, 1) in so many dimensions


@pytest.mark.parametrize(
    ("do", "asked", "words"),
    [
        ("look", {}, "look"),
        ("look", {"look": {"where": {"seed": -1}}}, "seed"),
        ("look", {"look": look_of({"w": "AAAA"})}, "mapping network"),
        ("look", {"model": "asset:nothing", "look": look_of({"seed": 1})}, "no model"),
        ("look", {"model": "../../etc/passwd", "look": look_of({"seed": 1})}, "no model"),
        ("look", {"step": 1.5, "look": look_of({"seed": 1})}, "whole number"),
        ("looks", {"looks": []}, "1 to 256"),
        ("looks", {"looks": [look_of({"seed": 1})] * 257}, "1 to 256"),
        ("looks", {"looks": [look_of({"seed": 1})], "columns": 0}, "columns"),
        ("neighbours", {"look": look_of({"seed": 1}), "across": 17}, "across"),
        ("neighbours", {"look": look_of({"seed": 1}), "spacing": "far"}, "spacing"),
        ("neighbours", {"look": look_of({"seed": 1}), "directions": ["AAAA", "AAAA"]}, "directions"),
        ("bookmark-add", {"look": look_of({"seed": "x"}), "name": "a"}, "seed"),
        ("bookmark-add", {"look": look_of({"seed": 1}), "name": ""}, "name"),
        ("bookmark-rename", {"key": "000000000000", "name": "a"}, "not there any more"),
        ("bring", {"name": "a.safetensors"}, "one file"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(shelf: ModelCatalog, do: str, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as problem:
        ask(shelf, do, **asked)
    assert str(problem.value).endswith((".", ">"))
    assert "\n" not in str(problem.value)


def test_the_models_are_listed_and_described(shelf: ModelCatalog) -> None:
    listed = ask(shelf, "models").header["models"]
    assert [card["id"] for card in listed[:3]] == list(MODELS)
    card = ask(shelf, "open", STYLED).header["model"]
    model = shelf.open(STYLED)
    assert (card["dim"], card["style_dim"], card["style_layers"]) == (model.dim, model.style_dim, model.style_layers)
    assert card["spaces"] == ("z", "w")
    assert card["spread"]["z"] == pytest.approx(model.dim**0.5, rel=0.15)
    assert card["spread"]["w"] > 0
    assert ask(shelf, "steps", STYLED).header["steps"] == [model.step]


def test_bookmarks_come_and_go_and_come_back(tmp_path: Path) -> None:
    shelf = make_shelf(tmp_path)
    for i in range(3):
        found = ask(shelf, "bookmark-add", name=f"Point {i}", look=look_of({"seed": i})).header["bookmarks"]
    assert [b["name"] for b in found] == ["Point 0", "Point 1", "Point 2"]
    assert [b["look"]["where"]["seed"] for b in found] == [0, 1, 2]
    key = found[1]["id"]
    assert ask(shelf, "bookmark-rename", key=key, name="Middle").header["bookmarks"][1]["name"] == "Middle"
    left = ask(shelf, "bookmark-delete", key=key).header["bookmarks"]
    assert [b["name"] for b in left] == ["Point 0", "Point 2"]
    again = ask(shelf, "bookmark-restore", key=key).header["bookmarks"]
    assert [b["name"] for b in again] == ["Point 0", "Middle", "Point 2"]
    assert ask(shelf, "bookmarks", CONDITIONAL).header["bookmarks"] == []  # each model has its own
    reopened = ModelCatalog(shelf._manager, tmp_path / "assets")
    assert ask(reopened, "bookmarks").header["bookmarks"] == again


def test_a_file_from_elsewhere_can_be_brought(tmp_path: Path) -> None:
    shelf = make_shelf(tmp_path)
    data = (tmp_path / "assets" / "small-plain.safetensors").read_bytes()
    reply = ask(shelf, "bring", blobs=[data], name="mine.safetensors")
    assert reply.header["brought"] in [card["id"] for card in reply.header["models"]]
    look = look_of({"seed": 4})
    mine = ask(shelf, "look", reply.header["brought"], look=look)
    assert mine.blobs[0] == ask(shelf, "look", look=look).blobs[0]
    with pytest.raises(ValueError, match="broken.safetensors"):
        ask(shelf, "bring", blobs=[data[:-1]], name="broken.safetensors")
    without = ask(shelf, "remove", reply.header["brought"])
    assert without.header["models"] == [card for card in reply.header["models"] if card["kind"] != "file"]
    with pytest.raises(ValueError, match="no model"):
        ask(shelf, "look", reply.header["brought"], look=look)
    assert ask(shelf, "bring-back", reply.header["brought"]).header["models"] == reply.header["models"]
    with pytest.raises(ValueError, match="Only a file"):
        ask(shelf, "remove", without.header["models"][0]["id"])

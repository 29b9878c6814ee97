"""What the Explore page is told of a picture brought back, of a map and of the nearest training images."""

from __future__ import annotations

import gc
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gan_core.data import FashionMnist
from gan_core.latent import Explorable, check_look, render
from pages.explore.ops.inversion import invert_picture, target
from pages.explore.ops.maps import latent_map, map_place, nearest
from pages.explore.ops.picture import look
from pages.server.live.operations import Cancelled, OperationContext, Reply
from tests.latent.conftest import small_config, small_model
from tests.pictures import assert_same_picture

QUICK = {"restarts": 4, "iterations": 30}


class OneModel:
    def __init__(self, model: Explorable) -> None:
        self.model = model

    def open(self, _model_id: str, _step: int | None = None) -> Explorable:
        return self.model


class Told(list[tuple[float, str, Mapping[str, Any], Sequence[bytes]]]):
    """Hears how far it is; gives up after so many words."""

    def __init__(self, most: int = 10_000) -> None:
        super().__init__()
        self.most = most

    def __call__(self, *news: Any) -> None:
        if len(self) >= self.most:
            raise Cancelled
        self.append(news)


def context_of(model: Explorable, told: Told | None = None) -> OperationContext:
    return OperationContext(OneModel(model), told) if told is not None else OperationContext(OneModel(model))


@pytest.fixture(scope="module")
def model() -> Explorable:
    """It learned from 500 of the training images."""
    return small_model(replace(small_config(), data=FashionMnist(count=500)))


@pytest.fixture(scope="module")
def conditional() -> Explorable:
    return small_model(small_config(conditional=True), channels=3)


def asked(**more: Any) -> dict[str, Any]:
    return {"model": "m", **more}


def rgba(blob: bytes, size: int = 28) -> np.ndarray:
    return np.frombuffer(blob, np.uint8).reshape(-1, size, size, 4)


def floats(blob: bytes) -> np.ndarray:
    return np.frombuffer(blob, "<f4")


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def of_seed(model: Explorable, seed: int, label: int | None = None) -> np.ndarray:
    seen = {"where": {"seed": seed}, "class": None if label is None else [label]}
    return render(model, [check_look(model, seen)])[0]


def test_an_uploaded_picture_is_found_again(model: Explorable) -> None:
    told, picture = Told(), of_seed(model, 900)
    upload = png(np.repeat(np.repeat(picture[..., 0], 4, 0), 4, 1))
    more = asked(source="upload", invert="no", restarts=8, iterations=60)
    shown = target(context_of(model), more, [upload])
    reply = invert_picture(context_of(model, told), more, [upload])
    json.dumps(reply.header, allow_nan=False)
    fitted = rgba(shown.blobs[0])[0, ..., 0]  # twice resized on the way
    assert np.corrcoef(fitted.reshape(-1), picture.reshape(-1))[0, 1] > 0.95
    assert reply.header["rmse"] < 0.6 * reply.header["nearest"] < reply.header["random"]
    again = look(context_of(model), asked(look={"where": reply.header["where"], "class": None}), [])
    np.testing.assert_allclose(rgba(again.blobs[0]).astype(int), rgba(reply.blobs[0]).astype(int), atol=1)
    curves = floats(reply.blobs[1]).reshape(61, reply.header["restarts"])
    assert curves[60, reply.header["best"]] == pytest.approx(reply.header["rmse"], rel=1e-6)
    moments = [news for news in told if news[3]]
    assert [news[0] for news in moments] == sorted(news[0] for news in moments)
    assert moments[-1][2]["best"] < moments[0][2]["best"]
    assert floats(moments[0][3][1]).shape == (8,)
    assert np.array_equal(rgba(moments[-1][3][0]), rgba(reply.blobs[0]))


def test_a_real_picture_is_a_held_out_one(model: Explorable) -> None:
    data = FashionMnist().load(28, None)  # type: ignore[arg-type]
    reply = target(context_of(model), asked(source="real", index=10_007), [])
    assert np.array_equal(rgba(reply.blobs[0])[0, ..., 0], data.held_out[7, 0].numpy())
    assert data.held_out_labels is not None
    assert reply.header["name"] == data.classes[int(data.held_out_labels[7])]
    assert (reply.header["index"], reply.header["of"], reply.header["held_out"]) == (7, 10_000, True)
    found = invert_picture(context_of(model), asked(source="real", index=7, **QUICK), [])
    assert found.header["rmse"] < found.header["random"]


def test_of_a_conditional_generator_the_class_comes_back(conditional: Explorable) -> None:
    upload = png(of_seed(conditional, 70, 2))
    found = invert_picture(context_of(conditional), asked(source="upload", restarts=6, iterations=40), [upload])
    assert found.header["class"] == [2]
    fixed = invert_picture(context_of(conditional), asked(source="upload", **{"class": 1}, **QUICK), [upload])
    assert fixed.header["class"] == [1]


@pytest.mark.parametrize("space", ["w", "ws"])
def test_a_style_comes_back_as_a_place_of_its_own(space: str) -> None:
    context = context_of(style := small_model(small_config("style"), channels=3))
    found = invert_picture(context, asked(source="upload", space=space, **QUICK), [png(of_seed(style, 70))])
    assert list(found.header["where"]) == [space]
    again = look(context, asked(look={"where": found.header["where"]}), [])
    np.testing.assert_allclose(rgba(again.blobs[0]).astype(int), rgba(found.blobs[0]).astype(int), atol=1)


def test_whoever_leaves_ends_the_search(model: Explorable) -> None:
    told = Told(4)
    with pytest.raises(Cancelled):
        invert_picture(context_of(model, told), asked(source="real", index=1, iterations=2000), [])
    assert len(told) == 4


@pytest.mark.parametrize(("more", "blobs", "words"), [
    ({"source": "upload"}, [b"no picture at all"], "The picture cannot be read: it is not a picture"),
    ({"source": "upload"}, [], "An upload is one picture"),
    ({"source": "web"}, [], '"source" is "web"; it must be upload or real'),
    ({"source": "upload", "invert": "so"}, [png(np.zeros((30, 30), np.uint8))], 'invert is "so"; it must be one of'),
    ({"source": "real", "space": "w"}, [], 'space is "w"; for this generator it must be one of z'),
    ({"source": "real", "iterations": 10**6}, [], '"iterations" .* from 1 to 2'),
    ({"source": "real", "index": -1}, [], '"index" .* from 0 to'),
])  # fmt: skip
def test_what_cannot_be_is_said(model: Explorable, more: dict[str, Any], blobs: list[bytes], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        invert_picture(context_of(model), asked(**more), blobs)


def test_where_the_data_is_another_it_is_said(conditional: Explorable) -> None:
    for reply in (lambda d: target(d, asked(source="real"), []), lambda d: nearest(d, look_at(1, [0]), [])):
        with pytest.raises(ValueError, match="another shape"):
            reply(context_of(conditional))


def look_at(seed: int, label: list[int] | None = None, **more: Any) -> dict[str, Any]:
    return asked(look={"where": {"seed": seed}, "class": label}, **more)


def test_a_map_shows_the_pictures_of_its_seeds(model: Explorable) -> None:
    told = Told()
    reply = latent_map(context_of(model, told), asked(count=60), [])
    positions, seeds = floats(reply.blobs[0]).reshape(60, 2), np.frombuffer(reply.blobs[1], "<f8")
    assert np.abs(positions).max() == pytest.approx(1.0, abs=1e-5)
    cells = atlas_cells(reply, reply.blobs[2])
    assert_same_picture(cells[17, ..., :1], of_seed(model, int(seeds[17])))
    assert reply.header["labels"] is None
    placed = map_place(context_of(model), look_at(int(seeds[17]), count=60), [])
    np.testing.assert_allclose(placed.header["at"], positions[17], atol=1e-3)
    assert map_place(context_of(model), look_at(3, count=61), []).header == {"at": None}  # no such map was made
    before = len(told)
    again = latent_map(context_of(model, told), asked(count=60), [])
    assert again.blobs == reply.blobs
    assert len(told) == before  # it was kept


def atlas_cells(reply: Reply, blob: bytes) -> np.ndarray:
    columns, rows, size = (reply.header[name] for name in ("columns", "rows", "size"))
    whole = np.frombuffer(blob, np.uint8).reshape(rows, size, columns, size, 4)
    return whole.transpose(0, 2, 1, 3, 4).reshape(rows * columns, size, size, 4)


def test_a_map_that_unfolds_can_be_watched_and_left(conditional: Explorable) -> None:
    told = Told()
    more = asked(count=60, method="tsne", features="pixels")
    reply = latent_map(context_of(conditional, told), more, [])
    assert reply.header["labels"] == [0, 1, 2] * 20
    seen = [floats(news[3][0]) for news in told if news[3]]
    assert len(seen) >= 3
    assert np.array_equal(seen[-1], floats(reply.blobs[0]))
    with pytest.raises(Cancelled):
        latent_map(context_of(conditional, Told(3)), {**more, "seed": 5}, [])


def test_the_nearest_training_images(model: Explorable) -> None:
    reply = nearest(context_of(model, told := Told()), look_at(5, count=6), [])
    json.dumps(reply.header, allow_nan=False)
    images = FashionMnist().load(28, None).images[:500, 0].numpy().astype(float)  # type: ignore[arg-type]
    off = np.sqrt(((images - of_seed(model, 5)[..., 0]) ** 2).mean((1, 2)))
    np.testing.assert_allclose(off[reply.header["indices"]], np.sort(off)[:6], rtol=1e-4)
    np.testing.assert_allclose(reply.header["distances"], np.sort(off)[:6], rtol=1e-4)
    cells = atlas_cells(reply, reply.blobs[0])
    np.testing.assert_array_equal(cells[0, ..., 0], images[reply.header["indices"][0]])
    assert (np.diff(floats(reply.blobs[1])) >= 0).all()
    assert len(floats(reply.blobs[2])) == 200
    assert "grey levels" in reply.header["verdict"]
    assert reply.header["names"][0] in FashionMnist().info(None).classes  # type: ignore[arg-type]
    before = len(told)
    nearest(context_of(model, told), look_at(6), [])
    assert len(told) == before  # the training images were read once
    seen = nearest(context_of(model), look_at(5, features="discriminator"), [])
    assert seen.header["unit"] == "in D's features"


def test_larger_pictures_have_small_thumbnails() -> None:
    from pages.explore.ops.maps import _thumbnails

    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)
    small = _thumbnails(images)
    assert small.shape == (3, 32, 32, 3)
    assert abs(float(small[1, 4, 5, 2]) - images[1, 8:10, 10:12, 2].mean()) <= 0.5


def test_what_was_made_is_kept_for_the_newest_few_and_for_open_models_only() -> None:
    from pages.explore.ops.maps import _Kept

    kept, first, second = _Kept(2), small_model(small_config()), small_model(small_config())
    kept.keep(first, "a", 1)
    kept.keep(second, "a", 2)
    assert (kept.get(first, "a"), kept.get(second, "a"), kept.get(first, "b")) == (1, 2, None)
    kept.keep(second, "b", 3)
    assert (kept.get(first, "a"), kept.get(second, "a"), kept.get(second, "b")) == (None, 2, 3)
    del second
    gc.collect()
    kept.keep(first, "c", 4)
    assert len(kept._made) == 1

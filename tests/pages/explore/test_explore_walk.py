"""A path played and filmed, and styles mixed, against single pictures of the same points."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from gan_core.latent import Explorable
from pages.explore.ops.mix import gram, mix_matrix, mixed_point
from pages.explore.ops.picture import look
from pages.explore.ops.walk import film, walk_frames
from pages.server.live.operations import Cancelled, OperationContext, Reply
from tests.latent.conftest import small_config, small_model
from tests.pictures import mean_colour

ONE_BY_ONE = {
    "model": "m", "sources": [{"where": {"seed": 1}}], "destinations": [{"where": {"seed": 2}}], "layers": [0],
}  # fmt: skip


class OneModel:
    """A shelf with one model, whatever is asked for."""

    def __init__(self, model: Explorable) -> None:
        self._model = model

    def open(self, _model_id: str, _step: int | None = None) -> Explorable:
        return self._model


@pytest.fixture(scope="module")
def plain() -> OperationContext:
    return OperationContext(OneModel(small_model(small_config())))


@pytest.fixture(scope="module")
def styled() -> OperationContext:
    return OperationContext(OneModel(small_model(small_config("style"), channels=3)))


def path(*seeds: int, seconds: float = 1.0, **more: Any) -> dict[str, Any]:
    keys = [{"where": {"seed": seed}, "seconds": seconds, "easing": "linear"} for seed in seeds]
    return {"where": {"path": {"keys": keys, "loop": False, "way": "lerp", "space": "z", **more}, "at": 0}}


def picture(context: OperationContext, seen: dict[str, Any]) -> np.ndarray:
    reply = look(context, {"model": "m", "look": seen}, [])
    size = reply.header["size"]
    return np.frombuffer(reply.blobs[0], np.uint8).reshape(size, size, 4)


def cells(reply: Reply) -> np.ndarray:
    """[rows * columns, size, size, 4]"""
    columns, rows, size = (reply.header[name] for name in ("columns", "rows", "size"))
    whole = np.frombuffer(reply.blobs[0], np.uint8).reshape(rows, size, columns, size, 4)
    return whole.transpose(0, 2, 1, 3, 4).reshape(rows * columns, size, size, 4)


def halves(context: OperationContext, first: int, second: int) -> np.ndarray:
    return picture(context, {"where": {"sum": [[0.5, {"seed": first}], [0.5, {"seed": second}]]}})


def close(one: np.ndarray, other: np.ndarray) -> None:
    """The same up to a rounding: in batches of another size sums are added up in another order."""
    np.testing.assert_allclose(one.astype(int), other.astype(int), atol=1)


def test_frames_are_those_of_the_path_at_their_times(plain: OperationContext) -> None:
    asked = {"model": "m", "look": path(1, 2, 3), "fps": 10, "from": 5, "count": 11}
    reply = walk_frames(plain, asked, [])
    assert {k: reply.header[k] for k in ("from", "count", "frames")} == {"from": 5, "count": 11, "frames": 20}
    frames = cells(reply)
    close(frames[0], halves(plain, 1, 2))  # half a second in
    close(frames[5], picture(plain, {"where": {"seed": 2}}))  # at one second the second key
    close(frames[10], halves(plain, 2, 3))
    assert (frames[11:] == 0).all()  # cells left over are transparent


def test_the_last_frames_of_a_path_are_fewer_and_a_single_key_has_one(plain: OperationContext) -> None:
    reply = walk_frames(plain, {"model": "m", "look": path(1, 2), "from": 25, "count": 15}, [])
    assert (reply.header["count"], reply.header["frames"]) == (5, 30)
    alone = walk_frames(plain, {"model": "m", "look": path(4)}, [])
    assert (alone.header["count"], alone.header["frames"]) == (1, 1)
    close(cells(alone)[0], picture(plain, {"where": {"seed": 4}}))


def test_moments_of_a_path_stand_side_by_side(plain: OperationContext) -> None:
    reply = walk_frames(plain, {"model": "m", "look": path(1, 2), "times": [0.5, 0, 1.0, 99]}, [])
    assert (reply.header["columns"], reply.header["rows"]) == (4, 1)
    shown = cells(reply)
    close(shown[0], halves(plain, 1, 2))
    close(shown[1], picture(plain, {"where": {"seed": 1}}))
    for after in shown[2:]:
        close(after, picture(plain, {"where": {"seed": 2}}))
    for wrong in ([], ["soon"], [True], [float("nan")], "now", [0] * 129):
        with pytest.raises(ValueError, match='"times" must be a list of 1 to 128 numbers'):
            walk_frames(plain, {"model": "m", "look": path(1, 2), "times": wrong}, [])


def test_truncation_and_mixing_of_the_look_hold_along_its_path(styled: OperationContext) -> None:
    mix = [{"where": {"seed": 9}, "layers": [0, 1]}]
    frames = cells(walk_frames(styled, {"model": "m", "look": path(1, 2) | {"psi": 0.4, "mix": mix}, "count": 1}, []))
    close(frames[0], picture(styled, {"where": {"seed": 1}, "psi": 0.4, "mix": mix}))
    assert np.abs(frames[0].astype(int) - picture(styled, {"where": {"seed": 1}})).max() > 1


def test_a_gif_of_a_path_shows_both_ends_and_the_way_between(plain: OperationContext) -> None:
    told: list[tuple[float, str]] = []
    context = OperationContext(plain.catalog, lambda part, words, *_: told.append((part, words)))
    asked = {"model": "m", "look": path(1, 2), "kind": "gif", "fps": 10, "size": 64, "seconds": 2.1}
    reply = film(context, asked, [])
    assert (reply.header["mime"], reply.header["frames"], reply.header["bytes"]) == (
        "image/gif",
        21,
        len(reply.blobs[0]),
    )
    with Image.open(io.BytesIO(reply.blobs[0])) as gif:
        frames = [np.asarray(frame.convert("RGB"))[::2, ::2] for frame in ImageSequence.Iterator(gif)]
    assert len(frames) == 21
    close(frames[0], picture(plain, {"where": {"seed": 1}})[..., :3])
    close(frames[10], halves(plain, 1, 2)[..., :3])  # 21 frames: the eleventh is in the middle
    close(frames[20], picture(plain, {"where": {"seed": 2}})[..., :3])
    assert told[-1] == (1.0, "21 of 21 frames")
    assert len(told) == 21


def test_a_loops_film_ends_one_frame_before_its_start(plain: OperationContext) -> None:
    asked = {"model": "m", "look": path(1, 2, loop=True), "kind": "gif", "fps": 4, "size": 64, "seconds": 2}
    with Image.open(io.BytesIO(film(plain, asked, []).blobs[0])) as gif:
        frames = [np.asarray(frame.convert("RGB"))[::2, ::2] for frame in ImageSequence.Iterator(gif)]
    assert len(frames) == 8  # quarters of a second; the ninth would be the first again
    close(frames[4], picture(plain, {"where": {"seed": 2}})[..., :3])
    close(frames[6], halves(plain, 2, 1)[..., :3])


def test_an_mp4_of_a_path_lasts_as_long_as_the_path(styled: OperationContext) -> None:
    asked = {"model": "m", "look": path(1, 2, seconds=1.5, space="w"), "fps": 20, "size": 120, "smooth": True}
    reply = film(styled, asked, [])
    assert reply.header["mime"] == "video/mp4"
    with av.open(io.BytesIO(reply.blobs[0])) as shown:
        stream = shown.streams.video[0]
        colours = [mean_colour(frame) for frame in shown.decode(stream)]
        assert (stream.width, stream.height) == (120, 120)
        assert float(stream.duration * stream.time_base) == pytest.approx(1.5)
    assert len(colours) == reply.header["frames"] == 30
    for colour, seed in ((colours[0], 1), (colours[-1], 2)):
        mean = picture(styled, {"where": {"seed": seed}})[..., :3].mean(axis=(0, 1))
        np.testing.assert_allclose(colour, mean, atol=4)


def test_a_film_that_nobody_waits_for_ends(plain: OperationContext) -> None:
    def leave(part: float, *_: Any) -> None:
        if part > 0.2:
            raise Cancelled

    context = OperationContext(plain.catalog, leave)
    with pytest.raises(Cancelled):
        film(context, {"model": "m", "look": path(1, 2), "kind": "gif", "size": 64}, [])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"look": {"where": {"seed": 1}}}, "Only a path can be walked"),
        ({"look": path(1)}, "at least two keys"),
        ({"look": path(1, 2), "size": 2000}, '"size" .* from 64 to 1080'),
        ({"look": path(1, 2), "fps": 0}, '"fps" .* from 1 to 60'),
        ({"look": path(1, 2), "kind": "gif", "fps": 60}, "kind gif has from 1 to 50"),
        ({"look": path(1, 2), "kind": ["gif"]}, "gif or mp4"),
        ({"look": path(1, 2), "seconds": 61}, '"seconds" .* from 0.1 to 60'),
        ({"look": path(1, 2, seconds=70)}, '"seconds" .* from 0.1 to 60'),
        ({"look": path(1, 2, way="jump")}, "must be one of lerp, slerp, spline"),
    ],
)
def test_what_cannot_be_filmed_is_said_in_one_sentence(
    plain: OperationContext, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words) as problem:
        film(plain, {"model": "m", **asked}, [])
    assert "\n" not in str(problem.value)


def test_the_matrix_gives_each_destination_the_styles_of_each_source(styled: OperationContext) -> None:
    sources, destinations = [{"where": {"seed": s}} for s in (1, 2)], [{"where": {"seed": s}} for s in (3, 4, 5)]
    asked = {"model": "m", "sources": sources, "destinations": destinations, "layers": [0, 1, 2]}
    reply = mix_matrix(styled, asked, [])
    assert (reply.header["columns"], reply.header["rows"]) == (4, 3)
    shown = cells(reply).reshape(3, 4, *cells(reply).shape[1:])
    assert (shown[0, 0] == 0).all()  # nothing in the corner
    for column, destination in enumerate(destinations, 1):
        close(shown[0, column], picture(styled, destination))
        for row, source in enumerate(sources, 1):
            mixed = destination | {"mix": [source | {"layers": [0, 1, 2]}]}
            close(shown[row, column], picture(styled, mixed))
            assert np.abs(shown[row, column].astype(int) - shown[0, column]).max() > 1
    for row, source in enumerate(sources, 1):
        close(shown[row, 0], picture(styled, source))


def test_all_layers_from_the_source_give_the_source(styled: OperationContext) -> None:
    layers = list(range(styled.model("m").style_layers))
    asked = {
        "model": "m",
        "sources": [{"where": {"seed": 1}}],
        "destinations": [{"where": {"seed": 2}}],
        "layers": layers,
    }
    shown = cells(mix_matrix(styled, asked, []))
    close(shown[3], shown[2])


def test_a_mixed_point_is_the_same_picture_without_mixing(styled: OperationContext, plain: OperationContext) -> None:
    mixed = {"where": {"seed": 1}, "mix": [{"where": {"seed": 2}, "layers": [1, 3]}], "psi": 0.6}
    where = mixed_point(styled, {"model": "m", "look": mixed}, []).header["where"]
    assert list(where) == ["ws"]
    close(picture(styled, {"where": where, "psi": 0.6}), picture(styled, mixed))
    where = mixed_point(plain, {"model": "m", "look": {"where": {"seed": 1}, "psi": 0.6}}, []).header["where"]
    close(picture(plain, {"where": where}), picture(plain, {"where": {"seed": 1}}))


def test_the_length_of_a_sum_follows_from_the_products(plain: OperationContext, styled: OperationContext) -> None:
    places = [{"seed": seed} for seed in (1, 2, 3)]
    answer = gram(plain, {"model": "m", "looks": [{"where": where} for where in places]}, []).header
    factors = np.array([1.0, -0.7, 0.7])
    reply = look(plain, {"model": "m", "look": {"where": {"sum": list(zip(factors, places, strict=True))}}}, [])
    length = np.linalg.norm(np.frombuffer(reply.blobs[1], "<f4"))
    assert length == pytest.approx(np.sqrt(factors @ np.array(answer["gram"]) @ factors), rel=1e-5)
    assert answer["mean"] is None
    style = mixed_point(styled, {"model": "m", "look": {"where": {"seed": 1}}}, []).header["where"]
    with pytest.raises(ValueError, match="do not lie in one space"):
        gram(styled, {"model": "m", "looks": [{"where": {"seed": 1}}, {"where": style}]}, [])


def test_in_w_lengths_are_those_from_the_mean_style(styled: OperationContext) -> None:
    model = styled.model("m")
    model.generator.mean_style.copy_(model.generator.mean_style + 0.3)
    looks = [{"where": {"sum": [[1, {"seed": seed}]], "space": "ws"}} for seed in (1, 2)]
    answer = gram(styled, {"model": "m", "looks": looks}, []).header
    styles = [np.frombuffer(look(styled, {"model": "m", "look": seen}, []).blobs[1], "<f4") for seen in looks]
    away = [style.reshape(model.style_layers, -1) - model.mean_style for style in styles]
    np.testing.assert_allclose(answer["gram"], [[(a * b).sum() for b in away] for a in away], rtol=1e-4)
    at_mean = picture(styled, {"where": answer["mean"]})
    close(at_mean, picture(styled, {"where": {"seed": 5}, "psi": 0}))  # wholly truncated: the mean style


def test_without_styles_there_is_nothing_to_mix(plain: OperationContext, styled: OperationContext) -> None:
    asked = {
        "model": "m",
        "sources": [{"where": {"seed": 1}}],
        "destinations": [{"where": {"seed": 2}}],
        "layers": [0],
    }
    with pytest.raises(ValueError, match="needs a style-based generator"):
        mix_matrix(plain, asked, [])
    with pytest.raises(ValueError, match="layers"):
        mix_matrix(styled, asked | {"layers": [99]}, [])
    with pytest.raises(ValueError, match='"sources" must be a list of 1 to 8 looks'):
        mix_matrix(styled, asked | {"sources": []}, [])

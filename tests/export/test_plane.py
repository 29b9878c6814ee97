"""Pictures of points: where a point, a score and the boundary lie is worked out here by hand."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from PIL import Image

from gan_core.export import scene_png, training_gif
from gan_core.export.plane import FAKE_SIDE, GENERATED, LINE, MIDDLE, REAL, REAL_SIDE
from gan_core.training.observe.scene import Scene, encode_scene

EXTENT = (-2.0, 2.0, -2.0, 2.0)
NOTHING = np.zeros((0, 0, 2), np.float32)


def scene(fakes: object, heat: np.ndarray, scores: object = ()) -> bytes:
    points = np.asarray(fakes, np.float32).reshape(-1, 2)
    judged = np.asarray(scores, np.float32) if np.size(scores) else np.full(len(points), 0.5, np.float32)
    return encode_scene(Scene(points, judged, np.zeros_like(points), heat.astype(np.float32), NOTHING))


def shown(
    encoded: bytes, real: object = (), *, threshold: float | None = 0.5, probability: bool = True
) -> np.ndarray:
    points = np.asarray(real, np.float32).reshape(-1, 2)
    png = scene_png(encoded, points, EXTENT, threshold=threshold, probability=probability, pixels=200)
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        assert image.size == (200, 200)
        return np.asarray(image.convert("RGB")).astype(int)


def near(pixels: np.ndarray, colour: tuple[int, int, int], most: float) -> np.ndarray:
    return np.abs(pixels - np.array(colour)).sum(-1) < most


FLAT = np.full((64, 64), 0.5)


def test_points_lie_where_they_are_with_y_upwards() -> None:
    pixels = shown(scene([[1.0, 1.5]], FLAT), [[-1.0, -1.5]])
    rows, columns = np.nonzero(near(pixels, GENERATED, 150))
    assert (rows.mean(), columns.mean()) == pytest.approx((25, 150), abs=1)
    rows, columns = np.nonzero(near(pixels, REAL, 200))
    assert (rows.mean(), columns.mean()) == pytest.approx((175, 50), abs=1)
    rest = np.ones((200, 200), bool)
    rest[20:31, 145:156] = rest[170:181, 45:56] = False
    assert (pixels[rest] == MIDDLE).all()


def test_the_map_is_grey_where_generated_purple_where_real_and_the_line_is_between() -> None:
    up = np.repeat(np.linspace(0, 1, 64)[:, None], 64, axis=1)  # real is above
    pixels = shown(scene([], up))
    assert near(pixels[0], REAL_SIDE, 6).all()
    assert near(pixels[-1], FAKE_SIDE, 6).all()
    rows = np.nonzero(near(pixels, LINE, 60).all(1))[0]
    assert 1 <= len(rows) <= 4
    assert rows.mean() == pytest.approx(99.5, abs=1.5)
    quarter = shown(scene([], up), threshold=0.25)
    assert np.nonzero(near(quarter, LINE, 60).all(1))[0].mean() == pytest.approx(149.5, abs=2)


def test_without_a_fixed_line_it_is_half_way_between_the_means() -> None:
    up = np.repeat(np.linspace(-10, 10, 64)[:, None], 64, axis=1)
    encoded = scene([[0.0, -1.0]], up, [-4.0])
    pixels = shown(encoded, [[0.0, 1.99], [1.0, 1.99]], threshold=None, probability=False)
    # real: 10 at the highest cells, generated: -4, so the line is at 3, which is 0.65 of the way up
    rows = np.nonzero(near(pixels, LINE, 60).mean(1) > 0.9)[0]
    assert rows.mean() == pytest.approx(200 * 0.35, abs=2)


def test_a_run_that_has_run_away_still_has_a_picture() -> None:
    broken = FLAT.copy()
    broken[3, 4] = np.nan
    pixels = shown(scene([[np.nan, 0], [np.inf, 1], [1e30, 0], [0.0, 0.0]], broken, [np.nan] * 4))
    assert near(pixels, GENERATED, 150).sum() < 60


def test_a_film_of_scenes() -> None:
    draw = np.random.default_rng(0)
    real = draw.normal(size=(2000, 2)).astype(np.float32)
    frames = [scene(draw.normal(size=(2000, 2)) + i, draw.random((64, 64))) for i in range(4)]
    start = time.process_time()
    film = training_gif(
        4,
        lambda i: scene_png(frames[i], real, EXTENT, threshold=0.5, probability=True, pixels=400),
        scale=1,
    )
    assert time.process_time() - start < 4 * 10.0
    with Image.open(io.BytesIO(film)) as opened:
        assert opened.n_frames == 4  # type: ignore[attr-defined]
        assert opened.size == (400, 400)


@pytest.mark.parametrize("pixels", [0, 63, 4097])
def test_a_size_that_is_none_is_refused(pixels: int) -> None:
    with pytest.raises(ValueError, match=f"pixels is {pixels}; a picture of the plane has 64 to 4096 a side"):
        scene_png(
            scene([], FLAT), np.zeros((0, 2), np.float32), EXTENT, threshold=0.5, probability=True, pixels=pixels
        )


def test_what_is_no_scene_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="not a scene"):
        scene_png(b"PNG", np.zeros((0, 2), np.float32), EXTENT, threshold=0.5, probability=True)

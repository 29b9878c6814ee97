from __future__ import annotations

import colorsys
import math
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from gan_core.data import Shapes
from gan_core.data.sets.sdf import OUTLINES
from gan_core.data.sets.shapes import PLACE_RANGE, SIZE_RANGE, draw_factors, render

NOWHERE = Path("/nonexistent")
NAMES = tuple(OUTLINES)


def factors_of(shape: str, *, hue=0.0, size=0.4, x=0.5, y=0.5, rotation=0.0) -> dict[str, np.ndarray]:
    values = {"shape": NAMES.index(shape), "hue": hue, "size": size, "x": x, "y": y, "rotation": rotation}
    return {name: np.array([value], np.float32) for name, value in values.items()}


@pytest.fixture(scope="module")
def drawn() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Factors, images in [0, 1], and how much of each pixel is covered (the strongest channel is 1 inside)."""
    factors = draw_factors(1_200, seed=3, stream=0)
    images = render(factors, 64).numpy() / 255
    return factors, images, images.max(axis=1)


def test_the_centroid_is_where_the_factors_say(drawn) -> None:
    factors, _, cover = drawn
    grid = (np.arange(64) + 0.5) / 64
    mass = cover.sum(axis=(1, 2))
    x = (cover * grid[None, None, :]).sum(axis=(1, 2)) / mass
    y = (cover * grid[None, :, None]).sum(axis=(1, 2)) / mass
    assert np.abs(x - factors["x"]).max() < 0.1 / 64  # a tenth of a pixel
    assert np.abs(y - factors["y"]).max() < 0.1 / 64


def test_size_is_the_diameter_of_the_circle_of_equal_area(drawn) -> None:
    factors, _, cover = drawn
    measured = np.sqrt(cover.mean(axis=(1, 2)) * 4 / math.pi)
    assert np.abs(measured / factors["size"] - 1).max() < 0.02


def test_the_hue_can_be_measured(drawn) -> None:
    factors, images, cover = drawn
    for index in range(0, 1_200, 10):
        row, column = np.unravel_index(cover[index].argmax(), cover[index].shape)
        hue, saturation, value = colorsys.rgb_to_hsv(*images[index, :, row, column])
        assert abs((hue - factors["hue"][index] + 0.5) % 1 - 0.5) < 0.004
        assert saturation == pytest.approx(0.8, abs=0.01)
        assert value == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("shape", NAMES)
def test_a_quarter_turn_of_the_factor_is_a_quarter_turn_of_the_picture(shape: str) -> None:
    for degrees in (0.0, 17.0, 60.0):
        before = render(factors_of(shape, rotation=degrees), 32)
        after = render(factors_of(shape, rotation=degrees + 90), 32)
        turned = torch.rot90(before, -1, dims=(2, 3))  # clockwise
        assert (after.int() - turned.int()).abs().max() <= 1


@pytest.mark.parametrize("shape", NAMES)
def test_the_range_of_rotation_is_the_shape_s_symmetry_and_no_more(shape: str) -> None:
    period = OUTLINES[shape][1]
    start = render(factors_of(shape), 64).int()
    if period == 0:
        assert (render(factors_of(shape, rotation=33), 64).int() - start).abs().max() <= 1
        return
    assert (render(factors_of(shape, rotation=period), 64).int() - start).abs().max() <= 2
    for part in (0.25, 0.5, 0.75):  # nothing shorter repeats, so each angle of the range is a picture of its own
        assert (render(factors_of(shape, rotation=period * part), 64).int() - start).abs().max() > 60


def polygon_of(shape: str) -> list[tuple[float, float]]:
    """Corners of a shape of area pi / 4 about its centroid, x right and y down, worked out apart from the program."""

    def ring(radii: list[float]) -> list[tuple[float, float]]:
        turn = 2 * math.pi / len(radii)
        return [(r * math.sin(i * turn), -r * math.cos(i * turn)) for i, r in enumerate(radii)]

    if shape == "square":
        corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
    elif shape == "triangle":
        corners = ring([1.0] * 3)
    elif shape == "star":
        corners = ring([1.0, 0.45] * 5)
    else:
        a = 0.36
        corners = [(a, -1), (a, -a), (1, -a), (1, a), (a, a), (a, 1)]
        corners += [(-x, -y) for x, y in corners]
    area = 0.5 * abs(
        sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True))
    )
    scale = math.sqrt(math.pi / 4 / area)
    return [(x * scale, y * scale) for x, y in corners]


@pytest.mark.parametrize("shape", ["square", "triangle", "star", "cross"])
def test_outlines_agree_with_polygons_drawn_large_and_averaged(shape: str) -> None:
    size, fine, degrees, diameter = 32, 16, 11.0, 0.45
    angle = math.radians(degrees)
    points = [
        (
            0.52 + diameter * (x * math.cos(angle) - y * math.sin(angle)),
            0.47 + diameter * (x * math.sin(angle) + y * math.cos(angle)),
        )
        for x, y in polygon_of(shape)
    ]
    large = Image.new("L", (size * fine, size * fine))
    ImageDraw.Draw(large).polygon([(x * size * fine, y * size * fine) for x, y in points], fill=255)
    oracle = np.asarray(large, np.float64).reshape(size, fine, size, fine).mean(axis=(1, 3))
    drawn = render(factors_of(shape, size=diameter, x=0.52, y=0.47, rotation=degrees), size)[0].amax(0).numpy()
    assert np.abs(drawn - oracle).mean() < 1.0
    assert np.abs(drawn - oracle).max() < 70  # corners only: coverage by distance is exact on straight edges


def test_edges_are_soft_and_nothing_leaves_the_picture(drawn) -> None:
    _, _, cover = drawn
    soft = ((cover > 0.02) & (cover < 0.98)).mean(axis=(1, 2))
    assert soft.min() > 0.005
    edge = np.concatenate([cover[:, 0], cover[:, -1], cover[:, :, 0], cover[:, :, -1]], axis=1)
    assert edge.max() == 0


def test_factors_are_independent_and_fill_their_ranges() -> None:
    factors = draw_factors(20_000, seed=1, stream=0)
    periods = np.array([max(degrees, 1.0) for _, degrees in OUTLINES.values()])
    independent = dict(factors, rotation=factors["rotation"] / periods[factors["shape"].astype(int)])
    independent["rotation"][factors["shape"] == 0] = np.random.default_rng(0).random((factors["shape"] == 0).sum())
    correlation = np.corrcoef(np.stack(list(independent.values())))
    assert np.abs(correlation - np.eye(6)).max() < 0.03
    assert np.bincount(factors["shape"].astype(int)).min() > 20_000 / 6 * 0.93
    for name, (low, high) in {"size": SIZE_RANGE, "x": PLACE_RANGE, "y": PLACE_RANGE, "hue": (0, 1)}.items():
        assert low <= factors[name].min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < factors[name].max() <= high


def test_the_seed_decides_and_a_larger_set_begins_with_the_smaller_one() -> None:
    few, many = Shapes(count=50).load(32, NOWHERE), Shapes(count=300).load(32, NOWHERE)
    assert torch.equal(few.images, many.images[:50])
    assert not torch.equal(few.images, Shapes(count=50, seed=2).load(32, NOWHERE).images)
    assert len(many.held_out) == 30
    kept = {image.numpy().tobytes() for image in many.images}
    assert not any(image.numpy().tobytes() in kept for image in many.held_out)


def test_factors_come_with_the_set() -> None:
    loaded = Shapes(count=60, background="white").load(28, NOWHERE)
    assert loaded.factors is not None
    assert loaded.labels is not None
    assert set(loaded.factors) == {"shape", "hue", "size", "x", "y", "rotation"}
    assert all(values.shape == (60,) and values.dtype == np.float32 for values in loaded.factors.values())
    assert loaded.labels.tolist() == loaded.factors["shape"].tolist()
    assert loaded.images[:, :, 0, 0].unique().tolist() == [255]


def test_thousands_take_a_moment() -> None:
    start = time.process_time()
    assert Shapes(count=5_000).load(32, NOWHERE).images.shape == (5_000, 3, 32, 32)
    assert time.process_time() - start < 8


def test_progress_is_told_and_may_cancel() -> None:
    class Cancelled(Exception):
        pass

    told: list[float] = []

    def progress(share: float, words: str) -> None:
        told.append(share)
        if share > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        Shapes(count=5_000).load(32, NOWHERE, progress)
    assert told == sorted(told)
    assert told[-1] < 0.7

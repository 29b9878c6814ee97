"""The factors of Shapes read back, and their changes along directions of a generator that is known."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_core.data.sets.sdf import OUTLINES
from gan_core.data.sets.shapes import PLACE_RANGE, SIZE_RANGE, draw_factors, render
from gan_core.latent.directions.direction import Direction
from gan_core.latent.directions.factors import FACTORS, difference, factor_changes, factor_reader, rgb_to_hue
from gan_core.latent.directions.population import draw_population
from gan_core.latent.directions.supervised import labelled_direction
from gan_core.nets.base import GeneratorNet


def pictures_of(factors, size=32, background=0.0):
    return render(factors, size, background).float() / 127.5 - 1


class Draughtsman(GeneratorNet):
    """z -> Shapes of one kind: z0 x, z1 y, z2 size, z3 hue, z4 rotation, each by as much as CHANGE says."""

    CHANGE = (0.03, 0.03, 0.03, 0.07, 9.0)  # shares of the width, turns and degrees for each unit of z

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = list(OUTLINES).index(kind)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        u = z.double().numpy()
        x, y, size, hue, rotation = (
            middle + step * u[:, i]
            for i, (middle, step) in enumerate(zip((0.5, 0.5, 0.36, 0.4, 45.0), self.CHANGE, strict=True))
        )
        factors = {
            "shape": np.full(len(u), self.kind),
            "x": np.clip(x, 0.3, 0.7),
            "y": np.clip(y, 0.3, 0.7),
            "size": np.clip(size, 0.2, 0.5),
            "hue": hue % 1,
            "rotation": rotation,
        }
        return pictures_of({name: values.astype(np.float32) for name, values in factors.items()})


def axis(index):
    return Direction(np.eye(5, dtype=np.float32)[index], "z", 1.0, "axis", "pca")


@pytest.mark.parametrize("background", [0.0, 1.0])
@pytest.mark.parametrize("size", [28, 32])
def test_factors_that_were_drawn_are_read_back(size, background):
    reader = factor_reader(size, background)
    truth = draw_factors(300, seed=99, stream=5)  # drawn neither for the fit nor for its own verdict
    found = reader.read(pictures_of(truth, size, background))
    assert np.mean(found["shape"] == truth["shape"]) > 0.99
    for name, allowed in {"x": 0.2, "y": 0.2, "size": 0.3, "hue": 0.5, "rotation": 3.0}.items():
        away = np.abs(difference(name, truth, found))
        error = np.nanmean(away)
        assert error < allowed, name
        assert error == pytest.approx(reader.errors[name], rel=0.6, abs=0.02), name  # what it says of itself is so


@pytest.mark.parametrize("kind", list(OUTLINES))
def test_every_outline_is_known_and_its_turn_read(kind):
    index, period = list(OUTLINES).index(kind), OUTLINES[kind][1]
    truth = draw_factors(400, seed=31, stream=0)
    truth = {name: values[truth["shape"] == index] for name, values in truth.items()}
    found = factor_reader(32, 0.0).read(pictures_of(truth))
    assert (found["shape"] == index).all()
    if period:
        assert np.abs(difference("rotation", truth, found)).max() < 10
    else:
        assert (found["rotation"] == 0).all()


def test_a_little_noise_as_generators_make_it_changes_little():
    truth = draw_factors(200, seed=5, stream=5)
    noisy = pictures_of(truth) + 0.04 * torch.randn(200, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = factor_reader(32, 0.0).read(noisy.clamp(-1, 1))
    assert np.mean(found["shape"] == truth["shape"]) > 0.95
    assert np.nanmean(np.abs(difference("x", truth, found))) < 1
    assert np.nanmean(np.abs(difference("size", truth, found))) < 2
    assert np.nanmean(np.abs(difference("hue", truth, found))) < 5


def test_no_shape_is_not_read():
    found = factor_reader(32, 0.0).read(torch.full((2, 3, 32, 32), -1.0))
    assert (found["shape"] == -1).all()
    assert np.isnan(found["hue"]).all()
    assert np.isnan(difference("shape", found, found)).all()


def test_hues_are_those_of_colorsys():
    rgb = np.random.default_rng(0).random((200, 3))
    expected = [colorsys.rgb_to_hsv(*row)[0] for row in rgb]
    np.testing.assert_allclose(rgb_to_hue(rgb), expected, atol=1e-9)
    np.testing.assert_array_equal(rgb_to_hue(np.full((1, 3), 0.3)), 0)


def test_hue_and_turn_go_the_short_way_round():
    def of(hue, rotation, kind):
        return {"shape": np.array([kind]), "hue": np.float32([hue]), "rotation": np.float32([rotation])}

    square = list(OUTLINES).index("square")
    assert difference("hue", of(0.95, 0, square), of(0.05, 0, square)) == pytest.approx(36, abs=1e-3)
    assert difference("rotation", of(0, 85, square), of(0, 5, square)) == pytest.approx(10)
    assert np.isnan(difference("rotation", of(0, 85, square), of(0, 5, square + 1)))
    assert difference("shape", of(0, 0, 1), of(0, 0, 2)) == 1


@pytest.mark.parametrize(
    ("index", "factor", "scale"),
    [(0, "x", 100), (1, "y", 100), (2, "size", 100), (3, "hue", 360), (4, "rotation", 1)],
)
def test_a_direction_moves_the_factor_that_it_moves_by_as_much_as_it_does(index, factor, scale):
    net = Draughtsman("heart").eval()
    population = draw_population(net, 5, 40, seed=2)
    direction = axis(index)
    changes, read = factor_changes(factor_reader(32, 0.0), lambda amount: direction.pictures(population, amount))
    assert read == 1
    assert [change.factor for change in changes] == list(FACTORS)
    expected = 4 * Draughtsman.CHANGE[index] * scale  # from -2 to 2
    for change in changes:
        if change.factor == factor:
            tolerance = 0.12 if factor in ("x", "y", "size") else 0.05  # a few reach the edge of what is drawn
            assert change.shift == pytest.approx(expected, rel=tolerance)
            assert change.share > 1
        else:
            assert change.size < 5 * change.error + 0.01, change
            if change.share is not None:
                assert change.share < 0.15, change


def test_more_than_half_a_turn_of_the_colour_wheel_is_followed():
    net = Draughtsman("square").eval()
    population = draw_population(net, 5, 20, seed=2)
    found, _ = factor_changes(factor_reader(32, 0.0), lambda amount: axis(3).pictures(population, 3 * amount))
    hue = next(change for change in found if change.factor == "hue")
    assert hue.shift == pytest.approx(3 * 4 * 0.07 * 360, rel=0.02)  # 302 degrees


def test_the_share_of_shapes_that_become_another_is_counted():
    kinds = list(OUTLINES)
    truth = draw_factors(60, seed=8, stream=0)
    truth["shape"][:] = kinds.index("circle")
    other = {**truth, "shape": np.where(np.arange(60) < 15, kinds.index("cross"), truth["shape"])}
    found, _ = factor_changes(factor_reader(32, 0.0), lambda amount: pictures_of(other if amount > 0 else truth))
    shape = found[0]
    assert (shape.factor, shape.size, shape.shift) == ("shape", 25, None)
    assert shape.share is None  # two random pictures of it never differ in shape


def test_a_direction_for_a_factor_is_found_from_what_is_read():
    net = Draughtsman("star").eval()
    population = draw_population(net, 5, 400, seed=4)
    read = factor_reader(32, 0.0).read(population.pictures())
    for index, name in enumerate(("x", "y", "size")):
        assert labelled_direction(population, read[name], name).vector[index] > 0.97


def test_ranges_of_the_dataset_are_inside_what_is_believed():
    for size in SIZE_RANGE:
        factors = {"shape": [1], "hue": [0.2], "size": [size], "x": [PLACE_RANGE[0]], "y": [0.5], "rotation": [0]}
        one = {name: np.array(value, np.float32) for name, value in factors.items()}
        assert np.isfinite(factor_reader(32, 0.0).read(pictures_of(one))["size"]).all()

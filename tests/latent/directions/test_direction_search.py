"""Searching a model for directions, and what can be read off its pictures to ask for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_core.data import Shapes
from gan_core.data.sets.sdf import OUTLINES
from gan_core.data.sets.shapes import draw_factors, render
from gan_core.latent import Explorable, check_look, check_weights, resolve
from gan_core.latent.directions.attributes import attribute_values, attributes, factor_values, shows_factors
from gan_core.latent.directions.direction import Direction, unit_vector
from gan_core.latent.directions.factors import factor_reader
from gan_core.latent.directions.population import population_of
from gan_core.latent.directions.search import (
    METHODS,
    Search,
    changed_direction,
    direction_of_marks,
    factors_along,
    find_directions,
)
from gan_core.nets.base import GeneratorNet, ImageShape

MODELS = ("dcgan_model", "conditional_model", "style_model")


class Draughtsman(GeneratorNet):
    """Discs: z0 moves them right, z1 down, z2 makes them larger."""

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        u = z.double().numpy()
        factors = {
            "shape": np.zeros(len(u)),
            "x": 0.5 + 0.03 * u[:, 0],
            "y": 0.5 + 0.03 * u[:, 1],
            "size": 0.36 + 0.02 * u[:, 2],
            "hue": 0.3 + 0.0 * u[:, 3],
            "rotation": np.zeros(len(u)),
        }
        return render({n: v.astype(np.float32) for n, v in factors.items()}, 32).float() / 127.5 - 1


@pytest.fixture(scope="module")
def shapes_model(dcgan_model):
    config = replace(dcgan_model.config, data=Shapes(), size=32)
    config = replace(config, latent=replace(config.latent, dim=4))
    return Explorable("asset:discs", "discs", config, ImageShape(3, 32), (), Draughtsman())


@pytest.mark.parametrize("name", MODELS)
def test_every_method_and_kind_of_attribute_gives_directions_with_a_range(name, request):
    model = request.getfixturevalue(name)
    space = "w" if model.has_w else "z"
    told = []
    searches = [Search(method, count=2) for method in METHODS if method != "attribute"]
    searches += [Search("attribute", attribute=one.name) for one in {a.group: a for a in attributes(model)}.values()]
    for search in searches:
        found = find_directions(model, search, lambda fraction, words: told.append(fraction))
        assert found
        for direction in found:
            assert direction.space == space
            assert direction.vector.shape == (model.length(space),)
            assert np.linalg.norm(direction.vector) == pytest.approx(1, abs=1e-5)
            assert direction.unit > 0
            assert -6 <= direction.low <= 0 <= direction.high <= 6
            assert direction.label
    assert all(0 <= fraction <= 1 for fraction in told)
    assert len(told) > 10


@pytest.mark.parametrize("name", [*MODELS, "shapes_model"])
def test_every_attribute_can_be_read(name, request):
    model = request.getfixturevalue(name)
    population = population_of(model, 20, 3)
    pictures = population.pictures()
    for one in attributes(model):
        values = attribute_values(model, one.name, population, pictures)
        assert (values.shape, values.dtype) == ((20,), np.float32)
        assert np.isfinite(values).all(), one.name
        assert one.label
        assert one.help


def test_the_same_search_finds_the_same_directions(style_model):
    once, again = (find_directions(style_model, Search("pca", count=2)) for _ in range(2))
    for a, b in zip(once, again, strict=True):
        np.testing.assert_array_equal(a.vector, b.vector)
        assert (a.low, a.high) == (b.low, b.high)


def test_layers_of_a_style_generator(style_model):
    found = find_directions(style_model, Search("sefa", count=1, layers=(0, 1)))[0]
    every = find_directions(style_model, Search("sefa", count=1))[0]
    assert found.layers == (0, 1)
    assert every.layers is None
    assert abs(float(found.vector @ every.vector)) < 0.999  # other layers, other weights
    changed = changed_direction(style_model, found, Search("", layers=(2,)))
    assert changed.layers == (2,)
    np.testing.assert_array_equal(changed.vector, found.vector)


def test_found_directions_are_orthogonal_to_those_named(dcgan_model):
    first, second = find_directions(dcgan_model, Search("pca", count=2))
    brightness = find_directions(dcgan_model, Search("attribute", attribute="measure-brightness", others=(first,)))[0]
    assert float(brightness.vector @ first.vector) == pytest.approx(0, abs=1e-5)
    left = changed_direction(dcgan_model, second, Search("", others=(brightness,)))
    assert float(left.vector @ brightness.vector) == pytest.approx(0, abs=1e-5)
    assert left.low is not None
    with pytest.raises(ValueError, match="^Nothing is left"):
        find_directions(dcgan_model, Search("attribute", attribute="measure-brightness", others=(brightness, first)))


def test_marks_give_a_direction(shapes_model):
    """Yes to discs on the right, no to those on the left, of the ones that come first."""
    looks, right = [], []
    for seed in range(40):
        look = check_look(shapes_model, {"where": {"seed": seed}})
        x = float(resolve(shapes_model, look).vector[0])
        if abs(x) > 0.5 and len(looks) < 12:
            looks.append(look)
            right.append(x > 0)
    found = direction_of_marks(shapes_model, looks, right, Search(""))
    assert found.vector[0] > 0.9
    assert found.low < 0 < found.high
    assert found.figures["marks"] == 12
    x_alone = Direction(np.float32([1, 0, 0, 0]), "z", 1.0, "x", "pca")
    without = direction_of_marks(shapes_model, looks, right, Search("", others=(x_alone,)))
    assert float(without.vector[0]) == pytest.approx(0, abs=1e-5)


def test_what_cannot_be_searched_is_refused_in_a_sentence(dcgan_model, shapes_model):
    for search, words in [
        (Search("guess"), 'method is "guess"; it must be one of pca, sefa, attribute'),
        (Search("attribute", attribute="hue-red"), 'attribute is "hue-red"; for this model it must be one of'),
        (Search("pca", layer="nowhere"), 'layer is "nowhere"'),
    ]:
        with pytest.raises(ValueError, match=f"^{words}"):
            find_directions(dcgan_model, search)
    with pytest.raises(ValueError, match=r"^Toward heart is the same in all pictures"):
        find_directions(shapes_model, Search("attribute", attribute="shape-heart"))


def test_factors_of_a_shapes_model_are_asked_for_and_measured(shapes_model, dcgan_model):
    assert shows_factors(shapes_model)
    found = find_directions(shapes_model, Search("attribute", attribute="factor-x"))[0]
    assert found.vector[0] > 0.95
    changes, read, low, high = factors_along(shapes_model, found)
    assert read > 0.99
    assert (low, high) == (max(-2.0, found.low), min(2.0, found.high))
    shift = {change.factor: change.shift for change in changes}
    assert shift["x"] == pytest.approx((high - low) * found.unit * 3.0, rel=0.1)  # 3% of the width for each of z
    assert abs(shift["size"]) < 1
    assert not shows_factors(dcgan_model)
    with pytest.raises(ValueError, match="^The factors of pictures are known for models trained on Shapes only"):
        factors_along(dcgan_model, Direction(unit_vector(np.ones(16)), "z", 1.0, "d", "pca"))


def test_class_directions_in_w_are_asked_for_with_all_classes(conditional_model):
    names = [one.name for one in attributes(conditional_model)]
    assert not any(name.startswith("class-") for name in names)  # its classes are no matter of z
    weights = check_weights(conditional_model, [1])
    found = find_directions(conditional_model, Search("pca", count=1, weights=weights))[0]
    assert found.space == "z"


# --- attributes against plain numpy and colours that were drawn


def test_measures_of_the_picture(dcgan_model):
    population = population_of(dcgan_model, 40, 3)
    pictures = population.pictures()
    x = pictures.double().numpy()

    def values(name):
        return attribute_values(dcgan_model, name, population, pictures)

    np.testing.assert_allclose(values("measure-brightness"), x.mean((1, 2, 3)), atol=1e-6)
    mirrored = np.abs(x - x[..., ::-1]).mean((1, 2, 3))
    np.testing.assert_allclose(values("measure-symmetry"), -mirrored, atol=1e-6)
    steps = np.abs(np.diff(x, axis=3)).mean((1, 2, 3)) + np.abs(np.diff(x, axis=2)).mean((1, 2, 3))
    np.testing.assert_allclose(values("measure-detail"), steps, atol=1e-6)


def test_width_and_height_of_a_bar(dcgan_model):
    population = population_of(dcgan_model, 1, 3)
    picture = torch.full((1, 1, 28, 28), -1.0)
    picture[:, :, 12:16, 4:24] = 1.0  # 20 wide, 4 high: a uniform bar's standard deviation is its length / sqrt(12)
    for name, length in (("width", 20), ("height", 4)):
        found = attribute_values(dcgan_model, f"measure-{name}", population, picture)
        assert found[0] == pytest.approx(length / 28 / np.sqrt(12), rel=0.05)


def test_the_discriminators_score_is_its_logit(dcgan_model):
    population = population_of(dcgan_model, 70, 3)
    pictures = population.pictures()
    with torch.no_grad():
        expected = dcgan_model.discriminator(pictures).numpy()
    np.testing.assert_allclose(attribute_values(dcgan_model, "score", population, pictures), expected, atol=1e-5)


def test_hues_and_kinds_grow_toward_what_is_asked_for():
    truth = draw_factors(80, seed=3, stream=0)
    read = factor_reader(32, 0.0).read(render(truth, 32).float() / 127.5 - 1)
    reds = factor_values("hue", "red", read)
    assert np.corrcoef(reds, np.cos(2 * np.pi * truth["hue"]))[0, 1] > 0.999
    for index, kind in enumerate(OUTLINES):
        np.testing.assert_array_equal(factor_values("shape", kind, read), truth["shape"] == index)

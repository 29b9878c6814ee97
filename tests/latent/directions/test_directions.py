"""Directions against independent numpy, and on generators whose true directions are known."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from torch import Tensor, nn

from gan_core.latent.directions.activations import activations, first_matrix, layer_names, style_matrices
from gan_core.latent.directions.direction import (
    Direction,
    RangeFinder,
    measured,
    orthogonalised,
    project_out,
    turned,
    unit_vector,
    usable_range,
    usual,
)
from gan_core.latent.directions.pca import pca_directions, principal_components
from gan_core.latent.directions.population import draw_population
from gan_core.latent.directions.sefa import factorise, sefa_directions
from gan_core.latent.directions.supervised import labelled_direction, logistic_regression, marked_direction
from gan_core.nets import DcganGenerator, MlpGenerator, R3ganGenerator, ResnetGenerator
from gan_core.nets.base import GeneratorNet, ImageShape

DIM, STRETCHES = 8, (9.0, 6.0, 4.0, 2.5, 1.5, 1.0, 0.5, 0.25)


class LinearToy(GeneratorNet):
    """picture = scale * U diag(STRETCHES) V^T z: its directions are the columns of V, the strongest first."""

    def __init__(self, bend: bool = False) -> None:
        super().__init__()
        rng = np.random.default_rng(0)
        u = np.linalg.qr(rng.standard_normal((64, DIM)))[0]
        self.v = np.linalg.qr(rng.standard_normal((DIM, DIM)))[0].T.astype(np.float32)  # rows
        self.dense = nn.Linear(DIM, 64)
        self.act = nn.Tanh() if bend else nn.Identity()
        with torch.no_grad():
            self.dense.weight.copy_(torch.from_numpy(0.05 * u * np.array(STRETCHES) @ self.v))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.act(self.dense(z)).view(-1, 1, 8, 8)


class StyleToy(GeneratorNet):
    """Two style layers, each read by one affine layer; W is z stretched along axes of its own."""

    latent_spaces: ClassVar[tuple[str, ...]] = ("z", "w")
    style_layers, style_dim = 2, DIM

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.affine = nn.ModuleList([nn.Linear(DIM, 12), nn.Linear(DIM, 20)])
        self.turn = torch.linalg.qr(torch.randn(DIM, DIM))[0]
        self.scales = torch.tensor([3.0, 2.0, 1.5, 1.0, 0.8, 0.6, 0.4, 0.2])

    def mapping(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return (z * self.scales) @ self.turn.T

    def synthesis(self, styles: Tensor) -> Tensor:
        parts = [self.affine[0](styles[:, 0]), self.affine[1](styles[:, 1]), styles.new_zeros(len(styles), 32)]
        return torch.tanh(0.2 * torch.cat(parts, dim=1)).view(-1, 1, 8, 8)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.synthesis(self.mapping(z)[:, None].repeat(1, 2, 1))


def toy_population(count=600, bend=False):
    toy = LinearToy(bend).eval().requires_grad_(False)
    return toy, draw_population(toy, DIM, count, seed=1)


def alike(a, b):
    """|cosine|."""
    return abs(float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b)))


# --- PCA


@pytest.mark.parametrize(("rows", "columns"), [(200, 30), (40, 300)])
def test_principal_components_are_those_of_the_svd(rows, columns):
    x = np.random.default_rng(rows).standard_normal((rows, columns)) * np.linspace(3, 0.1, columns)
    components, coordinates, share = principal_components(torch.from_numpy(x), 6)
    u, s, vt = np.linalg.svd(x - x.mean(0), full_matrices=False)
    assert np.abs(np.sum(components * vt[:6], axis=1)) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(share, s[:6] ** 2 / (s**2).sum(), rtol=1e-5)
    np.testing.assert_allclose(np.abs(coordinates), np.abs(u[:, :6] * s[:6]), atol=2e-4)


def test_pca_in_z_finds_the_directions_of_a_linear_generator_in_order():
    toy, population = toy_population(2000)
    found = pca_directions(population, 4)
    for index, direction in enumerate(found):
        assert alike(direction.vector, toy.v[index]) > 0.99, index
        assert direction.unit == pytest.approx(1, abs=0.1)
    expected = np.square(STRETCHES) / np.square(STRETCHES).sum()
    assert [d.figures["variance"] for d in found] == pytest.approx(expected[:4], rel=0.1)


def test_pca_in_z_is_the_papers_regression():
    """U = argmin |X U^T - Z|^2, solved here by numpy's least squares on the activations of a bending layer."""
    net = MlpGenerator(hidden="24", norm="none").build(ImageShape(1, 28), DIM, 0).eval().requires_grad_(False)
    population = draw_population(net, DIM, 300, seed=2)
    y = activations(population, layer_names(population)[0]).double().numpy()
    vt = np.linalg.svd(y - y.mean(0), full_matrices=False)[2][:5]
    z = population.z.double().numpy()
    u = np.linalg.lstsq((y - y.mean(0)) @ vt.T, z - z.mean(0), rcond=None)[0]
    for direction, expected in zip(pca_directions(population, 5), u, strict=True):
        assert alike(direction.vector, expected) > 1 - 1e-4


def test_pca_in_w_is_that_of_the_styles():
    net = StyleToy().eval().requires_grad_(False)
    population = draw_population(net, DIM, 3000, seed=1, space="w")
    for index, direction in enumerate(pca_directions(population, 3)):
        assert direction.space == "w"
        assert alike(direction.vector, net.turn[:, index].numpy()) > 0.99
        assert direction.unit == pytest.approx(float(net.scales[index]), rel=0.06)


# --- SeFa


@given(st.integers(2, 12), st.integers(2, 12), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_factors_are_the_right_singular_vectors(features, dim, seed):
    a = np.random.default_rng(seed).standard_normal((features, dim))
    count = min(features, dim)
    vectors, values = factorise(a, count)
    np.testing.assert_allclose(values, np.linalg.svd(a, compute_uv=False) ** 2, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.square(np.linalg.norm(a @ vectors.T, axis=0)), values, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(count), atol=1e-5)


def test_sefa_finds_the_directions_of_a_linear_generator():
    toy, population = toy_population()
    for index, direction in enumerate(sefa_directions(population, DIM)):
        assert alike(direction.vector, toy.v[index]) > 0.999
        assert direction.figures["stretch"] == pytest.approx(0.05 * STRETCHES[index], rel=1e-3)


@pytest.mark.parametrize(
    ("generator", "classes"),
    [
        (DcganGenerator(width=8), 0),
        (DcganGenerator(width=8), 3),
        (ResnetGenerator(width=8), 3),
        (R3ganGenerator(width=16), 0),
        (MlpGenerator(hidden="16"), 2),
    ],
)
def test_the_first_matrix_is_the_first_layers_weight_for_z(generator, classes):
    net = generator.build(ImageShape(1, 28), DIM, classes).eval().requires_grad_(False)
    first = next(m for m in net.modules() if isinstance(m, nn.Linear))
    found = first_matrix(net, DIM, classes)
    torch.testing.assert_close(found, first.weight[:, :DIM], atol=1e-5, rtol=1e-4)
    assert not any(m._forward_hooks for m in net.modules())


def test_sefa_in_w_factorises_the_affine_layers_of_the_chosen_layers():
    net = StyleToy().eval().requires_grad_(False)
    population = draw_population(net, DIM, 100, seed=1, space="w")
    weights = [layer.weight.numpy() for layer in net.affine]
    for found, weight in zip(style_matrices(net), weights, strict=True):
        np.testing.assert_allclose(found[0].numpy(), weight, atol=1e-6)
    for layers, matrix in [(None, np.concatenate(weights)), ((1,), weights[1]), ((0,), weights[0])]:
        axes = np.linalg.svd(matrix)[2]
        directions = sefa_directions(population, 3, layers)
        assert all(d.layers == layers for d in directions)
        for direction, axis in zip(directions, axes, strict=False):
            assert alike(direction.vector, axis) > 1 - 1e-5


# --- supervised


def test_logistic_regression_minimises_its_objective():
    rng = np.random.default_rng(4)
    x, yes = rng.standard_normal((60, 5)), rng.random(60) < 0.6
    signs = np.where(yes, 1, -1)

    def objective(theta):
        return np.logaddexp(0, -signs * (x @ theta[:-1] + theta[-1])).sum() + 0.35 * theta[:-1] @ theta[:-1]

    best = minimize(objective, np.zeros(6), method="BFGS", options={"gtol": 1e-8})
    weights, offset = logistic_regression(x, yes, strength=0.7)
    np.testing.assert_allclose([*weights, offset], best.x, atol=1e-4)


def test_logistic_regression_of_parted_points_stays_finite():
    weights, offset = logistic_regression(np.array([[-1.0], [1.0]]), np.array([False, True]))
    assert 0 < weights[0] < 10
    assert offset == pytest.approx(0, abs=1e-4)


def test_a_labelled_direction_is_the_one_that_makes_the_label():
    toy, population = toy_population(1500)
    values = (population.z.numpy() @ toy.v[4]) ** 3  # any growing function of it
    direction = labelled_direction(population, values, "fifth")
    assert float(direction.vector @ toy.v[4]) > 0.98  # its sign too
    assert direction.figures["accuracy"] > 0.95
    unlike = labelled_direction(population, np.random.default_rng(0).standard_normal(1500), "nothing")
    assert unlike.figures["accuracy"] < 0.6


def test_a_label_of_yes_and_no_and_one_that_is_not_always_there():
    toy, population = toy_population(1500)
    values = (population.z.numpy() @ toy.v[1] > 0.5).astype(np.float32)
    values[::7] = np.nan
    assert float(labelled_direction(population, values, "second").vector @ toy.v[1]) > 0.95


def test_a_labelled_direction_in_w_goes_along_styles_that_occur():
    """In whitened W the label is one coordinate; back in W that coordinate's axis is the direction."""
    net = StyleToy().eval().requires_grad_(False)
    population = draw_population(net, DIM, 2000, seed=1, space="w")
    direction = labelled_direction(population, population.z[:, 3].numpy(), "fourth")
    assert alike(direction.vector, net.turn[:, 3].numpy()) > 0.97
    assert direction.unit == pytest.approx(1.0, rel=0.1)  # the spread of W there


def test_labels_that_say_nothing_are_refused():
    _, population = toy_population(100)
    with pytest.raises(ValueError, match=r"^Hue is the same in all pictures"):
        labelled_direction(population, np.ones(100, np.float32), "Hue")
    with pytest.raises(ValueError, match=r"^Hue could be read in 3 of 100 pictures"):
        labelled_direction(population, np.r_[np.arange(3.0), np.full(97, np.nan)], "Hue")


@pytest.mark.parametrize("marks", [6, 12, 20])
def test_marks_find_the_direction_that_was_marked(marks):
    toy, population = toy_population(1000)
    pictures = population.pictures()
    side = population.z[:, :].numpy() @ toy.v[0]
    chosen = np.concatenate([np.argsort(side)[100 : 100 + marks // 2], np.argsort(-side)[100 : 100 + marks // 2]])
    direction = marked_direction(population, pictures, pictures[torch.from_numpy(chosen)], list(side[chosen] > 0))
    assert float(direction.vector @ toy.v[0]) > 0.9
    assert direction.figures["agreement"] == 1
    latents_alone, _ = logistic_regression(population.z.numpy()[chosen], side[chosen] > 0)
    assert float(direction.vector @ toy.v[0]) > alike(latents_alone, toy.v[0])  # why pictures are looked at


def test_too_few_marks_are_refused():
    _, population = toy_population(50)
    pictures = population.pictures()
    with pytest.raises(ValueError, match=r"^You marked 3 yes and 1 no; mark at least 2 of each\.$"):
        marked_direction(population, pictures, pictures[:4], [True, True, True, False])


# --- vectors


@given(st.integers(1, 4), st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_what_is_left_is_orthogonal_to_the_others_and_nothing_else_is_lost(count, seed):
    rng = np.random.default_rng(seed)
    v, others = rng.standard_normal(6), rng.standard_normal((count, 6))
    left = project_out(v, others)
    assert np.abs(others @ left).max() < 1e-5
    residual = v - others.T @ np.linalg.lstsq(others.T, v, rcond=None)[0]  # least squares leaves the same
    np.testing.assert_allclose(left, residual / np.linalg.norm(residual), atol=1e-5)
    np.testing.assert_allclose(project_out(left, np.concatenate([others, others])), left, atol=1e-5)


def direction(vector, **more):
    return Direction(unit_vector(np.asarray(vector, np.float32)), "z", 1.0, "a direction", "pca", **more)


def test_orthogonal_to_one_is_the_papers_formula():
    a, b = direction([3.0, 1.0, 2.0]), direction([1.0, 1.0, 0.0])
    left = orthogonalised(a, [b])
    expected = a.vector - (a.vector @ b.vector) * b.vector
    np.testing.assert_allclose(left.vector, expected / np.linalg.norm(expected), atol=1e-6)
    assert left.low is None
    assert left.figures["left"] == pytest.approx(float(np.linalg.norm(expected)), abs=1e-5)
    assert orthogonalised(a, []).vector is a.vector


def test_orthogonal_to_itself_or_to_another_space_is_refused():
    a = direction([1.0, 2.0])
    with pytest.raises(ValueError, match="^Nothing is left"):
        orthogonalised(a, [direction([-1.0, -2.0])])
    other = Direction(a.vector, "w", 1.0, "Sleeves", "pca")
    with pytest.raises(ValueError, match=r"^The direction lies in Z and \"Sleeves\" in W"):
        orthogonalised(a, [other])


def test_signs_are_settled_and_no_vector_is_refused():
    np.testing.assert_array_equal(turned(np.float32([0.1, -0.9])), np.float32([-0.1, 0.9]))
    with pytest.raises(ValueError, match="^The direction has no length"):
        unit_vector(np.zeros(3, np.float32))


# --- the usable range


class Growing(GeneratorNet):
    """A picture of two pixels, z itself: what is usual is where the Gaussian is."""

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return z.view(-1, 1, 1, 2)


class Saturating(GeneratorNet):
    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.tanh(z[:, :1]).view(-1, 1, 1, 1) * 0.5


def test_the_range_ends_where_pictures_leave_the_crowd():
    population = draw_population(Growing(), 2, 560, seed=0)
    crowd, moved = population.part(0, 512), population.part(512, 560)
    normal = usual(crowd.pictures())
    assert normal.share(draw_population(Growing(), 2, 400, seed=9).pictures()) > 0.85
    low, high = usable_range(direction([1.0, 0.0]), moved, normal)
    assert -4 < low < -1
    assert 1 < high < 4

    def share(amount):  # the definition, in numpy
        own = crowd.z.double().numpy()
        radii = np.sort(np.linalg.norm(own[:, None] - own[None], axis=2), axis=1)[:, 3]  # the 0th is itself
        points = moved.z.double().numpy() + np.array([amount, 0])
        inside = np.linalg.norm(points[:, None] - own[None], axis=2) <= radii
        return inside.any(axis=1).mean()

    least = share(0) * 2 / 3
    for sign, found in ((1, high), (-1, -low)):
        last = np.floor(found)
        before, after = share(sign * last), share(sign * (last + 1))
        assert before >= least > after
        assert found == pytest.approx(last + (before - least) / (before - after), abs=1e-6)


def test_what_never_leaves_the_crowd_ends_at_six():
    population = draw_population(Saturating(), 1, 560, seed=0)
    found = measured([direction([1.0])], RangeFinder(population))[0]
    assert (found.low, found.high) == (-6, 6)


# --- populations and layers


@pytest.mark.parametrize("classes", [0, 3])
def test_moved_pictures_are_those_of_moved_latents(classes):
    net = DcganGenerator(width=8).build(ImageShape(1, 28), DIM, classes).eval().requires_grad_(False)
    population = draw_population(net, DIM, 70, seed=5, class_count=classes)
    vector = unit_vector(np.arange(1, DIM + 1))
    labels = None if population.labels is None else population.labels
    expected = net(population.z + 1.5 * torch.from_numpy(vector), labels)
    torch.testing.assert_close(population.moved(vector, 1.5), expected, atol=1e-5, rtol=1e-4)
    again = draw_population(net, DIM, 70, seed=5, class_count=classes)
    assert torch.equal(again.z, population.z)


def test_only_the_chosen_layers_of_a_style_generator_move():
    net = StyleToy().eval().requires_grad_(False)
    population = draw_population(net, DIM, 5, seed=5, space="w")
    before = population.pictures().flatten(1)
    moved = population.moved(unit_vector(np.ones(DIM)), 2.0, layers=[1]).flatten(1)
    assert torch.equal(before[:, :12], moved[:, :12])  # what the first layer's affine gives
    assert (before[:, 12:32] != moved[:, 12:32]).all()


def test_uniform_latents_and_one_mixture_of_classes():
    net = DcganGenerator(width=8).build(ImageShape(1, 28), DIM, 3).eval().requires_grad_(False)
    weights = np.float32([0.25, 0.75, 0])
    population = draw_population(net, DIM, 300, seed=5, distribution="uniform", class_count=3, class_weights=weights)
    assert 0.9 < float(population.z.abs().max()) <= 1
    assert population.unit == pytest.approx(1 / np.sqrt(3), rel=0.05)
    assert (population.labels == torch.from_numpy(weights)).all()
    with pytest.raises(ValueError, match='^space is "w"; this generator has z'):
        draw_population(net, DIM, 3, seed=5, space="w")


@pytest.mark.parametrize("generator", [DcganGenerator(width=8), ResnetGenerator(width=8), MlpGenerator(hidden="")])
def test_every_layer_offered_can_be_watched_without_leaving_hooks(generator):
    net = generator.build(ImageShape(1, 28), DIM, 0).eval().requires_grad_(False)
    population = draw_population(net, DIM, 70, seed=5)
    for name in layer_names(population):
        rows = activations(population, name)
        assert len(rows) == 70
        assert rows.shape[1] <= 4096
    assert not any(m._forward_hooks for m in net.modules())
    with pytest.raises(ValueError, match='^layer is "nowhere"; it must be one of'):
        activations(population, "nowhere")

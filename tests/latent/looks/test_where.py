"""Looks to latents and pictures, against formulas and the networks themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from gan_core.latent import (
    Explorable,
    Look,
    Point,
    at_time,
    check_look,
    encode_vector,
    pictures,
    render,
    resolve,
    resolve_all,
)
from gan_core.latent.walks import lerp, slerp
from tests.pictures import assert_same_picture

Json = dict[str, Any]


def z_of(model: Explorable, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(model.dim).astype(np.float32)


def given_z(model: Explorable, seed: int) -> Json:
    return {"z": encode_vector(z_of(model, seed))}


def at(model: Explorable, where: Json, **look: Any) -> Point:
    return resolve(model, check_look(model, {"where": where, **look}))


def styles_of(model: Explorable, z: np.ndarray) -> np.ndarray:
    """[layers, dim] that the mapping network gives, by itself."""
    with torch.no_grad():
        w = model.generator.mapping(torch.from_numpy(z.astype(np.float32))[None])[0].numpy()
    return np.tile(w, (model.style_layers, 1))


def shown(images: torch.Tensor) -> np.ndarray:
    """float [N, C, H, W] in [-1, 1] -> uint8 [N, H, W, C], in numpy."""
    return np.clip(np.round((images.double().numpy() + 1) * 127.5), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def test_an_explicit_latent_is_taken_to_the_bit(dcgan_model: Explorable) -> None:
    point = at(dcgan_model, given_z(dcgan_model, 4))
    assert point.space == "z"
    assert point.vector.tobytes() == z_of(dcgan_model, 4).tobytes()
    assert point.latent is not None
    assert point.latent.tobytes() == point.vector.tobytes()
    assert point.styles is None
    assert point.weights is None


def test_a_seed_is_always_the_same_gaussian_latent(dcgan_model: Explorable) -> None:
    drawn = np.concatenate([at(dcgan_model, {"seed": seed}).vector for seed in range(400)])
    assert kstest(drawn, "norm").pvalue > 0.01
    assert len(np.unique(drawn)) > 0.99 * len(drawn)
    first = [0.12573022, -0.13210486, 0.64042264]  # numpy's documented PCG64 stream of seed 0
    np.testing.assert_allclose(at(dcgan_model, {"seed": 0}).vector[:3], first, rtol=1e-6)


def test_the_plane_goes_through_its_three_corners(dcgan_model: Explorable) -> None:
    corners = [given_z(dcgan_model, seed) for seed in (1, 2, 3)]
    p0, p1, p2 = (z_of(dcgan_model, seed).astype(np.float64) for seed in (1, 2, 3))
    for x, y in ((0, 0), (1, 0), (0, 1), (0.3, 0.4), (-2.5, 1.5)):  # the corners first
        point = at(dcgan_model, {"plane": corners, "at": [x, y]})
        np.testing.assert_allclose(point.vector, p0 + x * (p1 - p0) + y * (p2 - p0), rtol=1e-5, atol=1e-5)


def test_the_endless_plane_has_a_latent_at_whole_numbers_and_keeps_their_law(dcgan_model: Explorable) -> None:
    def vector(x: float, y: float, salt: int = 5) -> np.ndarray:
        return at(dcgan_model, {"seeds": [x, y], "salt": salt}).vector

    corners = [vector(x, y).astype(np.float64) for x, y in ((-1, 2), (0, 2), (-1, 3), (0, 3))]
    assert len({v.tobytes() for v in corners}) == 4
    factors = np.array([0.7 * 0.4, 0.3 * 0.4, 0.7 * 0.6, 0.3 * 0.6])  # at (-1 + 0.3, 2 + 0.6)
    expected = np.tensordot(factors, corners, 1) / np.linalg.norm(factors)
    np.testing.assert_allclose(vector(-0.7, 2.6), expected, rtol=1e-5, atol=1e-6)
    halves = np.concatenate([vector(x + 0.5, 0.5) for x in range(400)])
    assert kstest(halves, "norm").pvalue > 0.01
    assert not np.array_equal(vector(0, 0, 5), vector(0, 0, 6))
    np.testing.assert_allclose(vector(0.999999, 0), vector(1, 0), atol=1e-4)  # continuous where a cell ends


def test_along_directions_and_arithmetic(dcgan_model: Explorable) -> None:
    a, b, c = (z_of(dcgan_model, seed).astype(np.float64) for seed in (1, 2, 3))
    moves = [{"vector": encode_vector(b), "space": "z", "amount": 1.5},
             {"vector": encode_vector(c), "space": "z", "amount": -2, "layers": None}]  # fmt: skip
    moved = at(dcgan_model, {"base": given_z(dcgan_model, 1), "along": moves})
    np.testing.assert_allclose(moved.vector, a + 1.5 * b - 2 * c, rtol=1e-5, atol=1e-5)
    terms = [[1, given_z(dcgan_model, 1)], [-1, given_z(dcgan_model, 2)], [1, given_z(dcgan_model, 3)]]
    np.testing.assert_allclose(at(dcgan_model, {"sum": terms}).vector, a - b + c, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("way", "formula"), [("lerp", lerp), ("slerp", slerp)])
def test_paths_walk_between_their_keys(dcgan_model: Explorable, way: str, formula: Any) -> None:
    keys = [{"where": given_z(dcgan_model, seed), "seconds": 2.0} for seed in (1, 2, 3)]
    path = {"keys": keys, "way": way, "loop": True}
    expected = formula(z_of(dcgan_model, 3), z_of(dcgan_model, 1), 0.25)
    asked = at(dcgan_model, {"path": path, "at": 4.5}).vector
    np.testing.assert_allclose(asked, expected, rtol=1e-5, atol=1e-6)
    look = check_look(dcgan_model, {"where": {"path": path, "at": 0}})
    np.testing.assert_array_equal(resolve(dcgan_model, at_time(look, 4.5)).vector, asked)  # the same look
    with pytest.raises(ValueError, match="not a path"):
        at_time(check_look(dcgan_model, {"where": {"seed": 1}}), 0)


def test_truncation_of_z_pulls_toward_zero(dcgan_model: Explorable) -> None:
    point = at(dcgan_model, given_z(dcgan_model, 1), psi=0.5)
    np.testing.assert_array_equal(point.vector, z_of(dcgan_model, 1))  # where it lies stays
    np.testing.assert_allclose(point.latent, 0.5 * z_of(dcgan_model, 1))


def test_pictures_are_the_generators_in_one_batch(dcgan_model: Explorable, style_model: Explorable) -> None:
    for model in (dcgan_model, style_model):
        looks = [check_look(model, {"where": given_z(model, seed)}) for seed in range(5)]
        with torch.no_grad():
            z = torch.stack([torch.from_numpy(z_of(model, seed)) for seed in range(5)])
            expected = shown(model.generator(z))
        made = render(model, looks)
        assert made.dtype == np.uint8
        assert made.shape == (5, 28, 28, model.shape.channels)
        assert_same_picture(made, expected)
        assert expected.std(axis=0).mean() > 10  # the pictures differ
        assert render(model, []).shape == (0, 28, 28, model.shape.channels)


def test_more_looks_than_a_batch_takes(dcgan_model: Explorable, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [check_look(dcgan_model, {"where": {"seed": seed}}) for seed in range(7)]
    whole = render(dcgan_model, looks)
    monkeypatch.setattr("gan_core.latent.looks.where.BLOCK", 3)
    assert_same_picture(render(dcgan_model, looks), whole)


def test_classes_are_asked_for_and_mixed(conditional_model: Explorable) -> None:
    where = given_z(conditional_model, 1)
    assert at(conditional_model, where).weights.tolist() == [1, 0, 0]  # type: ignore[union-attr]
    mixed = at(conditional_model, where, **{"class": [2, 1, 0.25]})
    assert mixed.weights.tolist() == [0, 0.25, 0.75]  # type: ignore[union-attr]
    assert at(conditional_model, where, **{"class": [1, 1, 0.3]}).weights.tolist() == [0, 1, 0]  # type: ignore[union-attr]
    z = torch.from_numpy(z_of(conditional_model, 1))[None]
    for classes, labels in (([2], torch.tensor([2])), ([2, 1, 0.25], torch.tensor([[0, 0.25, 0.75]]))):
        with torch.no_grad():
            expected = shown(conditional_model.generator(z, labels))
        made = render(conditional_model, [check_look(conditional_model, {"where": where, "class": classes})])
        assert_same_picture(made, expected)
    both = render(conditional_model, [check_look(conditional_model, {"where": where, "class": c})
                                      for c in ([2], [2, 1, 0.25])])  # fmt: skip
    assert_same_picture(both[1], made[0])  # a whole class beside a mixture in one batch


def test_a_paths_keys_may_have_classes_of_their_own(conditional_model: Explorable) -> None:
    keys = [
        {"where": {"seed": 1}, "class": [0]},
        {"where": {"seed": 2}},
        {"where": {"seed": 3}, "class": [1, 2, 0.5]},
    ]
    path = {"keys": keys, "way": "spline"}
    for t, weights in ((0, [1, 0, 0]), (0.25, [0.75, 0, 0.25]), (1, [0, 0, 1]), (1.5, [0, 0.25, 0.75])):
        point = at(conditional_model, {"path": path, "at": t}, **{"class": [2]})
        np.testing.assert_allclose(point.weights, weights, atol=1e-6)


# --- styles


def test_styles_come_from_the_mapping_network(style_model: Explorable) -> None:
    point = at(style_model, given_z(style_model, 1))
    assert point.latent is None
    np.testing.assert_allclose(point.styles, styles_of(style_model, z_of(style_model, 1)), atol=1e-5)


def test_truncation_of_styles_pulls_toward_their_mean(style_model: Explorable) -> None:
    styles = styles_of(style_model, z_of(style_model, 1)).astype(np.float64)
    mean = style_model.generator.mean_style.double().numpy()
    point = at(style_model, given_z(style_model, 1), psi=0.7)
    np.testing.assert_allclose(point.styles, mean + 0.7 * (styles - mean), atol=1e-5)


def test_w_and_ws_are_given_and_come_back(style_model: Explorable) -> None:
    rng = np.random.default_rng(2)
    w = rng.standard_normal(style_model.style_dim).astype(np.float32)
    ws = rng.standard_normal((style_model.style_layers, style_model.style_dim)).astype(np.float32)
    one, all_layers = at(style_model, {"w": encode_vector(w)}), at(style_model, {"ws": encode_vector(ws)})
    np.testing.assert_array_equal(one.styles, np.tile(w, (style_model.style_layers, 1)))
    np.testing.assert_array_equal(all_layers.styles, ws)
    assert (one.space, all_layers.space) == ("w", "ws")
    np.testing.assert_array_equal(all_layers.vector.reshape(ws.shape), ws)


def test_directions_in_w_move_the_chosen_layers(style_model: Explorable) -> None:
    direction = np.random.default_rng(2).standard_normal(style_model.style_dim).astype(np.float32)
    base, styles = given_z(style_model, 1), styles_of(style_model, z_of(style_model, 1))
    for layers in (None, [0, 2]):
        move = {"vector": encode_vector(direction), "space": "w", "amount": 2, "layers": layers}
        point = at(style_model, {"base": base, "along": [move]})
        expected = styles.copy()
        expected[slice(None) if layers is None else layers] += 2 * direction
        np.testing.assert_allclose(point.styles, expected, atol=1e-5)
        assert point.space == ("w" if layers is None else "ws")


def test_directions_in_z_go_first_and_only_from_z(style_model: Explorable) -> None:
    dz, dw = z_of(style_model, 5), np.ones(style_model.style_dim, np.float32)
    in_z = {"vector": encode_vector(dz), "space": "z", "amount": 1}
    in_w = {"vector": encode_vector(dw), "space": "w", "amount": 1}
    point = at(style_model, {"base": given_z(style_model, 1), "along": [in_w, in_z]})
    np.testing.assert_allclose(point.styles, styles_of(style_model, z_of(style_model, 1) + dz) + 1, atol=1e-5)
    with pytest.raises(ValueError, match="A direction in z cannot be gone along from a point given in w"):
        at(style_model, {"base": {"w": encode_vector(dw)}, "along": [in_z]})


def test_parts_of_several_spaces_meet_in_the_highest(style_model: Explorable) -> None:
    w = np.linspace(-1, 1, style_model.style_dim).astype(np.float32)
    point = at(style_model, {"sum": [[0.5, given_z(style_model, 1)], [0.5, {"w": encode_vector(w)}]]})
    expected = 0.5 * styles_of(style_model, z_of(style_model, 1)) + 0.5 * w
    np.testing.assert_allclose(point.styles, expected, atol=1e-5)


def test_the_space_to_reckon_in_can_be_named(style_model: Explorable) -> None:
    a, b = (styles_of(style_model, z_of(style_model, seed)) for seed in (1, 2))
    ends = [given_z(style_model, seed) for seed in (1, 2)]
    in_w = at(style_model, {"plane": [*ends, ends[0]], "at": [0.5, 0], "space": "w"})
    np.testing.assert_allclose(in_w.styles, 0.5 * a + 0.5 * b, atol=1e-5)
    path = {"keys": [{"where": end} for end in ends], "space": "w", "way": "lerp"}
    np.testing.assert_allclose(at(style_model, {"path": path, "at": 0.5}).styles, 0.5 * a + 0.5 * b, atol=1e-5)
    seeds = at(style_model, {"seeds": [0.5, 0], "salt": 1, "space": "w"})
    whole = [at(style_model, {"seeds": [x, 0], "salt": 1}).styles for x in (0, 1)]
    np.testing.assert_allclose(seeds.styles, 0.5 * whole[0] + 0.5 * whole[1], atol=1e-5)  # type: ignore[operator]


def test_style_mixing_takes_layers_from_elsewhere(style_model: Explorable) -> None:
    mix = [{"where": given_z(style_model, 2), "layers": [1]}, {"where": given_z(style_model, 3), "layers": [0, 2]}]
    looks = [check_look(style_model, {"where": given_z(style_model, 1), "mix": m}) for m in (mix, [], mix[:1])]
    a, b, c = (styles_of(style_model, z_of(style_model, seed)) for seed in (1, 2, 3))
    expected = a.copy()
    expected[1], expected[[0, 2]] = b[1], c[[0, 2]]
    points = resolve_all(style_model, looks)
    np.testing.assert_allclose(points[0].styles, expected, atol=1e-5)
    np.testing.assert_allclose(points[1].styles, a, atol=1e-5)
    np.testing.assert_allclose(points[2].styles[1], b[1], atol=1e-5)  # type: ignore[index]
    np.testing.assert_allclose(points[2].styles[0], a[0], atol=1e-5)  # type: ignore[index]


def test_units_are_changed_for_their_own_look_only(dcgan_model: Explorable) -> None:
    from gan_core.latent.inside.units import layers_of

    layer = layers_of(dcgan_model.generator)[-1]
    units = [{"layer": layer.name, "unit": i, "scale": 0} for i in range(layer.units // 2)]
    plain, other = ({"where": {"seed": 1}, "units": u} for u in ([], units))
    made = render(dcgan_model, [check_look(dcgan_model, look) for look in (plain, other, plain)])
    assert_same_picture(made[0], made[2])
    assert np.abs(made[0].astype(int) - made[1]).max() > 5
    with pytest.raises(ValueError, match="no layer"):
        render(dcgan_model, [check_look(dcgan_model, {**plain, "units": [{**units[0], "layer": "nowhere"}]})])


def test_points_far_out_are_refused(dcgan_model: Explorable) -> None:
    move = {"vector": encode_vector(np.full(dcgan_model.dim, 9e3)), "space": "z", "amount": 1e3}
    with pytest.raises(ValueError, match="lies too far out"):
        at(dcgan_model, {"base": {"seed": 1}, "along": [move]})


def test_the_same_look_is_the_same_picture_as_its_frozen_vector(style_model: Explorable) -> None:
    look = {"where": {"plane": [{"seed": 1}, {"seed": 2}, {"seed": 3}], "at": [0.4, 0.2]}, "psi": 0.8}
    point = resolve(style_model, check_look(style_model, look))
    frozen = {"where": {point.space: encode_vector(point.vector)}, "psi": 0.8}
    again = resolve(style_model, check_look(style_model, frozen))
    np.testing.assert_allclose(again.styles, point.styles, atol=1e-6)
    assert_same_picture(pictures(style_model, [again]), pictures(style_model, [point]))


def test_uniform_latents(dcgan_model: Explorable) -> None:
    from dataclasses import replace

    config = replace(dcgan_model.config, latent=replace(dcgan_model.config.latent, distribution="uniform"))
    model = replace(dcgan_model, config=config)
    drawn = np.concatenate([at(model, {"seed": seed}).vector for seed in range(300)])
    assert kstest(drawn, "uniform", args=(-1, 2)).pvalue > 0.01
    between = np.concatenate([at(model, {"seeds": [x + 0.5, 0.5]}).vector for x in range(100)])
    assert np.abs(between).max() <= 1


def test_a_look_is_plain_and_frozen(dcgan_model: Explorable) -> None:
    look = check_look(dcgan_model, {"where": {"seed": 1}})
    assert isinstance(look, Look)
    with pytest.raises(AttributeError):
        look.psi = 2.0  # type: ignore[misc]

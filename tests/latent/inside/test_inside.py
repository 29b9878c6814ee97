"""Maps, effects of units and the discriminator's evidence, held against hand-made networks and closed forms."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from gan_core.latent import Explorable, check_look, resolve
from gan_core.latent.inside.effects import feature_maps, unit_effects
from gan_core.latent.inside.judging import METHODS, blank_of, evidence, judge, score_of
from gan_core.latent.looks.look import Unit
from gan_core.latent.looks.where import forward
from gan_core.nets import DcganDiscriminator
from gan_core.nets.base import ImageShape


def points(model, seeds, label=None):
    looks = [{"where": {"seed": seed}, "class": None if label is None else [label]} for seed in seeds]
    return [resolve(model, check_look(model, look)) for look in looks]


def without(model: Explorable, layer: str, unit: int) -> Explorable:
    """A dcgan whose unit has no normalised value and no shift: 0 behind its ReLU."""
    net = copy.deepcopy(model.generator)
    norm = {"dense": net.layers[0], "layers.2": net.layers[3]}[layer]
    norm.weight[unit] = norm.bias[unit] = 0.0
    return replace(model, generator=net)


@torch.no_grad()
def test_maps_are_what_the_layers_give_in_turn(dcgan_model):
    net, (point,) = dcgan_model.generator, points(dcgan_model, [5])
    x = net.dense(torch.from_numpy(point.latent)[None]).view(1, net.channels, net.start, net.start)
    first = torch.relu(net.layers[0](x))
    second = torch.relu(net.layers[3](net.layers[2](first)))
    np.testing.assert_allclose(feature_maps(dcgan_model, point, "dense"), first[0], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(feature_maps(dcgan_model, point, "layers.2"), second[0], rtol=1e-5, atol=1e-7)
    changed = feature_maps(dcgan_model, point, "dense", [Unit("dense", 2, 0.5)])
    np.testing.assert_allclose(changed[2], 0.5 * first[0, 2], rtol=1e-5, atol=1e-7)


def test_between_two_layers_the_caller_has_gradients(dcgan_model):
    for _ in unit_effects(dcgan_model, points(dcgan_model, [1])):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


@torch.no_grad()
@pytest.mark.parametrize("conditional", [False, True])
def test_effects_are_those_of_weights_set_to_zero(dcgan_model, conditional_model, conditional):
    model, label = (conditional_model, 1) if conditional else (dcgan_model, None)
    here, others = points(model, [1, 2, 3], label), points(model, [4, 5], 0 if conditional else None)
    found = list(unit_effects(model, here, others=others))
    assert [effects.layer.name for effects in found] == ["dense", "layers.2"]
    before, before_others = forward(model.generator, here), forward(model.generator, others)
    labels = torch.tensor([1, 1, 1]) if conditional else None
    score = model.discriminator(before, labels)
    for effects in found:
        for unit in (0, effects.layer.units - 1):
            net = without(model, effects.layer.name, unit).generator
            after, after_others = forward(net, here), forward(net, others)
            assert effects.change[unit] == pytest.approx(float((after - before).abs().mean()) / 2, abs=1e-6)
            wanted = float((after_others - before_others).abs().mean()) / 2
            assert effects.elsewhere[unit] == pytest.approx(wanted, abs=1e-6)
            falls = score - model.discriminator(after, labels)
            assert effects.score[unit] == pytest.approx(float(falls.mean()), abs=1e-5)
            if conditional:
                every = [
                    model.discriminator(images, torch.full((3,), c)) for images in (before, after) for c in range(3)
                ]
                mean_falls = (sum(every[:3]) - sum(every[3:])) / 3
                assert effects.for_class[unit] == pytest.approx(float((falls - mean_falls).mean()), abs=1e-5)
        assert effects.change.max() > 1e-4
        assert (effects.for_class is not None) == conditional


@torch.no_grad()
def test_effects_are_taken_beside_what_is_changed_already(dcgan_model):
    here, edits = points(dcgan_model, [1]), [Unit("dense", 2, 0.0)]
    (effects,) = unit_effects(dcgan_model, here, ["layers.2"], units=edits)
    base = without(dcgan_model, "dense", 2)
    (wanted,) = unit_effects(base, here, ["layers.2"])
    np.testing.assert_allclose(effects.change, wanted.change, atol=1e-6)
    np.testing.assert_allclose(effects.score, wanted.score, atol=1e-5)
    (nothing,) = unit_effects(dcgan_model, here, ["dense"], units=edits)
    assert nothing.change[2] < 1e-6  # it is off already


def test_a_long_search_tells_how_far_it_is_and_can_be_stopped(dcgan_model):
    heard = []

    def tell(fraction, words):
        heard.append(fraction)
        if fraction > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(unit_effects(dcgan_model, points(dcgan_model, range(64)), progress=tell))
    assert heard == sorted(heard)
    assert heard[0] == 0.0
    list(unit_effects(dcgan_model, points(dcgan_model, [1]), progress=lambda f, w: heard.append(f)))
    assert heard[-1] == 1.0


def test_without_a_discriminator_only_pixels_count(dcgan_model):
    model = replace(dcgan_model, discriminator=None)
    for effects in unit_effects(model, points(model, [1])):
        assert effects.score is None
        assert effects.for_class is None
    with pytest.raises(ValueError, match="nobody to judge"):
        judge(model, torch.zeros(1, 1, 28, 28), [None])


# Evidence


def linear(weight):
    return lambda images: (images * weight).sum((1, 2, 3)) + 0.7


@pytest.mark.parametrize("method", METHODS)
def test_a_linear_score_has_one_true_answer(method):
    rng = torch.Generator().manual_seed(0)
    image, weight = torch.rand(3, 10, 10, generator=rng) * 2 - 1, torch.randn(3, 10, 10, generator=rng)
    blank = torch.full_like(image, -1.0)
    found = evidence(linear(weight), image, method, blank=blank, patch=1)
    np.testing.assert_allclose(found.shares, (weight * (image - blank)).sum(0), rtol=1e-4, atol=1e-5)
    assert abs(found.gap) < 1e-3
    assert found.score == pytest.approx(float((image * weight).sum()) + 0.7, abs=1e-4)


def test_integrated_gradients_of_a_square_are_a_difference_of_squares():
    """The gradient 2x is linear, so that the middles of the steps give the integral without error."""
    image, blank = torch.linspace(-1, 1, 100).view(1, 10, 10), torch.full((1, 10, 10), 0.25)
    found = evidence(lambda x: x.square().sum((1, 2, 3)), image, "integrated", blank=blank)
    np.testing.assert_allclose(found.shares, (image.square() - blank.square())[0], atol=1e-5)
    gradient = evidence(lambda x: x.square().sum((1, 2, 3)), image, "gradient", blank=blank)
    np.testing.assert_allclose(gradient.shares, (2 * image * (image - blank))[0], atol=1e-5)


def test_integrated_gradients_add_up_to_the_difference_of_the_scores(dcgan_model, conditional_model, style_model):
    for model in (dcgan_model, conditional_model, style_model):
        (point,) = points(model, [3], 1 if model.classes else None)
        with torch.no_grad():
            (image,) = forward(model.generator, [point])
        score = score_of(model, point.weights)
        found = evidence(lambda x, score=score: 50 * score(x), image, "integrated")  # untrained, it is nearly flat
        assert abs(found.score - found.blank_score) > 0.01
        assert abs(found.gap) < 0.02 * abs(found.score - found.blank_score) + 1e-4


def test_occlusion_finds_the_one_pixel_that_counts():
    image = torch.full((1, 28, 28), -1.0)
    image[0, 12, 20] = 1.0
    found = evidence(lambda x: x[:, 0, 12, 20], image, "occlusion")
    y, x = np.unravel_index(found.shares.argmax(), found.shares.shape)
    assert abs(y - 12) <= 3
    assert abs(x - 20) <= 3
    assert found.shares[12, 20] == pytest.approx(2 / 3**2)  # a cover of 3 x 3 lowers the score by 2
    assert (found.shares[:8] == 0).all()


def test_blank_is_the_colour_of_the_edge():
    image = torch.rand(3, 9, 9)
    image[:, 0], image[:, -1], image[:, :, 0] = (torch.tensor([0.1, -0.4, 0.9])[:, None] for _ in range(3))
    blank = blank_of(image)
    assert blank.shape == image.shape
    torch.testing.assert_close(blank[:, 4, 4], torch.tensor([0.1, -0.4, 0.9]))


def test_an_unknown_method_is_said():
    with pytest.raises(ValueError, match="method is 'magic'; it must be one of integrated, gradient, occlusion"):
        evidence(linear(1.0), torch.zeros(1, 4, 4), "magic")


# The judge


@torch.no_grad()
def test_a_mixture_of_classes_has_the_mixture_of_their_logits(conditional_model):
    images = torch.rand(2, 3, 28, 28) * 2 - 1
    rows = [np.array([0.25, 0.0, 0.75], np.float32), np.array([0.0, 1.0, 0.0], np.float32)]
    logits, for_class = judge(conditional_model, images, rows)
    every = torch.stack([conditional_model.discriminator(images, torch.full((2,), c)) for c in range(3)], 1)
    torch.testing.assert_close(logits, torch.stack([0.25 * every[0, 0] + 0.75 * every[0, 2], every[1, 1]]))
    torch.testing.assert_close(for_class, logits - every.mean(1))
    torch.testing.assert_close(score_of(conditional_model, rows[0])(images)[0], logits[0])


@torch.no_grad()
def test_a_picture_is_judged_alone_and_a_pack_is_the_same_picture_again(dcgan_model):
    torch.manual_seed(0)
    shape, images = ImageShape(1, 28), torch.rand(3, 1, 28, 28) * 2 - 1
    company = DcganDiscriminator(width=8, minibatch_std=True).build(shape, 0, 1).eval()
    model = replace(dcgan_model, discriminator=company)
    logits, _ = judge(model, images, [None] * 3)
    torch.testing.assert_close(logits[1], company(images[1:2])[0])
    assert not torch.allclose(logits, company(images), atol=1e-7)
    packed = DcganDiscriminator(width=8).build(shape, 0, 2).eval()
    model = replace(dcgan_model, config=replace(dcgan_model.config, pack=2), discriminator=packed)
    logits, _ = judge(model, images, [None] * 3)
    torch.testing.assert_close(logits, packed(torch.cat([images, images], dim=1)))


def test_no_weight_gets_a_gradient(dcgan_model):
    image = torch.zeros(1, 28, 28)
    evidence(score_of(dcgan_model, None), image, "integrated")
    assert all(weight.grad is None for weight in dcgan_model.discriminator.parameters())
    assert isinstance(dcgan_model.discriminator, nn.Module)

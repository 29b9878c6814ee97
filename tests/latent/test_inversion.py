"""Inversion against least squares where there is a closed form, and on generators whose images it must find again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_core.latent import Explorable
from gan_core.latent.features import discriminator_features
from gan_core.latent.inversion import Closeness, InversionOptions, Moment, invert
from gan_core.latent.survey import survey
from gan_core.nets import DcganDiscriminator
from gan_core.nets.base import GeneratorNet, ImageShape
from gan_core.training import RunConfig
from gan_core.training.batches import to_pixels
from gan_core.training.build import build_networks
from gan_core.training.configuration.run_config import Latent
from tests.pictures import assert_same_picture

QUICK = InversionOptions(restarts=8, iterations=80, pool=200)


class Linear(GeneratorNet):
    """x = A z: the best latent for any picture is that of least squares."""

    def __init__(self, dim: int = 5) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(64, dim, generator=torch.Generator().manual_seed(0)) / 8)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return (z @ self.weight.T).view(-1, 1, 8, 8)


def linear_model(distribution: str = "normal") -> Explorable:
    config = RunConfig(latent=Latent(dim=5, distribution=distribution))
    return Explorable("asset:linear", "linear", config, ImageShape(1, 8), (), Linear())


def drawn(model: Explorable, seed: int, label: int | None = None) -> tuple[np.ndarray, Tensor]:
    """A picture that the generator itself makes, and its z."""
    labels = None if label is None else torch.tensor([label])
    found = survey(model, 1, seed, labels)
    return to_pixels(found.images[0]).permute(1, 2, 0).contiguous().numpy(), found.z[0]


def off(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a.astype(float) - b.astype(float)) ** 2)))


def test_a_linear_generator_is_inverted_as_by_least_squares() -> None:
    model = linear_model()
    picture, z = drawn(model, 77)
    found = invert(model, picture, replace(QUICK, prior_weight=0.0, iterations=300))
    weight = model.generator.weight.detach().double().numpy()
    best, *_ = np.linalg.lstsq(weight, picture.reshape(-1) / 127.5 - 1.0, rcond=None)
    np.testing.assert_allclose(found.vector, best, atol=2e-3)
    np.testing.assert_allclose(found.vector, z.numpy(), atol=0.02)  # as far as 256 grey levels tell
    assert found.closeness.verdict() == "The generator makes this very picture."


def test_numbers_agree_with_the_pictures(dcgan_model: Explorable) -> None:
    picture, _ = drawn(dcgan_model, 5)
    found = invert(dcgan_model, picture, QUICK)
    close = found.closeness
    assert close.rmse == pytest.approx(off(found.picture, picture), abs=0.6)  # the picture is rounded
    samples = to_pixels(survey(dcgan_model, QUICK.pool, QUICK.seed, None).images).permute(0, 2, 3, 1).numpy()
    errors = [off(sample, picture) for sample in samples]
    assert close.nearest == pytest.approx(min(errors), abs=0.6)
    assert close.random == pytest.approx(np.median(errors), rel=0.02)
    assert close.psnr == pytest.approx(20 * np.log10(255 / close.rmse))
    assert f"{close.nearest:.1f}" in close.figures()
    assert "200 random samples" in close.figures()


def test_a_network_finds_back_what_it_made(dcgan_model: Explorable) -> None:
    picture, _ = drawn(dcgan_model, 5)
    found = invert(dcgan_model, picture, replace(QUICK, iterations=200))
    assert found.closeness.rmse < 0.25 * found.closeness.nearest
    again = dcgan_model.generator(torch.from_numpy(found.vector)[None])
    assert_same_picture(to_pixels(again[0]).permute(1, 2, 0).numpy(), found.picture)


def test_of_a_conditional_generator_the_class_is_found(conditional_model: Explorable) -> None:
    for label in range(3):
        picture, _ = drawn(conditional_model, 40 + label, label)
        found = invert(conditional_model, picture, QUICK)
        assert found.label == label
        assert found.label == found.labels[found.best]
    fixed = invert(conditional_model, picture, replace(QUICK, label=0, iterations=10))
    assert set(fixed.labels) == {0}


@pytest.mark.parametrize("space", ["w", "ws"])
def test_styles_are_found_too(style_model: Explorable, space: str) -> None:
    picture, _ = drawn(style_model, 6)
    found = invert(style_model, picture, replace(QUICK, space=space))
    assert found.vector.shape == (style_model.length(space),)
    assert found.closeness.rmse < 0.6 * found.closeness.nearest
    styles = torch.from_numpy(found.vector).view(1, -1, style_model.style_dim)
    again = style_model.generator.synthesis(styles.expand(1, style_model.style_layers, -1))
    assert_same_picture(to_pixels(again[0]).permute(1, 2, 0).numpy(), found.picture)


def test_uniform_latents_stay_in_their_cube() -> None:
    model = linear_model("uniform")
    found = invert(model, np.full((8, 8, 1), 255, np.uint8), QUICK)
    assert float(np.abs(found.vector).max()) <= 1.0


def test_the_prior_keeps_the_point_among_random_ones(dcgan_model: Explorable) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (28, 28, 1), np.uint8)
    free = invert(dcgan_model, noise, replace(QUICK, prior_weight=0.0))
    held = invert(dcgan_model, noise, replace(QUICK, prior_weight=5.0))
    assert abs(held.spread - 1.0) < 0.1 < abs(free.spread - 1.0)
    assert held.spread == pytest.approx(float(np.sqrt(np.mean(held.vector.astype(float) ** 2))), rel=1e-5)
    assert held.whereabouts() == "The point lies where random latents do."
    assert free.whereabouts() != held.whereabouts()


def test_progress_tells_the_best_so_far_and_can_cancel(
    dcgan_model: Explorable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_core.latent.inversion._last", None)
    picture, _ = drawn(dcgan_model, 5)
    moments: list[Moment] = []
    shares: list[float] = []
    found = invert(dcgan_model, picture, QUICK, moments.append, shares.append)
    assert shares == [0.0, 128 / 200]
    assert [m.iteration for m in moments] == [*range(0, 80, 5), 80]
    for moment in moments:
        assert off(moment.picture, picture) == pytest.approx(moment.best_rmse, abs=0.6)
    assert moments[-1].best_rmse < 0.5 * moments[0].best_rmse
    assert moments[-1].best_rmse == found.closeness.rmse
    alive = np.isfinite(found.curves).sum(1)
    assert (alive[0], alive[20], alive[40], alive[80]) == (8, 4, 2, 2)  # given up after a quarter and a half
    again = invert(dcgan_model, picture, QUICK, drawing=shares.append)
    assert len(shares) == 2  # the samples are there still
    np.testing.assert_array_equal(again.vector, found.vector)

    class Enough(Exception):
        pass

    def stop(moment: Moment) -> None:
        if moment.iteration >= 10:
            raise Enough

    with pytest.raises(Enough):
        invert(dcgan_model, picture, QUICK, stop)


def test_however_wild_the_steps_the_result_is_no_worse_than_the_start(dcgan_model: Explorable) -> None:
    picture, _ = drawn(dcgan_model, 5)
    wild = replace(QUICK, rate=200.0, iterations=12, prior_weight=0.0, feature_weight=0.0)
    found = invert(dcgan_model, picture, wild)
    assert found.curves[1].min() > 1.2 * found.closeness.nearest  # a first step far uphill
    assert found.closeness.rmse <= found.closeness.nearest + 1e-3


def test_the_same_seed_finds_the_same(dcgan_model: Explorable) -> None:
    picture, _ = drawn(dcgan_model, 5)
    short = replace(QUICK, iterations=20)
    first, second = invert(dcgan_model, picture, short), invert(dcgan_model, picture, short)
    assert np.array_equal(first.vector, second.vector)
    assert not np.array_equal(first.vector, invert(dcgan_model, picture, replace(short, seed=1)).vector)


def test_features_are_what_the_discriminators_head_is_given(dcgan_model: Explorable) -> None:
    features = discriminator_features(dcgan_model)
    assert features is not None
    images = survey(dcgan_model, 4, 9, None).images
    head = dcgan_model.discriminator.head  # type: ignore[union-attr]
    torch.testing.assert_close(head(features(images), None), dcgan_model.discriminator(images))  # type: ignore[misc]


def test_features_are_of_one_image_whatever_the_discriminator() -> None:
    config = RunConfig(discriminator=DcganDiscriminator(width=8, minibatch_std=True), pack=2)
    nets = build_networks(config, ImageShape(1, 28), 3, torch.device("cpu"))
    model = Explorable("a", "a", config, ImageShape(1, 28), ("a", "b", "c"), nets.generator, nets.discriminator)
    features = discriminator_features(model)
    assert features is not None
    images = survey(model, 6, 1, torch.arange(6) % 3).images
    torch.testing.assert_close(features(images)[2:3], features(images[2:3]))


def test_what_does_not_fit_is_said(dcgan_model: Explorable) -> None:
    picture = np.zeros((28, 28, 1), np.uint8)
    for options, words in (
        (InversionOptions(space="w"), 'space is "w"; for this generator it must be one of z'),
        (InversionOptions(label=2), "label is 2; this generator has 0 classes"),
        (InversionOptions(restarts=1000), "restarts is 1000; it must be 1 to 64"),
    ):
        with pytest.raises(ValueError, match=words):
            invert(dcgan_model, picture, options)
    with pytest.raises(ValueError, match="28 x 28 pixels are wanted"):
        invert(dcgan_model, np.zeros((32, 32, 1), np.uint8))


def test_how_close_in_words() -> None:
    words = [Closeness(rmse, 90.0, 40.0, 1000).verdict() for rmse in (1.0, 10.0, 25.0, 60.0)]
    assert len(set(words)) == 4
    assert words[-1].startswith("Not close")

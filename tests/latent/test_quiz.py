"""Twenty pictures of two kinds: the same ones for one seed, told apart by labels that are right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix

from gan_core.data.base import ImageSet
from gan_core.latent import Explorable
from gan_core.latent.inside.judging import judge
from gan_core.latent.quiz import PICTURES, make_quiz, marks
from gan_core.objectives import losses
from tests.latent.conftest import small_config, small_model


def data_of(model: Explorable, held_out: bool = True) -> ImageSet:
    """Pictures of one grey each: 201 to 250 of training, 1 to 50 held out; no generator makes such."""

    def flat(first: int) -> torch.Tensor:
        greys = torch.arange(first, first + 50, dtype=torch.uint8)[:, None, None, None]
        return greys.expand(50, model.shape.channels, model.shape.size, model.shape.size).contiguous()

    labels = torch.arange(50) % max(1, len(model.classes)) if model.classes else None
    kept = flat(1) if held_out else flat(1)[:0]
    return ImageSet(flat(201), labels, model.classes, kept, labels if held_out else None)


@pytest.mark.parametrize("conditional", [False, True])
def test_a_seed_gives_the_same_pictures_and_their_labels_are_right(conditional: bool) -> None:
    model = small_model(small_config(conditional=conditional))
    data = data_of(model)
    first, again, other = (make_quiz(model, data, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.images, again.images)
    assert (first.images != other.images).any()
    flat = np.array([len(np.unique(image)) == 1 for image in first.images])
    np.testing.assert_array_equal(first.real, flat)
    assert first.images[first.real].max() <= 50, "a training picture among those that it never saw"
    assert first.held_out
    assert len(first.images) == PICTURES


def test_neither_kind_can_be_counted_out_nor_the_order_known() -> None:
    model = small_model(small_config())
    games = [make_quiz(model, data_of(model), seed) for seed in range(40)]
    numbers = {int(game.real.sum()) for game in games}
    assert numbers <= set(range(7, 14))
    assert len(numbers) > 3
    assert len({tuple(game.real) for game in games}) == 40


def test_without_held_out_pictures_training_ones_are_shown_and_it_is_known() -> None:
    model = small_model(small_config())
    game = make_quiz(model, data_of(model, held_out=False), 0)
    assert not game.held_out
    assert game.images[game.real].min() > 200


def test_the_discriminator_says_what_it_says_elsewhere() -> None:
    model = small_model(small_config())
    game = make_quiz(model, data_of(model), 5)
    pixels = torch.from_numpy(game.images).permute(0, 3, 1, 2).float() / 127.5 - 1
    wanted, _ = judge(model, pixels, [None] * PICTURES)
    assert game.logits is not None
    np.testing.assert_allclose(game.logits, wanted.detach().numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(game.judged_real, game.logits > 0)
    assert make_quiz(replace(model, discriminator=None), data_of(model), 5).judged_real is None


@pytest.mark.parametrize("name", losses.names())
def test_every_loss_has_a_threshold(name: str) -> None:
    model = small_model(small_config())
    model = replace(model, config=replace(model.config, loss=losses.get(name).cls()))
    game = make_quiz(model, data_of(model), 1)
    assert np.isfinite(game.threshold)
    assert game.judged_real is not None


def test_marks_are_those_of_a_confusion_matrix() -> None:
    rng = np.random.default_rng(0)
    real, said = rng.random(50) < 0.4, rng.random(50) < 0.6
    (true_fake, missed_fake), (missed_real, true_real) = confusion_matrix(real, said)
    found = marks(real, said)
    assert found.sensitivity == pytest.approx(true_real / (true_real + missed_real))
    assert found.specificity == pytest.approx(true_fake / (true_fake + missed_fake))
    assert found.accuracy == pytest.approx((true_fake + true_real) / 50)
    assert marks(np.ones(3, bool), np.ones(3, bool)).specificity is None

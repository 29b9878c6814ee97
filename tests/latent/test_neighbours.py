"""Nearest training images against brute force, and the verdict on generators that copy and that do not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from gan_core.data.base import ImageSet
from gan_core.latent import Explorable, neighbours
from gan_core.latent.features import discriminator_features
from gan_core.latent.neighbours import REFERENCES, TrainingSet, nearest
from gan_core.training.batches import to_unit

NONE = np.empty((0, 28, 28, 1), np.uint8)
TIE = 1e-4
"""Of two rows whose distances differ by less, float32 may call either the nearer one; neighbours differ by 1%."""


def images(count: int, seed: int) -> torch.Tensor:
    """Grey 28 x 28 images of a few smooth causes, and a little noise: real ones have near neighbours, none equal."""
    rng = np.random.default_rng(seed)
    causes = np.random.default_rng(0).standard_normal((4, 28 * 28))
    values = 128 + 30 * rng.standard_normal((count, 4)) @ causes + 5 * rng.standard_normal((count, 28 * 28))
    return torch.from_numpy(values.clip(0, 255).astype(np.uint8)).view(count, 1, 28, 28)


def data(held_out: int = 300) -> ImageSet:
    return ImageSet(images(900, 1), None, (), images(held_out, 2), None)


def brute(queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return cdist(queries.reshape(len(queries), -1).astype(float), rows.reshape(len(rows), -1).astype(float)) / 28


@pytest.mark.parametrize("chunk", [784, 10 * 784, 4 << 20])
def test_nearest_is_what_brute_force_finds(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(neighbours, "_CHUNK_NUMBERS", chunk)
    rows, queries = images(500, 3), images(7, 4)
    queries[0] = rows[123]  # a copy is at distance 0 to the last digit
    distances, indices = nearest(to_unit(queries).flatten(1), rows.flatten(1), 6)
    every = brute(queries.numpy(), rows.numpy())
    nearest_six = np.sort(every, axis=1)[:, :6]
    np.testing.assert_allclose(np.take_along_axis(every, indices, 1), nearest_six, rtol=TIE)
    np.testing.assert_allclose(127.5 * distances, nearest_six, rtol=TIE, atol=1e-5)
    assert distances[0, 0] == 0.0
    assert indices[0, 0] == 123


def test_fewer_rows_than_wanted() -> None:
    distances, indices = nearest(torch.zeros(2, 784), images(3, 1).flatten(1), 8)
    assert distances.shape == indices.shape == (2, 3)


def test_distances_stand_beside_those_of_held_out_images(dcgan_model: Explorable) -> None:
    there = data()
    fresh = images(50, 5).permute(0, 2, 3, 1).contiguous().numpy()
    training = TrainingSet(dcgan_model, there, "pixels", fresh[1:])
    np.testing.assert_allclose(
        training.real, np.sort(brute(there.held_out.numpy(), there.images.numpy()).min(1)), rtol=1e-4
    )
    found = training.around(fresh[0], count=5)
    every = brute(fresh.transpose(0, 3, 1, 2), there.images.numpy())
    np.testing.assert_allclose(every[0][found.indices], np.sort(every[0])[:5], rtol=TIE)
    np.testing.assert_array_equal(found.images[0, ..., 0], there.images[found.indices[0], 0].numpy())
    np.testing.assert_allclose(found.generated, np.sort(every[1:].min(1)), rtol=1e-4)
    assert found.nearer_than == pytest.approx(float(np.mean(training.real > every[0].min())))
    assert found.verdict().startswith("No sign of copying: ")
    assert f"{found.distances[0]:.3g} grey levels" in found.verdict()
    assert "copies" not in found.verdict_on_all()


def test_a_copy_is_called_one(dcgan_model: Explorable) -> None:
    there = data()
    copies = there.images[:40].permute(0, 2, 3, 1).contiguous().numpy()
    found = TrainingSet(dcgan_model, there, "pixels", copies).around(copies[7])
    assert (found.indices[0], found.distances[0]) == (7, 0.0)
    assert found.nearer_than == 1.0
    assert found.verdict().startswith("This looks copied: 0 grey levels")
    assert "100% are nearer" in found.verdict_on_all()
    assert found.verdict_on_all().endswith("this generator copies.")


def test_what_is_far_from_everything_is_called_far(dcgan_model: Explorable) -> None:
    strange = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), np.uint8)
    found = TrainingSet(dcgan_model, data(), "pixels", strange).around(strange[0])
    assert "farther from the data" in found.verdict()


def test_without_held_out_images_training_images_are_compared_with_each_other(dcgan_model: Explorable) -> None:
    there = images(REFERENCES, 1)  # as many as are looked at: each of them is
    training = TrainingSet(dcgan_model, ImageSet(there, None, (), there[:0], None), "pixels", NONE)
    every = brute(there.numpy(), there.numpy())
    to_another = np.sort(every, axis=1)[:, 1]  # the 0th is itself
    assert not training.held_out
    np.testing.assert_allclose(training.real, np.sort(to_another), rtol=TIE)


def test_by_the_discriminators_features(dcgan_model: Explorable, monkeypatch: pytest.MonkeyPatch) -> None:
    there, fresh = data(), images(3, 8)
    bare = discriminator_features(dcgan_model)
    assert bare is not None
    seen, wanted = bare(to_unit(there.images)).numpy(), bare(to_unit(fresh)).numpy()
    every = cdist(wanted, seen) / np.sqrt(seen.shape[1])
    monkeypatch.setattr(neighbours, "_MOST_NUMBERS", seen.shape[1])
    exact = TrainingSet(dcgan_model, there, "discriminator", NONE)
    found = exact.around(fresh[0].permute(1, 2, 0).numpy())
    np.testing.assert_allclose(every[0][found.indices], np.sort(every[0])[: len(found.indices)], rtol=TIE)
    np.testing.assert_allclose(found.distances[0], every[0].min(), rtol=1e-4)
    monkeypatch.setattr(neighbours, "_MOST_NUMBERS", 256)  # fewer than the 784 there are: projected
    rough = TrainingSet(dcgan_model, there, "discriminator", NONE)
    assert rough.rows.shape == (900, 256)
    near, _ = nearest(rough.features(to_unit(fresh)), rough.rows, 1)
    np.testing.assert_allclose(near[:, 0], every.min(1), rtol=0.2)


def test_it_can_be_cancelled_and_says_what_is_missing(dcgan_model: Explorable) -> None:
    class Enough(Exception):
        pass

    def stop(share: float, words: str) -> None:
        raise Enough

    with pytest.raises(Enough):
        TrainingSet(dcgan_model, data(), "discriminator", NONE, stop)
    with pytest.raises(ValueError, match="no training images"):
        TrainingSet(dcgan_model, ImageSet(images(0, 1), None, (), images(2, 1), None), "pixels", NONE)
    with pytest.raises(ValueError, match='features is "smell"; it must be one of pixels, discriminator'):
        TrainingSet(dcgan_model, data(), "smell", NONE)

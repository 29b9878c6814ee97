"""Feature spaces: which dataset gets which, and what pixel features are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_core.data import Emoji, FashionMnist, PointDataset, Shapes
from gan_core.data.base import datasets
from gan_core.data.pixels import SIZES
from gan_core.measure.features.classifier import FOLDER, read_card
from gan_core.measure.features.spaces import PIXEL_FEATURES, features_for, pixel_space


def noise(count: int, channels: int, size: int, seed: int = 0) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(256, (count, channels, size, size), dtype=torch.uint8, generator=rng)


def blocks_in_numpy(images: np.ndarray[Any, Any], side: int) -> np.ndarray[Any, Any]:
    """[N, C, S, S] cut into side x side blocks: means of the channels, and the deviation of the grey."""
    n, c, s, _ = images.shape
    width = s // side
    cut = images.reshape(n, c, side, width, side, width) / 255.0
    means = cut.mean((3, 5))
    spread = cut.mean(1).std((2, 4))
    return np.concatenate([means.reshape(n, -1), spread.reshape(n, -1)], axis=1)


@pytest.mark.parametrize(("size", "channels", "side"), [(28, 1, 7), (32, 3, 8), (64, 3, 8)])
def test_pixel_features_are_means_and_deviations_of_blocks(size: int, channels: int, side: int) -> None:
    images = noise(9, channels, size)
    found = pixel_space().extract(images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, blocks_in_numpy(images.numpy(), side), atol=2e-4)


def test_pixel_features_see_that_an_image_is_blurred() -> None:
    sharp = noise(50, 1, 32)
    blurred = torch.nn.functional.avg_pool2d(sharp.float(), 3, 1, 1, count_include_pad=False).to(torch.uint8)
    flat = torch.full_like(sharp, 128)
    spreads = [pixel_space().extract(images)[:, 64:].mean() for images in (sharp, blurred, flat)]
    assert spreads[0] > 1.5 * spreads[1] > 1.5 * spreads[2]
    assert spreads[2] == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("entry", list(datasets), ids=lambda entry: str(entry.name))
def test_every_dataset_has_features_or_is_of_points(entry: Any) -> None:
    dataset = entry.cls()
    if isinstance(dataset, PointDataset):
        with pytest.raises(ValueError, match="1 pixels"):
            features_for(dataset, 1, 2)
        return
    channels = dataset.info(Path("/nowhere")).channels
    for size in SIZES:
        space = features_for(dataset, size, channels)
        features, classes = space.extract_and_classify(noise(7, channels, size))
        assert features.shape[0] == 7
        assert features.shape[1] >= 64
        assert np.isfinite(features).all()
        cards = {read_card(path).size: read_card(path).features for path in FOLDER.glob(f"{entry.name}-*.json")}
        if size in cards:
            assert space.name == cards[size]
        else:
            assert (space.name == PIXEL_FEATURES) if not cards else ("resized to " in space.name)
        assert (classes is not None) == bool(space.class_names)
        if classes is not None:
            assert classes.dtype == np.int64
            assert set(classes.tolist()) <= set(range(len(space.class_names)))


def test_the_classifiers_names_are_the_datasets_own() -> None:
    names = [features_for(dataset, 28, 1).name for dataset in (FashionMnist(), FashionMnist(only="Trouser"))]
    assert names == ["Fashion-MNIST classifier features"] * 2  # one class is judged as all are
    assert features_for(Shapes(), 32, 3).name == "Shapes classifier features"
    assert features_for(Emoji(), 32, 3).name == "Emoji classifier features"
    assert features_for(FashionMnist(), 28, 3).name == PIXEL_FEATURES  # in colour it is something else


def test_a_classifier_of_another_size_sees_images_that_are_resized() -> None:
    """Shapes drawn at twice the size are the same shapes: nearly the same features, and the same classes."""
    small, large = (Shapes(300).load(size, Path()).images for size in (32, 64))
    space = features_for(Shapes(), 64, 3)
    assert space.name == "Shapes classifier features, resized to 32 pixels"
    one, other = features_for(Shapes(), 32, 3).extract_and_classify(small), space.extract_and_classify(large)
    assert one[1] is not None
    assert other[1] is not None
    assert (one[1] == other[1]).mean() > 0.95
    assert np.abs(one[0] - other[0]).mean() < 0.2 * np.abs(one[0] - one[0].mean(0)).mean()


def test_many_images_are_looked_at_as_few_are_and_no_chance_is_drawn() -> None:
    images, space = noise(1_100, 1, 28), features_for(FashionMnist(), 28, 1)
    before = torch.get_rng_state()
    features, classes = space.extract_and_classify(images)
    assert torch.equal(torch.get_rng_state(), before)
    assert classes is not None
    np.testing.assert_allclose(features[500:520], space.extract(images[500:520]), atol=1e-4)
    wanted = space.classify(images[1_000:])
    assert wanted is not None
    assert (classes[1_000:] == wanted).mean() > 0.97  # a tie may fall otherwise in another batch


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match="should be uint8"):
        pixel_space().extract(torch.zeros(3, 1, 28, 28))
    with pytest.raises(ValueError, match="should be uint8"):
        pixel_space().extract(noise(0, 1, 28))
    with pytest.raises(ValueError, match="Fashion-MNIST classifier features are of"):
        features_for(FashionMnist(), 28, 1).extract(noise(2, 3, 32))

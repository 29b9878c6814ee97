"""All measures of a set of images at once, against parts that are measured by hand and by others' code."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from prdc import compute_prdc  # type: ignore[import-untyped]
from scipy import stats
from scipy.spatial.distance import cdist
from torch import Tensor

from gan_core.data import FashionMnist
from gan_core.data.base import ImageSet
from gan_core.measure import IMAGE_MEASURES, FeatureSpace, Reference, features_for, measure_images
from gan_core.measure.frechet import fit_gaussian, frechet_distance


def drawn(count: int, seed: int, bright: float = 90.0) -> Tensor:
    """uint8 [count, 1, 4, 4]."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.normal(bright, 25, (count, 1, 4, 4)).clip(0, 255).astype(np.uint8))


def look(images: Tensor) -> tuple[Tensor, Tensor]:
    """The pixels, and whether an image is brighter than 90 in the mean."""
    return images.flatten(1) / 255.0, (images.float().mean((1, 2, 3)) > 90).long()


PIXELS = FeatureSpace("pixels as they are", ("dark", "bright"), look)


def flat(images: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return (images.flatten(1).double() / 255).numpy()


def ties(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> int:
    """In how many pairs float32 may call either the larger: of bytes many distances are the same."""
    return int(np.isclose(a, b, rtol=1e-5, atol=0).sum())


def test_each_value_is_what_others_find_between_generated_and_held_out_images() -> None:
    train, held, generated = drawn(900, 1), drawn(400, 2), drawn(400, 3, 95.0)
    reference = Reference.build(PIXELS, train, held, 400)
    found = measure_images(generated, reference)
    assert (found.features, found.samples, reference.real_count) == ("pixels as they are", 400, 400)
    assert set(found.values) == {measure.name for measure in IMAGE_MEASURES}
    real, fake, known = flat(held), flat(generated), flat(train)
    assert found.values["fid"] == pytest.approx(frechet_distance(fit_gaussian(fake), fit_gaussian(real)), rel=1e-4)
    three, five = compute_prdc(real, fake, 3), compute_prdc(real, fake, 5)
    across = cdist(real, fake)
    for name, wanted, of, k, a_point in (
        ("precision", three, real, 3, 1 / 400), ("recall", three, fake, 3, 1 / 400),
        ("density", five, real, 5, 1 / 2_000), ("coverage", five, real, 5, 1 / 400),
    ):  # fmt: skip
        radii = np.sort(cdist(of, of))[:, [k]]
        on_the_edge = ties(radii, across if of is real else across.T)
        assert on_the_edge < 20
        assert found.values[name] == pytest.approx(wanted[name], abs=on_the_edge * a_point + 1e-6), name
    nearest = [cdist(x, known).min(1) for x in (fake, real)]
    u, _ = stats.mannwhitneyu(*nearest)
    spread = math.sqrt(400 * 400 * 801 / 12)
    either_way = ties(nearest[0][:, None], nearest[1])
    assert either_way < 0.05 * spread
    assert found.values["memorisation"] == pytest.approx((u - 400 * 400 / 2) / spread, abs=either_way / spread + 1e-6)
    shares = np.bincount(look(generated)[1].numpy(), minlength=2) / 400
    assert found.class_histogram == pytest.approx(tuple(shares))
    assert found.values["class_entropy"] == pytest.approx(float(stats.entropy(shares)))


def test_the_floor_is_of_training_images_where_there_are_enough() -> None:
    train, held = drawn(300, 1, 60.0), drawn(300, 2)  # told apart by their brightness
    reference = Reference.build(PIXELS, train, held, 300)
    assert reference.floor.samples == 300
    assert measure_images(train, reference).values["fid"] == pytest.approx(reference.floor.values["fid"], rel=1e-6)
    assert measure_images(held, reference).values["fid"] == pytest.approx(0.0, abs=1e-6)


def test_with_few_training_images_both_lines_are_of_held_out_ones() -> None:
    """50 training images and 900 held out, as in a run that is made to memorise."""
    train, held = drawn(50, 1, 60.0), drawn(900, 2)
    reference = Reference.build(PIXELS, train, held, 300)
    assert (reference.floor.samples, reference.real_count) == (300, 600)
    assert reference.floor.values["fid"] < 0.1 < measure_images(train.repeat(6, 1, 1, 1), reference).values["fid"]
    assert abs(reference.floor.values["memorisation"]) < 3.5
    assert measure_images(train.repeat(6, 1, 1, 1), reference).values["memorisation"] < -15


def test_with_few_of_both_all_are_split_in_two_disjoint_parts() -> None:
    train, held = drawn(180, 1), drawn(20, 2)
    reference = Reference.build(PIXELS, train, held, 500)
    assert (reference.floor.samples, reference.real_count) == (100, 100)
    assert reference.floor.values["fid"] > 1e-3  # the same images would be at no distance
    assert math.isfinite(reference.floor.values["memorisation"])
    none = Reference.build(PIXELS, train, held[:0], 50)
    assert (none.floor.samples, none.real_count) == (50, 130)
    assert math.isnan(measure_images(drawn(50, 3), none).values["memorisation"])


def test_a_reference_repeats_and_looks_at_no_more_than_it_is_told() -> None:
    train, held = drawn(3_000, 1), drawn(3_000, 2)
    floors = [Reference.build(PIXELS, train, held, 200, seed, most=500).floor for seed in (1, 1, 2)]
    assert floors[0] == floors[1] != floors[2]
    assert Reference.build(PIXELS, train, held, 200, most=500).real_count == 500
    assert Reference.build(PIXELS, train, held, 200).real_count == 2_000
    before = torch.get_rng_state()
    reference = Reference.build(PIXELS, train, held, 200)
    one, again = (measure_images(drawn(200, 7), reference) for _ in range(2))
    assert one == again
    assert torch.equal(torch.get_rng_state(), before)


def test_wrong_counts_are_refused_in_a_sentence() -> None:
    reference = Reference.build(PIXELS, drawn(100, 1), drawn(100, 2), 50)
    with pytest.raises(ValueError, match="49 images were given; this reference is for 50"):
        measure_images(drawn(49, 3), reference)
    with pytest.raises(ValueError, match="Count is 5"):
        Reference.build(PIXELS, drawn(100, 1), drawn(100, 2), 5)
    with pytest.raises(ValueError, match="There are 8 real images"):
        Reference.build(PIXELS, drawn(8, 1), drawn(0, 2), 50)


def test_only_the_published_features_bear_the_published_names() -> None:
    by_name = {measure.name: measure for measure in IMAGE_MEASURES}
    assert len(by_name) == len(IMAGE_MEASURES)
    assert by_name["fid"].name_in("Inception features") == "FID"
    assert by_name["kid"].name_in("Inception features") == "KID"
    for measure in IMAGE_MEASURES:
        assert measure.name_in("pixel features") == measure.label
        assert "FID" not in measure.label
        assert measure.help.endswith(".")
        assert measure.source


@pytest.fixture(scope="module")
def fashion() -> tuple[ImageSet, Reference]:
    data = FashionMnist().load(28, Path())
    reference = Reference.build(features_for(FashionMnist(), 28, 1), data.images, data.held_out, 500, most=1_000)
    return data, reference


def test_on_clothes_real_images_score_as_the_floor_and_worse_ones_worse(fashion: tuple[ImageSet, Reference]) -> None:
    data, reference = fashion
    floor = reference.floor.values
    real = measure_images(data.images[-500:], reference).values
    assert real["fid"] == pytest.approx(floor["fid"], rel=0.5)
    for name in ("precision", "recall", "coverage", "density", "class_entropy"):
        assert real[name] == pytest.approx(floor[name], abs=0.12), name
    noise = torch.randint(256, (500, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    broken = measure_images(noise, reference).values
    assert broken["fid"] > 50 * floor["fid"]
    assert broken["kid"] > 50 * abs(floor["kid"])
    assert max(broken["recall"], broken["coverage"]) < 0.05
    assert broken["memorisation"] > 10


def test_on_clothes_one_class_alone_is_precise_but_covers_little(fashion: tuple[ImageSet, Reference]) -> None:
    data, reference = fashion
    assert data.labels is not None
    trousers = measure_images(data.images[data.labels == 1][:500], reference)
    assert trousers.class_histogram is not None
    assert trousers.class_histogram[1] > 0.9
    floor = reference.floor.values
    assert trousers.values["class_entropy"] < 0.5 < 2.2 < floor["class_entropy"]
    assert trousers.values["precision"] > 0.8
    assert trousers.values["coverage"] < 0.25 < 0.8 < floor["coverage"]
    assert trousers.values["fid"] > 10 * floor["fid"]

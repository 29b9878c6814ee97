"""The search: a generator that can make the picture exactly fills its hole; what is chosen is good and differs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gan_core.apply.completion.filling import SAME, FillOptions, choose, fill
from gan_core.apply.completion.masks import made_mask
from gan_core.apply.completion.observation import KnownPixels, LowResolution
from gan_core.apply.completion.scores import Score, score
from gan_core.apply.completion.verdicts import beside_simple_ways, how_many, known_part
from gan_core.latent import Explorable
from gan_core.latent.features import discriminator_logits
from gan_core.latent.search import Moment, picture_of
from gan_core.latent.survey import survey
from gan_core.nets import DcganDiscriminator
from gan_core.nets.base import GeneratorNet, ImageShape
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.training import RunConfig
from gan_core.training.build import build_networks
from gan_core.training.configuration.run_config import Latent

QUICK = FillOptions(restarts=12, iterations=200, pool=200, prior_weight=0.0)


class Linear(GeneratorNet):
    """x = A z, 8 x 8 pixels of 5 numbers: a quarter of the pixels says what z was."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(64, 5, generator=torch.Generator().manual_seed(0)) / 8)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return (z @ self.weight.T).view(-1, 1, 8, 8)


@pytest.fixture(scope="module")
def linear() -> Explorable:
    return Explorable("a", "linear", RunConfig(latent=Latent(dim=5)), ImageShape(1, 8), (), Linear())


@pytest.fixture(scope="module")
def fashion(tmp_path_factory: pytest.TempPathFactory) -> Explorable:
    folder = tmp_path_factory.mktemp("catalog")
    manager = RunManager(folder / "runs", folder / "data", device="cpu", threads=1)
    found = ModelCatalog(manager).open("asset:fashion")
    manager.close()
    return found


def own_picture(model: Explorable, seed: int) -> np.ndarray:
    return picture_of(survey(model, 1, seed, None).images[0])


@pytest.mark.parametrize("kind", ["half", "pixels", "box"])
def test_a_linear_generator_fills_the_hole_of_its_own_picture(linear: Explorable, kind: str) -> None:
    """By least squares on the known pixels alone the whole picture is known: the search must come to the same."""
    picture = own_picture(linear, 77)
    hidden = made_mask(kind, 8)
    observed = KnownPixels(picture, hidden)
    found = fill(linear, observed, 1, QUICK).chosen[0]
    weight = linear.generator.weight.detach().double().numpy()
    known = ~hidden.ravel()
    best, *_ = np.linalg.lstsq(weight[known], (picture.reshape(-1) / 127.5 - 1.0)[known], rcond=None)
    np.testing.assert_allclose(found.vector, best, atol=0.02)  # weighted there, not here: as far as rounding tells
    filled = observed.complete(found.picture, blend=True)
    assert np.abs(filled.astype(int) - picture).max() <= 2
    np.testing.assert_array_equal(filled[~hidden], picture[~hidden])


def test_where_the_known_part_leaves_nothing_open_there_is_one_completion(linear: Explorable) -> None:
    picture = own_picture(linear, 77)
    found = fill(linear, KnownPixels(picture, made_mask("half", 8)), 6, replace(QUICK, keep=1.0))
    assert len(found.chosen) < 6
    assert not found.has_realism  # no discriminator came along
    assert "found: the other searches ended at the same." in how_many(found, 6)
    assert how_many(found, len(found.chosen)) == ""


def test_a_shipped_generator_fills_the_hole_of_its_own_picture(fashion: Explorable) -> None:
    options = FillOptions(restarts=16, iterations=150, pool=400, realism_weight=0.0)
    psnrs = []
    for seed in (3, 4):
        picture = own_picture(fashion, seed)
        observed = KnownPixels(picture, made_mask("box", 28, share=0.2))
        found = fill(fashion, observed, 1, options)
        filled = observed.complete(found.chosen[0].picture, blend=True)
        psnrs.append(score(filled, picture, observed.hidden).psnr)
        assert found.chosen[0].error < 0.35 * found.nearest
        assert "It makes such pictures." in known_part(found)
    assert min(psnrs) > 24.0


def test_six_completions_are_good_and_differ(fashion: Explorable) -> None:
    picture = own_picture(fashion, 5)
    observed = KnownPixels(picture, made_mask("half", 28))
    found = fill(fashion, observed, 6, FillOptions(restarts=24, iterations=60, pool=400))
    assert len(found.chosen) == 6
    assert found.has_realism
    holes = [one.picture[observed.hidden].astype(float) for one in found.chosen]
    apart = [np.sqrt(np.mean((a - b) ** 2)) for i, a in enumerate(holes) for b in holes[:i]]
    assert min(apart) >= SAME
    assert max(one.error for one in found.chosen) < found.nearest  # each better than the nearest random sample
    for one in found.chosen:  # the vector, the picture and the error belong together
        again = fashion.generator(torch.from_numpy(one.vector)[None])
        assert np.abs(picture_of(again[0]).astype(int) - one.picture).max() <= 1
        known = ~observed.hidden
        off = np.sqrt(np.mean((one.picture[known].astype(float) - picture[known]) ** 2))
        assert one.error == pytest.approx(off, abs=0.7)  # the picture is rounded


def test_a_picture_that_the_generator_cannot_make_is_called_so(fashion: Explorable) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (28, 28, 1), np.uint8)
    short = FillOptions(restarts=4, iterations=20, pool=99)
    found = fill(fashion, KnownPixels(noise, made_mask("half", 28)), 1, short)
    assert "This generator cannot make such a picture" in known_part(found)
    assert found.chosen[0].error > 50


def test_detail_is_found_for_a_low_resolution(fashion: Explorable) -> None:
    picture = own_picture(fashion, 6)
    observed = LowResolution(picture, 4)
    found = fill(fashion, observed, 2, FillOptions(restarts=12, iterations=100, pool=400))
    filled = observed.complete(found.chosen[0].picture, blend=True)
    plain = np.repeat(np.repeat(observed.low.round().astype(np.uint8), 4, 0), 4, 1)
    everywhere = observed.hidden
    assert score(filled, picture, everywhere).psnr > score(plain, picture, everywhere).psnr + 3.0


def test_the_same_seed_finds_the_same_and_progress_can_cancel(linear: Explorable) -> None:
    observed = KnownPixels(own_picture(linear, 1), made_mask("half", 8))
    short = replace(QUICK, iterations=20)
    one, two = (fill(linear, observed, 3, short) for _ in range(2))
    assert [each.vector.tobytes() for each in one.chosen] == [each.vector.tobytes() for each in two.chosen]

    def stop(moment: Moment) -> None:
        if moment.iteration >= 10:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fill(linear, observed, 3, short, stop)


def test_what_a_discriminator_says_of_an_image_does_not_hang_on_the_others() -> None:
    config = RunConfig(discriminator=DcganDiscriminator(width=8, minibatch_std=True), pack=2)
    nets = build_networks(config, ImageShape(1, 28), 3, torch.device("cpu"))
    model = Explorable("a", "a", config, ImageShape(1, 28), ("a", "b", "c"), nets.generator, nets.discriminator)
    logits, labels = discriminator_logits(model), torch.arange(6) % 3
    assert logits is not None
    images = survey(model, 6, 1, labels).images
    said = logits(images, labels)
    assert said.shape == (6,)
    torch.testing.assert_close(said[2:3], logits(images[2:3], labels[2:3]))


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 9))
def test_of_what_is_found_the_first_is_the_best_and_no_two_are_alike(seed: int, count: int, wanted: int) -> None:
    rng = np.random.default_rng(seed)
    errors = rng.uniform(1, 30, count)
    holes = rng.choice(np.array([0, 90, 180], np.uint8), (count, 3))  # many the same
    rows = choose(errors, errors.astype(np.float32), holes, wanted)
    assert rows[0] == int(np.argmin(errors))
    assert len(rows) == min(wanted, len({hole.tobytes() for hole in holes}))
    assert len({holes[row].tobytes() for row in rows}) == len(rows)


def test_among_good_ones_the_most_different_come_first() -> None:
    errors = np.array([5.0, 5.5, 6.0, 40.0])
    holes = np.array([[0, 0], [10, 10], [100, 100], [255, 255]], np.uint8)
    assert choose(errors, errors.astype(np.float32), holes, 2) == [0, 2]
    assert choose(errors, errors.astype(np.float32), holes, 4) == [0, 2, 1, 3]  # a poor one only for want of others


def test_the_nearest_to_the_truth_is_named_whoever_it_is() -> None:
    worse, better, alike, first = (Score(psnr, 1.0, 0.5) for psnr in (12.0, 20.0, 15.2, 15.0))
    assert "nearer to the truth than every simple way" in beside_simple_ways(first, {"mean": ("the mean", worse)})
    words = beside_simple_ways(first, {"mean": ("the mean", worse), "nearest": ("image 3", better)})
    assert words.startswith("A simple way is nearer to the truth")
    assert "image 3 20.0 dB" in words
    assert "about as near" in beside_simple_ways(first, {"mean": ("the mean", alike)})
    assert beside_simple_ways(first, {}) == ""


def test_options_that_do_not_fit_are_a_sentence(linear: Explorable) -> None:
    observed = KnownPixels(own_picture(linear, 1), made_mask("half", 8))
    with pytest.raises(ValueError, match='space is "w"'):
        fill(linear, observed, 1, replace(QUICK, space="w"))

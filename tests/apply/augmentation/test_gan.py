"""The GAN of a seed: the settings by how many images there are, stopping and going on to the last bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gan_core.apply import Cancelled, Workplace
from gan_core.apply.augmentation import gan
from gan_core.apply.augmentation.gan import (
    ClassSampler,
    gan_config,
    sampling_stream,
    suggested_augmentation,
    train_gan,
)
from gan_core.data.base import ImageSet
from gan_core.training import RunConfig, problems
from tests.apply.augmentation.made import CLASSES, Halves, halves, place_in

NAME = "GAN of seed 1"


def config(images: int = 640) -> RunConfig:
    return gan_config(Halves(), 28, 1, images, "diffaugment")


def real() -> ImageSet:
    images, labels = halves(8, 1)
    return ImageSet(images, labels, CLASSES, images[:0], labels[:0])


def trained(place: Workplace, tell: gan.Tell = lambda *_: None, seconds: float = 0.0) -> ClassSampler:
    return train_gan(place, config(), real(), NAME, seconds, tell)


def drawn(sampler: ClassSampler) -> Tensor:
    return sampler.draw(1, 5, sampling_stream(1, 1, False))


class StopAfter:
    """Asks to stop when it is told of for the nth time."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __call__(self, fraction: float, words: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise Cancelled


def test_it_goes_on_after_a_stop_as_if_there_had_been_none(tmp_path: Path) -> None:
    straight = drawn(trained(place_in(tmp_path / "straight")))
    place = place_in(tmp_path / "stopped")
    for _ in range(2):
        with pytest.raises(Cancelled):
            trained(place, StopAfter(4))
    assert len(list(place.parts.glob("*.pt"))) == 1
    sampler = trained(place)
    assert sampler.images == 640
    assert torch.equal(drawn(sampler), straight)
    assert list(place.parts.glob("*.pt")) == []
    again = trained(place, StopAfter(1))  # finished: it is read, not trained
    assert (again.images, again.seconds) == (sampler.images, sampler.seconds)
    assert torch.equal(drawn(again), straight)


def test_a_damaged_state_begins_anew_and_a_damaged_generator_is_trained_again(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    with pytest.raises(Cancelled):
        trained(place, StopAfter(4))
    (state,) = place.parts.glob("*.pt")
    state.write_bytes(state.read_bytes()[:-100])
    straight = drawn(trained(place))
    (weights,) = place.parts.glob("gan-*.safetensors")
    weights.write_bytes(b"nothing")
    told: list[float] = []
    assert torch.equal(drawn(trained(place, lambda fraction, _: told.append(fraction))), straight)
    assert told[0] == 0.0


def test_it_stops_when_its_seconds_are_up(tmp_path: Path) -> None:
    seconds = iter(range(10_000))
    place = replace(place_in(tmp_path), clock=lambda: float(next(seconds)))
    sampler = trained(place, seconds=7.0)
    assert 0 < sampler.images < 640
    assert sampler.seconds >= 7.0


def test_its_settings_suit_the_images() -> None:
    assert [suggested_augmentation(n) for n in (100, 1_999, 2_000, 19_999, 20_000)] == [
        "diffaugment", "diffaugment", "ada", "ada", "none",
    ]  # fmt: skip
    found = config()
    assert found.conditional
    assert (found.seed, found.total_images, found.size) == (1, 640, 28)
    assert problems(found, Halves().info(Path())) == []


def test_more_samples_begin_with_the_same_ones_and_classes_have_streams_of_their_own(tmp_path: Path) -> None:
    sampler = trained(place_in(tmp_path))
    few, many = (sampler.draw(0, n, sampling_stream(1, 0, False)) for n in (3, 300))
    assert torch.equal(few, many[:3])
    assert few.dtype == torch.uint8
    assert few.shape == (3, 1, 28, 28)
    assert not torch.equal(few, sampler.draw(1, 3, sampling_stream(1, 1, False)))


def test_numbers_that_break_end_it_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = config().__class__(**{**vars(config()), "g_optimizer": config().g_optimizer.__class__(lr=1.0)})
    monkeypatch.setattr(gan, "_record", _break)
    with pytest.raises(ValueError, match="GAN of seed 1"):
        train_gan(place_in(tmp_path), broken, real(), NAME, 0.0, lambda *_: None)


def _break(trainer: gan.Trainer, place: Workplace, name: str) -> None:
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("nan"))
    RECORD(trainer, place, name)


RECORD = gan._record

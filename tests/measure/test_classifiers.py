"""The classifiers in assets/classifiers: each is what its card says, and the command that makes one works."""

from __future__ import annotations

import dataclasses
import hashlib
import shlex
import sys
from pathlib import Path

import pytest
import torch

from gan_core.data.base import ImageSet
from gan_core.data.pixels import SIZES
from gan_core.measure.features import classifier, classifier_training
from gan_core.measure.features.classifier import FOLDER, find_card, load_classifier, read_card
from gan_core.measure.features.classifier_training import PLANS, Plan, accuracy, main, train_classifier, training_data

NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
WANTED = {f"{name}-{size}" for name, plan in PLANS.items() for size in SIZES}


def squares(count: int, seed: int = 0) -> ImageSet:
    """28-pixel images with a bright square at the left (class 0) or the top (class 1), in noise."""
    rng = torch.Generator().manual_seed(seed)
    images = torch.randint(80, (count, 1, 28, 28), dtype=torch.uint8, generator=rng)
    labels = torch.arange(count) % 2
    images[labels == 0, :, 8:20, 2:8] += 150
    images[labels == 0, :, 8:20, 20:26] += 150  # on both sides, as images are mirrored
    images[labels == 1, :, 2:8, 8:20] += 150
    held = count // 4
    return ImageSet(images[held:], labels[held:], ("sides", "top"), images[:held], labels[:held])


def test_each_has_its_two_files_and_nothing_else_lies_there() -> None:
    assert {"fashion-mnist-28", "shapes-32", "emoji-32"} <= set(NAMES) <= WANTED
    assert {path.name for path in FOLDER.iterdir()} == {
        f"{n}{end}" for n in NAMES for end in (".json", ".safetensors")
    }
    assert max(path.stat().st_size for path in FOLDER.iterdir()) < 1_300_000


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_that_of_the_weights_and_its_command_makes_them(name: str) -> None:
    card = read_card(FOLDER / f"{name}.json")
    assert card.name == name
    assert hashlib.sha256((FOLDER / f"{name}.safetensors").read_bytes()).hexdigest() == card.sha256
    assert shlex.split(card.command) == [
        "python", "-m", "gan_core.measure.features.classifier_training", card.dataset, "--size", str(card.size),
    ]  # fmt: skip
    assert (card.seed, card.epochs) == (classifier_training.SEED, PLANS[card.dataset].epochs)
    assert card.features.startswith(f"{PLANS[card.dataset].label} classifier features")


@pytest.mark.parametrize("name", NAMES)
def test_it_is_as_accurate_as_its_card_says(name: str) -> None:
    card = read_card(FOLDER / f"{name}.json")
    data = training_data(card.dataset, card.size)
    assert (data.classes, data.channels) == (card.classes, card.channels)
    assert (len(data.images), len(data.held_out)) == (card.train_images, card.held_out_images)
    assert data.held_out_labels is not None
    rows = torch.randperm(len(data.held_out), generator=torch.Generator().manual_seed(0))[:600]
    found = accuracy(load_classifier(name), data.held_out[rows], data.held_out_labels[rows])
    assert found == pytest.approx(card.accuracy, abs=0.04)
    chance = max(torch.bincount(data.held_out_labels).tolist()) / len(data.held_out)
    assert card.accuracy > max(0.45, 2 * chance)


def test_the_features_are_as_many_as_told_and_the_head_reads_them() -> None:
    model = load_classifier("fashion-mnist-28")
    x = torch.rand(5, 1, 28, 28) * 2 - 1
    with torch.no_grad():
        features = model.features(x)
        assert torch.equal(model.head(features), model(x))
    assert features.shape == (5, classifier.WIDTH)
    assert features.min() >= 0
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert find_card("fashion-mnist", 28, 3) is None
    assert find_card("celeba", 64, 3) is None


def test_training_learns_and_repeats_to_the_last_bit() -> None:
    data = squares(1_000)
    assert data.held_out_labels is not None
    models = [train_classifier(data, Plan("Squares", 28, 3, shift=1)) for _ in range(2)]
    assert accuracy(models[0], data.held_out, data.held_out_labels) > 0.95
    for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_command_writes_weights_and_a_card_that_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(classifier_training, "training_data", lambda name, size: squares(600))
    monkeypatch.setitem(PLANS, "shapes", dataclasses.replace(PLANS["shapes"], epochs=3))
    monkeypatch.setattr(sys, "argv", ["classifier_training", "shapes", "--size", "28", "--out", str(tmp_path)])
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    main()
    card = read_card(tmp_path / "shapes-28.json")
    assert f"accuracy {card.accuracy:.4f} of 150 images" in capsys.readouterr().out
    assert (card.classes, card.epochs, card.features) == (
        ("sides", "top"),
        3,
        "Shapes classifier features at 28 pixels",
    )
    assert hashlib.sha256((tmp_path / "shapes-28.safetensors").read_bytes()).hexdigest() == card.sha256
    monkeypatch.setattr(classifier, "FOLDER", tmp_path)
    load_classifier.cache_clear()
    try:
        data = squares(600)
        assert data.held_out_labels is not None
        found = accuracy(load_classifier("shapes-28"), data.held_out, data.held_out_labels)
        assert found == pytest.approx(card.accuracy, abs=1e-4)
    finally:
        load_classifier.cache_clear()

"""The whole task: nothing held out is learned from, a stop loses nothing, what is given away is what was measured."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats

from gan_core.apply import Cancelled
from gan_core.apply.augmentation import Augment, classifier, study
from gan_core.apply.augmentation.files import folder_names, results_csv
from gan_core.config.codec import from_dict, to_dict
from gan_core.data import datasets
from gan_core.data.base import Dataset, ImageSet
from gan_core.training import Trainer
from gan_core.training.batches import Batches
from tests.apply.augmentation.made import CLASSES, TINY, Halves, halves, place_in

FILTERED = replace(TINY, least_confidence=0.05, keep_nearest=0.5, seeds=1)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A classifier's step on 16 images takes an eighth of the time."""
    monkeypatch.setattr(classifier, "BATCH", 16)


def contents(images: torch.Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


class Recorder:
    """What is given to the GANs' trainers, to their batches, and to the classifiers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gan: set[bytes] = set()
        self.trained: list[set[bytes]] = []
        self.looked: set[bytes] = set()
        began, trained, looked = Trainer.__init__, classifier.train, classifier.look
        batches = Batches.__init__

        def begin(trainer: Trainer, config: Any, data: ImageSet, device: torch.device) -> None:
            self.gan |= contents(data.images) | contents(data.held_out)
            began(trainer, config, data, device)

        def deal(dealer: Batches, data: ImageSet, *rest: Any, **more: Any) -> None:
            self.gan |= contents(data.images)
            batches(dealer, data, *rest, **more)

        def train(images: torch.Tensor, *rest: Any) -> Any:
            self.trained.append(contents(images))
            return trained(images, *rest)

        def look(net: Any, images: torch.Tensor) -> Any:
            self.looked |= contents(images)
            return looked(net, images)

        monkeypatch.setattr(Trainer, "__init__", begin)
        monkeypatch.setattr(Batches, "__init__", deal)
        monkeypatch.setattr(classifier, "train", train)
        monkeypatch.setattr(classifier, "look", look)


@pytest.mark.parametrize("task", [
    replace(FILTERED, held_out="drawn"),
    replace(FILTERED, data=Halves(count=40, held=20, repeated=9)),
])  # fmt: skip
def test_nothing_that_is_held_out_is_learned_from(
    task: Augment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Recorder(monkeypatch)
    place = place_in(tmp_path)
    held = contents(study.Study(task, place).split.held_out)
    outcome = task.work(place)
    assert len(held) == outcome["held_out"] > 30
    assert seen.gan
    assert not seen.gan & held
    assert len(seen.trained) == len(outcome["ways"]) == 8
    assert all(images and not images & held for images in seen.trained)
    assert seen.looked >= held, "they are classified, and nothing else"
    whole = task.data.load(28, tmp_path)
    real = (contents(whole.images) | contents(whole.held_out)) - held
    assert len(seen.gan) == 30
    assert seen.gan <= real
    assert seen.trained[0] == seen.gan, "the GAN and the classifier learn from the same real images"
    assert not seen.trained[1] & real, "synthetic alone is without a real one"


def test_everything_said_follows_from_the_counts(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    found = replace(TINY, ways="real,synthetic,both,classic").work(place)
    assert list(found["ways"]) == ["real", "synthetic", "both", "classic"]
    rows = list(csv.DictReader(io.StringIO((place.result / "results.csv").read_text())))
    assert [row["class"] for row in rows[:4]] == ["", "'=left", "right/<b>", "dark"]
    for name, way in found["ways"].items():
        whole = [row for row in rows if row["way"] == name and row["class"] == ""]
        accuracies = [int(row["right"]) / int(row["images"]) for row in whole]
        assert [row["seed"] for row in whole] == ["1", "2"]
        assert way["accuracies"] == pytest.approx(accuracies)
        assert way["mean"] == pytest.approx(np.mean(accuracies))
        assert np.array(found["confusion"][name]).sum() == 2 * found["held_out"]
        assert 0.0 <= way["low"] <= way["mean"] <= way["high"] <= 1.0
    apart = 100 * (np.array(found["ways"]["both"]["accuracies"]) - found["ways"]["real"]["accuracies"])
    if np.ptp(apart) > 1:
        low, high = stats.t.interval(0.95, 1, apart.mean(), stats.sem(apart))
        assert found["differences"]["both"]["low"] == pytest.approx(max(-100, low))
        assert found["differences"]["both"]["high"] == pytest.approx(min(100, high))
    assert found["verdict"].endswith(".")
    assert any(note.startswith("Only 60 images are held out") for note in found["notes"])
    json.dumps(found, allow_nan=False)


def test_what_is_given_away(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    found = replace(TINY, seeds=1, ways="synthetic", per_class=12).work(place)
    assert sorted(path.name for path in place.result.iterdir()) == [
        "report.html", "results.csv", "samples-seed-1.png", "synthetic.npz", "synthetic.zip",
    ]  # fmt: skip
    arrays = np.load(place.result / "synthetic.npz", allow_pickle=False)
    assert arrays["images"].shape == (36, 28, 28, 1)
    assert arrays["labels"].tolist() == [0] * 12 + [1] * 12 + [2] * 12
    assert arrays["classes"].tolist() == list(CLASSES)
    with zipfile.ZipFile(place.result / "synthetic.zip") as archive:
        names = archive.namelist()
        assert len(names) == 36
        assert {name.partition("/")[0] for name in names} == {"00-left", "01-right_b", "02-dark"}
        with Image.open(io.BytesIO(archive.read(names[13]))) as picture:
            assert np.array_equal(np.asarray(picture), arrays["images"][13, :, :, 0])
    report = (place.result / "report.html").read_text()
    assert "right/&lt;b&gt;" in report
    assert "right/<b>" not in report
    assert "<script" not in report
    assert "http" not in report.replace("http://www.w3.org", "")
    assert found["verdict"].split(";")[0] in report
    assert found["ways"]["real"]["low"] is None


def test_a_stop_anywhere_loses_nothing(tmp_path: Path) -> None:
    """Stopped again and again, each time a little later, it comes to what it does straight through."""
    task = replace(TINY, seeds=1, ways="synthetic,all", least_confidence=0.05)
    straight = task.work(place_in(tmp_path / "straight"))
    stops = 0

    def stop_after(count: int) -> Callable[[float, str], None]:
        left = count

        def progress(fraction: float, words: str) -> None:
            nonlocal left
            assert 0.0 <= fraction <= 1.0 + 1e-9
            left -= 1
            if left < 0:
                raise Cancelled

        return progress

    for _ in range(40):
        try:
            found = task.work(place_in(tmp_path / "stopped", stop_after(19)))
            break
        except Cancelled:
            stops += 1
    assert stops > 3
    for each in (straight, found):
        each["gan"] = [one["images"] for one in each["gan"]["seeds"]]
    assert found == straight
    for name in ("results.csv", "synthetic.npz", "samples-seed-1.png"):
        assert (tmp_path / "stopped/result" / name).read_bytes() == (tmp_path / "straight/result" / name).read_bytes()


def test_images_that_changed_meanwhile_are_not_mixed(tmp_path: Path) -> None:
    task = replace(TINY, seeds=1, ways="classic")
    task.work(place_in(tmp_path))
    with pytest.raises(ValueError, match="^The images have changed since this job began; delete it"):
        replace(task, data=Halves(held=21)).work(place_in(tmp_path))


def test_the_task_goes_to_json_and_back() -> None:
    task = replace(TINY, ratio="1,2", least_confidence=0.9)
    assert from_dict(Augment, to_dict(task)) == task
    assert Augment().title() == "Augmentation: Fashion-MNIST, 100 a class"


PROBLEMS: list[tuple[dict[str, Any], str]] = [
    (
        {"per_class": 400},
        "400 images of each of 3 classes were asked for, and there are 180 in all; ask for at most 60.",
    ),
    ({"ways": "real,fake"}, 'There is no way called "fake"; the ways are real, synthetic, both, classic, all.'),
    ({"ratio": "0"}, 'The ratio "0" is none; ratios are above 0 and up to 10, as in 1,2.'),
]


@pytest.mark.parametrize(("changes", "sentence"), PROBLEMS)
def test_what_cannot_begin_is_said_in_a_sentence(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    assert replace(TINY, **changes).problems(tmp_path, ()) == [sentence]


def test_sets_that_do_not_serve_are_refused(tmp_path: Path) -> None:
    def of(data: Dataset) -> list[str]:
        return replace(TINY, data=data, per_class=2).problems(tmp_path, ())

    assert of(Halves()) == []
    assert of(datasets.get("ring").cls())[0].endswith(
        "is of points in the plane; choose a set of pictures with classes."
    )
    assert of(datasets.get("fashion-mnist").cls(only="Bag")) == [  # type: ignore[call-arg]
        "There are no classes to tell apart in Fashion-MNIST; choose a set with at least two."
    ]
    assert of(datasets.get("images").cls()) == [
        "No image set is chosen: upload your images, or choose one of your sets."
    ]
    assert TINY.problems(tmp_path, ("a.csv",)) == [
        "Augmentation takes no files; bring your images in on the Data page."
    ]


def test_folders_are_harmless_and_different() -> None:
    hostile = ["../../etc", "con", "a/b", "a b", "", "=cmd", "x" * 300, "é"]
    names = folder_names(hostile)
    assert len(set(names)) == len(hostile)
    assert all(name.isascii() and len(name) < 70 and not set(name) & set("/\\:. ") for name in names)


def test_no_cell_is_a_formula() -> None:
    table = results_csv({1: {"real": [[1, 0], [0, 1]]}}, ["=cmd|' /C calc'!A0", "@x"]).decode()
    for row in csv.reader(io.StringIO(table)):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_the_made_classes_are_told_apart_by_what_they_are() -> None:
    images, labels = halves(5, 3)
    left, right = images[..., :14].float().mean((1, 2, 3)), images[..., 14:].float().mean((1, 2, 3))
    assert (left > right + 60).tolist() == (labels == 0).tolist()

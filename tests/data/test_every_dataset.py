"""Every registered dataset, none left out: those that do not come with the program read small stand-ins."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_core.config.codec import from_dict, replace_at, to_dict
from gan_core.config.fields import specs
from gan_core.config.registry import Entry
from gan_core.data import Dataset, DataUnavailable, PointDataset, datasets, describe
from tests.data import made_files

EVERY = pytest.mark.parametrize("entry", list(datasets), ids=lambda entry: entry.name)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


@pytest.mark.usefixtures("no_network")
@EVERY
def test_it_loads_at_every_size_as_its_info_says(
    entry: Entry[Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = made_files.fill(tmp_path, monkeypatch)
    dataset = options.get(entry.cls, entry.cls())
    info = dataset.info(tmp_path)
    assert not info.needs_download
    for size in (28, 32, 64):
        if size != 28 and info.count > 5_000 and "count" in specs(entry.cls):
            dataset = replace_at(dataset, "count", 500)  # the same code, sooner done
            info = dataset.info(tmp_path)
        loaded = dataset.load(size, tmp_path)
        points = isinstance(dataset, PointDataset)  # are of one pixel at every size
        side = 1 if points else size
        assert loaded.images.shape == (info.count, info.channels, side, side)
        assert loaded.images.dtype == loaded.held_out.dtype == (torch.float32 if points else torch.uint8)
        assert loaded.images.is_contiguous()
        assert loaded.held_out.shape[1:] == loaded.images.shape[1:]
        assert len(loaded.held_out) > 0
        assert (loaded.size, loaded.channels, loaded.classes) == (side, info.channels, info.classes)
        assert loaded.images.float().std() > (0.3 if points else 10)
        for labels, images in ((loaded.labels, loaded.images), (loaded.held_out_labels, loaded.held_out)):
            if not info.classes:
                assert labels is None
                continue
            assert labels is not None
            assert labels.dtype == torch.int64
            assert labels.shape == (len(images),)
            assert 0 <= labels.min() <= labels.max() < len(info.classes)
        assert torch.equal(loaded.images, dataset.load(size, tmp_path).images)  # the same every time


@EVERY
def test_what_is_known_before_loading_is_known_at_once(
    entry: Entry[Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = made_files.fill(tmp_path, monkeypatch).get(entry.cls, entry.cls())
    seconds = []
    for _ in range(5):
        start = time.thread_time()
        dataset.info(tmp_path)
        seconds.append(time.thread_time() - start)
    assert min(seconds) < 0.050


@EVERY
def test_options_go_to_json_and_back_and_say_what_they_are(entry: Entry[Dataset]) -> None:
    dataset = entry.cls()
    assert from_dict(entry.cls, json.loads(json.dumps(to_dict(dataset)))) == dataset
    assert entry.label
    assert entry.help
    assert all(spec.label and spec.help for spec in specs(entry.cls).values())
    assert dataset.info(Path("/nonexistent")).licence


@pytest.mark.usefixtures("no_network")
@EVERY
def test_a_data_page_can_show_it(entry: Entry[Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = made_files.fill(tmp_path, monkeypatch).get(entry.cls, entry.cls())
    sheet = describe(dataset, tmp_path, samples=16)
    assert sheet.problem == ""
    size, channels = sheet.info.native_size, sheet.info.channels
    points = isinstance(dataset, PointDataset)  # are shown all in one picture
    assert sheet.samples.shape == ((1, 256, 256, 3) if points else (16, size, size, channels))
    assert sheet.samples.dtype == np.uint8
    assert len(sheet.sample_labels) == (16 if sheet.info.classes else 0)
    if sheet.class_counts:
        assert sum(sheet.class_counts) == sheet.info.count


@pytest.mark.usefixtures("no_network")
@EVERY
def test_a_data_page_never_fetches_and_says_what_is_missing(entry: Entry[Dataset], tmp_path: Path) -> None:
    sheet = describe(entry.cls(), tmp_path)
    assert bool(sheet.problem) == (len(sheet.samples) == 0)
    if entry.cls().info(tmp_path).needs_download:
        assert "not on this machine" in sheet.problem
        assert sheet.info.download_megabytes > 0


@EVERY
def test_without_its_files_and_offline_one_sentence_says_what_to_do(
    entry: Entry[Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*args: object, **kwargs: object) -> None:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", offline)
    dataset = entry.cls()
    if not dataset.info(tmp_path).needs_download and dataset.info(tmp_path).count:
        assert len(dataset.load(28, tmp_path).images) == dataset.info(tmp_path).count
        return
    with pytest.raises(DataUnavailable) as caught:
        dataset.load(28, tmp_path)
    words = str(caught.value)
    assert words.endswith(".")
    assert "\n" not in words
    assert "choose" in words
    assert list(tmp_path.rglob("*.part")) == []


@EVERY
def test_the_words_of_a_set_say_as_many_images_as_runs_learn_from(entry: Entry[Dataset], tmp_path: Path) -> None:
    """On the Data page both stand one below the other."""
    said = [int(number.replace(",", "")) for number in re.findall(r"\d{1,3}(?:,\d{3})+", entry.help)]
    assert not said or said[0] == entry.cls().info(tmp_path).count

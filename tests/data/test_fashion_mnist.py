from __future__ import annotations

import gzip
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core.data import DataUnavailable, FashionMnist
from gan_core.data.sets import fashion

NOWHERE = Path("/nonexistent")


def test_both_sets_are_read_in_a_moment() -> None:
    seconds = []
    for _ in range(3):
        fashion._tensor.cache_clear()
        start = time.process_time()
        loaded = FashionMnist().load(28, NOWHERE)
        seconds.append(time.process_time() - start)
    assert loaded.images.shape == (60_000, 1, 28, 28)
    assert loaded.held_out.shape == (10_000, 1, 28, 28)
    assert min(seconds) < 10.0, seconds


def test_it_is_the_published_data() -> None:
    loaded = FashionMnist().load(28, NOWHERE)
    assert loaded.images.dtype == torch.uint8
    assert loaded.labels is not None
    assert loaded.held_out_labels is not None
    # Published figures: the first labels, 6,000 and 1,000 of each class, mean 0.2860 and deviation 0.3530 of pixels.
    assert loaded.labels[:8].tolist() == [9, 0, 0, 3, 0, 2, 7, 2]
    assert loaded.held_out_labels[:5].tolist() == [9, 2, 1, 1, 6]
    assert loaded.labels.bincount().tolist() == [6_000] * 10
    assert loaded.held_out_labels.bincount().tolist() == [1_000] * 10
    pixels = loaded.images.numpy()
    assert pixels.mean() / 255 == pytest.approx(0.2860, abs=5e-5)
    assert pixels.std() / 255 == pytest.approx(0.3530, abs=5e-5)


def test_32_pixels_keep_every_pixel_exact() -> None:
    dataset = FashionMnist(count=500)
    small, large = dataset.load(28, NOWHERE).images, dataset.load(32, NOWHERE).images
    assert torch.equal(large[:, :, 2:30, 2:30], small)
    assert large.sum() == small.sum()


def test_64_pixels_show_the_same_framing_as_pillow_would() -> None:
    dataset = FashionMnist(count=20)
    at_32, at_64 = dataset.load(32, NOWHERE).images, dataset.load(64, NOWHERE).images
    for before, after in zip(at_32, at_64, strict=True):
        oracle = Image.fromarray(before[0].numpy().astype(np.float32)).resize((64, 64), Image.Resampling.BICUBIC)
        difference = np.abs(np.asarray(oracle).clip(0, 255) - after[0].numpy())
        assert difference.max() <= 0.51  # rounding alone


def test_one_class_and_a_few_images() -> None:
    dataset = FashionMnist(only="Sneaker", count=100)
    info, loaded = dataset.info(NOWHERE), dataset.load(28, NOWHERE)
    whole = FashionMnist().load(28, NOWHERE)
    assert whole.labels is not None
    assert loaded.labels is not None
    assert info.count == len(loaded.images) == 100
    assert info.classes == loaded.classes == ("Sneaker",)
    assert torch.equal(loaded.images, whole.images[whole.labels == 7][:100])
    assert loaded.labels.unique().tolist() == [0]
    assert len(loaded.held_out) == 1_000


def test_a_changed_or_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(fashion.FOLDER, tmp_path / "f")
    monkeypatch.setattr(fashion, "FOLDER", tmp_path / "f")
    path = tmp_path / "f" / "t10k-labels-idx1-ubyte.gz"
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[100] ^= 1
    path.write_bytes(gzip.compress(bytes(raw)))
    with pytest.raises(DataUnavailable, match=r"t10k-labels.* not the original"):
        FashionMnist().load(28, NOWHERE)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataUnavailable, match="damaged"):
        FashionMnist().load(28, NOWHERE)
    path.unlink()
    with pytest.raises(DataUnavailable, match="missing"):
        FashionMnist().load(28, NOWHERE)

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
import torchvision.datasets as peers
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gan_core.data import CelebA, Cifar10, DataUnavailable, EmnistLetters, KMnist, Mnist, Svhn
from gan_core.data.files.idx import parse_idx
from gan_core.data.files.matlab import read_mat
from gan_core.data.sets import celeba
from gan_core.data.sets.published import Published
from tests.data import made_files


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made_files.fill(tmp_path, monkeypatch)
    return tmp_path


def test_checksums_and_classes_are_torchvision_s() -> None:
    for mine, peer in ((Mnist, peers.MNIST), (KMnist, peers.KMNIST)):
        assert [(r.name, r.md5) for r in mine.remotes] == peer.resources
        assert {url for r in mine.remotes for url in r.urls} == {
            m + r.name for m in peer.mirrors for r in mine.remotes
        }
    assert list(KMnist.classes) == peers.KMNIST.classes
    assert (EmnistLetters.remotes[0].urls[0], EmnistLetters.remotes[0].md5) == (peers.EMNIST.url, peers.EMNIST.md5)
    for remote, part in zip(Svhn.remotes, ("train", "test"), strict=True):
        assert [remote.urls[0], remote.name, remote.md5] == peers.SVHN.split_list[part]
    assert (celeba.ARCHIVE.name, celeba.ARCHIVE.md5) == (peers.CelebA.file_list[0][2], peers.CelebA.file_list[0][1])
    assert peers.CelebA.file_list[0][0] in celeba.ARCHIVE.urls[0]


@pytest.mark.parametrize("cls", [Mnist, KMnist])
def test_idx_sets_are_read_pixel_by_pixel(cls: type[Published], filled: Path) -> None:
    loaded = cls().load(28, filled)
    assert np.array_equal(loaded.images[:, 0].numpy(), made_files.random_bytes(60, 28, 28, seed=1))
    assert np.array_equal(loaded.labels, made_files.random_bytes(60, high=10, seed=2))
    assert np.array_equal(loaded.held_out[:, 0].numpy(), made_files.random_bytes(20, 28, 28, seed=3))
    assert len(cls(count=10).load(28, filled).images) == 10


def test_emnist_letters_stand_upright_and_count_from_a(filled: Path) -> None:
    loaded = EmnistLetters().load(28, filled)
    assert np.array_equal(loaded.images[:, 0].numpy().transpose(0, 2, 1), made_files.random_bytes(60, 28, 28, seed=1))
    assert np.array_equal(loaded.labels, made_files.random_bytes(60, high=26, seed=2))


def test_cifar_records_are_label_then_planes(filled: Path) -> None:
    loaded = Cifar10().load(32, filled)
    records = made_files.random_bytes(12, 3073, seed=0)
    assert np.array_equal(loaded.images[:12].numpy(), records[:, 1:].reshape(12, 3, 32, 32))
    assert np.array_equal(loaded.labels[:12], records[:, 0] % 10)
    assert np.array_equal(loaded.held_out[0].numpy().ravel(), made_files.random_bytes(20, 3073, seed=5)[0, 1:])


def test_svhn_is_turned_from_matlab_s_order_and_its_ten_is_a_zero(filled: Path) -> None:
    loaded = Svhn().load(32, filled)
    stored = made_files.random_bytes(32, 32, 3, 60, seed=1)
    assert np.array_equal(loaded.images[7].numpy(), stored[:, :, :, 7].transpose(2, 0, 1))
    assert np.array_equal(loaded.labels, (made_files.random_bytes(60, 1, high=10, seed=1).ravel() + 1) % 10)


def test_celeba_is_decoded_once_and_kept(filled: Path) -> None:
    dataset = CelebA(count=100)
    told: list[str] = []
    first = dataset.load(64, filled, lambda share, words: told.append(words))
    assert any("decoding" in words for words in told)
    assert first.images.shape == (100, 3, 64, 64)
    assert first.held_out.shape == (10, 3, 64, 64)
    with Image.open(io.BytesIO(made_files.noise_picture(1, "JPEG", (178, 218)))) as image:
        oracle = image.crop((15, 35, 163, 183)).resize((64, 64), Image.Resampling.LANCZOS)
    inside = slice(3, -3)  # at the crop's edge the program's filter also sees the pixels just outside
    assert np.array_equal(
        first.images[0, :, inside, inside].numpy(), np.asarray(oracle).transpose(2, 0, 1)[:, inside, inside]
    )
    (dataset.folder(filled) / "img_align_celeba.zip").unlink()
    assert torch.equal(dataset.load(64, filled).images, first.images)
    assert not dataset.info(filled).needs_download


def test_celeba_s_cache_is_not_trusted_blindly(filled: Path) -> None:
    dataset = CelebA(count=100)
    first = dataset.load(64, filled)
    (dataset.folder(filled) / "decoded-100.npy").write_bytes(b"\x93NUMPY junk")
    assert torch.equal(dataset.load(64, filled).images, first.images)


@pytest.mark.parametrize("cls", list(made_files.PUBLISHED))
def test_another_file_in_its_place_is_named(cls: type[Published], filled: Path) -> None:
    path = cls().folder(filled) / cls.remotes[0].name
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DataUnavailable, match=rf"{path.name} is not the published file"):
        cls().load(28, filled)


@pytest.mark.parametrize("cls", list(made_files.PUBLISHED))
def test_files_that_pass_the_checksum_but_make_no_sense_are_refused_in_words(
    cls: type[Published], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made_files.PUBLISHED[cls]()
    for cut in (0.0, 0.3, 0.9):
        files = {name: content[: int(len(content) * cut)] for name, content in whole.items()}
        made_files.put(cls().folder(tmp_path), files)
        monkeypatch.setattr(cls, "remotes", made_files.checked_as(cls.remotes, files))
        with pytest.raises(DataUnavailable):
            cls().load(28, tmp_path)


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_idx_reader(raw: bytes) -> None:
    with contextlib.suppress(DataUnavailable):
        assert parse_idx(b"\0\0\x08" + raw, "file").dtype == np.uint8


def test_the_matlab_reader_agrees_with_scipy_on_numeric_arrays() -> None:
    random = np.random.default_rng(0)
    arrays = {
        "X": random.integers(0, 256, (4, 5, 3, 7), dtype=np.uint8),
        "y": random.integers(0, 11, (7, 1), dtype=np.uint8),
        "wide": random.normal(size=(3, 2)),
        "whole": random.integers(-5, 5, (2, 2), dtype=np.int16),
        "one": np.array([[3]], np.uint8),
    }
    for compressed in (False, True):
        buffer = io.BytesIO()
        scipy.io.savemat(buffer, arrays, do_compression=compressed)
        mine, oracle = read_mat(buffer.getvalue()), scipy.io.loadmat(io.BytesIO(buffer.getvalue()))
        assert set(mine) == set(arrays)
        for name in arrays:
            assert np.array_equal(mine[name], oracle[name]), name


@given(st.data())
def test_no_change_of_a_byte_or_of_the_length_crashes_the_matlab_reader(data: st.DataObject) -> None:
    buffer = io.BytesIO()
    scipy.io.savemat(
        buffer, {"X": np.zeros((2, 3), np.uint8), "y": np.ones((3, 1))}, do_compression=data.draw(st.booleans())
    )
    raw = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        read_mat(bytes(raw[: data.draw(st.integers(0, len(raw)))]))

"""Small files in the published sets' formats, and pictures of every kind, for the tests to read."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import struct
import tarfile
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from PIL import Image

from gan_core.data import CelebA, Cifar10, Dataset, EmnistLetters, KMnist, Mnist, OwnImages, Svhn, read_uploads
from gan_core.data.sets import celeba

TRAIN, TEST = 60, 20


def random_bytes(*shape: int, high: int = 256, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, high, shape, dtype=np.uint8)


def idx_gz(array: np.ndarray) -> bytes:
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.tobytes())


def picture(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise_picture(seed: int, kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    return picture(Image.fromarray(random_bytes(size[1], size[0], 3, seed=seed)), kind, **options)


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@lru_cache
def mnist_files(classes: int = 10) -> dict[str, bytes]:
    return {
        "train-images-idx3-ubyte.gz": idx_gz(random_bytes(TRAIN, 28, 28, seed=1)),
        "train-labels-idx1-ubyte.gz": idx_gz(random_bytes(TRAIN, high=classes, seed=2)),
        "t10k-images-idx3-ubyte.gz": idx_gz(random_bytes(TEST, 28, 28, seed=3)),
        "t10k-labels-idx1-ubyte.gz": idx_gz(random_bytes(TEST, high=classes, seed=4)),
    }


@lru_cache
def emnist_files() -> dict[str, bytes]:
    members = {}
    for part, count, seed in (("train", TRAIN, 1), ("test", TEST, 3)):
        images, labels = random_bytes(count, 28, 28, seed=seed), random_bytes(count, high=26, seed=seed + 1) + 1
        members[f"gzip/emnist-letters-{part}-images-idx3-ubyte.gz"] = idx_gz(images)
        members[f"gzip/emnist-letters-{part}-labels-idx1-ubyte.gz"] = idx_gz(labels)
    return {"gzip.zip": zipped(members)}


@lru_cache
def cifar_files() -> dict[str, bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for index, name in enumerate([f"data_batch_{n}" for n in range(1, 6)] + ["test_batch"]):
            count = TEST if name == "test_batch" else TRAIN // 5
            records = random_bytes(count, 3073, seed=index)
            records[:, 0] %= 10
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            info.size = records.size
            archive.addfile(info, io.BytesIO(records.tobytes()))
    return {"cifar-10-binary.tar.gz": buffer.getvalue()}


@lru_cache
def svhn_files() -> dict[str, bytes]:
    files = {}
    for part, count, seed in (("train", TRAIN, 1), ("test", TEST, 3)):
        buffer = io.BytesIO()
        arrays = {"X": random_bytes(32, 32, 3, count, seed=seed), "y": random_bytes(count, 1, high=10, seed=seed) + 1}
        scipy.io.savemat(buffer, arrays, do_compression=True)
        files[f"{part}_32x32.mat"] = buffer.getvalue()
    return files


@lru_cache
def celeba_files(count: int = 130) -> dict[str, bytes]:
    return {
        "img_align_celeba.zip": zipped(
            {f"img_align_celeba/{n:06}.jpg": noise_picture(n, "JPEG", (178, 218)) for n in range(1, count + 1)}
        )
    }


PUBLISHED = {
    Mnist: mnist_files,
    KMnist: mnist_files,
    EmnistLetters: emnist_files,
    Cifar10: cifar_files,
    Svhn: svhn_files,
}


def put(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def checked_as(remotes: Any, files: dict[str, bytes]) -> Any:
    """The same remotes with the checksums of these files."""
    return tuple(dataclasses.replace(r, md5=hashlib.md5(files[r.name]).hexdigest()) for r in remotes)


def fill(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> dict[type[Dataset], Dataset]:
    """Put something small in place of every set that does not come with the program.

    Gives the options under which those load that need some: one's own images a name, CelebA a count.
    """
    for cls, make in PUBLISHED.items():
        files = make()
        put(cls().folder(data_dir), files)
        monkeypatch.setattr(cls, "remotes", checked_as(cls.remotes, files))
        monkeypatch.setattr(cls, "train_count", TRAIN)
    files = celeba_files()
    put(CelebA().folder(data_dir), files)
    monkeypatch.setattr(celeba, "ARCHIVE", checked_as([celeba.ARCHIVE], files)[0])
    report = read_uploads([(f"{n}.png", noise_picture(n)) for n in range(20)], "mine", data_dir)
    return {OwnImages: OwnImages(slug=report.slug), CelebA: CelebA(count=100)}

"""Published datasets that are fetched when someone asks for one, or read where their files were put by hand.

Each of torchvision's checksums, but none of its readers: they print, and one of them unpickles.
"""

from __future__ import annotations

import gzip
import math
import string
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from gan_core.config.fields import integer
from gan_core.data.base import Dataset, DataUnavailable, ImageInfo, ImageSet, Progress, datasets
from gan_core.data.files.fetch import Remote, fetch_all, missing
from gan_core.data.files.idx import parse_idx, read_idx
from gan_core.data.files.matlab import read_mat
from gan_core.data.pixels import to_size

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Split = tuple[Bytes, Bytes]
"""images [N, C, h, w] and labels [N], both uint8."""

_BROKEN = (OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile, tarfile.TarError)


@dataclass(frozen=True)
class Published(Dataset):
    """What these sets share: where the files go, and how two splits become an `ImageSet`."""

    remotes: ClassVar[tuple[Remote, ...]] = ()
    label: ClassVar[str] = ""
    folder_name: ClassVar[str] = ""
    channels: ClassVar[int] = 1
    native_size: ClassVar[int] = 28
    train_count: ClassVar[int] = 60_000
    classes: ClassVar[tuple[str, ...]] = ()
    licence: ClassVar[str] = ""

    count: int = integer(
        0,
        low=0,
        high=1_000_000,
        scale="log",
        smallest=10,
        unit="images",
        label="Images kept",
        help="Train on only the first so many images; 0 keeps all.",
    )

    def folder(self, data_dir: Path) -> Path:
        """Where the original files are looked for and fetched to."""
        return data_dir / "fetched" / self.folder_name

    def origin(self) -> str:
        return " ".join(remote.checksum for remote in self.remotes)

    def info(self, data_dir: Path) -> ImageInfo:
        absent = missing(self.remotes, self.folder(data_dir))
        return ImageInfo(
            self.channels,
            self.native_size,
            min(self.count, self.train_count) or self.train_count,
            self.classes,
            needs_download=bool(absent),
            download_megabytes=math.ceil(sum(remote.megabytes for remote in absent)),
            licence=self.licence,
        )

    def fetch(self, data_dir: Path, progress: Progress | None = None) -> None:
        """Have the original files on this machine, or raise DataUnavailable."""
        fetch_all(self.label, self.remotes, self.folder(data_dir), progress)

    def splits(self, folder: Path) -> tuple[Split, Split]:
        """(train, held out) out of the original files."""
        raise NotImplementedError

    def load(self, size: int, data_dir: Path, progress: Progress | None = None) -> ImageSet:
        """Fetches first what is not here; held out is the published test set."""
        self.fetch(data_dir, progress)
        folder = self.folder(data_dir)
        try:
            train, test = self.splits(folder)
            if any(
                len(images) != len(labels) or labels.max() >= len(self.classes) for images, labels in (train, test)
            ):
                raise ValueError("labels that do not fit")
        except _BROKEN:
            raise DataUnavailable(
                f"The files of {self.label} in {folder} cannot be read; remove them and try again."
            ) from None
        kept = self.count or len(train[0])
        images, labels = train[0][:kept], train[1][:kept]
        if progress is not None:
            progress(1.0, f"{self.label} read")
        return ImageSet(_at(images, size), _classes(labels), self.classes, _at(test[0], size), _classes(test[1]))


def _at(images: Bytes, size: int) -> Tensor:
    return to_size(torch.from_numpy(np.array(images, np.uint8, order="C")), size)


def _classes(labels: Bytes) -> Tensor:
    return torch.from_numpy(labels.astype(np.int64))


def _from(urls: tuple[str, ...], *files: tuple[str, str, float]) -> tuple[Remote, ...]:
    return tuple(Remote(name, tuple(url + name for url in urls), md5, megabytes) for name, md5, megabytes in files)


def _idx_splits(read: Callable[[str], Bytes], names: tuple[str, str, str, str]) -> tuple[Split, Split]:
    train, train_labels, test, test_labels = (read(name) for name in names)
    return (train[:, None], train_labels), (test[:, None], test_labels)


@datasets.register("mnist", label="MNIST", source="LeCun et al. 1998")
@dataclass(frozen=True)
class Mnist(Published):
    """60,000 handwritten digits and 10,000 held out, 28 x 28 grey; 12 MB to fetch."""

    label = "MNIST"
    folder_name = "mnist"
    classes = tuple(string.digits)
    licence = "CC BY-SA 3.0, LeCun, Cortes, Burges"
    remotes = _from(
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873", 9.9),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432", 0.03),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3", 1.7),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c", 0.01),
    )

    def splits(self, folder: Path) -> tuple[Split, Split]:
        names = [remote.name for remote in self.remotes]
        return _idx_splits(lambda name: read_idx(folder / name), (names[0], names[1], names[2], names[3]))


@datasets.register("kmnist", label="KMNIST", source="Clanuwat et al. 2018, arXiv 1812.01718")
@dataclass(frozen=True)
class KMnist(Mnist):
    """60,000 cursive Japanese characters in ten classes and 10,000 held out, 28 x 28 grey; 21 MB to fetch."""

    label = "KMNIST"
    folder_name = "kmnist"
    classes = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
    licence = "CC BY-SA 4.0, ROIS-DS Center for Open Data in the Humanities"
    remotes = _from(
        ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7", 18.2),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344", 0.03),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7", 3.1),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134", 0.01),
    )


@datasets.register("emnist-letters", label="EMNIST letters", source="Cohen et al. 2017, arXiv 1702.05373")
@dataclass(frozen=True)
class EmnistLetters(Published):
    """124,800 handwritten letters, both cases together, and 20,800 held out, 28 x 28 grey; 562 MB to fetch."""

    label = "EMNIST letters"
    folder_name = "emnist"
    train_count = 124_800
    classes = tuple(string.ascii_uppercase)
    licence = "Public domain, NIST"
    remotes = _from(
        ("https://biometrics.nist.gov/cs_links/EMNIST/",), ("gzip.zip", "58c8d27c78d21e728a6bc7b3cc06412e", 562)
    )

    def splits(self, folder: Path) -> tuple[Split, Split]:
        with zipfile.ZipFile(folder / "gzip.zip") as archive:

            def read(name: str) -> Bytes:
                return parse_idx(gzip.decompress(archive.read(f"gzip/emnist-letters-{name}-ubyte.gz")), name)

            train, test = _idx_splits(
                read, ("train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1")
            )
        # The files hold each letter mirrored over its diagonal, and count the classes from 1.
        return (train[0].swapaxes(2, 3), train[1] - 1), (test[0].swapaxes(2, 3), test[1] - 1)


@datasets.register(
    "cifar10", label="CIFAR-10", source="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images"
)
@dataclass(frozen=True)
class Cifar10(Published):
    """50,000 small photographs in ten classes and 10,000 held out, 32 x 32 colour; 170 MB to fetch."""

    label = "CIFAR-10"
    folder_name = "cifar10"
    channels = 3
    native_size = 32
    train_count = 50_000
    classes = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    licence = "Free to use with citation, University of Toronto"
    remotes = _from(
        ("https://www.cs.toronto.edu/~kriz/",), ("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", 170)
    )

    def splits(self, folder: Path) -> tuple[Split, Split]:
        parts: dict[str, bytes] = {}
        with tarfile.open(folder / self.remotes[0].name, "r:gz") as archive:
            for member in archive:
                if member.isfile() and member.name.endswith(".bin") and member.size <= 10_000 * _CIFAR_BYTES:
                    file = archive.extractfile(member)
                    parts[member.name.rpartition("/")[2]] = file.read() if file is not None else b""
        train = [parts[f"data_batch_{number}.bin"] for number in range(1, 6)]
        return _cifar(b"".join(train)), _cifar(parts["test_batch.bin"])


_CIFAR_BYTES = 1 + 3 * 32 * 32  # a record: the label, then red, green and blue, row by row


def _cifar(raw: bytes) -> Split:
    records = np.frombuffer(raw, np.uint8).reshape(-1, _CIFAR_BYTES)
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]


@datasets.register("svhn", label="SVHN", source="Netzer et al. 2011, Reading Digits in Natural Images")
@dataclass(frozen=True)
class Svhn(Published):
    """73,257 digits of house numbers and 26,032 held out, 32 x 32 colour; 246 MB to fetch."""

    label = "SVHN"
    folder_name = "svhn"
    channels = 3
    native_size = 32
    train_count = 73_257
    classes = tuple(string.digits)
    licence = "Non-commercial use only, Stanford University"
    remotes = _from(
        ("http://ufldl.stanford.edu/housenumbers/",),
        ("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373", 182),
        ("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3", 64),
    )

    def splits(self, folder: Path) -> tuple[Split, Split]:
        train, test = (_svhn((folder / remote.name).read_bytes()) for remote in self.remotes)
        return train, test


def _svhn(raw: bytes) -> Split:
    arrays = read_mat(raw)
    images = arrays["X"].transpose(3, 2, 0, 1)  # from [row, column, channel, N]
    if images.shape[1:] != (3, 32, 32) or images.dtype != np.uint8:
        raise ValueError("not SVHN's 32 x 32 format")
    return images, (arrays["y"].ravel() % 10).astype(np.uint8)  # the digit 0 is class 10 there

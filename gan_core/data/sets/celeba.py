"""CelebA, whose 202,599 JPEG files are decoded once and kept."""

from __future__ import annotations

import contextlib
import io
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from gan_core.config.fields import integer
from gan_core.config.files import atomic_path
from gan_core.data.base import Dataset, DataUnavailable, ImageInfo, ImageSet, Progress, datasets
from gan_core.data.files.fetch import Remote, fetch_all, missing
from gan_core.data.files.npy import read_npy
from gan_core.data.pixels import held_out_count, to_size

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

ARCHIVE = Remote(
    "img_align_celeba.zip",
    (
        "https://drive.usercontent.google.com/download"
        "?id=0B7EVK8r0v71pZjFTYXZWM3FlRnM&export=download&confirm=t",  # the authors' own copy
    ),
    "00d2c5bc6d35e252742224ab0c1e8fcb",
    1_444,
)
SIDE = 64
TRAIN_COUNT = 162_770  # the published split; the pictures are sorted by it
_CROP = 148  # of 178 x 218 pixels, about the centre: the face without most of the background
_MOST_HELD_OUT = 5_000
_REPORT_EVERY = 200


@datasets.register("celeba", label="CelebA", source="Liu et al. 2015, arXiv 1411.7766")
@dataclass(frozen=True)
class CelebA(Dataset):
    """Photographs of well-known people's faces, 64 x 64 colour; 1.4 GB to fetch, and a minute to read once."""

    count: int = integer(
        30_000,
        low=100,
        high=TRAIN_COUNT,
        scale="log",
        unit="images",
        label="Images kept",
        help="The first so many; each 10,000 take 123 MB of memory.",
    )

    def folder(self, data_dir: Path) -> Path:
        """Where the archive is looked for and fetched to."""
        return data_dir / "fetched" / "celeba"

    def origin(self) -> str:
        return ARCHIVE.checksum

    def info(self, data_dir: Path) -> ImageInfo:
        absent = not self._kept(data_dir).is_file() and missing([ARCHIVE], self.folder(data_dir))
        return ImageInfo(
            3,
            SIDE,
            self.count,
            (),
            needs_download=bool(absent),
            download_megabytes=math.ceil(ARCHIVE.megabytes) if absent else 0,
            licence="Non-commercial research only, Chinese University of Hong Kong",
        )

    def _kept(self, data_dir: Path) -> Path:
        return self.folder(data_dir) / f"decoded-{self.count}.npy"

    def fetch(self, data_dir: Path, progress: Progress | None = None) -> None:
        """Have the archive on this machine, or raise DataUnavailable."""
        fetch_all("CelebA", [ARCHIVE], self.folder(data_dir), progress)

    def load(self, size: int, data_dir: Path, progress: Progress | None = None) -> ImageSet:
        """Held out are a tenth as many (at most 5,000) from the end, which is the published test set. No classes."""
        held_count = min(_MOST_HELD_OUT, held_out_count(self.count))
        kept = self._kept(data_dir)
        pixels = _read_kept(kept, self.count + held_count)
        if pixels is None:
            self.fetch(data_dir, progress)
            pixels = _decode(self.folder(data_dir) / ARCHIVE.name, self.count, held_count, progress)
            _keep(kept, pixels)
        images = to_size(torch.from_numpy(pixels), size)
        return ImageSet(images[: self.count], None, (), images[self.count :], None)


def _decode(path: Path, count: int, held_count: int, progress: Progress | None) -> Bytes:
    """uint8 [count + held_count, 3, 64, 64], straight from the archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
            if len(names) < count + held_count:
                raise ValueError("too few pictures")
            names = names[:count] + names[len(names) - held_count :]
            out = np.empty((len(names), 3, SIDE, SIDE), np.uint8)
            for index, name in enumerate(names):
                out[index] = _face(archive.read(name))
                if progress is not None and index % _REPORT_EVERY == 0:
                    progress(index / len(names), f"decoding CelebA, {index:,} of {len(names):,}")
    except (OSError, ValueError, zipfile.BadZipFile, Image.DecompressionBombError):
        raise DataUnavailable(f"{path} cannot be read; remove it and try again.") from None
    return out


def _face(raw: bytes) -> Bytes:
    with Image.open(io.BytesIO(raw), formats=("JPEG",)) as image:
        left, top = (image.width - _CROP) // 2, (image.height - _CROP) // 2
        box = (left, top, left + _CROP, top + _CROP)
        small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS, box=box)
    return np.asarray(small).transpose(2, 0, 1)


def _read_kept(path: Path, count: int) -> Bytes | None:
    try:
        if path.stat().st_size > count * 3 * SIDE * SIDE + 4_096:
            return None
        return read_npy(path.read_bytes(), (count, 3, SIDE, SIDE), "uint8")
    except (OSError, ValueError):
        return None


def _keep(path: Path, pixels: Bytes) -> None:
    """Only a convenience: a full disk costs the next load a minute, nothing else."""
    with contextlib.suppress(OSError), atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.save(file, pixels, allow_pickle=False)

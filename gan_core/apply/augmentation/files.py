"""What is given away: synthetic images as class folders and as arrays, a sheet of samples, the results as a table."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_core.config.files import atomic_path, write_atomically
from gan_core.export.samples import write_npz
from gan_core.training.observe.sample_grid import tile

MOST_IN_ZIP = 20_000  # single pictures; the arrays hold all
SHEET_CLASSES, SHEET_ROWS, SHEET_SCALE = 16, 8, 2
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_images(result: Path, images: Tensor, labels: Tensor, classes: Sequence[str]) -> dict[str, Any]:
    """synthetic.npz with `images` uint8 [N, H, W, C], `labels` and `classes`; synthetic.zip with a folder a class.

    The zip has the first of each class where they are more than MOST_IN_ZIP in all. Raises OSError.
    """
    pixels = images.permute(0, 2, 3, 1).contiguous().numpy()
    arrays = {"images": pixels, "labels": labels.numpy(), "classes": np.array(classes, dtype=np.str_)}
    with atomic_path(result / "synthetic.npz") as path:
        write_npz(path, arrays, level=1)
    most = max(1, MOST_IN_ZIP // len(classes))
    count = 0
    with atomic_path(result / "synthetic.zip") as path, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for index, folder in enumerate(folder_names(classes)):
            rows = torch.nonzero(labels == index).flatten()[:most].tolist()
            for number, row in enumerate(rows):
                archive.writestr(zipfile.ZipInfo(f"{folder}/{number:05d}.png"), _png(pixels[row]))
            count += len(rows)
    return {"in_zip": count}


def folder_names(classes: Sequence[str]) -> list[str]:
    """One for each class, harmless on every system and different: "T-shirt/top" -> "00-T-shirt_top"."""
    digits = max(2, len(str(len(classes) - 1)))
    plain = (re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")[:60] for name in classes)
    return [f"{index:0{digits}d}-{name}".rstrip("-") for index, name in enumerate(plain)]


def write_sheet(path: Path, images: Sequence[Tensor]) -> None:
    """A column of samples for each of the first classes, as a PNG. Raises OSError.

    images: uint8 [n, C, s, s] of each class.
    """
    shown = [of_class[:SHEET_ROWS] for of_class in images[:SHEET_CLASSES]]
    rows = min(len(of_class) for of_class in shown)
    columns = torch.stack([of_class[:rows] for of_class in shown], dim=1)  # (rows, classes, C, s, s)
    sheet = tile(columns.flatten(0, 1), len(shown))
    write_atomically(path, _png(sheet.repeat(SHEET_SCALE, 0).repeat(SHEET_SCALE, 1)))


def _png(pixels: np.ndarray[Any, Any]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(out, "PNG")
    return out.getvalue()


def results_csv(
    confusions: Mapping[int, Mapping[str, Sequence[Sequence[int]]]], classes: Sequence[str]
) -> bytes:  # fmt: skip
    """A line for each seed, way and class: how many held-out images there are, and how many are told right.

    confusions: seed -> way -> rows the true class. No cell is a formula to a spreadsheet.
    """
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["seed", "way", "class", "images", "right", "accuracy"])
    for seed, ways in confusions.items():
        for way, matrix in ways.items():
            named = enumerate(zip(classes, matrix, strict=True))
            counts = [(name, sum(row), row[index]) for index, (name, row) in named]
            everything = ("", sum(images for _, images, _ in counts), sum(right for _, _, right in counts))
            for name, images, right in (everything, *counts):
                table.writerow([seed, way, _cell(name), images, right, f"{right / max(1, images):.6f}"])
    return out.getvalue().encode()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text

"""Noto's emoji, which come with the program."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_core.config.fields import choice
from gan_core.data.base import Dataset, DataUnavailable, ImageInfo, ImageSet, Progress, datasets
from gan_core.data.files.assets import ASSETS
from gan_core.data.pixels import held_out_count, split_held_out, to_size

FOLDER = ASSETS / "emoji"

# Unicode's groups, with how many pictures each has in the atlas.
GROUPS = {
    "Smileys & Emotion": 166,
    "People & Body": 362,
    "Animals & Nature": 152,
    "Food & Drink": 133,
    "Travel & Places": 218,
    "Activities": 85,
    "Objects": 261,
    "Symbols": 223,
}
CLASSES = tuple(GROUPS)


@lru_cache(maxsize=1)
def _atlas(folder: Path) -> tuple[Tensor, Tensor]:
    """All pictures uint8 [N, 3, 64, 64] and their groups int64 [N]."""
    try:
        about = json.loads((folder / "emoji.json").read_text(encoding="utf-8"))
        raw = (folder / "emoji.png").read_bytes()
    except (OSError, ValueError):
        raise DataUnavailable(f"{folder} lacks emoji.png or emoji.json; restore them from the repository.") from None
    if hashlib.sha256(raw).hexdigest() != about["sha256"]:
        raise DataUnavailable(f"{folder / 'emoji.png'} is not the original; restore it from the repository.")
    with Image.open(folder / "emoji.png", formats=("PNG",)) as picture:
        pixels = np.asarray(picture)
    cell, columns = about["cell"], about["columns"]
    rows = pixels.shape[0] // cell
    cells = pixels.reshape(rows, cell, columns, cell, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, cell, cell)
    labels = [CLASSES.index(group) for _, _, group in about["emoji"]]
    return torch.from_numpy(cells[: about["count"]].copy()), torch.tensor(labels)


@datasets.register("emoji", label="Emoji", source="Noto Color Emoji, Google")
@dataclass(frozen=True)
class Emoji(Dataset):
    """1,440 colourful pictures in eight groups and 160 held out: so few that the discriminator needs augmentation."""

    only: str = choice("all", ("all", *CLASSES), label="Groups", help="All eight, or just one.")

    def origin(self) -> str:
        """Of the list, which names each picture's group and the pictures' own checksum."""
        try:
            return hashlib.sha256((FOLDER / "emoji.json").read_bytes()).hexdigest()
        except OSError:
            raise DataUnavailable(f"{FOLDER} lacks emoji.json; restore it from the repository.") from None

    def info(self, data_dir: Path) -> ImageInfo:
        whole = sum(GROUPS.values()) if self.only == "all" else GROUPS[self.only]
        classes = CLASSES if self.only == "all" else (self.only,)
        return ImageInfo(3, 64, whole - held_out_count(whole), classes, licence="SIL Open Font License 1.1, Google")

    def load(self, size: int, data_dir: Path, progress: Progress | None = None) -> ImageSet:
        """A tenth is held out, always the same."""
        images, labels = _atlas(FOLDER)
        classes: tuple[str, ...] = CLASSES
        if self.only != "all":
            images, classes = images[labels == CLASSES.index(self.only)], (self.only,)
            labels = torch.zeros(len(images)).long()
        images = to_size(images, size)
        train, held = split_held_out(len(images))
        if progress is not None:
            progress(1.0, "emoji read")
        return ImageSet(images[train], labels[train], classes, images[held], labels[held])

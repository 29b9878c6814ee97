"""The dataset of your own images, which came in through `intake`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from gan_core.config.fields import choice, text
from gan_core.data.base import Dataset, DataUnavailable, ImageInfo, ImageSet, Progress, datasets
from gan_core.data.content import Content
from gan_core.data.own.content import content_of
from gan_core.data.own.own_set import SIDE, SLUG, OwnSet, list_own, load_split, own_set
from gan_core.data.pixels import to_size

_NONE_CHOSEN = "No image set is chosen: upload your images, or choose one of your sets."


@datasets.register("images", label="Your images")
@dataclass(frozen=True)
class OwnImages(Dataset):
    """Images that you uploaded, kept on this machine only."""

    slug: str = text("", max_length=48, pattern=rf"(?:{SLUG})?", label="Set", help="Which of your image sets.")
    colour: str = choice(
        "as found",
        ("as found", "colour", "grey"),
        label="Colour",
        help="As found: grey where every picture is grey, colour otherwise.",
    )

    def _grey(self, found_grey: bool) -> bool:
        return self.colour == "grey" or (self.colour == "as found" and found_grey)

    def info(self, data_dir: Path) -> ImageInfo:
        """count is 0, and there is a problem, where no set is chosen or it cannot be read."""
        known = own_set(data_dir, self.slug) if self.slug else OwnSet("", "", problem=_NONE_CHOSEN)
        train_count = known.count - known.held_out
        channels = 1 if self._grey(known.grey) else 3
        return ImageInfo(channels, SIDE, train_count, known.classes, licence="Your own", problem=known.problem)

    def content(self, data_dir: Path) -> Content:
        if not self.slug:
            raise DataUnavailable(_NONE_CHOSEN)
        return content_of(data_dir, self.slug)

    def elsewhere(self, digest: str, data_dir: Path) -> OwnImages | None:
        """The newest set that holds it, brought in or restored under another name."""
        for known in list_own(data_dir):
            with suppress(DataUnavailable):
                if content_of(data_dir, known.slug).digest == digest:
                    return replace(self, slug=known.slug)
        return None

    def load(self, size: int, data_dir: Path, progress: Progress | None = None) -> ImageSet:
        """Held out is what came as test pictures; where none did, a tenth, always the same."""
        if not self.slug:
            raise DataUnavailable(_NONE_CHOSEN)
        images, labels, classes, held = load_split(data_dir, self.slug)
        if self._grey(own_set(data_dir, self.slug).grey):
            images = _luminance(images)
        images = to_size(images, size)
        train = ~held
        if progress is not None:
            progress(1.0, "images read")
        held_labels = None if labels is None else labels[held]
        return ImageSet(images[train], None if labels is None else labels[train], classes, images[held], held_labels)


def _luminance(images: Tensor) -> Tensor:
    """uint8 [N, 3, s, s] to [N, 1, s, s], ITU-R BT.601; exact where the three channels agree."""
    weights = torch.tensor([299, 587, 114], dtype=torch.int32)[:, None, None]
    parts = (images[start : start + 1_024] for start in range(0, len(images), 1_024))
    sums = [(part.int() * weights).sum(1, keepdim=True) for part in parts]
    return torch.cat([((part + 500) // 1_000).to(torch.uint8) for part in sums])

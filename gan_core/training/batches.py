"""Batches of real images: index-selects of a permutation that lives on the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gan_core.data.base import ImageSet
from gan_core.training.seeds import stream_generator

SHUFFLED_BYTES = 4 * 2**20


class Batches:
    """Endless shuffled batches. Every image comes once an epoch; what does not fill a batch is left out of it.

    A dataset smaller than a batch is drawn with replacement. part: of a batch's rows those that are wanted here.
    """

    def __init__(
        self, data: ImageSet, batch_size: int, seed: int, device: torch.device, *, labelled: bool = True,
        part: Callable[[Tensor], Tensor] | None = None,
    ) -> None:  # fmt: skip
        self.images = data.images
        self._matrix = data.images.flatten(1)  # a row is found sooner in a matrix
        self.labels = data.labels if labelled else None
        self.batch_size, self._part = batch_size, part
        self.count = int(data.images.shape[0])
        self._content = data.content
        self._rng = stream_generator(seed, "data", device)
        self._epoch_state = self._rng.get_state()
        self._order = self._new_order()
        self._position = 0
        self._shuffled: Tensor | None = None  # the epoch's images in its order, where they are few numbers

    def _new_order(self) -> Tensor:
        self._epoch_state = self._rng.get_state()
        device = self.images.device
        if self.count < self.batch_size:
            return torch.randint(self.count, (self.batch_size,), generator=self._rng, device=device)
        return torch.randperm(self.count, generator=self._rng, device=device)

    def next(self) -> tuple[Tensor, Tensor | None]:
        """float32 [batch, C, H, W] in [-1, 1], and int64 labels [batch] where there are any and they are wanted.

        Of a batch that several processes share, this one's part.
        """
        rows = self.next_rows()
        if self._part is not None:
            rows = self._part(rows)
        elif self.labels is None and self.images.dtype != torch.uint8 and self.images.nbytes <= SHUFFLED_BYTES:
            if self._shuffled is None:
                self._shuffled = self.images.index_select(0, self._order)
            return self._shuffled[self._position - self.batch_size : self._position], None
        return self.images_of(rows), None if self.labels is None else self.labels.index_select(0, rows)

    def images_of(self, rows: Tensor) -> Tensor:
        """float32 [..., C, H, W] in [-1, 1] of rows [...]."""
        images = to_unit(self._matrix.index_select(0, rows.flatten()))
        return images.view(*rows.shape, *self.images.shape[1:])

    def next_rows(self) -> Tensor:
        """Which images the next batch is of: int64 [batch]."""
        if self._position + self.batch_size > self._order.shape[0]:
            self._order, self._shuffled = self._new_order(), None
            self._position = 0
        rows = self._order[self._position : self._position + self.batch_size]
        self._position += self.batch_size
        return rows

    def state(self) -> dict[str, Any]:
        """Enough to go on with the very next batch: the random state before this epoch, and the place in it."""
        return {"epoch_state": self._epoch_state, "position": self._position, "count": self.count,
                "content": self._content}  # fmt: skip

    def load_state(self, state: dict[str, Any], *, other_data: bool = False) -> None:
        """Raises ValueError where the data is not what the state was taken from.

        With `other_data` (a branch that learns from something else) such data begins its first epoch instead.
        """
        if state["count"] != self.count:
            if other_data:
                return
            raise ValueError(
                f"The dataset has {self.count} images, but the run was trained on {state['count']}; "
                "bring the same data back to resume it."
            )
        before = state.get("content", "")  # earlier versions kept none
        if before and self._content and before != self._content:
            if other_data:
                return
            raise ValueError(
                "The dataset has other images than the run was trained on; bring the same data back to resume it."
            )
        self._rng.set_state(state["epoch_state"])
        self._order, self._shuffled = self._new_order(), None
        self._position = int(state["position"])
        if not 0 <= self._position <= len(self._order):
            raise ValueError("The checkpoint's place in the data is none.")


def to_unit(pixels: Tensor) -> Tensor:
    """uint8 [...] from 0 to 255 -> float32 from -1 to 1; what is not pixels (points in the plane) stays as it is."""
    if pixels.dtype != torch.uint8:
        return pixels
    return pixels.to(torch.float32).div_(127.5).sub_(1.0)


def to_pixels(images: Tensor) -> Tensor:
    """float [...] from -1 to 1 -> uint8 from 0 to 255, rounded."""
    return images.float().add(1.0).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)

"""Random numbers of images, one draw for each, also where a batch lies with several processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor


class Share(Protocol):
    """The part of a batch that lies here."""

    count: int

    def part(self, whole: Tensor) -> Tensor:
        """The rows of this part, of a tensor [count * N, ...]: [N, ...]."""
        ...

    def deviation(self, x: Tensor) -> Tensor:
        """The standard deviation of all numbers of the whole batch, of which x is this part: a scalar."""
        ...


class SharedStream(torch.Generator):
    """A random stream whose numbers are of a batch that several processes share.

    Each draws those of all images and takes its own: the streams stay the same everywhere, and the numbers are those
    that one process with the whole batch would draw.
    """

    share: Share


def uniform(shape: Sequence[int], rng: torch.Generator, dtype: torch.dtype | None = None) -> Tensor:
    """U[0, 1) of this shape [N, ...], for the images of the batch that lie here."""
    return _own(rng, torch.rand(_whole(shape, rng), generator=rng, device=rng.device, dtype=dtype))


def normal(shape: Sequence[int], rng: torch.Generator, dtype: torch.dtype | None = None) -> Tensor:
    """N(0, 1) of this shape [N, ...], for the images of the batch that lie here."""
    return _own(rng, torch.randn(_whole(shape, rng), generator=rng, device=rng.device, dtype=dtype))


def whole_numbers(low: int, high: int, shape: Sequence[int], rng: torch.Generator) -> Tensor:
    """Whole numbers in [low, high] of this shape [N, ...], for the images of the batch that lie here: int64."""
    return _own(rng, torch.randint(low, high + 1, _whole(shape, rng), generator=rng, device=rng.device))


def deviation(x: Tensor, rng: torch.Generator) -> Tensor:
    """The standard deviation of all numbers of the batch of which x [N, ...] lies here; rng: its stream."""
    return rng.share.deviation(x) if isinstance(rng, SharedStream) else x.std(unbiased=False)


def _whole(shape: Sequence[int], rng: torch.Generator) -> list[int]:
    count = rng.share.count if isinstance(rng, SharedStream) else 1
    return [count * shape[0], *shape[1:]]


def _own(rng: torch.Generator, drawn: Tensor) -> Tensor:
    return rng.share.part(drawn) if isinstance(rng, SharedStream) else drawn

"""Many tensors as one, where they lie one after another in memory: a kernel called once instead of for each."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

ROW_MULTIPLE = 16  # of float32: 64 bytes


def lay_together(networks: Sequence[Sequence[Tensor]]) -> Tensor:
    """[M, P]: the weights of each network in a row, which from now on is where they are.

    Rows end with zeros, so that every one begins at a whole vector of the processor's: else the last bits of a
    member would depend on how many others there are.
    """
    rows = [torch.cat([w.detach().flatten() for w in weights]) for weights in networks]
    flat = torch.nn.functional.pad(torch.stack(rows), (0, -len(rows[0]) % ROW_MULTIPLE))
    for row, weights in zip(flat, networks, strict=True):
        for weight, part in zip(weights, parts_like(row, weights), strict=True):
            weight.data = part
    return flat


def parts_like(row: Tensor, weights: Sequence[Tensor]) -> list[Tensor]:
    """Views of a row [P] in the shapes of these weights, one after another; P may be more than they need."""
    sizes = [w.numel() for w in weights]
    pieces = torch.split(row[: sum(sizes)], sizes)
    return [piece.view(w.shape) for piece, w in zip(pieces, weights, strict=True)]


def whole_of(tensors: Sequence[Tensor]) -> Tensor | None:
    """All numbers of these tensors as one [P] on the same memory; None where they do not lie one after another."""
    first = tensors[0]
    memory, end = first.untyped_storage().data_ptr(), first.data_ptr()
    for tensor in tensors:
        follows = tensor.data_ptr() == end and tensor.untyped_storage().data_ptr() == memory
        if not follows or not tensor.is_contiguous() or tensor.dtype != first.dtype:
            return None
        end += tensor.nbytes
    count = sum(tensor.numel() for tensor in tensors)
    return first.detach().as_strided((count,), (1,), first.storage_offset())

"""Tensors that lie one after another in memory, and those that do not."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gan_core.training.flat import ROW_MULTIPLE, lay_together, parts_like, whole_of

SHAPES = st.lists(st.lists(st.integers(1, 5), min_size=0, max_size=3), min_size=1, max_size=5)


def _made(shapes: list[list[int]], seed: int) -> list[Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=rng) for shape in shapes]


@given(SHAPES, st.integers(1, 3))
def test_what_is_laid_together_is_one_tensor_on_the_same_numbers(shapes: list[list[int]], members: int) -> None:
    networks = [_made(shapes, seed) for seed in range(members)]
    before = [[t.clone() for t in network] for network in networks]
    rows = lay_together(networks)
    count = sum(t.numel() for t in networks[0])
    assert rows.shape[1] % ROW_MULTIPLE == 0
    assert (rows[:, count:] == 0).all()
    for row, network, old in zip(rows, networks, before, strict=True):
        whole = whole_of(network)
        assert whole is not None
        assert torch.equal(whole, torch.cat([t.flatten() for t in old]))
        whole += 1.0
        assert torch.equal(row[:count], whole)
        for ours, theirs, part in zip(network, old, parts_like(row, network), strict=True):
            assert torch.equal(ours, theirs + 1.0)
            assert part.data_ptr() == ours.data_ptr()


def test_what_does_not_lie_so_has_no_whole() -> None:
    row = torch.arange(12.0)
    assert whole_of([row[:4], row[4:]]) is not None
    assert whole_of([row[:4], row[5:]]) is None  # a gap
    assert whole_of([row[4:], row[:4]]) is None  # the other way round
    assert whole_of([row[:6].view(2, 3).t(), row[6:]]) is None  # in another order in itself
    assert whole_of([row[:6], row[6:].clone()]) is None  # elsewhere
    assert whole_of([row[:6], row[6:].view(torch.int32)]) is None

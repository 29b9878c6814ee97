"""Flips, shifts and erasing against torchvision's own, image by image."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as torchvision_functional

from gan_core.apply.augmentation.classic import ERASE, SHIFT, augment, draw_boxes, erase, flip, flips_suit, shift
from gan_core.data import datasets


def pictures(count: int, channels: int = 3, size: int = 16) -> Tensor:
    return torch.rand(count, channels, size, size, generator=torch.Generator().manual_seed(5)) * 2 - 1


def test_flips_are_torchvision_s() -> None:
    images, chosen = pictures(6), torch.tensor([True, False, True, True, False, False])
    found = flip(images, chosen)
    for image, new, mirrored in zip(images, found, chosen, strict=True):
        assert torch.equal(new, torchvision_functional.horizontal_flip(image) if mirrored else image)


@settings(max_examples=30, deadline=None)
@given(st.integers(-5, 5), st.integers(-5, 5), st.sampled_from([1, 3]))
def test_shifts_are_torchvision_s_padding_and_cropping(down: int, right: int, channels: int) -> None:
    image = pictures(1, channels)
    padded = torchvision_functional.pad(image, [5, 5, 5, 5], fill=-1.0)
    expected = torchvision_functional.crop(padded, 5 - down, 5 - right, 16, 16)
    assert torch.equal(shift(image, torch.tensor([down]), torch.tensor([right])), expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 4), st.integers(1, 4))
def test_erasing_is_torchvision_s(top: int, left: int, tall: int, wide: int) -> None:
    image = pictures(1)
    expected = torchvision_functional.erase(image, top, left, tall, wide, torch.tensor(0.0))
    box = (torch.tensor([value]) for value in (top, left, tall, wide))
    assert torch.equal(erase(image, *box), expected if tall else image)


def test_boxes_are_spread_as_torchvision_s() -> None:
    """Areas and places of 4,000 boxes of each; torchvision's are read from what it erases."""
    rng = torch.Generator().manual_seed(0)
    top, left, tall, wide = draw_boxes(4_000, 32, 32, rng)
    erased = tall > 0
    assert float(erased.double().mean()) == pytest.approx(ERASE, abs=0.03)
    ours = (tall * wide)[erased].double()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = torch.tensor([_erased_area() for _ in range(1_000)], dtype=torch.float64)
    for share in (0.1, 0.5, 0.9):
        assert float(ours.quantile(share)) == pytest.approx(float(theirs.quantile(share)), rel=0.08, abs=3)
    assert int((top + tall).max()) == 32
    assert int((left + wide)[erased].max()) == 32
    assert int(top.min()) == int(left.min()) == 0


def _erased_area() -> int:
    return int((v2.RandomErasing(p=1.0)(torch.ones(1, 32, 32)) == 0).sum())


def test_the_stream_decides_and_torch_s_own_is_left_alone() -> None:
    images = pictures(64)
    before = torch.random.get_rng_state()
    one, other = (augment(images, torch.Generator().manual_seed(3), flips=True) for _ in range(2))
    assert torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not torch.equal(one, augment(images, torch.Generator().manual_seed(4), flips=True))
    assert one.shape == images.shape
    assert float(one.abs().max()) <= 1.0


def test_without_flips_nothing_is_mirrored() -> None:
    """A ramp to the right stays one, wherever it is moved."""
    images = torch.linspace(-0.9, 0.9, 16).expand(200, 1, 16, 16).contiguous()
    found = augment(images, torch.Generator().manual_seed(3), flips=False)
    inside = found[..., 16 // SHIFT : -(16 // SHIFT)]
    steps = inside.diff(dim=3)
    kept = (inside[..., 1:] > -0.95) & (inside[..., 1:] != 0) & (inside[..., :-1] != 0) & (inside[..., :-1] > -0.95)
    assert float(steps[kept].min()) > 0
    mirrored = augment(images, torch.Generator().manual_seed(3), flips=True)
    assert float(mirrored[..., 4:-4].diff(dim=3).min()) < -0.1


def test_letters_and_digits_are_not_mirrored() -> None:
    assert [name for name in datasets.names() if not flips_suit(name)] == [
        "mnist",
        "kmnist",
        "emnist-letters",
        "svhn",
    ]

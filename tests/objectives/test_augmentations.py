"""DiffAugment's three changes and instance noise, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_core.config.fields import specs
from gan_core.objectives import DiffAugment, add_instance_noise, augmentations, decayed_sigma
from gan_core.objectives.base import Adaptive
from gan_core.objectives.image_augmentations import change_colour, cut_out, translate


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(n=64, channels=3, size=32, dtype=torch.float32):
    return torch.rand(n, channels, size, size, generator=rng(11), dtype=dtype) * 2 - 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [28, 32, 64])
def test_translation_only_moves_the_picture(channels, size):
    """Every result is the picture moved by some whole (dy, dx) of at most an eighth, with 0 coming in."""
    x = pictures(24, channels, size)
    moved, most, seen = translate(x, 1.0, rng()).numpy(), int(size * 0.125 + 0.5), set()
    for before, after in zip(x.numpy(), moved, strict=True):
        padded = np.pad(before, ((0, 0), (most, most), (most, most)))
        found = [
            (dy, dx)
            for dy in range(-most, most + 1)
            for dx in range(-most, most + 1)
            if np.array_equal(after, padded[:, most - dy : most - dy + size, most - dx : most - dx + size])
        ]
        assert len(found) == 1
        seen.add(found[0])
    assert len(seen) > 10  # each image draws its own


def test_translation_reaches_every_shift_equally():
    """A lone bright pixel in the middle of 28x28 lands on each of 7x7 places about as often."""
    x = torch.zeros(4900, 1, 28, 28)
    x[:, :, 14, 14] = 1.0
    counts = translate(x, 1.0, rng()).sum((0, 1))[10:19, 10:19]
    expected = torch.zeros(9, 9)
    most = int(28 * 0.125 + 0.5)
    expected[4 - most : 5 + most, 4 - most : 5 + most] = 4900 / (2 * most + 1) ** 2
    assert most == 4
    assert (counts - expected).abs().max() < 5 * (4900 / 81) ** 0.5


@pytest.mark.parametrize("size", [28, 32, 64])
def test_cutout_covers_one_square_of_half_the_width(size):
    x = torch.ones(256, 2, size, size)
    covered = (cut_out(x, 1.0, rng()) == 0).numpy()
    half, whole = size // 2, 0
    for hole in covered:
        assert np.array_equal(hole[0], hole[1])
        rows, columns = np.flatnonzero(hole[0].any(1)), np.flatnonzero(hole[0].any(0))
        assert hole[0].sum() == len(rows) * len(columns)  # one filled rectangle
        assert rows.max() - rows.min() + 1 == len(rows)
        assert len(rows) == half or rows.min() == 0 or rows.max() == size - 1  # smaller only at an edge
        assert len(columns) == half or columns.min() == 0 or columns.max() == size - 1
        assert half // 2 <= len(rows) <= half
        assert half // 2 <= len(columns) <= half
        whole += hole[0].sum() == half * half
    assert 0.15 < whole / 256 < 0.4  # about (1/2)^2 of the squares lie inside altogether
    share = covered.mean((0, 1))  # as often at one edge as at the other
    np.testing.assert_allclose(share, share[::-1, ::-1], atol=0.2)
    assert share.min() > 0.02


def test_colour_against_numpy_with_the_same_draws():
    x = pictures(8, dtype=torch.float32)
    g = rng(4)
    draws = [torch.rand(8, 1, 1, 1, generator=g).numpy() for _ in range(6)]
    y = x.numpy() + (draws[0] - 0.5)
    grey = y.mean(1, keepdims=True)
    y = (y - grey) * (draws[1] * 2) + grey
    mean = y.mean((1, 2, 3), keepdims=True)
    y = (y - mean) * (draws[2] + 0.5) + mean
    np.testing.assert_allclose(change_colour(x, 1.0, rng(4)).numpy(), y, rtol=1e-4, atol=1e-5)


def test_colour_changes_have_the_papers_range():
    """Brightness moves the mean by U(-0.5, 0.5); contrast scales a grey image's spread by U(0.5, 1.5)."""
    x = pictures(1, 1, 8).expand(4000, 1, 8, 8)
    y = change_colour(x, 1.0, rng())
    shift = (y.mean((1, 2, 3)) - x.mean((1, 2, 3))).numpy()
    factor = (y.std((1, 2, 3)) / x.std((1, 2, 3))).numpy()
    for values, low, high in ((shift, -0.5, 0.5), (factor, 0.5, 1.5)):
        assert low - 1e-4 <= values.min() < low + 0.01
        assert high - 0.01 < values.max() <= high + 1e-4
        np.testing.assert_allclose(values.mean(), (low + high) / 2, atol=0.03)
        np.testing.assert_allclose(values.std(), 1 / 12**0.5, rtol=0.05)


@pytest.mark.parametrize("change", [change_colour, translate, cut_out])
def test_strength_is_the_probability_of_a_change(change):
    x = pictures(4000, 3, 8)
    p = 0.3
    changed = (change(x, p, rng()) != x).flatten(1).any(1).float().mean().item()
    expected = {
        change_colour: 1 - (1 - p) ** 3,  # any of brightness, saturation, contrast
        translate: p * (1 - 1 / 9),  # one pixel each way at 8x8, of which one of nine is no move
        cut_out: p,
    }[change]
    assert changed == pytest.approx(expected, abs=0.035)


def test_strength_picks_images_without_changing_what_is_drawn():
    """An image that is changed at strength 0.5 looks as it does at 1, and the stream goes on from the same place."""
    x = pictures(64)
    half, full = rng(3), rng(3)
    some, all_ = translate(x, 0.5, half), translate(x, 1.0, full)
    for a, b, c in zip(some, all_, x, strict=True):
        assert torch.equal(a, b) or torch.equal(a, c)
    assert torch.equal(half.get_state(), full.get_state())


@given(st.integers(0, 2**31), st.sampled_from([28, 32, 64]), st.sampled_from([1, 3]))
def test_strength_zero_is_the_identity(seed, size, channels):
    x = pictures(3, channels, size)
    assert torch.equal(DiffAugment(strength=0.0).augment(x, rng(seed)), x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_type_and_shape_are_kept_and_strength_one_reaches_every_image(dtype):
    for entry in augmentations:
        x = pictures(512, 3, 32, dtype=torch.float32).to(dtype)
        y = (entry.cls(start=1.0) if issubclass(entry.cls, Adaptive) else entry.cls()).augment(x, rng())
        assert y.shape == x.shape
        assert y.dtype == dtype
        assert (y != x).flatten(1).any(1).all() == entry.cls.active


def test_the_same_state_gives_the_same_change_and_another_state_another():
    x = pictures(4)
    augment = DiffAugment().augment
    assert torch.equal(augment(x, rng(1)), augment(x, rng(1)))
    assert not torch.equal(augment(x, rng(1)), augment(x, rng(2)))
    before = torch.get_rng_state()
    augment(x, rng(1))
    assert torch.equal(torch.get_rng_state(), before)


def test_each_flag_switches_its_own_change():
    x = pictures(16)
    off = {"colour": False, "translation": False, "cutout": False}
    assert torch.equal(DiffAugment(**off).augment(x, rng()), x)
    for name, change in (("colour", change_colour), ("translation", translate), ("cutout", cut_out)):
        ours = DiffAugment(**{**off, name: True}).augment(x, rng(6))
        assert torch.equal(ours, change(x, 1.0, rng(6)))


@pytest.mark.parametrize("channels", [1, 3])
def test_gradient_flows_through_every_change(channels):
    x = pictures(3, channels, 8, dtype=torch.float64).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda v: DiffAugment().augment(v, rng(2)), (x,), eps=1e-6, atol=1e-6)


def test_channels_last_gives_the_same():
    x = pictures(8)
    y = DiffAugment().augment(x.contiguous(memory_format=torch.channels_last), rng(5))
    torch.testing.assert_close(y, DiffAugment().augment(x, rng(5)))


def test_instance_noise_adds_gaussian_noise_of_the_given_deviation():
    x = pictures(64)
    noise = (add_instance_noise(x, 0.3, rng()) - x).numpy()
    assert noise.mean() == pytest.approx(0.0, abs=0.005)
    assert noise.std() == pytest.approx(0.3, rel=0.01)
    expected = 0.3 * torch.randn(x.shape, generator=rng())
    np.testing.assert_allclose(noise, expected.numpy(), atol=1e-6)


def test_no_instance_noise_draws_nothing():
    g = rng(8)
    before, x = g.get_state(), pictures(2)
    assert add_instance_noise(x, 0.0, g) is x
    assert torch.equal(g.get_state(), before)


@given(st.floats(0, 2), st.integers(1, 10**8), st.integers(0, 2 * 10**8))
def test_instance_noise_falls_in_a_straight_line(sigma, decay, seen):
    assert decayed_sigma(sigma, decay, seen) == pytest.approx(np.interp(seen, [0, decay], [sigma, 0.0]), abs=1e-9)
    assert decayed_sigma(sigma, 0, seen) == sigma


def test_every_registered_augmentation_is_explained():
    assert {"none", "diffaugment"} <= set(augmentations.names())
    for entry in augmentations:
        assert entry.label
        assert entry.source
        assert entry.help.endswith(".")
        assert all(s.label and s.help.endswith(".") for s in specs(entry.cls).values())
    assert specs(DiffAugment)["strength"].live

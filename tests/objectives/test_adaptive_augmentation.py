"""ADA's changes against torch's own flips, turns and shifts, against numpy, and against their distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gan_core.objectives import AdaptiveAugment
from gan_core.objectives.image_augmentations_adaptive import _Draws, blits, recolour, resample, warps


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int, channels: int = 3, size: int = 32) -> torch.Tensor:
    return torch.rand(n, channels, size, size, generator=rng(11)) * 2 - 1


def matrix(rows: list[list[float]], count: int) -> torch.Tensor:
    return torch.tensor(rows).expand(count, 3, 3)


def test_places_are_read_as_torch_flips_turns_and_rolls() -> None:
    x = pictures(4)
    mirror = matrix([[-1.0, 0, 0], [0, 1, 0], [0, 0, 1]], 4)
    torch.testing.assert_close(resample(x, mirror), x.flip(3), atol=1e-5, rtol=0)
    quarter = matrix([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]], 4)
    turned = resample(x, quarter)
    assert any(torch.allclose(turned, torch.rot90(x, k, (2, 3)), atol=1e-5) for k in (1, 3))
    moved = resample(x, matrix([[1.0, 0, 2 * 3 / 32], [0, 1, 0], [0, 0, 1]], 4))
    torch.testing.assert_close(moved[..., :-3], x[..., 3:], atol=1e-5, rtol=0)


def test_every_blit_is_one_of_the_eight_and_a_whole_shift() -> None:
    """The turned and mirrored squares are eight; each comes about as often, and the shift is whole pixels."""
    places = blits(_Draws(8000, rng()), 1.0, 32).numpy()
    linear = np.round(places[:, :2, :2]).astype(int)
    assert np.abs(places[:, :2, :2] - linear).max() < 1e-6
    kinds, counts = np.unique(linear.reshape(-1, 4), axis=0, return_counts=True)
    assert len(kinds) == 8
    assert counts.min() > 800
    pixels = places[:, :2, 2] * 16  # 32 pixels are 2 wide
    assert np.abs(pixels - np.round(pixels)).max() < 1e-4
    assert np.abs(pixels).max() == pytest.approx(4, abs=1e-4)


def test_warps_have_the_papers_scales_and_turns() -> None:
    """det = scale^2 with log2 of scale ~ N(0, 0.2^2); a turn with probability p in all, half of it at each end."""
    det = np.linalg.det(warps(_Draws(20_000, rng()), 1.0).double().numpy()[:, :2, :2])
    assert np.log2(det).mean() == pytest.approx(0, abs=0.01)
    assert np.log2(det).std() == pytest.approx(0.4, rel=0.03)
    turned = warps(_Draws(20_000, rng()), 0.5)
    linear = turned[:, :2, :2] / turned[:, :2, :2].det().sqrt().view(-1, 1, 1)
    same = (linear[:, 0, 1].abs() < 1e-7) & (linear[:, 1, 0].abs() < 1e-7)
    assert same.float().mean() == pytest.approx(0.5, abs=0.012)


@pytest.mark.parametrize("channels", [1, 3])
def test_strength_zero_is_the_identity_and_draws_as_much_as_any_other(channels: int) -> None:
    x, none, full = pictures(6, channels, 28), rng(3), rng(3)
    augment = AdaptiveAugment()
    assert torch.equal(augment.augment_at(x, torch.tensor(0.0), none), x)
    assert not torch.equal(augment.augment_at(x, 1.0, full), x)
    assert torch.equal(none.get_state(), full.get_state())
    assert torch.equal(augment.augment(x, rng(3)), x)  # start is 0


def test_the_share_of_changed_images_follows_the_strength() -> None:
    """With colour alone brightness, contrast and so on are five chances of p; an image stays with (1 - p)^5."""
    x, p = pictures(4000, 3, 8), 0.2
    y = AdaptiveAugment(blit=False, geometry=False).augment_at(x, p, rng())
    unchanged = (y == x).flatten(1).all(1).float().mean()
    assert unchanged == pytest.approx((1 - p) ** 4 * (1 - p / 2), abs=0.03)


def test_the_hue_turns_about_grey_and_keeps_it() -> None:
    """Against the rotation matrix about (1, 1, 1) / sqrt 3 (Rodrigues), fitted to what came out."""
    x = pictures(1, 3, 16).expand(64, 3, 16, 16)

    class Fixed(_Draws):
        def __init__(self) -> None:
            super().__init__(64, rng())
            self.calls = 0

        def below(self, probability: object) -> torch.Tensor:
            self.calls += 1
            self.uniform()
            return torch.full((64,), self.calls == 4)  # of the five only the turn of the hue

    y = recolour(x, Fixed(), 1.0)
    torch.testing.assert_close(y.mean(1), x.mean(1), atol=1e-5, rtol=0)
    k = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    for before, after in zip(x[:5].double().numpy(), y[:5].double().numpy(), strict=True):
        a, b = before.reshape(3, -1), after.reshape(3, -1)
        found = np.linalg.lstsq(a.T, b.T, rcond=None)[0].T
        angle = math.atan2(np.trace(k.T @ found) / 2, (np.trace(found) - 1) / 2)
        rodrigues = np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * k @ k
        np.testing.assert_allclose(found, rodrigues, atol=1e-4)


def test_gradient_reaches_the_images_through_every_change() -> None:
    x = pictures(2, 3, 8).double().requires_grad_()
    augment = AdaptiveAugment()
    assert torch.autograd.gradcheck(lambda images: augment.augment_at(images, 1.0, rng(2)), (x,), atol=1e-4)

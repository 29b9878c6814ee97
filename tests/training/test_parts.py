"""Batches, moving average, guard and statistics, each against its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_core.data.base import ImageSet
from gan_core.nets import DcganGenerator
from gan_core.nets.base import ImageShape
from gan_core.objectives import Hinge, NonSaturating
from gan_core.training.batches import Batches, to_pixels, to_unit
from gan_core.training.configuration.cost import useful_threads
from gan_core.training.ema import WeightAverage, ema_decay
from gan_core.training.guard import Guard, total_norm
from gan_core.training.seeds import STREAMS, stream_seed
from gan_core.training.statistics import METRICS, Window

CPU = torch.device("cpu")


def _numbered(count: int) -> ImageSet:
    """Image i is all i, its label too."""
    images = torch.arange(count, dtype=torch.uint8).view(count, 1, 1, 1).expand(count, 1, 2, 2).contiguous()
    labels = torch.arange(count)
    return ImageSet(images, labels, tuple(map(str, range(count))), images[:0], labels[:0])


def _indices(images: torch.Tensor) -> list[int]:
    return [int(v) for v in to_pixels(images)[:, 0, 0, 0]]


def test_every_image_once_an_epoch_and_with_its_label() -> None:
    batches = Batches(_numbered(12), 4, seed=1, device=CPU)
    epochs = []
    for _ in range(3):
        seen: list[int] = []
        for _ in range(3):
            images, labels = batches.next()
            assert labels is not None
            assert labels.tolist() == _indices(images)
            seen += labels.tolist()
        assert sorted(seen) == list(range(12))
        epochs.append(seen)
    assert epochs[0] != epochs[1]


def test_a_small_set_is_drawn_with_replacement() -> None:
    batches = Batches(_numbered(3), 8, seed=1, device=CPU)
    for _ in range(5):
        images, _ = batches.next()
        assert images.shape[0] == 8


@pytest.mark.parametrize("before", [0, 1, 3, 7])
def test_batches_go_on_where_they_were(before: int) -> None:
    one, other = (Batches(_numbered(13), 4, seed=9, device=CPU) for _ in range(2))
    for _ in range(before):
        one.next()
    other.load_state(one.state())
    for _ in range(8):
        assert torch.equal(one.next()[0], other.next()[0])


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 20))
def test_points_come_in_the_order_of_their_rows(count: int, batch: int, before: int) -> None:
    """From a copy in that order, where they are few: also over the ends of epochs and after a resume."""
    points = torch.randn(count, 2, 1, 1)
    data = ImageSet(points, torch.zeros(count, dtype=torch.int64), ("point",), points[:0], torch.zeros(0))
    ours, rows, resumed = (Batches(data, batch, seed=2, device=CPU, labelled=False) for _ in range(3))
    for _ in range(before):
        assert torch.equal(ours.next()[0], points[rows.next_rows()])
    resumed.next()
    resumed.load_state(ours.state())
    for _ in range(5):
        expected = points[rows.next_rows()]
        assert torch.equal(ours.next()[0], expected)
        assert torch.equal(resumed.next()[0], expected)
    ours.next_rows()  # as a compiled step takes them
    assert torch.equal(resumed.images_of(resumed.next_rows()), points[rows.next_rows()])
    assert torch.equal(ours.next()[0], resumed.next()[0])


def test_other_data_is_refused() -> None:
    state = Batches(_numbered(13), 4, seed=9, device=CPU).state()
    with pytest.raises(ValueError, match="has 12 images"):
        Batches(_numbered(12), 4, seed=9, device=CPU).load_state(state)


def test_pixels_survive_the_way_to_the_networks_and_back() -> None:
    pixels = torch.arange(256, dtype=torch.uint8)
    unit = to_unit(pixels)
    assert unit.min() == -1
    assert unit.max() == 1
    assert torch.equal(to_pixels(unit), pixels)
    assert to_pixels(torch.tensor([-9.0, 9.0])).tolist() == [0, 255]


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_streams_are_apart(seed: int, other: int) -> None:
    seeds = {stream_seed(seed, s) for s in STREAMS} | {stream_seed(other, s) for s in STREAMS}
    assert len(seeds) == len(STREAMS) * (1 if seed == other else 2)


@given(st.integers(1, 10**6), st.integers(1, 1024), st.integers(1, 10**8))
def test_half_life_is_what_it_says(half_life: int, batch: int, images: int) -> None:
    per_image = ema_decay(half_life, 0.0, images, batch) ** (1 / batch)
    assert per_image**half_life == pytest.approx(0.5)
    ramped = ema_decay(half_life, 0.05, images, batch)
    assert 0 <= ramped <= ema_decay(half_life, 0.0, images, batch)
    if 0.05 * images >= half_life:
        assert ramped == ema_decay(half_life, 0.0, images, batch)


def test_average_follows_its_recurrence() -> None:
    net = DcganGenerator(width=8).build(ImageShape(1, 28), 4, 0)
    average = WeightAverage(net)
    expected = [p.detach().double().numpy().copy() for p in net.parameters()]
    rng = torch.Generator().manual_seed(0)
    for decay in (0.9, 0.5, 0.99):
        with torch.no_grad():
            for p in net.parameters():
                p.add_(torch.randn(p.shape, generator=rng))
        average.update(decay)
        expected = [
            decay * e + (1 - decay) * p.detach().double().numpy()
            for e, p in zip(expected, net.parameters(), strict=True)
        ]
    for ours, theirs in zip(average.net.parameters(), expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-5, atol=1e-6)
        assert not ours.requires_grad


def test_average_takes_over_running_statistics() -> None:
    net = DcganGenerator(width=8).build(ImageShape(1, 28), 4, 0)
    average = WeightAverage(net)
    net.train()(torch.randn(16, 4))
    before = [b.clone() for b in average.net.buffers()]
    sampler = average.current(follow=False)
    pairs = list(zip(before, sampler.buffers(), net.buffers(), strict=True))
    assert all(torch.equal(now, source) for _, now, source in pairs)
    assert any(not torch.equal(old, now) for old, now, _ in pairs)


@pytest.mark.parametrize(
    ("loss", "norm", "quantity"),
    [
        (math.nan, 1.0, "loss"),
        (math.inf, 1.0, "loss"),
        (0.3, math.inf, "gradient norm"),
        (0.3, math.nan, "gradient norm"),
    ],
)
def test_guard_forbids_from_the_first_bad_number(loss: float, norm: float, quantity: str) -> None:
    guard = Guard(CPU)
    good = torch.tensor(1.0)
    assert guard.allows(1, 0, good, good, on_device=True)
    assert guard.trouble() is None
    assert not guard.allows(2, 1, torch.tensor(loss), torch.tensor(norm), on_device=True)
    assert not guard.allows(3, 0, good, good, on_device=True)
    trouble = guard.trouble()
    assert trouble is not None
    assert (trouble.step, trouble.player, trouble.quantity) == (2, "generator", quantity)


def test_guard_on_a_device_decides_without_a_look() -> None:
    """The path for accelerators, which needs none: the veto is a tensor."""
    guard = Guard(torch.device("meta"))
    guard._vetoed, guard._first = torch.zeros(()), torch.full((3,), -1, dtype=torch.int64)
    good, bad = torch.tensor(1.0), torch.tensor(math.nan)
    assert guard.allows(1, 0, good, good, on_device=True)
    assert guard.allows(2, 1, good, bad, on_device=True)  # the kernel is told instead
    assert guard.veto is not None
    assert float(guard.veto) == 1.0
    assert guard.allows(3, 0, bad, good, on_device=True)
    assert not guard.allows(4, 0, good, good, on_device=False)
    trouble = guard.trouble()
    assert trouble is not None
    assert (trouble.step, trouble.player, trouble.quantity) == (2, "generator", "gradient norm")


def test_total_norm_is_that_of_all_numbers() -> None:
    tensors = [torch.randn(3, 4), torch.randn(5)]
    flat = np.concatenate([t.double().numpy().ravel() for t in tensors])
    assert float(total_norm(tensors)) == pytest.approx(float(np.linalg.norm(flat)), rel=1e-6)


def test_window_means_against_numpy() -> None:
    rng = np.random.default_rng(0)
    window, real, fake = Window(), rng.normal(1, 1, (3, 8)), rng.normal(-1, 1, (3, 8))
    for i in range(3):
        for name in ("d_loss", "g_loss", "d_grad_norm", "g_grad_norm"):
            getattr(window, name).append(torch.tensor(float(i + len(name))))
        window.real_logits.append(torch.tensor(real[i], dtype=torch.float32))
        window.fake_logits.append(torch.tensor(fake[i], dtype=torch.float32))
    window.penalty.append(torch.tensor(7.0))
    means = window.means(NonSaturating())
    assert tuple(means) == METRICS
    assert means["d_loss"] == pytest.approx(1 + 6)
    assert means["g_grad_norm"] == pytest.approx(1 + 11)
    assert means["penalty"] == 7.0
    assert means["d_real"] == pytest.approx((1 / (1 + np.exp(-real))).mean(), rel=1e-5)
    assert means["d_accuracy_real"] == pytest.approx((real > 0).mean())
    assert means["d_accuracy_fake"] == pytest.approx((fake <= 0).mean())
    assert window.means(Hinge())["d_real"] == pytest.approx(real.mean(), rel=1e-5)
    again = Window()
    again.load_state(window.state())
    assert again.means(NonSaturating()) == means
    window.clear()
    assert len(window) == 0
    assert math.isnan(window.means(NonSaturating())["d_loss"])


@pytest.mark.parametrize(
    ("flops", "most", "threads"), [(24_000_000, 8, 1), (3_300_000_000, 2, 2), (3_300_000_000, 64, 6), (0, 1, 1)]
)
def test_a_thread_has_half_a_gflop_of_a_step(flops: int, most: int, threads: int) -> None:
    assert useful_threads(flops, most) == threads

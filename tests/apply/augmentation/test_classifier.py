"""The classifier and the filters: it learns, repeats itself, leaves chance alone; rules against plain arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.neighbors import NearestNeighbors

from gan_core.apply.augmentation.classifier import BATCH, Plan, accuracy, build, confusion, look, train
from gan_core.apply.augmentation.filters import Filter, chosen, nearest_distances
from tests.apply.augmentation.made import halves


def silent(_fraction: float, _words: str) -> None: ...


def test_it_learns_what_is_plain_and_says_so_as_scikit_learn_does() -> None:
    net = train(*halves(40, 1), 3, Plan(30), 1, silent)
    images, labels = halves(30, 2)
    matrix = confusion(net, images, labels, 3)
    found = look(net, images)[1].argmax(1)
    assert np.array_equal(matrix, confusion_matrix(labels, found))
    assert accuracy(matrix) == pytest.approx(accuracy_score(labels, found))
    assert accuracy(matrix) > 0.9


def test_the_same_seed_is_the_same_classifier_and_torch_s_chance_is_left_alone() -> None:
    images, labels = halves(20, 1)
    before = torch.random.get_rng_state()
    nets = [train(images, labels, 3, Plan(3, classic=True, flips=True), seed, silent) for seed in (1, 1, 2)]
    assert torch.equal(torch.random.get_rng_state(), before)
    one, again, other = (look(net, images)[0] for net in nets)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_it_can_be_stopped_at_every_step_and_tells_how_far_it_is() -> None:
    told: list[float] = []

    def stop(fraction: float, _words: str) -> None:
        told.append(fraction)
        if len(told) == 3:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        train(*halves(20, 1), 3, Plan(4), 1, stop)
    assert told == [0.0, 0.25, 0.5]


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (32, 3), (64, 3)])
def test_it_takes_every_size(size: int, channels: int) -> None:
    images = torch.randint(0, 256, (5, channels, size, size), dtype=torch.uint8)
    features, probabilities = look(build(size, channels, 7, 1).eval(), images)
    assert features.shape == (5, 64)
    assert torch.allclose(probabilities.sum(1), torch.ones(5), atol=1e-5)


def test_a_batch_is_128_whatever_the_set_s_size() -> None:
    """Seven images: each comes 18 or 19 times in a batch, as passes follow one another without gaps."""
    from gan_core.apply.augmentation.classifier import _rows

    counts = torch.bincount(next(_rows(7, 1)), minlength=7)
    assert int(counts.sum()) == BATCH
    assert int(counts.max()) - int(counts.min()) <= 1


points = arrays.arrays(np.float32, st.tuples(st.integers(1, 20), st.just(3)), elements=st.floats(-5, 5, width=32))


@settings(max_examples=30, deadline=None)
@given(points, points)
def test_distances_are_scikit_learn_s(some: np.ndarray, real: np.ndarray) -> None:
    expected = NearestNeighbors(n_neighbors=1).fit(real).kneighbors(some)[0][:, 0]
    found = nearest_distances(torch.from_numpy(some), torch.from_numpy(real))
    assert np.allclose(found, expected, atol=1e-4)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=30), st.integers(0, 99), st.integers(1, 10)
)
def test_what_passes_is_sure_enough_and_nearest(rows: list[tuple[int, int]], least: int, tenths: int) -> None:
    sure = torch.tensor([a / 100 for a, _ in rows])
    distances = torch.tensor([float(b) for _, b in rows])
    rule = Filter(least / 100, tenths / 10)
    kept = chosen(sure, distances, rule).tolist()
    passing = [i for i in range(len(rows)) if float(sure[i]) >= float(torch.tensor(least / 100))]
    assert kept == sorted(kept)
    assert set(kept) <= set(passing)
    assert len(kept) == (max(1, round(len(passing) * tenths / 10)) if passing else 0)
    left = set(passing) - set(kept)
    assert not left or max(distances[kept], default=0) <= min(float(distances[i]) for i in left)


def test_a_filter_that_lets_all_pass_is_none() -> None:
    assert not Filter().active
    assert Filter(0.5).active
    assert Filter(0.0, 0.5).active

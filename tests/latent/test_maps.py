"""Maps: principal components against numpy's SVD, groups that stay apart, and the same map every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gan_core.latent import Explorable, check_look, render
from gan_core.latent.maps import Drawn, MapOptions, make_map, principal_directions, tsne_rounds
from tests.pictures import assert_same_picture

SMALL = MapOptions(count=120)


@pytest.mark.parametrize("shape", [(60, 7), (9, 40)])
def test_principal_directions_are_those_of_the_svd(shape: tuple[int, int]) -> None:
    data = np.random.default_rng(1).standard_normal(shape) * np.geomspace(5, 1, shape[1])
    centred = (data - data.mean(0)).astype(np.float32)
    found = principal_directions(centred, 5)
    right = np.linalg.svd(centred.astype(float), full_matrices=False)[2][:5]
    np.testing.assert_allclose(np.abs((found * right).sum(1)), 1.0, atol=1e-5)
    assert (found[np.arange(5), np.abs(found).argmax(1)] > 0).all()


def test_fewer_directions_than_wanted_are_filled_with_zeros() -> None:
    centred = np.array([[1, 0, 0], [-1, 0, 0]], np.float32)
    np.testing.assert_allclose(principal_directions(centred, 3), [[1, 0, 0], [0, 0, 0], [0, 0, 0]], atol=1e-6)


def test_a_map_of_principal_components(dcgan_model: Explorable) -> None:
    found = make_map(dcgan_model, SMALL)
    pixels = found.images.reshape(120, -1) / 127.5 - 1.0
    scores = np.linalg.svd(pixels - pixels.mean(0), full_matrices=False)
    wanted = scores[0][:, :2] * scores[1][:2]
    for axis in range(2):  # each up to its sign; both on one scale
        assert abs(np.corrcoef(found.positions[:, axis], wanted[:, axis])[0, 1]) > 0.9999
    assert np.ptp(found.positions, axis=0) / np.ptp(wanted, axis=0) == pytest.approx(
        [1 / np.ptp(wanted, axis=0).max() * 2] * 2, rel=1e-3
    )
    assert np.abs(found.positions).max() == pytest.approx(1.0, abs=1e-5)
    for i in (0, 57):  # what a thumbnail shows is the picture of its seed
        look = check_look(dcgan_model, {"where": {"seed": int(found.seeds[i])}})
        assert_same_picture(render(dcgan_model, [look])[0], found.images[i])
        np.testing.assert_allclose(found.place(found.images[i]), found.positions[i], atol=1e-4)


def test_the_same_options_give_the_same_map(dcgan_model: Explorable) -> None:
    for method in ("pca", "tsne"):
        options = replace(SMALL, count=60, method=method, sight="discriminator")
        first, second = make_map(dcgan_model, options), make_map(dcgan_model, options)
        assert np.array_equal(first.positions, second.positions)
        other = make_map(dcgan_model, replace(options, seed=60))
        assert not np.array_equal(first.images, other.images)


def test_tsne_keeps_two_groups_apart() -> None:
    rng = np.random.default_rng(0)
    group = np.arange(160) % 2
    data = (rng.standard_normal((160, 20)) + 12.0 * group[:, None]).astype(np.float32)
    places, share, _ = list(tsne_rounds(data, seed=0))[-1]
    assert share == 1.0
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert (group[apart.argmin(1)] == group).all()  # everybody's neighbour is of its group
    middles = [places[group == g].mean(0) for g in (0, 1)]
    spread = max(np.linalg.norm(places[group == g] - middles[g], axis=1).max() for g in (0, 1))
    assert np.linalg.norm(middles[0] - middles[1]) > 1.5 * spread


def test_a_picture_is_put_among_its_neighbours(dcgan_model: Explorable) -> None:
    found = make_map(dcgan_model, replace(SMALL, method="tsne"))
    np.testing.assert_allclose(found.place(found.images[3]), found.positions[3], atol=0.02)
    assert np.abs(found.place(np.zeros((28, 28, 1), np.uint8))).max() <= 1.0


def test_classes_come_in_turn_or_one_alone(conditional_model: Explorable) -> None:
    assert make_map(conditional_model, replace(SMALL, count=60)).labels.tolist() == [0, 1, 2] * 20  # type: ignore[union-attr]
    alone = make_map(conditional_model, replace(SMALL, count=60, label=2))
    assert set(alone.labels.tolist()) == {2}  # type: ignore[union-attr]
    look = check_look(conditional_model, {"where": {"seed": 4}, "class": [2]})
    assert_same_picture(render(conditional_model, [look])[0], alone.images[4])


def test_progress_rises_and_can_cancel(dcgan_model: Explorable) -> None:
    told: list[tuple[Drawn | None, float]] = []
    make_map(dcgan_model, replace(SMALL, method="tsne"), lambda drawn, share, words: told.append((drawn, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert sum(drawn is not None for drawn, _ in told) >= 3  # it can be watched unfolding

    class Enough(Exception):
        pass

    def stop(drawn: Drawn | None, share: float, words: str) -> None:
        if drawn is not None:
            raise Enough

    with pytest.raises(Enough):
        make_map(dcgan_model, replace(SMALL, method="tsne"), stop)


def test_wrong_options_are_said(dcgan_model: Explorable) -> None:
    for options, words in (
        (MapOptions(method="umap"), 'method is "umap"; it must be one of pca, tsne'),
        (MapOptions(count=7), "count is 7; a map has 50 to 5,000 samples"),
        (MapOptions(label=0), "label is 0; this generator has 0 classes"),
    ):
        with pytest.raises(ValueError, match=words):
            make_map(dcgan_model, options)

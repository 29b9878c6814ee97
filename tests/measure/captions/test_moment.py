"""What a picture shows, on pictures that were put together by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_core.data.base import ImageSet, datasets
from gan_core.data.sets.points import Modes, PointDataset
from gan_core.measure.captions.moment import MIDDLE, Moment, PlaneView, moment_of_images, moment_of_scene
from gan_core.measure.captions.rules import NEAR, caption
from gan_core.measure.referee.eye import Eye, flat_features
from gan_core.training.observe.scene import HEAT, Scene

EXTENT = (-2.0, 2.0, -2.0, 2.0)
CENTRES = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
MODES = Modes(CENTRES, 0.05, np.full(4, 0.25))
RNG = np.random.default_rng(0)


def around(*at: tuple[float, float], n: int = 100, std: float = 0.05) -> np.ndarray:
    points = np.concatenate([np.array(one) + std * RNG.standard_normal((n, 2)) for one in at])
    return points.astype(np.float32)


REAL = around(*map(tuple, CENTRES))


def scene(fakes: np.ndarray, scores: float | np.ndarray, heat: np.ndarray | float = 0.5) -> Scene:
    return Scene(
        fakes, np.broadcast_to(np.float32(scores), len(fakes)), np.zeros_like(fakes),
        np.broadcast_to(np.float32(heat), (HEAT, HEAT)), np.zeros((0, 0, 2), np.float32),
    )  # fmt: skip


def view(
    modes: Modes | None = MODES, threshold: float | None = 0.5, untrained: np.ndarray | None = None
) -> PlaneView:
    return PlaneView(REAL, EXTENT, modes, threshold, untrained)


def test_places_are_named_as_they_lie_on_the_screen() -> None:
    moment = moment_of_scene(scene(around((1, 0), (-1, 0)), 0.9), view(), 7)
    assert moment.places == ("right", "top", "left", "bottom")
    assert moment.shares == (0.5, 0.0, 0.5, 0.0)
    assert moment.missing == ("top", "bottom")
    assert (moment.found, moment.step, moment.counted) == (2, 7, True)
    grid = Modes(np.array([[x, y] for y in (-1.0, 0, 1) for x in (-1.0, 0, 1)]), 0.05, np.full(9, 1 / 9))
    names = moment_of_scene(scene(REAL, 0.9), view(grid), 0).places
    assert names == ("bottom-left", "bottom", "bottom-right", "left", MIDDLE, "right", "top-left", "top", "top-right")


def test_d_is_right_where_its_map_and_its_scores_say_so() -> None:
    """The right half is real to D: a quarter of the real points, and the upper and lower ones by the half."""
    heat = np.where(np.arange(HEAT) >= HEAT // 2, 0.9, 0.1)
    scores = np.repeat([0.9, 0.2], 100)
    moment = moment_of_scene(scene(around((1, 0), (-1, 0)), scores, heat), view(), 0)
    assert moment.right_real == pytest.approx(np.mean(REAL[:, 0] >= 0))
    assert moment.right_fake == 0.5
    assert moment.right[0] == 0.0
    assert moment.right[2] == 1.0
    assert np.isnan(moment.right[1])


def test_without_a_fixed_threshold_the_line_lies_between_the_two_means() -> None:
    heat = np.where(np.arange(HEAT) >= HEAT // 2, 30.0, 10.0)
    of_real = heat[((REAL[:, 0] + 2) / 4 * HEAT).astype(int)]
    line = (of_real.mean() + 16.0) / 2
    moment = moment_of_scene(scene(around((1, 0)), 16.0, heat), view(threshold=None), 0)
    assert moment.right_real == pytest.approx(np.mean(of_real > line))
    assert moment.right_fake == float(line >= 16.0)


def test_how_far_the_points_went_and_how_many_arrived() -> None:
    start = np.zeros((200, 2), np.float32)
    fakes = around((1, 0), (0, 3))
    moment = moment_of_scene(scene(fakes, 0.1), view(untrained=start), 0)
    radius = np.sqrt(np.square(REAL - REAL.mean(0)).sum(1).mean())
    assert moment.moved == pytest.approx(np.sqrt(np.square(fakes).sum(1).mean()) / radius)
    assert moment.near == pytest.approx(0.5, abs=0.02)
    assert np.isnan(moment_of_scene(scene(fakes, 0.1), view(untrained=start[:5]), 0).moved)


def test_where_the_map_is_too_coarse_for_the_modes_d_is_right_as_the_curves_say() -> None:
    narrow = Modes(CENTRES, 0.005, np.full(4, 0.25))
    for modes, right in ((narrow, 0.7), (MODES, 0.0), (None, 0.0)):
        assert moment_of_scene(scene(REAL, 0.9, 0.1), view(modes), 0, heard=0.7).right_real == right
    assert moment_of_scene(scene(REAL, 0.9, 0.1), view(narrow), 0).right_real == 0.0  # where there are no curves yet


@pytest.mark.parametrize("name", ["moons", "spiral", "checkerboard", "drawn", "picture", "line", "gaussian"])
def test_points_lie_where_real_ones_do_as_the_density_says(name: str) -> None:
    """Held against the exact density: of real points nearly all, of a cloud of the same size as many as there are."""
    data = datasets.get(name).cls()
    assert isinstance(data, PointDataset)
    draws = [data.sample(2_000, torch.Generator().manual_seed(seed)).numpy() for seed in (1, 2)]
    cloud = RNG.multivariate_normal(draws[0].mean(0), np.cov(draws[0].T), 2_000).astype(np.float32)
    real = PlaneView(draws[0], data.extent, None, 0.5)
    where = [moment_of_scene(scene(points, 0.5), real, 0).near for points in (draws[1], cloud)]
    least = np.quantile(data.log_pdf(draws[0].astype(np.float64)), 0.01)
    assert where[0] >= 0.98
    assert where[1] == pytest.approx(np.mean(data.log_pdf(cloud.astype(np.float64)) >= least), abs=0.15)


def test_without_modes_nearness_is_seen_in_cells() -> None:
    moment = moment_of_scene(scene(around((1, 0), (0, 1), (0, 3)), 0.5), view(modes=None), 0)
    assert moment.near == pytest.approx(2 / 3, abs=0.01)
    assert moment.covered == pytest.approx(0.5, abs=0.01)
    assert not moment.counted
    assert moment.shares[2] == pytest.approx(2 / 3)  # above the middle


def test_numbers_out_of_bounds_are_said_and_nothing_else() -> None:
    fakes = REAL.copy()
    fakes[3] = np.inf
    for broken in (scene(fakes, 0.5), scene(REAL, 0.5, np.nan)):
        assert caption(moment_of_scene(broken, view(), 0)) == (
            "Numbers have grown out of bounds: there is nothing left to see."
        )


def test_a_grid_of_images_is_held_against_real_ones() -> None:
    """Real images have nothing left to go, untrained ones and one image many times all of it."""
    images = torch.randint(0, 255, (400, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    images[:, :, :4] = images[:, :, :1]
    data = ImageSet(images[:300], None, (), images[300:], None)
    eye = Eye.build(data, None, 64)
    noise = flat_features(RNG.integers(100, 120, (64, 1, 8, 8)).astype(np.uint8))
    far = eye.look(noise, None)["distance"]

    def moment(samples: np.ndarray, evaluated: float = np.nan) -> Moment:
        return moment_of_images(samples, eye, 1, untrained=far, right_real=0.9, right_fake=0.7, evaluated=evaluated)

    def left(samples: np.ndarray, evaluated: float = np.nan) -> float:
        found = moment(samples, evaluated)
        assert found.d_right == pytest.approx(0.8)
        return found.left

    real = flat_features(images[300:364].numpy())
    assert left(real) < NEAR
    assert left(noise) == pytest.approx(1.0)
    assert left(real, evaluated=0.7) == 0.7  # an evaluation sees what pixels do not
    assert moment(real, evaluated=0.7).seen == moment(real).seen < NEAR  # and nobody calls that nothing like them
    assert left(np.repeat(real[:1], 64, 0)) >= 1.0

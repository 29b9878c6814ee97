"""Scenes of the failure gallery: that they fail, and that their cures do not, judged from samples alone."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.gallery import measures
from benchmarks.gallery.scenes import RESULTS, fingerprint, judge, table
from gan_core.config.codec import ConfigError, differences
from gan_core.data import FashionMnist
from gan_core.training import RunConfig, problems
from gan_core.training.configuration.gallery import GALLERY, scene

SEEDS = 3
PROMISED = {
    "collapse",
    "dominance",
    "learning-rate",
    "normalisation",
    "critic",
    "memorisation",
    "checkerboard",
    "oscillation",
}


def seen(samples: np.ndarray, **more: object) -> measures.Seen:
    rest = {"train": samples, "held_out": samples, "side": 1, "channels": 2, "centres": np.zeros((0, 2))}
    return measures.Seen(samples, **(rest | more))  # type: ignore[arg-type]


def test_the_promised_scenes_are_there_and_can_start(tmp_path: object) -> None:
    assert set(GALLERY) == PROMISED == set(measures.JUDGEMENTS)
    for each in GALLERY.values():
        info = each.config.data.info(tmp_path)  # type: ignore[arg-type]
        assert problems(each.config, info) == problems(each.fixed, info) == []
        assert each.seconds <= 60


def test_a_cure_changes_what_it_says_and_nothing_else() -> None:
    for each in GALLERY.values():
        assert set(differences(each.fixed, each.config)) == set(each.fix), each.name


def test_an_unknown_scene_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match='scene is "x"; it must be one of collapse, '):
        scene("x")


def test_every_scene_was_measured_as_it_stands_and_does_what_it_says() -> None:
    """gallery/results.json holds full runs of each scene and its cure: a changed scene must be measured anew."""
    known = json.loads(RESULTS.read_text("utf-8"))["runs"]
    for each in GALLERY.values():
        judgement = measures.JUDGEMENTS[each.name]
        for kind, base, right in (
            ("failing", each.config, judgement.fails),
            ("fixed", each.fixed, judgement.cured),
        ):
            entries = [(k, e) for k, e in known.items() if k.startswith(f"{each.name} {kind} ")]
            assert len(entries) >= SEEDS, f"{each.name} {kind} was measured from {len(entries)} seeds"
            for key, entry in entries:
                seed = int(key.rpartition(" ")[2])
                assert entry["config"] == fingerprint(replace(base, seed=seed)), f"{key} is of another configuration"
                assert right(entry["number"]), f"{key} came out at {entry['number']}"


@pytest.fixture
def one_thread() -> object:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", [pytest.param("collapse", marks=pytest.mark.long), "oscillation"])
def test_points_fail_and_are_cured_from_a_seed_that_nobody_chose(name: str, one_thread: object) -> None:
    each, judgement = GALLERY[name], measures.JUDGEMENTS[name]
    seed = 20_261
    failing, _ = judge(each, replace(each.config, seed=seed))
    fixed, _ = judge(each, replace(each.fixed, seed=seed))
    assert judgement.fails(failing)
    assert not judgement.fails(fixed)
    assert judgement.cured(fixed)
    assert not judgement.cured(failing)


@pytest.mark.parametrize(("name", "share"), [("dominance", 0.15), ("learning-rate", 0.15), ("critic", 0.3)])
def test_pictures_have_failed_long_before_the_end(name: str, share: float, one_thread: object) -> None:
    each, judgement = GALLERY[name], measures.JUDGEMENTS[name]
    config = replace(each.config, seed=77)
    number, _ = judge(each, replace(config, total_images=int(share * config.total_images)))
    assert judgement.fails(number), number


def test_the_scene_of_fifty_pictures_has_fifty() -> None:
    data = GALLERY["memorisation"].config.data
    assert isinstance(data, FashionMnist)
    assert data.count == 50
    assert GALLERY["memorisation"].fixed.data == FashionMnist()


def test_modes_are_counted_with_enough_points_near_them() -> None:
    angle = 2 * math.pi * np.arange(8) / 8
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    assert measures.modes_covered(seen(ring.repeat(50, axis=0))) == 8
    assert measures.modes_covered(seen(ring[:3].repeat(50, axis=0))) == 3
    assert measures.modes_covered(seen(np.concatenate([ring[:1].repeat(399, axis=0), ring[1:2]]))) == 1
    assert measures.modes_covered(seen(1.2 * ring.repeat(50, axis=0))) == 0


def test_frechet_distance_of_a_shift_is_its_square() -> None:
    rng = np.random.default_rng(1)
    real, shift = rng.normal(size=(4000, 36)), 3.0
    directions = np.random.default_rng(0).normal(size=(36, 24)) / 6
    same = measures.frechet(seen(real, held_out=real))
    moved = measures.frechet(seen(real + shift, held_out=real))
    assert same == pytest.approx(0, abs=1e-6)
    assert moved == pytest.approx(float(((shift * directions.sum(0)) ** 2).sum()), rel=1e-6)


def test_copies_are_nearer_to_the_training_images_than_new_ones() -> None:
    rng = np.random.default_rng(2)
    train, held_out, new = (rng.normal(size=(n, 20)) for n in (50, 300, 300))
    copies = train[rng.integers(0, 50, 300)] + 0.01 * rng.normal(size=(300, 20))
    assert measures.nearness_to_training(seen(copies, train=train, held_out=held_out)) < 0.05
    assert measures.nearness_to_training(seen(new, train=train, held_out=held_out)) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("pattern", ["x", "y", "both"])
def test_a_pattern_of_two_pixels_is_seen_and_one_of_four_is_not(pattern: str) -> None:
    rng, side = np.random.default_rng(3), 32
    real = rng.normal(size=(200, side * side))
    x, y = np.arange(side)[None, :], np.arange(side)[:, None]
    where = {"x": x + 0 * y, "y": y + 0 * x, "both": x + y}[pattern]
    fine, coarse = np.cos(np.pi * where).ravel(), np.cos(np.pi * where / 2).ravel()
    look = {"held_out": real, "side": side, "channels": 1}
    assert measures.checkerboard(seen(real, **look)) == pytest.approx(1)
    assert measures.checkerboard(seen(real + fine, **look)) > 4
    assert measures.checkerboard(seen(real + coarse, **look)) < 1.2


def test_the_swing_of_a_circle_is_its_radius() -> None:
    turn = np.linspace(0, 20, 400)
    circle = 0.3 * np.stack([np.cos(turn), np.sin(turn)], 1) + (5, 6)
    points = np.array([[5.0, 6.0]])
    assert measures.swing(seen(points, centres=circle)) == pytest.approx(0.3)
    calm = circle.copy()
    calm[200:] = (5, 6)
    assert measures.swing(seen(points, centres=calm)) == pytest.approx(0)


def test_a_scene_is_a_run_like_any_other() -> None:
    assert all(isinstance(each.config, RunConfig) and each.config.seed == 1 for each in GALLERY.values())


def test_the_documentation_has_the_numbers_as_they_were_measured() -> None:
    words = (Path(__file__).parents[3] / "docs" / "gallery.md").read_text("utf-8")
    for line in table(json.loads(RESULTS.read_text("utf-8"))["runs"]).splitlines():
        assert line in words

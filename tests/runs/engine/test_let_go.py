"""What is over is let go of: nothing that a run has trained stays in memory once it is at rest."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.data.base import ImageSet
from gan_core.runs import RunManager
from gan_core.runs.evaluation.reference import ReferenceCache
from gan_core.runs.groups.sweep_plan import Plan
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.training import RunConfig, Trainer
from tests.runs.groups.test_sweeps import members, ring
from tests.runs.helpers import at_rest, quick, until

Born = dict[int, list["weakref.ref[Any]"]]


@pytest.fixture
def born(monkeypatch: pytest.MonkeyPatch) -> Born:
    """Of every trainer made since, by its seed: itself, its networks and what its optimizers remember."""
    found: Born = {}
    begin = Trainer.__init__

    def noted(trainer: Trainer, config: RunConfig, data: ImageSet, device: torch.device) -> None:
        begin(trainer, config, data, device)
        parts = (trainer, trainer.generator, trainer.discriminator, trainer.g_moments, trainer.d_moments)
        found.setdefault(config.seed, []).extend(weakref.ref(part) for part in parts)

    monkeypatch.setattr(Trainer, "__init__", noted)
    return found


def is_gone(refs: list[weakref.ref[Any]]) -> bool:
    gc.collect()
    return not any(ref() is not None for ref in refs)


def test_nothing_of_a_finished_sweep_stays_in_memory(manager: RunManager, born: Born) -> None:
    sweep = Sweeps(manager).start(Plan(ring(steps=8), (), seeds=(1, 2, 3)))
    runs = members(manager, sweep)
    assert Sweeps(manager).sweep(sweep).together == 3
    assert {at_rest(manager, run).state for run in runs} == {"finished"}
    assert sorted(born) == [1, 2, 3]
    until(lambda: all(is_gone(refs) for refs in born.values()), 10.0)
    trained = [weakref.ref(manager.launcher._workers[run]) for run in runs]
    at_rest(manager, manager.start(quick(steps=4)))
    until(lambda: is_gone(trained), 10.0)
    assert {manager.view(run).state for run in runs} == {"finished"}


def test_what_four_datasets_are_measured_against_is_kept_and_no_more() -> None:
    """The real images of a fifth take the place of those that were wanted longest ago."""
    cache, loaded = ReferenceCache(), []

    def load(config: RunConfig) -> ImageSet:
        loaded.append(config.data)
        return config.data.load(config.size, Path())

    def wanted(count: int) -> weakref.ref[Any]:
        return weakref.ref(cache.soon(quick(steps=1, data__count=count), load, 20).result(60.0))

    made = [wanted(count) for count in range(60, 66)]
    until(lambda: is_gone(made[:2]), 10.0)
    assert all(one() is not None for one in made[2:])
    again = wanted(62)
    assert again() is made[2]()
    assert len(loaded) == 6
    wanted(66)
    until(lambda: is_gone([made[3]]), 10.0)  # the one of 62 was wanted after it
    assert made[2]() is not None


def test_nothing_of_a_run_stays_in_memory(manager: RunManager, born: Born) -> None:
    runs = [manager.start(quick(steps=8, seed=1)), *manager.start_twins(quick(steps=8, seed=2), {"k_d": 2})]
    assert {at_rest(manager, run).state for run in runs} == {"finished"}
    until(lambda: all(is_gone(refs) for refs in born.values()), 10.0)

"""What is said of a run's time before it starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.config.codec import replace_at, to_dict
from gan_core.runs.engine import estimate as module
from gan_core.runs.engine.estimate import EarlierRun, estimate, will_compile
from gan_core.training import PRESETS, Cost, RunConfig

from .helpers import at_rest, open_manager, quick

CPU = torch.device("cpu")
RING = replace(PRESETS["ring"].config, precision="float32")
COST = Cost(4_000, 4_000, 10_000, 10_000, 20_000_000)
PLAIN, COMPILED = 20e6 / 1e11 + 0.6e-3, 20e6 / 1e11 + 0.2e-3
STEPS = RING.total_images // RING.batch_size


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a compiler, at 100 GFLOP/s."""
    monkeypatch.setattr(module, "measured_rate", lambda device, threads: 1e11)
    monkeypatch.setattr(module, "missing_compiler", lambda device: "")


def changed(**changes: Any) -> RunConfig:
    config = RING
    for path, value in changes.items():
        config = replace_at(config, path.replace("__", "."), value)
    return config


def seconds(config: RunConfig, *earlier: EarlierRun) -> float:
    found = estimate(config, COST, CPU, 1, lambda: list(earlier))
    assert found.steps == STEPS
    assert found.seconds_per_step * found.steps == pytest.approx(found.seconds_total)
    assert found.basis.startswith("measured" if earlier else "estimated")
    return found.seconds_total


def test_compiled_steps_count_from_where_they_begin() -> None:
    assert seconds(changed(compiled=False)) == pytest.approx(STEPS * PLAIN)
    assert seconds(changed(compiled=True)) == pytest.approx(2_000 * PLAIN + (STEPS - 2_000) * COMPILED)
    noisy = changed(compiled=True, instance_noise__sigma=0.2, instance_noise__decay_images=2_500 * RING.batch_size)
    assert seconds(noisy) == pytest.approx(4_000 * PLAIN + (STEPS - 4_000) * COMPILED)
    assert seconds(
        changed(compiled=True, instance_noise__sigma=0.2, instance_noise__decay_images=0)
    ) == pytest.approx(STEPS * PLAIN)


@pytest.mark.parametrize(
    "changes",
    [
        {"g_optimizer": "sgd"},
        {"penalty": "weight-clipping"},
        {"generator__norm": "batch"},
        {"precision": "bfloat16"},
        {"compiled": False},
    ],
    ids=str,
)
def test_what_cannot_be_compiled_is_not_counted_so(changes: dict[str, Any]) -> None:
    assert will_compile(changed(compiled=True), COST, CPU)
    assert not will_compile(changed(**{"compiled": True, **changes}), COST, CPU)
    assert not will_compile(changed(compiled=True), replace(COST, g_parameters=10**6), CPU)


def test_without_a_compiler_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "missing_compiler", lambda device: "There is none.")
    assert seconds(changed(compiled=True)) == pytest.approx(STEPS * PLAIN)


def test_an_earlier_run_tells_the_speed_of_both_kinds_of_steps() -> None:
    config = changed(compiled=True)
    expected = 2.0 * (2_000 * PLAIN + (STEPS - 2_000) * COMPILED)  # this machine is half as fast as it looks
    short = EarlierRun(to_dict(config), 700, 700, 2.0 * 700 * PLAIN, 1)
    long = EarlierRun(to_dict(config), 9_000, 2_000, 2.0 * (2_000 * PLAIN + 7_000 * COMPILED), 1)
    for run in (short, long):
        assert seconds(config, run) == pytest.approx(expected)
        assert seconds(changed(compiled=False), run) == pytest.approx(2.0 * STEPS * PLAIN)
    other = replace(short, threads=2, seconds=1.0)
    assert seconds(config, other, short) == pytest.approx(expected)  # of as many threads only


def took(config: RunConfig, times: float) -> EarlierRun:
    """A run of plain steps that took so many times as long as arithmetic says."""
    return EarlierRun(to_dict(config), 500, 500, times * 500 * PLAIN, 1)


@pytest.mark.parametrize("newest_first", [(6.3, 1.1, 1.0), (1.1, 6.3, 1.0), (1.0, 1.1, 6.3), (6.3, 1.1), (1.1, 6.3)])
def test_one_run_on_a_busy_machine_does_not_move_the_estimate(newest_first: tuple[float, ...]) -> None:
    config = changed(compiled=False)
    found = seconds(config, *(took(config, times) for times in newest_first))
    assert found == pytest.approx(1.1 * STEPS * PLAIN)


def test_the_first_run_is_not_believed_where_it_was_held_up_and_two_that_agree_are() -> None:
    config, slow = changed(compiled=False), 6.3
    found = estimate(config, COST, CPU, 1, lambda: [took(config, slow)])
    assert found.seconds_total == pytest.approx(STEPS * PLAIN)
    assert found.basis.startswith("estimated")
    assert "the one earlier run with these networks took 6 times as long" in found.basis
    assert seconds(config, took(config, slow), took(config, slow)) == pytest.approx(slow * STEPS * PLAIN)


def test_a_machine_that_has_become_slower_is_believed_after_a_few_runs() -> None:
    config = changed(compiled=False)
    runs = [took(config, 2.0)] * 4 + [took(config, 1.0)] * 16
    assert seconds(config, *runs) == pytest.approx(2.0 * STEPS * PLAIN)


def test_on_another_device_a_first_run_counts_as_it_is() -> None:
    slow = module.typical([5.0], None)
    assert slow == (5.0, "measured: an earlier run with these networks on this machine")


def test_the_manager_knows_the_runs_that_were(tmp_path: Path) -> None:
    config = quick(steps=40)
    manager = open_manager(tmp_path)
    assert manager.estimate(config).basis.startswith("estimated")
    views = [at_rest(manager, manager.start(config)) for _ in range(2)]
    found = manager.estimate(config)
    manager.close()
    assert found.basis.startswith("measured: the faster of two earlier runs")
    assert found.seconds_per_step == pytest.approx(min(view.elapsed_seconds / view.step for view in views))

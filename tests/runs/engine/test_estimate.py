"""What is said of a run's time before it starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.config.codec import replace_at, to_dict
from gan_core.runs.engine import estimate as module
from gan_core.runs.engine.estimate import EarlierRun, estimate
from gan_core.training import PRESETS, Cost, RunConfig
from tests.runs.helpers import at_rest, open_manager, quick

CPU = torch.device("cpu")
RING = replace(PRESETS["ring"].config, precision="float32")
COST = Cost(4_000, 4_000, 10_000, 10_000, 20_000_000)
PLAIN, COMPILED = 20e6 / 1e11 + 0.6e-3, 20e6 / 1e11 + 0.2e-3
STEPS = RING.total_images // RING.batch_size


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 100 GFLOP/s."""
    monkeypatch.setattr(module, "measured_rate", lambda device, threads: 1e11)


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


def test_compiled_steps_count_from_where_there_is_no_noise() -> None:
    assert seconds(changed(backend="dense")) == pytest.approx(STEPS * PLAIN)
    assert seconds(changed(backend="compiled")) == pytest.approx(STEPS * COMPILED)
    noise = {"instance_noise__sigma": 0.2, "instance_noise__decay_images": 2_500 * RING.batch_size}
    noisy = changed(backend="compiled", **noise)
    assert seconds(noisy) == pytest.approx(2_500 * PLAIN + (STEPS - 2_500) * COMPILED)
    for_ever = changed(backend="compiled", **(noise | {"instance_noise__decay_images": 0}))
    assert seconds(for_ever) == pytest.approx(STEPS * PLAIN)


def test_an_earlier_run_tells_the_speed_of_both_kinds_of_steps() -> None:
    config = changed(backend="compiled")
    expected = 2.0 * STEPS * COMPILED  # this machine is half as fast as it looks
    plain = changed(backend="dense")
    short = EarlierRun(to_dict(plain), 700, 700, 2.0 * 700 * PLAIN, 1)
    went_over = {name: value for name, value in to_dict(plain).items() if name != "backend"} | {"compiled": True}
    long = EarlierRun(went_over, 9_000, 2_000, 2.0 * (2_000 * PLAIN + 7_000 * COMPILED), 1)
    compiled = EarlierRun(to_dict(config), 900, 0, 2.0 * 900 * COMPILED, 1)
    for run in (short, long, compiled):
        assert seconds(config, run) == pytest.approx(expected)
        assert seconds(plain, run) == pytest.approx(2.0 * STEPS * PLAIN)
    autograd = EarlierRun(to_dict(changed(backend="reference")), 700, 700, 9.0 * 700 * PLAIN, 1)
    assert seconds(config, autograd, short) == pytest.approx(expected)  # of another kind of step
    other = replace(short, threads=2, seconds=1.0)
    assert seconds(config, other, short) == pytest.approx(expected)  # of as many threads only


def took(config: RunConfig, times: float) -> EarlierRun:
    """A run of plain steps that took so many times as long as arithmetic says."""
    return EarlierRun(to_dict(config), 500, 500, times * 500 * PLAIN, 1)


@pytest.mark.parametrize("newest_first", [(6.3, 1.1, 1.0), (1.1, 6.3, 1.0), (1.0, 1.1, 6.3), (6.3, 1.1), (1.1, 6.3)])
def test_one_run_on_a_busy_machine_does_not_move_the_estimate(newest_first: tuple[float, ...]) -> None:
    config = changed(backend="dense")
    found = seconds(config, *(took(config, times) for times in newest_first))
    assert found == pytest.approx(1.1 * STEPS * PLAIN)


def test_the_first_run_is_not_believed_where_it_was_held_up_and_two_that_agree_are() -> None:
    config, slow = changed(backend="dense"), 6.3
    found = estimate(config, COST, CPU, 1, lambda: [took(config, slow)])
    assert found.seconds_total == pytest.approx(STEPS * PLAIN)
    assert found.basis.startswith("estimated")
    assert "the one earlier run with these networks took 6 times as long" in found.basis
    assert seconds(config, took(config, slow), took(config, slow)) == pytest.approx(slow * STEPS * PLAIN)


def test_a_machine_that_has_become_slower_is_believed_after_a_few_runs() -> None:
    config = changed(backend="dense")
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

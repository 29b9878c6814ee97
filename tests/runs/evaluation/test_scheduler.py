"""The books of evaluations during training, on a clock that only the test moves."""

from __future__ import annotations

import itertools
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gan_core.runs.evaluation import scheduler
from gan_core.runs.evaluation.reference import Moment
from gan_core.runs.evaluation.scheduler import CAUTION, END_SECONDS, MOST_CROWDED, SHARE, EvaluationScheduler
from gan_core.runs.evaluation_record import Evaluation


@dataclass
class World:
    """A run at so many images a second, and evaluations that cost so many seconds."""

    cost_seconds: Any
    images_per_second: float = 1000.0
    total_images: int = 600_000
    every: int = 20_000
    now: float = 0.0
    asked: list[int] = field(default_factory=list)

    def evaluate(self, net: Any, judge: Any, config: Any, labels: Any, moment: Moment, go_on: Any) -> Any:
        self.asked.append(moment.step)
        self.now += self.cost_seconds(len(self.asked)) if callable(self.cost_seconds) else self.cost_seconds
        if not go_on(1.0):
            return None
        return Evaluation(moment.step, moment.images, moment.elapsed_seconds, "f", 500, {"fid": 1.0}, {"fid": 0.5})


def simulate(
    monkeypatch: pytest.MonkeyPatch, world: World, *, interrupted: bool = False, first: float | None = None,
    guess: Any = None, real_images: Exception | None = None,
) -> tuple[list[Evaluation], float]:  # fmt: skip
    """All evaluations of a run, and its length in seconds; the share is checked after each of them."""
    judge = SimpleNamespace(kind=("f", 500), features="f", samples=500, build_seconds=1.0)
    future: Future[Any] = Future()
    if real_images is None:
        future.set_result(judge)
    else:
        future.set_exception(real_images)
    monkeypatch.setattr(scheduler, "evaluate", world.evaluate)
    monkeypatch.setattr(scheduler, "references", lambda: SimpleNamespace(soon=lambda *_: future))
    monkeypatch.setattr(scheduler, "time", SimpleNamespace(perf_counter=lambda: world.now))
    if first is None:
        first = world.cost_seconds(1) if callable(world.cost_seconds) else world.cost_seconds
    monkeypatch.setattr(EvaluationScheduler, "_guess", guess or (lambda *_: first))
    record = SimpleNamespace(evaluate_images=world.every)
    trainer: Any = SimpleNamespace(
        config=SimpleNamespace(record=record, total_images=world.total_images), images=0, step_count=0, class_count=0,
        sampler=torch.nn.Identity,
    )  # fmt: skip
    books = EvaluationScheduler(lambda config: None, lambda trainer: torch.nn.Identity())  # type: ignore[arg-type, return-value]
    books.begin([])
    found, spent = [], 0.0
    while trainer.images < world.total_images:
        world.now += 0.32
        trainer.images += round(0.32 * world.images_per_second)
        trainer.step_count += 1
        before = world.now
        one = books.next(trainer, world.now, world.images_per_second, lambda: interrupted)
        spent += world.now - before
        if one is not None:
            found.append(one)
            assert spent <= 1.1 * SHARE * world.now
    before = world.now
    found += books.last(trainer, world.now)
    assert world.now - before <= max(END_SECONDS, 1.1 * SHARE * before - spent)
    spent += world.now - before
    assert not found or sum(one.cost_seconds for one in found) == pytest.approx(spent)
    return found, before


@pytest.mark.parametrize("cost", [0.01, 0.6, 2.0, 5.0])
def test_never_more_than_its_share_and_always_with_the_untrained_generator_first(
    monkeypatch: pytest.MonkeyPatch, cost: float
) -> None:
    found, _ = simulate(monkeypatch, World(cost))
    assert found[0].step == 0
    assert [one.step for one in found[1:]] == sorted(one.step for one in found[1:])
    assert found[-1].images >= 600_000  # what it has become
    assert len(found) >= (20 if cost < 1 else 4)


def test_a_run_too_short_for_two_saves_its_time_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 seconds pay for 3; the untrained generator and the end come first."""
    found, length = simulate(monkeypatch, World(1.1, total_images=60_000, every=10_000))
    assert length == pytest.approx(60, abs=3)
    assert [one.images >= 60_000 for one in found] == [False, True]


def test_one_too_dear_for_the_whole_run_is_never_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(20.0, total_images=60_000)
    assert simulate(monkeypatch, world)[0] == []
    assert world.asked == []


def test_evaluations_that_turn_out_dear_are_paid_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The share is kept all the same, which `simulate` looks at."""
    world = World(lambda nth: 0.5 if nth != 2 else 0.5 * CAUTION)
    assert len(simulate(monkeypatch, world)[0]) > 10


def test_what_a_short_run_has_become_is_measured_whatever_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds of training pay for a tenth of a second."""
    found, length = simulate(monkeypatch, World(0.9, total_images=2_000))
    assert length < 3
    assert [one.images for one in found][1:] == [found[-1].images]
    assert (found[0].step, found[-1].images >= 2_000) == (0, True)


def test_off_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert simulate(monkeypatch, World(0.01, every=0))[0] == []


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), OSError(5, "Input/output error"), MemoryError()])
def test_what_goes_wrong_in_an_evaluation_ends_the_evaluations_and_not_the_run(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: Any) -> float:
        raise error

    assert simulate(monkeypatch, World(fails), first=0.1)[0] == []
    assert simulate(monkeypatch, World(0.1), guess=fails)[0] == []
    assert simulate(monkeypatch, World(0.1), real_images=error)[0] == []


def test_one_that_is_interrupted_is_paid_for_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(0.5, total_images=100_000)
    found, _ = simulate(monkeypatch, world, interrupted=True)
    assert [one.images >= 100_000 for one in found] == [False, True]  # at the end nobody interrupts it
    assert len(world.asked) > 4


@pytest.mark.parametrize(("walls", "crowded"), [((0.4, 0.001, 0.002), 2.0), ((0.4, 0.5, 0.6), MOST_CROWDED)])
def test_a_moment_of_others_work_does_not_make_an_evaluation_look_dear(
    monkeypatch: pytest.MonkeyPatch, walls: tuple[float, ...], crowded: float
) -> None:
    now = itertools.accumulate(each for wall in walls for each in (0.0, wall))
    worked = itertools.accumulate(each for _ in walls for each in (0.0, 0.0005))
    clock = SimpleNamespace(perf_counter=lambda: next(now), thread_time=lambda: next(worked))
    trainer = SimpleNamespace(
        sampler=lambda: lambda z, _labels: z,
        config=SimpleNamespace(precision="float32"),
        device=torch.device("cpu"),
        class_count=0,
    )
    reference = SimpleNamespace(latents=lambda *_: torch.zeros(10, 2), samples=10, build_seconds=1.0)
    monkeypatch.setattr(scheduler, "time", clock)
    made = object.__new__(EvaluationScheduler)
    assert made._guess(reference, trainer) == pytest.approx(crowded / 2 + min(walls))  # type: ignore[arg-type]

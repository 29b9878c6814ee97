"""Decides when a run is evaluated while it trains, and accounts for the time that evaluations take."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import torch
from torch import Tensor, nn

from gan_core.data.base import DataUnavailable, ImageSet
from gan_core.runs.evaluation.reference import (
    UNTRAINED,
    Ended,
    EvaluationReference,
    Moment,
    class_labels,
    evaluate,
    references,
)
from gan_core.runs.evaluation_record import Evaluation
from gan_core.training import RunConfig, Trainer
from gan_core.training.precision import forward_context

log = logging.getLogger(__name__)

SHARE = 0.05  # of the run's time, at most, goes into evaluations
MOST_CROWDED = 4.0  # so many times longer than alone, at most, is an evaluation expected to take beside others' work
CAUTION = 1.25  # so much longer than expected may an evaluation take
SAMPLES = 500  # generated images; of points as many as are shown
GROWTH = 0.1  # evaluations are so far apart, as a share of the images seen, where that is more than is asked for
_PROBE_IMAGES = 16
END_SECONDS = 10.0  # what a run has become is measured at its end, where that takes no longer, whatever its share
_EARLIEST_SECONDS = 1.0  # before that a measurement of time tells little
_EARLIEST_SHARE = 0.25  # of the way to the first evaluation: then the real images are looked at

Interrupted = Callable[[], bool]


class EvaluationScheduler:
    """One run's evaluations while it trains, of which each is made only when the run's time so far pays for it.

    The real images are looked at once for all runs of a dataset, in a thread beside the training. Used by the run's
    thread alone. load_data: of a configuration; content: the digest of those data; untrained: the generator before
    its first step.
    """

    def __init__(
        self, load_data: Callable[[RunConfig], ImageSet], untrained: Callable[[Trainer], nn.Module],
        content: Callable[[RunConfig], str] = lambda config: "",
    ) -> None:  # fmt: skip
        self._load_data, self._untrained, self._content = load_data, untrained, content
        self._images = 0  # seen at the newest evaluation
        self._spent_seconds = self._unbooked_seconds = 0.0  # all of it; what is in no evaluation's cost yet
        self._expected_seconds: float | None = None  # of the next one, as far as is known
        self._kinds: set[tuple[str, int]] = set()  # of which the untrained generator has been measured
        self._coming: Future[EvaluationReference] | None = None
        self._unable = False

    def begin(self, evaluations: list[Evaluation]) -> None:
        """Take over from where the run was left, or from nothing."""
        self._spent_seconds = sum(one.cost_seconds for one in evaluations)
        self._images = max((one.images for one in evaluations), default=0)
        self._kinds = {one.kind for one in evaluations if one.step == 0}

    def next(
        self, trainer: Trainer, elapsed_seconds: float, images_per_second: float, interrupted: Interrupted
    ) -> Evaluation | None:  # fmt: skip
        """An evaluation of the generator as it is now, if one is due and affordable; before the first of them one of
        the untrained generator, so that no number stands without its two reference lines.

        Nothing that it does changes what the run becomes. `interrupted` is asked now and then, and ends it. Where it
        cannot be done, too few real images or too little memory say, that is logged and not tried again.
        """
        try:
            return self._next(trainer, elapsed_seconds, images_per_second, interrupted)
        except Exception as error:
            self._give_up(error)
            return None

    def _next(
        self, trainer: Trainer, elapsed_seconds: float, images_per_second: float, interrupted: Interrupted
    ) -> Evaluation | None:  # fmt: skip
        spacing = trainer.config.record.evaluate_images
        early = elapsed_seconds < _EARLIEST_SECONDS or trainer.images < _EARLIEST_SHARE * spacing
        if not spacing or early or (reference := self._reference(trainer)) is None:
            return None
        if trainer.images - self._images < max(spacing, GROWTH * self._images):
            return None
        trained = reference.kind in self._kinds
        if trained and self._must_save(reference, trainer, elapsed_seconds, images_per_second):
            return None
        if not self._affordable(reference, trainer, elapsed_seconds):
            return None
        return self._made(reference, trainer, elapsed_seconds, interrupted, trained=trained)

    def last(self, trainer: Trainer, elapsed_seconds: float) -> list[Evaluation]:
        """What the run has become at its end, with the untrained generator where that is missing.

        Where neither its time pays for that nor it can be had in END_SECONDS, nothing.
        """
        try:
            return self._last(trainer, elapsed_seconds)
        except Exception as error:
            self._give_up(error)
            return []

    def _last(self, trainer: Trainer, elapsed_seconds: float) -> list[Evaluation]:
        if not trainer.config.record.evaluate_images or trainer.images <= self._images:
            return []
        reference = self._awaited(trainer)
        if reference is None:
            return []
        which = (True,) if reference.kind in self._kinds else (False, True)
        paid = self._affordable(reference, trainer, elapsed_seconds, times=len(which))
        if not paid and len(which) * CAUTION * (self._expected_seconds or 0.0) > END_SECONDS:
            return []
        made = [self._made(reference, trainer, elapsed_seconds, lambda: False, trained=trained) for trained in which]
        return [one for one in made if one is not None]

    def _awaited(self, trainer: Trainer) -> EvaluationReference | None:
        """What it is measured against, waited for where it is on its way."""
        reference = self._reference(trainer)
        if reference is None and self._coming is not None:
            with contextlib.suppress(TimeoutError, Ended):
                reference = self._coming.result(END_SECONDS)
        return reference

    def _reference(self, trainer: Trainer) -> EvaluationReference | None:
        """What it is measured against, once that is there."""
        if self._unable:
            return None
        if self._coming is None:
            content = self._content(trainer.config)
            self._coming = references().soon(trainer.config, self._load_data, SAMPLES, content)
        if not self._coming.done():
            return None
        if isinstance(self._coming.exception(), Ended):  # it was another's who has left: ask again
            self._coming = None
            return None
        return self._coming.result()

    def _give_up(self, error: Exception) -> None:
        expected = isinstance(error, ValueError | DataUnavailable)
        log.warning("a run is not evaluated: %s", error, exc_info=None if expected else error)
        self._unable = True

    # --- what it costs

    def _affordable(
        self, reference: EvaluationReference, trainer: Trainer, elapsed_seconds: float, times: int = 1
    ) -> bool:
        if self._expected_seconds is None:
            with self.booked():
                self._expected_seconds = self._guess(reference, trainer)
        return self._spent_seconds + times * CAUTION * self._expected_seconds <= SHARE * elapsed_seconds

    def _must_save(
        self, reference: EvaluationReference, trainer: Trainer, elapsed_seconds: float, images_per_second: float
    ) -> bool:
        """Whether an evaluation now would leave nothing for the one at the end, which tells more."""
        if images_per_second <= 0:
            return False
        left = (trainer.config.total_images - trainer.images) / images_per_second
        return not self._affordable(reference, trainer, elapsed_seconds + left, times=2)

    @contextlib.contextmanager
    def booked(self) -> Iterator[None]:
        """What is done inside is done for evaluations' sake, and its time counts as theirs."""
        start = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - start
            self._spent_seconds += took
            self._unbooked_seconds += took

    @torch.no_grad()
    def _guess(self, reference: EvaluationReference, trainer: Trainer) -> float:
        """Seconds that the first evaluation will take; measuring took the reference as long for its floor."""
        net, config = trainer.sampler(), trainer.config
        z = reference.latents(config, trainer.device)[:_PROBE_IMAGES]
        labels = self._labels(reference, trainer)

        def make() -> None:
            with forward_context(config.precision, trainer.device):
                net(z, None if labels is None else labels[: len(z)]).cpu()

        def timed() -> tuple[float, float]:
            start, worked = time.perf_counter(), time.thread_time()
            make()
            return time.perf_counter() - start, time.thread_time() - worked

        make()  # the first time takes longer than any other
        took, worked = min(timed() for _ in range(3))  # a short one that was interrupted says nothing of a long one
        crowded = min(MOST_CROWDED, max(1.0, took / max(worked, 1e-4)))  # others want the processor too
        return crowded * reference.build_seconds / 2 + took / len(z) * reference.samples

    # --- doing it

    def _made(
        self, reference: EvaluationReference, trainer: Trainer, elapsed_seconds: float,
        interrupted: Interrupted, *, trained: bool,
    ) -> Evaluation | None:  # fmt: skip
        """An evaluation; None where it was interrupted."""
        start = time.perf_counter()
        with self.booked():
            net = trainer.sampler() if trained else self._untrained(trainer)
            moment = Moment(trainer.step_count, trainer.images, elapsed_seconds) if trained else UNTRAINED
            labels = self._labels(reference, trainer)
            one = evaluate(net, reference, trainer.config, labels, moment, lambda fraction: not interrupted())
        if one is None:
            return None
        if trained:
            self._images = trainer.images
        else:
            self._kinds.add(one.kind)
        self._expected_seconds = time.perf_counter() - start
        one = dataclasses.replace(one, cost_seconds=self._unbooked_seconds)
        self._unbooked_seconds = 0.0
        return one

    def _labels(self, reference: EvaluationReference, trainer: Trainer) -> Tensor | None:
        if not trainer.class_count:
            return None
        return class_labels(self._load_data(trainer.config), reference.samples, trainer.device)

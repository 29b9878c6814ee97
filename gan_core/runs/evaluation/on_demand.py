"""Evaluations on request: of any checkpoint, on a chosen number of samples."""

from __future__ import annotations

import contextlib
import errno
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from gan_core.data.base import ImageSet, Progress
from gan_core.export import load_generator
from gan_core.measure import FeatureSpace
from gan_core.nets.base import ImageShape
from gan_core.runs.evaluation.reference import (
    UNTRAINED,
    Moment,
    class_labels,
    evaluate,
    references,
    untrained_generator,
)
from gan_core.runs.evaluation_record import Evaluation
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.lock import HeldElsewhere, RunLock
from gan_core.runs.storage.views import config_in_force
from gan_core.runs.storage.weights.checkpoints import sound_generator
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig

log = logging.getLogger(__name__)

SAMPLES = 2_000
LEAST_SAMPLES, MOST_SAMPLES = 100, 10_000
END_SECONDS = 5.0  # that a run which is at rest takes at most to let go of everything
_BEGUN = 0.3  # of the work is done when the real images have been looked at


class Cancelled(ValueError):
    """Somebody asked to stop; nothing was kept."""


@dataclass(frozen=True)
class EvaluationContext:
    """What an evaluation needs of the process it is made in. build_lock: held while networks draw weights.

    load_data: of a configuration of a run's life, what that run was trained on.
    """

    load_data: Callable[[RunConfig, RunManifest], ImageSet]
    build_lock: threading.RLock
    device: torch.device


@dataclass(frozen=True)
class _Subject:
    """A generator, when in its run it was taken, and what is said meanwhile."""

    net: nn.Module
    moment: Moment
    label: str


def evaluate_run(
    folder: RunFolder, context: EvaluationContext, step: int | None, samples: int, progress: Progress,
    cancelled: Callable[[], bool], space: FeatureSpace | None = None,
) -> list[Evaluation]:  # fmt: skip
    """The evaluation of the newest sound checkpoint (up to a step) last; before it the untrained generator's, where
    the run has none of that kind yet. Step 0 is the untrained generator alone. `space`: the features, where they
    shall not be the dataset's own.

    Raises ValueError in one sentence where there is nothing to evaluate, or where the data that are here are not what
    it was trained on; DataUnavailable, Cancelled.
    """
    if not LEAST_SAMPLES <= samples <= MOST_SAMPLES:
        raise ValueError(f"An evaluation takes from {LEAST_SAMPLES} to {MOST_SAMPLES:,} samples, not {samples:,}.")
    trained = _trained(folder, context, step) if step != 0 else None
    manifest = folder.manifest()
    config = config_in_force(manifest, folder.changes(), trained.moment.step if trained else 0)
    progress(0.0, "Loading the data")
    data = context.load_data(config, manifest)
    progress(0.05, "Looking at real images")
    reference = references().get(config, data, samples, space)
    labels = class_labels(data, reference.samples, context.device) if config.conditional else None
    subjects = [trained] if trained else []
    if trained is None or (0, *reference.kind) not in {(one.step, *one.kind) for one in folder.evaluations()}:
        subjects.insert(0, _untrained(config, data, context))
    found: list[Evaluation] = []
    for i, subject in enumerate(subjects):

        def go_on(fraction: float, place: int = i, label: str = subject.label) -> bool:
            progress(_BEGUN + (1.0 - _BEGUN) * (place + fraction) / len(subjects), label)
            return not cancelled()

        one = evaluate(subject.net, reference, config, labels, subject.moment, go_on) if go_on(0.0) else None
        if one is None:
            raise Cancelled("The evaluation was stopped; nothing was kept.")
        found.append(one)
    return found


def _untrained(config: RunConfig, data: ImageSet, context: EvaluationContext) -> _Subject:
    shape, class_count = ImageShape(data.channels, data.size), len(data.classes) if config.conditional else 0
    net = untrained_generator(config, shape, class_count, context.device, context.build_lock)
    return _Subject(net, UNTRAINED, "Evaluating the untrained generator")


def _trained(folder: RunFolder, context: EvaluationContext, step: int | None) -> _Subject:
    row = sound_generator(folder, step)
    if row is None:
        until = "yet" if step is None else f"up to step {step:,}"
        raise ValueError(f"The run {folder.id} has no checkpoint {until}, so there is nothing to evaluate.")
    manifest = folder.manifest()
    config = config_in_force(manifest, folder.changes(), row.step)
    class_count = len(manifest.classes) if config.conditional else 0
    with context.build_lock:
        net = load_generator(folder.generator(row.step), config, channels=manifest.channels, class_count=class_count)
    moment = Moment(row.step, row.images, row.elapsed_seconds)
    return _Subject(net.to(context.device), moment, f"Evaluating step {row.step:,}")


def keep_evaluations(folder: RunFolder, evaluations: list[Evaluation]) -> list[Evaluation]:
    """Write them into a run at rest; as they are kept, with the best marked. Raises OSError.

    Nothing is kept where another process trains the run, as only that one may write; nor where nobody may.
    """
    try:
        return _write(folder, evaluations)
    except HeldElsewhere:
        return []
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        log.info("the evaluation of %s is not kept: %s", folder.id, error)
        return []


def _write(folder: RunFolder, evaluations: list[Evaluation]) -> list[Evaluation]:
    """Raises HeldElsewhere where somebody else holds the run, OSError."""
    lock = RunLock(folder.lock, folder.id)
    lock.acquire()
    try:
        with contextlib.closing(RunWriter(folder)) as writer:
            for one in evaluations:
                writer.add_evaluation(one)
    finally:
        lock.release()
    kinds = {(one.step, *one.kind) for one in evaluations}
    return [one for one in folder.evaluations() if (one.step, *one.kind) in kinds]

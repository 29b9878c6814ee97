"""Measures a generator's samples against reference statistics of real data, which are computed once per dataset."""

from __future__ import annotations

import functools
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_core.config.codec import to_dict
from gan_core.data.base import ImageSet, datasets
from gan_core.data.sets.points import PointDataset
from gan_core.latent.threads import one_thread
from gan_core.measure import (
    FeatureSpace,
    Measures,
    PlaneReference,
    Reference,
    features_for,
    measure_images,
    measure_plane,
)
from gan_core.nets.base import ImageShape
from gan_core.runs.evaluation.plane_constants import plane_reference
from gan_core.runs.evaluation_record import ClassShares, Evaluation
from gan_core.training import RunConfig
from gan_core.training.batches import to_pixels
from gan_core.training.build import build_networks, draw_latents
from gan_core.training.observe.scene import POINTS
from gan_core.training.observe.stage import fixed_latents
from gan_core.training.precision import forward_context
from gan_core.training.seeds import stream_generator

POINT_FEATURES = "points in the plane"
CHUNK = 100  # images at once: so soon is an evaluation ended that nobody wants any more
KEEP = 4  # of what generators are measured against, a few megabytes each
_REFERENCE_SEED = 11

GoOn = Callable[[float], bool]
"""Called with the fraction done; False ends the work."""


@dataclass(frozen=True)
class ImageReference:
    """What generated images are measured against: real ones, seen through features.

    build_seconds: of the thread that made it, without those that it waited.
    """

    reference: Reference
    build_seconds: float

    @property
    def features(self) -> str:
        return self.reference.space.name

    @property
    def samples(self) -> int:
        return self.reference.count

    @property
    def floor(self) -> dict[str, float]:
        return self.reference.floor.values

    @property
    def kind(self) -> tuple[str, int]:
        return self.features, self.samples

    def latents(self, config: RunConfig, device: torch.device) -> Tensor:
        """The same for every evaluation of a run, so that two steps differ by their weights alone."""
        return draw_latents(config.latent, self.samples, stream_generator(config.seed, "evaluation", device))

    def measure(self, made: Tensor) -> tuple[dict[str, float], ClassShares]:
        """Values by name, and the classes; made: float [samples, C, H, W] from -1 to 1."""
        found: Measures = measure_images(to_pixels(made), self.reference)
        real = self.reference.floor.class_histogram
        if found.class_histogram is None or real is None:
            return found.values, ClassShares()
        return found.values, ClassShares(self.reference.space.class_names, found.class_histogram, real)


@dataclass(frozen=True)
class PointReference:
    """What generated points are measured against."""

    reference: PlaneReference
    build_seconds: float
    features: str = POINT_FEATURES
    samples: int = POINTS

    @property
    def kind(self) -> tuple[str, int]:
        return self.features, self.samples

    @property
    def floor(self) -> dict[str, float]:
        return {name: floor.mean for name, floor in self.reference.floors.items()}

    def latents(self, config: RunConfig, device: torch.device) -> Tensor:
        """Those whose points are shown, so that what is seen is what is measured."""
        return fixed_latents(config, device)

    def measure(self, made: Tensor) -> tuple[dict[str, float], ClassShares]:
        return measure_plane(made, self.reference), ClassShares()


EvaluationReference = ImageReference | PointReference


class Ended(Exception):
    """Whoever asked for it has left before it was there."""


class ReferenceCache:
    """Made once for each dataset (by what it holds), size and number of samples, and kept for the next who asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # held while one is made
        self._beginning = threading.Lock()  # of all below; held for a moment
        self._kept: OrderedDict[str, EvaluationReference] = OrderedDict()
        self._begun: dict[str, Future[EvaluationReference]] = {}  # and not there yet
        self._threads: dict[threading.Thread, threading.Event] = {}  # which tells it to end

    def soon(
        self, config: RunConfig, load_data: Callable[[RunConfig], ImageSet], samples: int, content: str = ""
    ) -> Future[EvaluationReference]:  # fmt: skip
        """Make it beside what else goes on, in a thread of its own. The same for all who ask.

        content: the digest of the data that `load_data` gives. What comes back raises `Ended` where `end`
        came before it was there.
        """
        key, told_to_end = _key(config, samples, content), threading.Event()

        def go_on() -> None:
            if told_to_end.is_set():
                raise Ended

        def work(future: Future[EvaluationReference]) -> None:
            one_thread()
            try:
                future.set_result(self.get(config, load_data(config), samples, between=go_on))
            except Exception as error:
                future.set_exception(error)
            finally:
                with self._beginning:
                    del self._begun[key]

        with self._beginning:
            future = self._begun.get(key)
            if future is None:
                future = Future()
                if (kept := self._found(key)) is not None:
                    future.set_result(kept)
                    return future
                self._begun[key] = future
                thread = threading.Thread(target=work, args=(future,), name="evaluation-reference", daemon=True)
                self._threads = {t: event for t, event in self._threads.items() if t.is_alive()}
                self._threads[thread] = told_to_end
                thread.start()
        return future

    def _found(self, key: str) -> EvaluationReference | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def end(self, seconds: float | None = None) -> None:
        """Give up what is being made, and wait (at most so long) until nothing is.

        A thread that comes out of torch while Python takes itself down aborts the process ("terminate called").
        """
        with self._beginning:
            threads = list(self._threads.items())
        for _, told_to_end in threads:
            told_to_end.set()
        until = None if seconds is None else time.monotonic() + seconds
        for thread, _ in threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))

    def get(
        self, config: RunConfig, data: ImageSet, samples: int, space: FeatureSpace | None = None,
        between: Callable[[], None] = lambda: None,
    ) -> EvaluationReference:  # fmt: skip
        """A second or two the first time; `space` None: the features that are the dataset's own.

        between: called between parts of the work, which what it raises ends. Raises ValueError where there are too
        few real images.
        """
        key = _key(config, samples, data.content) + (space.name if space else "")
        with self._lock:
            with self._beginning:
                kept = self._found(key)
            if kept is None:
                kept = _made_reference(config, data, samples, space, between)
                with self._beginning:
                    self._kept[key] = kept
                    while len(self._kept) > KEEP:
                        self._kept.popitem(last=False)
            return kept


def _key(config: RunConfig, samples: int, content: str) -> str:
    samples = POINTS if isinstance(config.data, PointDataset) else samples
    data = datasets.name_of(config.data), to_dict(config.data)
    return json.dumps([*data, content, config.size, samples], sort_keys=True)


def _made_reference(
    config: RunConfig, data: ImageSet, samples: int, space: FeatureSpace | None, between: Callable[[], None]
) -> EvaluationReference:
    start = time.thread_time()
    between()
    if isinstance(config.data, PointDataset):
        if space is not None:
            raise ValueError(f"Points in the plane have no {space.name}; they are measured as points.")
        plane = plane_reference(config.data)
        return PointReference(plane, time.thread_time() - start)
    space = space or features_for(config.data, data.size, data.channels)
    reference = Reference.build(
        space, data.images.cpu(), data.held_out.cpu(), samples, _REFERENCE_SEED, between=between
    )  # fmt: skip
    return ImageReference(reference, time.thread_time() - start)


@functools.cache
def references() -> ReferenceCache:
    """Those of this process."""
    return ReferenceCache()


@dataclass(frozen=True)
class Moment:
    """Where in its life a run was when the generator was taken."""

    step: int
    images: int
    elapsed_seconds: float


UNTRAINED = Moment(0, 0, 0.0)


@torch.no_grad()
def evaluate(
    net: nn.Module, reference: EvaluationReference, config: RunConfig, labels: Tensor | None, moment: Moment,
    go_on: GoOn,
) -> Evaluation | None:  # fmt: skip
    """The measures of a generator in eval mode; None where `go_on` said no.

    labels: int64 [samples], a class for each image, of a class-conditional run. Draws from a random stream of its
    own and leaves the network as it is.
    """
    start, made, count = time.perf_counter(), [], 0
    for part in generate(net, reference.latents(config, _device(net)), labels, config.precision):
        made.append(part)
        count += len(part)
        if not go_on(0.8 * count / reference.samples):
            return None
    values, classes = reference.measure(torch.cat(made))
    return Evaluation(
        moment.step, moment.images, moment.elapsed_seconds, reference.features, reference.samples, values,
        reference.floor, classes, time.perf_counter() - start,
    )  # fmt: skip


def generate(net: nn.Module, z: Tensor, labels: Tensor | None, precision: str) -> Iterator[Tensor]:
    """What the generator makes of latents [N, dim], float32 on the CPU, a part at a time."""
    for start in range(0, len(z), CHUNK):
        of_classes = None if labels is None else labels[start : start + CHUNK]
        with forward_context(precision, z.device):
            images: Tensor = net(z[start : start + CHUNK], of_classes)
        yield images.float().cpu()


def untrained_generator(
    config: RunConfig, shape: ImageShape, class_count: int, device: torch.device, build_lock: threading.RLock
) -> nn.Module:  # fmt: skip
    """The generator as the run's seed made it, before its first step."""
    with build_lock:
        return build_networks(config, shape, class_count, device).generator.eval().requires_grad_(False)


def class_labels(data: ImageSet, samples: int, device: torch.device) -> Tensor:
    """A class for each image, int64 [samples], in the data's own proportions."""
    if data.labels is None:
        return torch.arange(samples, device=device) % max(1, len(data.classes))
    rows = torch.arange(samples, device=data.labels.device) * len(data.labels) // samples
    return data.labels[rows].to(device)


def _device(net: nn.Module) -> torch.device:
    return next(net.parameters()).device

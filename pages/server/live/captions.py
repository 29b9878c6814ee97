"""The caption of every picture of a run, made where the picture is sent, so that the two always belong together."""

from __future__ import annotations

import dataclasses
import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gan_core.measure.captions.moment import Moment, PlaneView
    from gan_core.measure.plane import PlaneReference
    from gan_core.measure.referee.eye import Eye
    from gan_core.runs import RunManager
    from gan_core.runs.evaluation.diagnosis import Diagnoser
    from gan_core.runs.evaluation_record import Evaluation
    from gan_core.runs.snapshot import Grid
    from gan_core.training import RunConfig

log = logging.getLogger(__name__)

_POINT = ("step", "d_accuracy_real", "d_accuracy_fake")
Point = tuple[float, float, float]

RECENT_POINTS = 8  # of the curves, over which D's accuracy is taken beside a grid of images
MOMENTS, NARRATORS = 500, 16  # kept in memory


class Narrator:
    """Says of each picture of one run what goes on in it. Safe to be asked by several threads.

    Opening it reads the run's data and its first picture, which may take a second. Raises ValueError, OSError.
    """

    def __init__(self, manager: RunManager, run: str, diagnoser: Diagnoser) -> None:
        from gan_core.data.sets.points import PointDataset

        self._manager, self._run = manager, run
        self._lock = threading.Lock()
        self._moments: OrderedDict[int, Moment] = OrderedDict()
        self._points: list[Point] = []
        self._evaluations: list[Evaluation] = []
        self._plane: PlaneView | None = None
        self._eye: Eye | None = None
        self._untrained = self._floor = math.nan  # distance to the real data, of the first picture and of real ones
        self._begun = False  # whether the first picture is known
        config = manager.config(run)
        self._in_plane = isinstance(config.data, PointDataset)
        if self._in_plane:
            self._plane = _plane_view(config)
        else:
            self._eye = diagnoser.eye(manager, run)
        self.refresh()
        self._learn_beginning()

    def _learn_beginning(self) -> None:
        """Read the first picture, which a run that still waits for its device has not made."""
        if self._begun or self._kept[:1] != [0]:
            return
        from gan_core.runs.evaluation.diagnosis import grid_samples
        from gan_core.training.observe.scene import decode_scene

        first = self._manager.grid(self._run, 0)
        if self._plane is not None:
            fakes = decode_scene(first.png).fakes
            self._plane = dataclasses.replace(self._plane, untrained=fakes)
            if self._plane.modes is None:
                self._untrained = self._distance(fakes)
                self._floor = self._reference().floors["sliced_wasserstein"].mean
        elif self._eye is not None:
            self._untrained = self._eye.look(grid_samples(first), None)["distance"]
        self._begun = True
        self._moments.clear()  # they were made without it

    def refresh(self) -> None:
        """Read what was written meanwhile, where nobody has told of it."""
        self._kept = [step for step, _ in self._manager.grids(self._run)]
        records = self._manager.records(self._run)
        self._points = list(zip(*(records[name].tolist() for name in _POINT), strict=True))
        if self._in_plane:
            return
        self._evaluations = self._manager.evaluations(self._run)

    def note(self, values: Mapping[str, float]) -> None:
        """One more point of the curves."""
        step, real, fake = (values.get(name, math.nan) for name in _POINT)
        with self._lock:
            while self._points and self._points[-1][0] >= step:  # it went back to a checkpoint
                self._points.pop()
            self._points.append((step, real, fake))

    def note_kept(self, step: int) -> None:
        """One more kept picture."""
        with self._lock:
            self._kept = [*(known for known in self._kept if known < step), step]

    def note_evaluated(self, evaluation: Evaluation) -> None:
        with self._lock:
            self._evaluations = sorted([*self._evaluations, evaluation], key=lambda one: one.step)

    def caption_kept(self, grid: Grid) -> str:
        """The caption of a kept picture, of which nobody may have told."""
        with self._lock:
            if not self._kept or grid.step > self._kept[-1]:
                self.refresh()
        return self.caption(grid)

    def caption(self, grid: Grid) -> str:
        """What is going on in it, the referee's findings left out; "" where that cannot be said."""
        from gan_core.measure.captions.rules import caption

        try:
            with self._lock:
                before = max((step for step in self._kept if step < grid.step), default=None)
                return caption(self._moment(grid), None if before is None else self._known(before))
        except (ValueError, OSError) as problem:
            log.info("no caption of %s at step %d: %s", self._run, grid.step, problem)
            return ""

    def counted(self, step: int) -> dict[str, float]:
        """Of a picture of points that has a caption the numbers behind it: see `told_of`.

        Of data without modes left: its distance to the real points as a share of the first picture's; floor: the same
        of other real points.
        """
        with self._lock:
            moment = self._moments.get(step)
            if moment is not None and math.isfinite(moment.left) and self._in_plane:
                return {"left": moment.left, "floor": self._floor / self._untrained}
            return told_of(moment)

    def moment(self, step: int) -> Moment | None:
        """The evidence of a kept picture, None where that cannot be read."""
        with self._lock:
            return self._known(step)

    def _known(self, step: int) -> Moment | None:
        """The moment of a kept picture, None where that cannot be read."""
        if step not in self._moments:
            try:
                self._moment(self._manager.grid(self._run, step))
            except (ValueError, OSError):
                return None
        return self._moments[step]

    def _moment(self, grid: Grid) -> Moment:
        from gan_core.measure.captions.moment import moment_of_images, moment_of_scene
        from gan_core.runs.evaluation.diagnosis import grid_samples
        from gan_core.training.observe.scene import decode_scene

        self._learn_beginning()
        if self._plane is not None:
            scene = decode_scene(grid.png)
            real, _ = self._accuracies(grid.step, 1)
            made = moment_of_scene(scene, self._plane, grid.step, heard=real)
            if self._untrained > 0:
                made = dataclasses.replace(made, left=self._distance(scene.fakes) / self._untrained)
        else:
            assert self._eye is not None
            real, fake = self._accuracies(grid.step)
            made = moment_of_images(
                grid_samples(grid), self._eye, grid.step, untrained=self._untrained, right_real=real, right_fake=fake,
                evaluated=self._evaluated(grid.step),
            )  # fmt: skip
        self._moments[grid.step] = made
        while len(self._moments) > MOMENTS:
            self._moments.popitem(last=False)
        return made

    def _distance(self, fakes: NDArray[np.float32]) -> float:
        from gan_core.measure.plane import sliced_wasserstein

        return sliced_wasserstein(fakes, self._reference())

    def _reference(self) -> PlaneReference:
        from gan_core.data.sets.points import PointDataset
        from gan_core.runs.evaluation.plane_constants import plane_reference

        data = self._manager.config(self._run).data
        assert isinstance(data, PointDataset)
        return plane_reference(data)

    def _accuracies(self, step: int, points: int = RECENT_POINTS) -> tuple[float, float]:
        """Means over so many of the newest points of the curves up to a step, NaN where there is none."""
        recent = [point[1:] for point in self._points if point[0] <= step][-points:]
        if not recent:
            return math.nan, math.nan
        real, fake = np.array(recent).mean(0)
        return float(real), float(fake)

    def _evaluated(self, step: int) -> float:
        """Of the way from the floor to the untrained generator, how much the newest evaluation finds left."""
        found = self._evaluations
        newest = next((one for one in reversed(found) if 0 < one.step <= step and "fid" in one.values), None)
        start = next((one for one in found if newest and one.step == 0 and one.kind == newest.kind), None)
        if newest is None or start is None:
            return math.nan
        floor, before = newest.floor.get("fid", math.nan), start.values["fid"]
        if not before > floor:
            return math.nan
        return math.sqrt(max(0.0, (newest.values["fid"] - floor) / (before - floor)))  # it is a squared distance


def told_of(moment: Moment | None) -> dict[str, float]:
    """found: places with a tenth of their points, near: share of points in any; {} where none are counted."""
    return {"found": moment.found, "near": moment.near} if moment is not None and moment.counted else {}


def _plane_view(config: RunConfig) -> PlaneView:
    """What scenes are held against: the real points that the stage shows."""
    from gan_core.data.sets.points import PointDataset
    from gan_core.measure.captions.moment import PlaneView
    from gan_core.training.observe.scene import POINTS

    data = config.data
    assert isinstance(data, PointDataset)
    real = data.load(1, Path()).images[:POINTS].reshape(-1, 2).numpy()  # these data are drawn, not read
    return PlaneView(real, data.extent, data.modes(), config.loss.fixed_threshold())


class Narrators:
    """One for each run that is looked at."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Narrator] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, manager: RunManager, run: str, diagnoser: Callable[[], Diagnoser]) -> Narrator | None:
        """Made the first time; None where the run, or what it was trained on, cannot be read."""
        with self._lock:
            known = self._kept.get(run)
        if known is None:
            try:
                known = Narrator(manager, run, diagnoser())
            except Exception as problem:  # its data are gone, say: the picture is shown all the same
                log.info("no captions of %s: %s", run, problem)
                return None
        with self._lock:
            self._kept[run] = known
            self._kept.move_to_end(run)
            while len(self._kept) > NARRATORS:
                self._kept.popitem(last=False)
        return known

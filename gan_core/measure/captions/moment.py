"""The evidence of a caption: what one picture of a run shows, and what its discriminator says of it.

All of it is read off the picture that is on the screen, so that the words cannot be of another step than the picture.
Only what a grid of images does not carry comes from beside it: D's accuracy from the curves near its step.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_core.data.sets.points import Extent, Modes
from gan_core.measure.modes import count_modes
from gan_core.measure.referee.eye import Eye
from gan_core.training.observe.scene import Scene

Floats = NDArray[np.float32]

DIRECTIONS = ("right", "top-right", "top", "top-left", "left", "bottom-left", "bottom", "bottom-right")
MIDDLE = "middle"
INNER = 0.35  # of the outermost place's distance from the mean: what is nearer is in the middle
FEWEST = 40  # points in a place before D can be right or wrong about them as a group
REAL_VARY = 2.0  # standard deviations, by which a few dozen real images are further away than others
_CELLS = 64  # a side, in which it is seen where real points lie
_FINE = 1 / 3  # of a cell of D's map: what modes so narrow are to D, the map does not show


@dataclass(frozen=True)
class Moment:
    """One picture in numbers; NaN where it does not say.

    right_real, right_fake: share of the real and of the generated samples that D is right about.
    left: how far images are from real ones, 0 being as near as real ones are, 1 the untrained generator's. It is the
    most of what pixels, an evaluation and their likeness to each other say, as none of these sees everything. Of
    points whose modes are not counted it is the share of the first picture's sliced Wasserstein distance, if known.
    seen: the same of images without an evaluation, which finds fault with what has long taken shape.
    measured: whether an evaluation is among what says so; without one nobody knows how good sharp pictures are.
    moved: how far they are from the untrained generator's, root mean square, in radii of the real data.

    Of points in the plane: spread: their root mean square distance from their mean, in radii of the real data.
    middle: in which direction that mean lies, seen from that of the real ones. near: share of them that lie where
    real ones do. covered: share of the real points near which there are some. places: their names. shares: how many
    of the points belong to each; right: what D is right about of these. counted: whether these are the modes of the
    data, and not just directions. found: how many of these have a tenth of the good points that they should have;
    missing: the names of those without any.
    """

    step: int
    points: bool
    right_real: float = math.nan
    right_fake: float = math.nan
    left: float = math.nan
    seen: float = math.nan
    measured: bool = False
    moved: float = math.nan
    spread: float = math.nan
    middle: str = ""
    near: float = math.nan
    covered: float = math.nan
    places: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    right: tuple[float, ...] = ()
    counted: bool = False
    found: int = 0
    missing: tuple[str, ...] = ()
    finite: bool = True

    @property
    def d_right(self) -> float:
        """Of equally many real and generated samples the share that D is right about; 0.5 is guessing."""
        return (self.right_real + self.right_fake) / 2

    @property
    def crowd(self) -> int:
        """The place with the most points; only of points in the plane."""
        return int(np.argmax(self.shares))


@dataclass(frozen=True)
class PlaneView:
    """What scenes of one run are held against. real [n, 2]; threshold: as `RunStage` has it; untrained: fakes [n, 2]
    of the untrained generator for the same latents, None where they are not known."""

    real: Floats
    extent: Extent
    modes: Modes | None
    threshold: float | None
    untrained: Floats | None = None


def moment_of_scene(scene: Scene, view: PlaneView, step: int, *, heard: float = math.nan) -> Moment:
    """A scene of a run of points, in about a millisecond.

    heard: `right_real` by the curves, which counts where modes are narrower than what D's map shows.
    """
    fakes = scene.fakes
    if not np.isfinite(fakes).all() or not np.isfinite(scene.heat).all():
        return Moment(step, points=True, finite=False)
    of_real = scene.heat[_cells(view.real, view.extent, len(scene.heat))]
    line = view.threshold
    if line is None:
        line = float(of_real.mean() + scene.scores.mean()) / 2
    seen_through = scene.scores <= line
    centre = view.real.mean(0)
    radius = float(np.sqrt(np.square(view.real - centre).sum(1).mean()))
    names, place = _places(fakes, view, centre, radius)
    counts = np.bincount(place, minlength=len(names))
    right = [float(seen_through[place == i].mean()) if n >= FEWEST else math.nan for i, n in enumerate(counts)]
    near, covered = _overlap(fakes, view)
    right_real = float((of_real > line).mean())
    if not math.isnan(heard) and _too_fine(view, len(scene.heat)):
        right_real = heard
    moment = Moment(
        step, points=True,
        right_real=right_real, right_fake=float(seen_through.mean()),
        moved=_moved(fakes, view.untrained) / radius,
        spread=float(np.sqrt(np.square(fakes - fakes.mean(0)).sum(1).mean())) / radius,
        middle=_name(fakes.mean(0) - centre, radius), near=near, covered=covered,
        places=names, shares=tuple((counts / len(fakes)).tolist()), right=tuple(right),
    )  # fmt: skip
    if view.modes is None:
        return moment
    modes = count_modes(fakes, view.modes)
    found = modes.found(view.modes.weights)
    empty = tuple(name for name, n in zip(names, modes.high_quality, strict=True) if not n)
    return dataclasses.replace(
        moment, counted=True, near=modes.high_quality_share, covered=found / len(names), found=found, missing=empty,
    )  # fmt: skip


def moment_of_images(
    samples: Floats, eye: Eye, step: int, *, untrained: float, right_real: float, right_fake: float,
    evaluated: float = math.nan,
) -> Moment:  # fmt: skip
    """A grid of images, as `flat_features` gives its samples.

    untrained: `distance` of the untrained generator's. evaluated: share of the way that the newest evaluation up to
    this step finds left.
    """
    look = dataclasses.replace(eye, train=eye.train[:0]).look(samples, None)  # copies are the referee's business
    if math.isnan(look["distance"]):
        return Moment(step, points=False, finite=False)
    floor, left = eye.floor[0] + REAL_VARY * eye.floor[1], math.nan
    if untrained > floor:  # the root: an energy distance is a squared one, as the Fréchet distance is
        left = math.sqrt(max(0.0, (look["distance"] - floor) / (untrained - floor)))
    alike = 1.0 - min(1.0, look["twins"], look["spread"])
    seen = _most(left, alike)
    return Moment(
        step, points=False, right_real=right_real, right_fake=right_fake, left=_most(seen, evaluated), seen=seen,
        measured=not math.isnan(evaluated),
    )  # fmt: skip


def _most(*shares: float) -> float:
    """Of those that are known."""
    return max((share for share in shares if not math.isnan(share)), default=math.nan)


def _moved(fakes: Floats, untrained: Floats | None) -> float:
    if untrained is None or untrained.shape != fakes.shape:
        return math.nan
    return float(np.sqrt(np.square(fakes - untrained).sum(1).mean()))


def _cells(points: Floats, extent: Extent, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of each point's cell among n x n over the extent; those outside count at its edge."""
    x0, x1, y0, y1 = extent
    share = (points - np.array([x0, y0])) / np.array([x1 - x0, y1 - y0])
    at = np.clip((share * n).astype(np.int64), 0, n - 1)
    return at[:, 1], at[:, 0]


def _too_fine(view: PlaneView, cells: int) -> bool:
    return view.modes is not None and view.modes.std < _FINE * (view.extent[1] - view.extent[0]) / cells


def _overlap(fakes: Floats, view: PlaneView) -> tuple[float, float]:
    """Share of the fakes in cells at or beside real points, and share of the real ones at or beside fakes."""
    real, made = np.zeros((2, _CELLS, _CELLS), bool)
    at_real, at_made = _cells(view.real, view.extent, _CELLS), _cells(fakes, view.extent, _CELLS)
    real[at_real] = made[at_made] = True
    x0, x1, y0, y1 = view.extent
    inside = (fakes[:, 0] >= x0) & (fakes[:, 0] <= x1) & (fakes[:, 1] >= y0) & (fakes[:, 1] <= y1)
    return float((_grown(real)[at_made] & inside).mean()), float(_grown(made)[at_real].mean())


def _grown(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With the neighbours above, below and beside each."""
    wide = np.pad(cells, 1)
    grown: NDArray[np.bool_] = (
        wide[1:-1, 1:-1] | wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]
    )  # fmt: skip
    return grown


def _places(
    fakes: Floats, view: PlaneView, centre: Floats, radius: float
) -> tuple[tuple[str, ...], NDArray[np.int64]]:  # fmt: skip
    """The places' names, and to which of them each point belongs: the modes, or else directions from the middle."""
    if view.modes is not None:
        around = view.modes.centres - view.modes.centres.mean(0)
        far = float(np.sqrt(np.square(around).sum(1)).max()) or 1.0
        square = np.square(fakes[:, None] - view.modes.centres).sum(2)
        return tuple(_name(at, far) for at in around), square.argmin(1)
    offsets = fakes - centre
    outer = np.square(offsets).sum(1) > (INNER * radius) ** 2
    return (*DIRECTIONS, MIDDLE), np.where(outer, _sector(offsets), len(DIRECTIONS))


def _name(at: NDArray[np.floating], far: float) -> str:
    if float(np.hypot(*at)) < INNER * far:
        return MIDDLE
    return DIRECTIONS[int(_sector(at[None])[0])]


def _sector(offsets: NDArray[np.floating]) -> NDArray[np.int64]:
    angle = np.arctan2(offsets[:, 1], offsets[:, 0])
    sector: NDArray[np.int64] = np.rint(angle / (math.pi / 4)).astype(np.int64) % len(DIRECTIONS)
    return sector

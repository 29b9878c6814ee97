"""Drag what is at a handle to its target: Pan et al. 2023 (DragGAN, arXiv:2305.10973), for pictures of 28 to 64 px.

As there a step asks that what is seen around the handle p is seen around p + d, d at most a pixel toward the target
(motion supervision, equation 1), and then looks where the handle has come to (point tracking, equation 3). What is
held is the first picture's, so that nothing drifts. The step itself is Gauss-Newton's: at these sizes a batch with
every coordinate moved a little costs less than ten steps of gradient descent. With r(u) the differences, [R],

    u <- u - (J J^T + damping I)^-1 (J r + prior u),    J [K, R] by differences,

u the way from the start in standard deviations of the generator's latents.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.apply.editing.features import Sight, disk
from gan_core.apply.editing.latents import Latents
from gan_core.latent.search import picture_of

THERE = 0.35  # px: a handle that is so near its target is there
_STEP = 1.0  # px that are asked for at once
_REACH = 2.0  # px around the place where a handle was, in which it is looked for again
_FINE = 0.25  # px between the places that are tried
_MOVED, _IDLE = 0.1, 5  # px in so many steps: less, and nothing moves any more
_NUDGE = 0.05  # standard deviations by which each coordinate is moved for J
_DAMPING, _PRIOR = 0.01, 0.003
_MASKED = 1 / 9  # of both, where a mask keeps the rest as it is: fewer shapes become another kind (docs/log.md)
_FARTHEST = 2.0  # standard deviations, the longest step
_OUTSIDE = 1.33  # weight of a change outside the mask
RADIUS = 2 / 9  # of the picture's width
EVEN = 12  # grey levels: where all that is held differs by less there is nothing that could be held (docs/log.md)

Places = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DragOptions:
    """radius: in pixels, of what is held around a handle. steps: at most. may_move: bool [size, size] or None."""

    radius: float
    steps: int = 40
    may_move: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class DragStep:
    """How far a drag has come. picture: uint8 [size, size, C]; handles: where they are, [H, 2] (x, y) in pixels.

    left: how far each still is from its target, [H] px. point: the latent, float [D]. end: "" while it goes on, else
    "there", "still" (nothing moves any more) or "cap". The last one is the nearest that there was.
    """

    index: int
    picture: NDArray[np.uint8]
    handles: Places
    left: NDArray[np.float64]
    point: Tensor
    end: str = ""

    @property
    def far(self) -> float:
        return float(self.left.max())

    def words(self) -> str:
        """How it ended, in a sentence."""
        if self.end == "there":
            return "The handle is where it was to go." if len(self.left) == 1 else "All handles are there."
        short = f"{max(1, round(self.far))} px short" if self.far >= 0.5 else "less than a pixel short"
        if self.end == "cap":
            steps = "1 step" if self.index == 1 else f"{self.index} steps"
            return f"Stopped {short} after {steps}: more of them may come nearer."
        return f"Stopped {short}: the generator draws no such picture, or none on the way there."


def drag(
    latents: Latents,
    sight: Sight,
    start: Tensor,
    points: tuple[tuple[float, float, float, float], ...],
    options: DragOptions,
) -> Iterator[DragStep]:
    """Step after step, from the picture of `start` [D] on; deterministic. Closing the iterator cancels it.

    points: (x0, y0, x1, y1) in pixels from the upper left corner.
    """
    work = _Drag(latents, sight, start, points, options)
    best = step = work.state(0)
    yield step
    seen = [step.far]
    for index in range(1, options.steps + 1):
        if step.far <= THERE or _idle(seen):
            break
        work.move()
        step = work.state(index)
        seen.append(step.far)
        if step.far < best.far:
            best = step
        yield step
    end = "there" if best.far <= max(THERE, 0.5) else "still" if _idle(seen) else "cap"
    yield DragStep(len(seen) - 1, best.picture, best.handles, best.left, best.point, end)


def _idle(seen: list[float]) -> bool:
    return len(seen) > _IDLE and min(seen[:-_IDLE]) - min(seen[-_IDLE:]) < _MOVED


class _Drag:
    def __init__(
        self,
        latents: Latents,
        sight: Sight,
        start: Tensor,
        points: tuple[tuple[float, float, float, float], ...],
        options: DragOptions,
    ) -> None:
        self.latents, self.sight, self.start = latents, sight, start
        table = torch.tensor(points, dtype=torch.float32)
        self.handles, self.targets = table[:, :2].clone(), table[:, 2:]
        self.around = disk(options.radius)
        self.u = torch.zeros(len(latents.basis))
        self.now = sight.maps(start[None])
        self.held = [sight.at(self.now, handle + self.around)[0] for handle in self.handles]
        self.image = sight.pictures(self.now)
        outside = None if options.may_move is None else torch.from_numpy(~options.may_move)
        self.outside = None if outside is None or not outside.any() else outside

    @property
    def point(self) -> Tensor:
        return self.start + self.u @ self.latents.basis

    def state(self, index: int) -> DragStep:
        left = (self.targets - self.handles).norm(dim=1).double().numpy()
        picture = picture_of(self.sight.pictures(self.now)[0])
        return DragStep(index, picture, self.handles.double().numpy().copy(), left, self.point)

    def move(self) -> None:
        """One step of the latent, then each handle is looked for again."""
        count = len(self.u)
        nudges = torch.cat([torch.zeros(1, count), _NUDGE * torch.eye(count)])
        rows = self.differences(self.sight.maps(self.point + nudges @ self.latents.basis))
        jacobian, off = (rows[1:] - rows[:1]) / _NUDGE, rows[0]
        loose = 1.0 if self.outside is None else _MASKED
        square = jacobian @ jacobian.T + loose * (_DAMPING + _PRIOR) * torch.eye(count)
        step = -torch.linalg.solve(square, jacobian @ off + loose * _PRIOR * self.u)
        length = float(step.norm())
        self.u = self.u + step * min(1.0, _FARTHEST / max(length, 1e-12))
        self.now = self.sight.maps(self.point[None])
        self.handles = torch.stack([self.found(i) for i in range(len(self.handles))])

    def differences(self, maps: list[Tensor]) -> Tensor:
        """[N, R]: of what is seen a pixel ahead of each handle to what is held, and outside the mask to the start."""
        parts = []
        for handle, target, held in zip(self.handles, self.targets, self.held, strict=True):
            way = target - handle
            ahead = way * min(1.0, _STEP / max(float(way.norm()), 1e-12))
            seen = self.sight.at(maps, handle + ahead + self.around)
            parts.append((seen - held).flatten(1) / math.sqrt(len(self.around) * len(self.handles)))
        if self.outside is not None:
            change = (self.sight.pictures(maps) - self.image)[:, :, self.outside].flatten(1)
            parts.append(change * (_OUTSIDE / math.sqrt(change.shape[1])))
        return torch.cat(parts, 1)

    def found(self, i: int) -> Tensor:
        return tracked(self.sight, self.now, self.held[i], self.handles[i] + disk(_REACH, _FINE), self.around)[0]


def is_even(picture: NDArray[np.uint8], handle: tuple[float, float], radius: float) -> bool:
    """Whether there is nothing to hold around a handle (x, y): no channel of the picture [size, size, C] differs by
    `EVEN` within `radius` px."""
    down, right = np.indices(picture.shape[:2]) + 0.5
    held = picture[(right - handle[0]) ** 2 + (down - handle[1]) ** 2 <= radius**2].reshape(-1, *picture.shape[2:])
    return len(held) == 0 or int((held.max(0).astype(int) - held.min(0)).max()) < EVEN


def tracked(
    sight: Sight, maps: list[Tensor], held: Tensor, candidates: Tensor, around: Tensor
) -> tuple[Tensor, float]:
    """Which of the candidates [M, 2] has what is held [channels, P] around it, and how far off it is, mean square."""
    places = (candidates[:, None] + around).flatten(0, 1)
    seen = sight.at(maps, places)[0].view(len(held), len(candidates), len(around))
    off = (seen - held[:, None]).square().sum(0).mean(1)
    best = int(off.argmin())
    return candidates[best], float(off[best])

"""A path through the latent space: a run of its frames to play, and the whole of it as a film to keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.export.film import LARGEST, LONGEST, MIME, SMALLEST, Film, write_film
from gan_core.latent import Explorable, Look, at_time, check_look, render
from gan_core.latent.looks.look import OnPath
from pages.explore.ops.picture import atlas
from pages.server.live.operations import OperationContext, Reply, number, operation, whole

MOST_FRAMES = 64  # of one request: what is played next must not keep the hand on the pad waiting
MOST_TIMES = 128
BATCH = 16
FASTEST_PREVIEW = 60


@operation("walk-frames")
def walk_frames(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The frames number "from" to "from" + "count" - 1 of a path at "fps" frames a second, as one atlas.

    "look" is a look whose where is a path; its time does not matter. Fewer frames where the path ends before.
    With "times" (at most 128, in seconds) those moments instead, side by side.
    """
    model, look, path = _path(context, asked)
    if "times" in asked:
        images = render(model, [at_time(look, t) for t in read_times(asked["times"])])
        header, blob = atlas(images, len(images))
        return Reply(header, [blob])
    rate = whole(asked, "fps", 30, 1, FASTEST_PREVIEW)
    count = frame_count(path.path.timeline.total, rate)
    first = whole(asked, "from", 0, 0, count - 1)
    last = min(count, first + whole(asked, "count", 15, 1, MOST_FRAMES))
    images = render(model, [at_time(look, index / rate) for index in range(first, last)])
    header, blob = atlas(images, min(8, len(images)))
    return Reply({**header, "from": first, "count": len(images), "frames": count}, [blob])


def frame_count(seconds: float, rate: int) -> int:
    """How many frames a path of so many seconds has at that rate; a path of one key has one."""
    return max(1, round(seconds * rate))


@operation("film", lane="long")
def film(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """A path as a GIF or MP4: "kind", "size" in pixels, "fps", "seconds" (default: the path's), "smooth".

    A loop's film ends one frame before its start; any other shows both ends. Blob: the file.
    """
    model, look, path = _path(context, asked)
    timeline = path.path.timeline
    if timeline.segments < 1:
        raise ValueError("A film needs a path of at least two keys.")
    plan = Film(
        kind=str(asked.get("kind", "mp4"))[:20],
        size=whole(asked, "size", 512, SMALLEST, LARGEST),
        frames_per_second=whole(asked, "fps", 30, 1, 60),
        seconds=number(asked, "seconds", timeline.total, 0.1, LONGEST),
        smooth=asked.get("smooth", False) is True,
    )
    count = plan.frame_count
    steps = count if timeline.loop else max(1, count - 1)
    times = [timeline.total * index / steps for index in range(count)]

    def progress(part: float) -> None:
        context.progress(part, f"{round(part * count)} of {count} frames")

    data = write_film(plan, path_frames(model, look, times), progress)
    side = plan.side(model.shape.size)
    return Reply({"mime": MIME[plan.kind], "frames": count, "bytes": len(data), "side": side}, [data])


def path_frames(model: Explorable, look: Look, times: Sequence[float]) -> Iterator[NDArray[np.uint8]]:
    """The pictures of a path at these seconds, uint8 [H, W, C] each, made a batch at a time."""
    for start in range(0, len(times), BATCH):
        yield from render(model, [at_time(look, t) for t in times[start : start + BATCH]])


def read_times(given: object) -> list[float]:
    """Seconds, checked. Raises ValueError."""
    wrong = f'"times" must be a list of 1 to {MOST_TIMES} numbers of seconds.'
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_TIMES:
        raise ValueError(wrong)
    if any(isinstance(t, bool) or not isinstance(t, int | float) or not abs(t) <= 1e6 for t in given):
        raise ValueError(wrong)
    return [float(t) for t in given]


def _path(context: OperationContext, asked: dict[str, Any]) -> tuple[Explorable, Look, OnPath]:
    model = context.model(asked.get("model"), asked.get("step"))
    look = check_look(model, asked.get("look"))
    if not isinstance(look.where, OnPath):
        raise ValueError("Only a path can be walked: the look's place must be one.")
    return model, look, look.where

"""The same path at several moments of a run."""

from __future__ import annotations

from typing import Any

from gan_core.latent.overtime import same_path, spread
from pages.explore.ops.picture import atlas
from pages.server.live.operations import OperationContext, Reply, operation, whole

MOST_MOMENTS = 8
MOST_FRAMES = 60


@operation("overtime", lane="long")
def overtime(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """A path's "frames" as the run's generator draws them at up to eight moments: at checkpoints, and where a small
    generator was kept. "look" is a look whose where is a path.

    Every moment comes as soon as it is drawn, with the progress: {"at", "of", "of_step", "images", "columns",
    "rows", "size"} and its atlas, left to right in time. The reply says which steps there are.
    """
    frames = whole(asked, "frames", 36, 2, MOST_FRAMES)
    most = whole(asked, "most", MOST_MOMENTS, 1, MOST_MOMENTS)
    model_id = context.model(asked.get("model")).id
    known = list(context.catalog.moments(model_id))
    if len(known) < 2:
        raise ValueError("The generator was kept at one moment only; to compare, there must be at least two.")
    steps = spread(known, most)
    drawn = same_path(lambda step: context.model(model_id, step), steps, asked.get("look"), frames, context.progress)
    for i, found in enumerate(drawn):
        header, blob = atlas(found.frames, 8)
        extra = {**header, "at": i, "of": len(steps), "of_step": found.step, "images": found.images, "frames": frames}
        context.progress((i + 1) / len(steps), f"Step {found.step:,} is drawn", extra, [blob])
    return Reply({"steps": steps, "known": len(known), "frames": frames})

"""A run's kept grids as encoded pictures, of images or of points in the plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gan_core.export import scene_png


def run_pictures(manager: Any, run_id: str, pixels: int) -> Callable[[int], bytes]:
    """What gives the picture of a step that `manager.grids(run_id)` lists.

    Of images the atlas as it was kept; of points the plane as PNG, `pixels` a side. manager: a `RunManager`.
    """
    stage = manager.stage(run_id)

    def picture(step: int) -> bytes:
        kept: bytes = manager.grid(run_id, step).png
        if stage is None:
            return kept
        return scene_png(
            kept, stage.real, stage.extent, threshold=stage.threshold, probability=stage.probability, pixels=pixels
        )

    return picture

"""The first frames of a connection: the whole history of a run, and what stays for a whole run of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pages.server.live import wire

if TYPE_CHECKING:
    from gan_core.runs import RunManager
    from pages.server.live.captions import Narrator


def hello(
    manager: RunManager, run: str, narrator: Narrator | None = None, troubles: Sequence[list[Any]] = ()
) -> bytes:  # fmt: skip
    """The first frame: all that a viewer needs to show a run it has never seen. Raises ValueError (unknown run).

    troubles: [first step, caption] of what the referee has found.
    """
    view = manager.view(run)
    grid, damaged = manager.newest_grid(run)
    header: dict[str, Any] = {
        "type": "hello",
        "view": wire.view_header(view),
        "columns": wire.COLUMNS,
        "kept": [[step, images] for step, images in manager.grids(run)],
        "damaged": damaged,
        "changes": [wire.change_header(c) for c in manager.changes(run)],
        "grid": None,
        "troubles": list(troubles),
        "measures": [wire.measure_header(m) for m in manager.image_measures(run)],
        "evaluations": [wire.evaluation_header(e) for e in manager.evaluations(run)],
        "evaluate_every": view.config.get("record", {}).get("evaluate_images", 0),
    }
    blobs = [wire.history_blob(manager.records(run))]
    if grid is not None:
        caption = narrator.caption_kept(grid) if narrator else ""
        header["grid"] = wire.grid_header(grid, True, caption, narrator.counted(grid.step) if narrator else {})
        blobs += wire.grid_blobs(grid)
    return wire.pack(header, blobs)


def stage(manager: RunManager, run: str) -> bytes | None:
    """The frame with what stays for a whole run of points; None for a run of images."""
    stays = manager.stage(run)
    if stays is None:
        return None
    return wire.pack({"type": "stage", "stage": wire.stage_header(stays)}, wire.stage_blobs(stays))

"""The samples of many runs side by side, scrubbed together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pages.compare.picker import described, pick_runs
from pages.compare.web.compare import compare_samples
from pages.server.app_state import app_state
from pages.server.preview import shows_points
from pages.ui.session import Tab, manager

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView


def look_of(view: RunView) -> dict[str, Any]:
    """What the samples of a run are, beside its name."""
    config, about = manager().config(view.id), manager().manifest(view.id)
    points = shows_points(config.data)
    classes = list(about.classes) if config.conditional else []
    space = f"{config.latent.dim} {config.latent.distribution} {len(classes)}"
    layout = "points" if points else f"{config.record.grid_count}"
    return {
        "probability": bool(config.loss.probability),
        "threshold": config.loss.fixed_threshold(),
        "classes": classes,
        "checkpoints": list(view.checkpoints),
        "space": space,
        "latents": f"{config.seed} {space} {layout}",
    }


def draw(state: Tab) -> None:
    views = pick_runs("samples")
    if not views:
        return
    compare_samples(
        token=app_state().token,
        runs=[run | look_of(view) for run, view in zip(described(views), views, strict=True)],
        signature="|".join(f"{view.state} {len(view.checkpoints)}" for view in views),
        projector=state.projector,
        on_moved=lambda: None,
    )

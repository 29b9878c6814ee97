"""What a run gives away. Files are made when their button is pressed, not before."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from gan_core.export import grid_png, metrics_csv, training_gif
from gan_core.export.scripts import data_bytes, sample_package, train_package
from gan_core.runs.handed_out import onnx_bytes, safetensors_bytes
from gan_core.runs.pictures import run_pictures
from pages.ui.session import manager
from pages.ui.suited import makes_points

_SCALE = 4
_PLANE_PIXELS, _PLANE_FILM_PIXELS = 1_080, 400  # pixels a side of a run of points


def _scale(run: str, of_images: int) -> int:
    """Points are drawn in the size they are to have; the pixels of images are enlarged."""
    return 1 if makes_points(manager().view(run)) else of_images


def _grid(run: str) -> bytes:
    step = manager().grids(run)[-1][0]
    picture = run_pictures(manager(), run, _PLANE_PIXELS)(step)
    return grid_png(picture, scale=_scale(run, _SCALE), words={"run": run, "step": str(step)})


def _film(run: str) -> bytes:
    steps = [step for step, _ in manager().grids(run)]
    picture = run_pictures(manager(), run, _PLANE_FILM_PIXELS)
    return training_gif(len(steps), lambda i: picture(steps[i]), scale=_scale(run, 2))


def _generator(run: str) -> bytes:
    return safetensors_bytes(manager(), run)


def _onnx(run: str) -> bytes:
    return onnx_bytes(manager(), run)


def _sample_script(run: str) -> bytes:
    about = manager().about(run)
    return sample_package(
        manager().config(run), _generator(run), run=run, channels=about.channels, classes=about.classes
    )


def _train_script(run: str) -> bytes:
    about, changes = manager().about(run), len(manager().changes(run))
    config = manager().config(run)
    if data_bytes(config, manager().data_dir):
        config = manager().config_on_data(run)
    _, data = train_package(
        config, manager().data_dir, run=run, channels=about.channels, classes=about.classes,
        live_changes=changes,
    )  # fmt: skip
    return data


def _tensorboard(run: str) -> bytes:
    from gan_core.runs.logged import log_archive  # only who takes it waits for TensorBoard's packages

    return log_archive(manager(), [run])


def draw_downloads(view: Any) -> None:
    run = view.id
    no_weights = "" if view.checkpoints else "It comes with the first checkpoint."
    train = "train.zip" if data_bytes(manager().config(run), manager().data_dir) else "train.py"
    no_grid = "" if manager().grids(run) else "No sample grid is there yet."
    files: tuple[tuple[str, str, str, str, Callable[[str], bytes], str], ...] = (
        ("Points" if makes_points(view) else "Sample grid", "grid.png", "image/png", "image", _grid, no_grid),
        ("Training film", "training.gif", "image/gif", "movie", _film, no_grid),
        ("Metrics", "metrics.csv", "text/csv", "table", lambda r: metrics_csv(manager().records(r)), ""),
        ("TensorBoard", "tensorboard.zip", "application/zip", "monitoring", _tensorboard, ""),
        ("Generator", "generator.safetensors", "application/octet-stream", "deployed_code", _generator,
         no_weights),
        ("Generator", "generator.onnx", "application/octet-stream", "deployed_code", _onnx, no_weights),
        ("Sampling script", "sample.zip", "application/zip", "code", _sample_script, no_weights),
        ("Training script", train, "text/x-python" if train.endswith("py") else "application/zip", "code",
         _train_script, ""),
        ("Configuration", "config.json", "application/json", "settings",
         lambda _: json.dumps(view.config, indent=1).encode(), ""),
    )  # fmt: skip
    with st.popover("Download", icon=":material/download:", key="downloads"):
        for label, name, mime, icon, make, missing in files:
            st.download_button(
                f"{label} · {name.rpartition('.')[2].upper()}",
                lambda make=make: make(run),
                f"{run}-{name}",
                mime,
                key=f"download:{name}",
                icon=f":material/{icon}:",
                disabled=bool(missing),
                help=missing or None,
                width="stretch",
                on_click="ignore",
            )

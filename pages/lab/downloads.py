"""What a run gives away. Files are made when their button is pressed, not before."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from gan_core.export import grid_png, metrics_csv, training_gif
from gan_core.export.scripts import data_bytes, sample_package, train_package
from gan_core.runs.catalog.handed_out import onnx_bytes, safetensors_bytes
from gan_core.runs.storage.pictures import run_pictures
from pages.ui.preset_match import makes_points
from pages.ui.session import manager

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView

_SCALE = 4
_PLANE_PIXELS, _PLANE_FILM_PIXELS = 1_080, 400  # pixels a side of a run of points


def _scale(run: str, of_images: int) -> int:
    """Points are drawn in the size they are to have; the pixels of images are enlarged."""
    return 1 if makes_points(manager().view(run)) else of_images


def _grid(run: str) -> bytes:
    newest, _ = manager().newest_grid(run)
    if newest is None:
        raise ValueError("The sample grids of this run are damaged; train on until there is another one.")
    picture = run_pictures(manager(), run, _PLANE_PIXELS)(newest.step)
    return grid_png(picture, scale=_scale(run, _SCALE), words={"run": run, "step": str(newest.step)})


def _film(run: str) -> bytes:
    steps = manager().whole_grids(run)
    picture = run_pictures(manager(), run, _PLANE_FILM_PIXELS)
    return training_gif(len(steps), lambda i: picture(steps[i]), scale=_scale(run, 2))


def _generator(run: str) -> bytes:
    return safetensors_bytes(manager(), run)


def _onnx(run: str) -> bytes:
    return onnx_bytes(manager(), run)


def _sample_script(run: str) -> bytes:
    manifest = manager().manifest(run)
    return sample_package(
        manager().config(run), _generator(run), run=run, channels=manifest.channels, classes=manifest.classes
    )


def _train_script(run: str) -> bytes:
    manifest, changes = manager().manifest(run), len(manager().changes(run))
    config = manager().config(run)
    if data_bytes(config, manager().data_dir):
        config = manager().config_on_data(run)
    _, data = train_package(
        config, manager().data_dir, run=run, channels=manifest.channels, classes=manifest.classes,
        live_changes=changes,
    )  # fmt: skip
    return data


def _tensorboard(run: str) -> bytes:
    from gan_core.runs.catalog.tensorboard_log import (
        log_archive,  # only who takes it waits for TensorBoard's packages
    )

    return log_archive(manager(), [run])


@dataclass(frozen=True)
class Offer:
    """ending: of the file's name, after the run's id. missing: why it cannot be had yet; "" where it can."""

    label: str
    ending: str
    mime: str
    icon: str
    make: Callable[[str], bytes]
    missing: str = ""


def offered(view: RunView) -> tuple[Offer, ...]:
    """Every file that a run gives away."""
    run = view.id
    no_weights = "" if view.checkpoints else "It comes with the first checkpoint."
    train = "train.zip" if data_bytes(manager().config(run), manager().data_dir) else "train.py"
    no_grid = "" if manager().grids(run) else "No sample grid is there yet."
    binary, packed = "application/octet-stream", "application/zip"
    return (
        Offer("Points" if makes_points(view) else "Sample grid", "grid.png", "image/png", "image", _grid, no_grid),
        Offer("Training film", "training.gif", "image/gif", "movie", _film, no_grid),
        Offer("Metrics", "metrics.csv", "text/csv", "table", lambda r: metrics_csv(manager().records(r))),
        Offer("TensorBoard", "tensorboard.zip", packed, "monitoring", _tensorboard),
        Offer("Generator", "generator.safetensors", binary, "deployed_code", _generator, no_weights),
        Offer("Generator", "generator.onnx", binary, "deployed_code", _onnx, no_weights),
        Offer("Sampling script", "sample.zip", packed, "code", _sample_script, no_weights),
        Offer("Training script", train, "text/x-python" if train.endswith("py") else packed, "code", _train_script),
        Offer("Configuration", "config.json", "application/json", "settings",
              lambda _: json.dumps(view.config, indent=1).encode()),
    )  # fmt: skip


def draw_downloads(view: RunView) -> None:
    with st.popover("Download", icon=":material/download:", key="downloads"):
        for offer in offered(view):
            st.download_button(
                f"{offer.label} · {offer.ending.rpartition('.')[2].upper()}",
                partial(offer.make, view.id),
                f"{view.id}-{offer.ending}",
                offer.mime,
                key=f"download:{offer.ending}",
                icon=f":material/{offer.icon}:",
                disabled=bool(offer.missing),
                help=offer.missing or None,
                width="stretch",
                on_click="ignore",
            )

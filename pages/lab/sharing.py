"""The Lab's Share: the panel as a scene, and which of its controls that scene is to show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from gan_core.config.codec import from_dict, walk
from gan_core.training import RunConfig
from gan_core.training.scenes.scene import PARTS, SPEEDS
from pages.server.app_state import app_state
from pages.ui.belonging import draw_name
from pages.ui.fields.panel import GROUPS
from pages.ui.preset_match import hidden_fields
from pages.ui.session import Tab, config_query, for_next_run
from pages.ui.web.share.share import share
from pages.ui.words import path_label

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView


def draw_share(state: Tab, view: RunView | None) -> None:
    """What helps to show it to others."""
    with st.popover("Share", icon=":material/ios_share:", key="share"):
        share(
            token=app_state().token,
            page="lab",
            query=scene_query(state, view),
            run=state.run,
            title=state.title,
            controls=offered(state.config),
            only=state.only,
            locked=state.locked,
        )
        draw_name()


def scene_query(state: Tab, view: RunView | None) -> dict[str, str]:
    """The panel as a link has it, always with the view; what the picture shows is added in the browser."""
    speed = next((name for name, seconds in SPEEDS.items() if seconds == state.speed), "full")
    query = config_query(state.preset, as_trained(state.config, view))
    flags = {"code": state.code, "advanced": state.advanced}
    return (
        query
        | {name: "1" for name, on in flags.items() if on}
        | {
            "view": "full" if state.full else "simple",
            "speed": speed,
        }
    )


def as_trained(config: RunConfig, view: RunView | None) -> RunConfig:
    """With the backend and precision of the watched run, where these are its settings: rounding counts."""
    if view is None or config.backend != "auto":
        return config
    its = from_dict(RunConfig, view.config)
    same = for_next_run(its, config) == config
    return replace(config, backend=its.backend, precision=its.precision) if same else config


def offered(config: RunConfig) -> list[dict[str, str]]:
    """Every control of the panel, by its group."""
    groups = {name: title for title, names in GROUPS for name in names}
    hidden = hidden_fields(config)
    found = [{"name": name, "label": label, "group": "Parts of the panel"} for name, label in PARTS.items()]
    for path, _, _ in walk(config):
        top = path.split(".")[0]
        if path not in PARTS and not hidden & {path, top}:
            found.append({"name": path, "label": path_label(config, path), "group": groups.get(top, GROUPS[-1][0])})
    order = ["Parts of the panel", *(title for title, _ in GROUPS)]
    return sorted(found, key=lambda one: order.index(one["group"]))

"""Ways to begin: what a newcomer can train, as a gallery of moving pictures, until something has been trained."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gan_core.training import PRESETS, preset
from pages.server.http.recordings import recording_path
from pages.server.preview import shows_points
from pages.ui.addresses import address
from pages.ui.session import Tab, manager
from pages.ui.web.component import component
from pages.ui.words import duration

TITLES = {False: "Pictures", True: "In the plane"}
_KEY = "ways"

_mount = component("ganscope_ways", "lab/web/gallery/gallery.js", "lab/web/gallery/gallery.css")


def draw_ways(state: Tab) -> None:
    """Nothing, once this tab has trained something or looks at a run."""
    if state.run or state.begun:
        return
    kinds = sorted(TITLES, key=lambda plane: plane != shows_points(state.config.data))  # what is looked at first
    groups = [{"title": TITLES[plane], "ways": _ways(plane)} for plane in kinds]

    def picked() -> None:
        name = st.session_state[_KEY]["chosen"]
        if name in PRESETS:
            state.preset, state.config, state.remark = name, preset(name).config, ""

    same = state.preset in PRESETS and PRESETS[state.preset].config.data == state.config.data  # and no drawing, say
    data = {"groups": [group for group in groups if group["ways"]], "chosen": state.preset if same else ""}
    if data["groups"]:
        _mount(key=_KEY, data=[data], on_chosen_change=picked)


def _ways(plane: bool) -> list[dict[str, Any]]:
    """The presets of a kind of which there is a recording."""
    return [
        {
            "name": name, "label": one.label, "help": one.help, "strip": address(strip),
            "time": f"about {duration(manager().rough_seconds(one.config))}",
        }
        for name, one in PRESETS.items()
        if shows_points(one.config.data) == plane and (strip := recording_path(name, ".webp"))
    ]  # fmt: skip

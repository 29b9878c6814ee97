"""What a run can learn from: the sets that are here, those that can be fetched, and your own images."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from gan_core.data import OwnImages, datasets, list_own
from gan_core.training import preset
from gan_core.training.run_config import SIZES
from pages.data.own import draw_own_sets, draw_upload
from pages.data.samples import draw_samples
from pages.ui.chrome import draw_notice, draw_projector
from pages.ui.fetching import draw_fetch, is_coming
from pages.ui.home import NotReady
from pages.ui.session import Tab, manager, tab
from pages.ui.words import count

QUICK_PIXELS = 32  # what trains in minutes on a processor; more is a choice to make in the panel
ROOMY = "emoji"  # the settings for few, colourful pictures
PRESET_FOR = {"shapes": "shapes", "emoji": "emoji", "images": ROOMY}


def train_on(state: Tab, name: str, dataset: Any) -> None:
    """Put a dataset into the Lab's panel, in a size that suits it, and go there."""
    info = dataset.info(manager().data_dir)
    state.preset = PRESET_FOR.get(name, "fashion-fast")
    config = preset(state.preset).config
    if type(config.data).__qualname__ != type(dataset).__qualname__:
        suited = max((s for s in SIZES if s <= min(info.native_size, QUICK_PIXELS)), default=SIZES[0])
        config = dataclasses.replace(config, data=dataset, size=suited)
    state.config = config
    state.run = ""
    st.session_state["goto-lab"] = True


def draw_card(state: Tab, entry: Any) -> None:
    """One set of the catalogue."""
    dataset = entry.cls()
    info = dataset.info(manager().data_dir)
    with st.container(border=True, key=f"set-{entry.name}"):
        draw_samples(dataset, info)
        st.markdown(f"#### {entry.label}")
        colour = "grey" if info.channels == 1 else "colour"
        classes = f" · {len(info.classes)} classes" if info.classes else ""
        st.markdown(f":gray[{count(info.count)} images · {info.native_size} px · {colour}{classes}]")
        st.caption(f"{entry.help}  \nLicence: {info.licence}.")
        if info.needs_download or is_coming(entry.name):
            draw_fetch(entry.name, entry.label, dataset, info)
        else:
            st.button(
                "Train on this", key=f"use-{entry.name}", icon=":material/science:",
                on_click=train_on, args=(state, entry.name, dataset), width="stretch",
            )  # fmt: skip


def draw_data(state: Tab) -> None:
    draw_projector(state)
    with st.container(key="data-page"):
        st.title("Data")
        st.markdown("A GAN learns from pictures alone: a set that comes along, a known one to fetch, or your own.")
        draw_notice(state)
        own = list_own(manager().data_dir)
        with st.container(key="own"):
            st.subheader("Your own images")
            left, right = st.columns([1, 1], gap="large")
            with left:
                draw_upload(state)
            with right:
                draw_own_sets(state, own, lambda slug: train_on(state, "images", OwnImages(slug=slug)))
        st.subheader("Known sets")
        with st.container(key="catalogue"):
            for entry in datasets:
                if entry.name != "images":
                    draw_card(state, entry)


try:
    draw_data(tab())
except NotReady as problem:
    st.error(str(problem))
if st.session_state.pop("goto-lab", False):
    st.switch_page("lab/page.py")

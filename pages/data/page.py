"""What a run can learn from: the sets that are here, those that can be fetched, and your own images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gan_core.data import OwnImages, datasets, list_own, point_datasets
from pages.data.browse import draw_set, open_slug
from pages.data.own import draw_own_sets, draw_upload
from pages.data.report import draft_is_open, draw_draft
from pages.data.samples import draw_portrait, draw_samples
from pages.server.app_state import NotReady
from pages.server.preview import shows_points
from pages.ui.chrome import draw_notice, draw_projector
from pages.ui.fetching import draw_fetch, is_coming
from pages.ui.literal import literal
from pages.ui.preset_match import matching_preset
from pages.ui.session import Tab, manager, tab
from pages.ui.words import set_words

if TYPE_CHECKING:
    from gan_core.config.registry import Entry
    from gan_core.data.base import Dataset


def train_on(state: Tab, dataset: Dataset) -> None:
    """Put a dataset into the Lab's panel, with settings that suit it, and go there."""
    state.preset, state.config = matching_preset(dataset, manager().data_dir)
    state.run = state.remark = ""
    st.session_state["goto-lab"] = True


def draw_card(state: Tab, entry: Entry[Dataset]) -> None:
    """One set of the catalogue."""
    dataset = entry.cls()
    info = dataset.info(manager().data_dir)
    with st.container(border=True, key=f"set-{entry.name}"):
        if shows_points(dataset):
            draw_portrait(dataset)
        else:
            draw_samples(dataset, info)
        st.markdown(f"#### {entry.label}")
        st.markdown(f":gray[{literal(set_words(info))}]")
        licence = "" if shows_points(dataset) else f"  \nLicence: {info.licence}."
        st.caption(f"{entry.help}{licence}")
        if info.needs_download or is_coming(entry.name):
            draw_fetch(entry.name, entry.label, dataset, info)
        else:
            st.button(
                "Train on this", key=f"use-{entry.name}", icon=":material/science:",
                on_click=train_on, args=(state, dataset), width="stretch",
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
            if draft_is_open():
                draw_draft(state)
            elif open_slug():
                draw_set(state)
            left, right = st.columns([1, 1], gap="large")
            with left:
                draw_upload(state)
            with right:
                draw_own_sets(state, own, lambda slug: train_on(state, OwnImages(slug=slug)))
        points = {entry.name for entry in point_datasets()}
        st.subheader("Known sets")
        with st.container(key="catalogue"):
            for entry in datasets:
                if entry.name != "images" and entry.name not in points:
                    draw_card(state, entry)
        st.subheader("Points in the plane")
        st.markdown("Two numbers instead of a picture: every point, and what both networks make of it, can be seen.")
        with st.container(key="plane-catalogue"):
            for entry in point_datasets():
                draw_card(state, entry)


try:
    draw_data(tab())
except NotReady as problem:
    st.error(literal(problem))
if st.session_state.pop("goto-lab", False):
    st.switch_page("lab/page.py")

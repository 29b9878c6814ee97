"""What a GAN is, in a few pictures, and the way to the Lab."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from gan_core.data import FashionMnist
from gan_core.training import preset
from pages.server.app_state import app_state
from pages.server.atlas import atlas_png
from pages.server.preview import preview_key
from pages.ui.addresses import address
from pages.ui.chrome import draw_projector
from pages.ui.preset_match import PLANE
from pages.ui.session import manager, tab

ASSETS = Path(__file__).resolve().parents[2] / "assets"
GUIDE_PRESET = "first-gan"


def to_lab(name: str) -> None:
    """Go to the Lab with a preset in its panel."""
    state = tab()
    state.preset, state.config, state.run, state.remark = name, preset(name).config, "", ""
    st.session_state["goto-lab"] = True


def draw_learn() -> None:
    draw_projector(tab())
    previews = app_state().previews
    key = preview_key(previews, FashionMnist(), 28, manager().data_dir, 6, 4)
    previews.put("noise", atlas_png(np.random.default_rng(0).integers(0, 256, (1, 1, 30, 30), np.uint8), 1, 1))
    page = (ASSETS / "lessons" / "learn.html").read_text("utf-8")
    opening, reading = page.split("<!-- code -->")
    with st.container(key="learn"):
        for name, picture in (("real", key), ("noise", "noise")):
            opening = opening.replace(f"{{{{{name}}}}}", address(f"preview/{picture}.png", token=app_state().token))
        st.html(opening)
        with st.container(horizontal=True, key="learn-go"):
            st.button("See it happen in the Lab", key="to-lab", type="primary", icon=":material/science:",
                      on_click=to_lab, args=("fashion-fast",))  # fmt: skip
            st.button("See both networks think, in the plane", key="to-plane", icon=":material/scatter_plot:",
                      on_click=to_lab, args=(PLANE,))  # fmt: skip
            if st.button("Walk through what one has learned", key="to-explore", icon=":material/explore:"):
                st.switch_page("explore/page.py")
            if st.button("See how GANs fail, and what helps", key="to-gallery", icon=":material/healing:"):
                st.switch_page("gallery/page.py")
        left, right = st.columns([6, 5], gap="large")
        with left:
            st.subheader("The whole idea in forty lines of Python")
            st.code((ASSETS / "lessons" / "first_gan.py").read_text("utf-8"), language="python")
            st.button("Run exactly this in the Lab", key="to-guide", icon=":material/play_arrow:",
                      on_click=to_lab, args=(GUIDE_PRESET,))  # fmt: skip
        with right:
            st.html(reading)


draw_learn()
if st.session_state.pop("goto-lab", False):
    st.switch_page("lab/page.py")

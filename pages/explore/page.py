"""Explore: the latent space of a trained generator, under the hand."""

from __future__ import annotations

import streamlit as st

from pages.explore.web.explore import explore_view
from pages.server.app_state import app_state
from pages.ui.chrome import draw_notice, draw_projector
from pages.ui.session import tab, why_not

state = tab()
draw_projector(state)
with st.container(key="explore-page"):
    draw_notice(state)
    explore_view(token=app_state().token, projector=state.projector, no_files=why_not("bring", ""))

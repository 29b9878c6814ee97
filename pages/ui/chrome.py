"""What every page wears: the logo, the style sheet, projector mode."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui.history import PAGE
from pages.ui.literal import literal

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from pages.ui.session import Tab  # it brings torch, which the router must not

STYLE = Path(__file__).resolve().parents[2] / "assets" / "style"
PROJECTOR_ROOT = "clamp(18px, min(1.5vw, 2.5vh), 44px)"


def draw_chrome() -> None:
    st.logo(str(STYLE / "logo.svg"), size="large")
    st.html(STYLE / "app.css")


def draw_phone_links(pages: Sequence[StreamlitPage]) -> None:
    """The way to every page in sight: on a phone Streamlit folds its own links away. The style sheet places them."""
    with st.container(key="phone-links", horizontal=True, gap="small"):
        for page in pages:
            st.page_link(page, icon=None)


def draw_projector(state: Tab) -> None:
    """Large type for a lecture hall: everything is sized in rem, so one number is enough. Its switch, and its key."""

    def turned() -> None:
        state.projector = not state.projector

    page = st.session_state.get(PAGE, "")
    with st.container(key="projector-switch", horizontal=True, gap="small", width="content"):
        if page not in ("", "lab"):  # the Lab has its own, beside its buttons
            _draw_share(page)
        st.button(
            "Leave projector mode" if state.projector else "Projector",
            key="projector",
            icon=":material/close_fullscreen:" if state.projector else ":material/slideshow:",
            type="tertiary",
            shortcut="P",
            help="Large, for the last row of a lecture hall.",
            on_click=turned,
        )
    if state.projector:
        st.html(f"<style>:root {{ font-size: {PROJECTOR_ROOT} !important; }}</style>")
        st.html(STYLE / "projector.css")


def _draw_share(page: str) -> None:
    from pages.server.app_state import app_state
    from pages.ui.web.share.share import share

    with st.popover("Share", icon=":material/ios_share:", key="share-page", type="tertiary"):
        share(token=app_state().token, page=page)


def draw_notice(state: Tab) -> None:
    """A sentence about what went wrong, once."""
    if state.notice:
        st.warning(literal(state.notice), icon=":material/info:")
        state.notice = ""

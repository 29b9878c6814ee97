"""Class: what the teacher shows, live, and how the class has answered."""

from __future__ import annotations

import streamlit as st

from pages.classroom.taking import take_home
from pages.classroom.web.mount import class_view
from pages.server.app_state import app_state
from pages.server.class_start import reached_at
from pages.server.security.people import class_server, here
from pages.ui.belonging import draw_name
from pages.ui.chrome import draw_notice
from pages.ui.learning import QUESTIONS
from pages.ui.session import tab
from pages.ui.switches import draw_switches

GOTO = "ganscope.class.goto"


def taken(told: object) -> None:
    """Somebody takes home what is shown."""
    if goal := take_home(tab(), told):
        st.session_state[GOTO] = goal


teacher, screen = here().teacher, st.query_params.get("screen") == "1"
with st.container(key="class-desk" if teacher and not screen else "class-room"):
    with st.container(key="class-page"):
        draw_notice(tab())
        class_view(
            token=app_state().token, teacher=teacher, questions=st.session_state.get(QUESTIONS, {}), on_home=taken,
            hosts=reached_at(st.get_option("server.address")) if teacher else (),
            access=class_server().token if teacher else "",
        )  # fmt: skip
    if not screen:
        with st.container(key="class-below"):
            draw_name()
            with st.expander("What students may do", expanded=teacher):
                draw_switches()
if goal := st.session_state.pop(GOTO, None):
    path, query = goal
    st.switch_page(path, query_params=query)

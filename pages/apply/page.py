"""Apply: what a trained generator is good for. One workshop at a time, its jobs beside or below its form."""

from __future__ import annotations

import streamlit as st

from pages.apply.job_list import OPENED, draw_jobs
from pages.apply.kept import CHOSEN, begin_form, linked
from pages.apply.workshop import workshops
from pages.server.app_state import NotReady
from pages.ui.chrome import draw_notice, draw_projector
from pages.ui.history import browsed, write
from pages.ui.literal import literal
from pages.ui.session import tab, why_not, why_not_start

WIDGET = "apply-workshop"


def _turned() -> None:
    st.session_state[CHOSEN], st.session_state[OPENED] = st.session_state[WIDGET], ""


def draw_apply() -> None:
    state, found = tab(), {each.key: each for each in workshops()}
    draw_projector(state)
    with st.container(key="apply"):
        st.title("Apply")
        draw_notice(state)
        opened = CHOSEN not in st.session_state or browsed()
        if opened:
            st.session_state[CHOSEN] = st.query_params.get("workshop", "")
            st.session_state[OPENED] = st.query_params.get("job", "")
        if st.session_state[CHOSEN] not in found:
            st.session_state[CHOSEN] = next(iter(found))
        st.session_state[WIDGET] = st.session_state[CHOSEN]
        st.segmented_control(
            "Workshop", list(found), key=WIDGET, required=True, label_visibility="collapsed", on_change=_turned,
            format_func=lambda key: f":material/{found[key].icon}: {found[key].title}",
        )  # fmt: skip
        workshop = found[st.session_state[CHOSEN]]
        begin_form(workshop.key, opened)
        st.markdown(workshop.words)
        if refused := " ".join(filter(None, (why_not_start(), why_not("bring", "")))):
            st.caption(f":material/block: {literal(refused)}")
        with st.container(key="apply-body"):  # form and results lie beside each other where the screen is wide
            with st.container(key="apply-form"):
                workshop.draw()
            with st.container(key="apply-results"):
                draw_jobs(workshop.tasks, workshop.draw_outcome, workshop.draw_work)
        job = st.session_state.get(OPENED, "")
        write("apply", {"workshop": workshop.key, **({"job": job} if job else {}), **linked()}, {})


try:
    draw_apply()
except NotReady as problem:
    st.error(literal(problem))

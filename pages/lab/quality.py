"""Asking for an evaluation of the watched run: now, of any checkpoint, on as many samples as wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.server.app_state import app_state
from pages.server.jobs import Job
from pages.server.security.people import here
from pages.server.security.public import public
from pages.server.security.rights import demand
from pages.ui.literal import literal
from pages.ui.preset_match import makes_points
from pages.ui.session import Tab, manager, stop_work, why_not
from pages.ui.words import count

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView

SAMPLES = (500, 2_000, 5_000, 10_000)


def draw_quality(state: Tab, view: RunView | None) -> None:
    """Below the measures, which come by the channel: the button that takes them anew, and how far that is."""
    if view is None or not view.checkpoints or makes_points(view):  # points are measured all the time
        return
    job = app_state().jobs.get(_key(state.run))
    if job is not None and not job.done:
        _draw_job(state.run)
        return
    with st.container(key="quality", horizontal=True, vertical_alignment="center", gap="small"):
        refused = why_not("measure", view.owner)
        if refused:
            st.button("Evaluate", icon=":material/straighten:", key="evaluate-refused", disabled=True,
                      help=literal(refused))  # fmt: skip
        else:
            with st.popover("Evaluate", icon=":material/straighten:", key="evaluate"):
                _draw_choice(state, view)
        if job is not None and job.problem:
            st.markdown(f":material/info: {literal(job.problem)}")


def _draw_choice(state: Tab, view: RunView) -> None:
    st.markdown("Measures a checkpoint against real data, and once the untrained generator beside it.")
    steps = sorted({*view.checkpoints, 0}, reverse=True)
    step = st.selectbox("Checkpoint", steps, format_func=checkpoint_name, key="evaluate-step")
    if view.best_step in view.checkpoints:
        st.caption(f"The best so far: step {count(view.best_step)}.")
    samples = st.select_slider(
        "Samples", SAMPLES, value=SAMPLES[1], format_func=count, key="evaluate-samples",
        help="Only evaluations on equally many samples compare: the Fréchet distance falls with their number.",
    )  # fmt: skip
    chosen = (state, state.run, step, samples)
    st.button("Evaluate", key="evaluate-go", width="stretch", on_click=_start, args=chosen)


def checkpoint_name(step: int) -> str:
    return f"Step {count(step)}" if step else "Untrained"


def _key(run: str) -> str:
    return f"evaluate:{run}"


def _start(state: Tab, run: str, step: int, samples: int) -> None:
    runs = manager()
    try:
        demand(here(), "measure", runs.view(run).owner, run)
    except ValueError as problem:
        state.notice = public(problem)
        return

    def work(job: Job) -> None:
        runs.evaluate(run, step, samples=samples, progress=job.progress)

    app_state().jobs.start(_key(run), "The evaluation", work, here().id)


@st.fragment(run_every=0.5)
def _draw_job(run: str) -> None:
    """How far it is; the whole page is drawn again when it has ended."""
    job = app_state().jobs.get(_key(run))
    if job is None or job.done:
        st.rerun()
    else:
        refused = why_not("stop", job.owner)
        with st.container(key="evaluating", horizontal=True, vertical_alignment="center", gap="small"):
            st.progress(job.fraction, literal(job.words))
            st.button("Stop evaluating", key="stop-evaluating", icon=":material/close:",
                      on_click=stop_work, args=(job,), disabled=bool(refused),
                      help=literal(refused) or None)  # fmt: skip

"""Measures the chosen runs, all on as many samples so that they compare: the newest checkpoint and the best one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gan_core.data import DataUnavailable
from pages.compare.chosen import MOST_CHOSEN
from pages.server.app_state import app_state
from pages.server.jobs import Job
from pages.server.security.people import here
from pages.server.security.public import public
from pages.ui.literal import literal
from pages.ui.session import Tab, manager, stop_work

if TYPE_CHECKING:
    from gan_core.runs import RunManager

SAMPLES = 2_000
MEASURING = "compare_measuring"  # in the session: the key of the job that this tab has started


def begin(runs: list[str]) -> None:
    """Begin, in a thread, unless these runs are being measured. Raises ValueError where there is nothing to do."""
    work = [(run, step) for run in runs[:MOST_CHOSEN] for step in unmeasured(run)]
    if not work:
        raise ValueError(f"The chosen runs are measured on {SAMPLES:,} samples already, or have no checkpoint yet.")
    key, found = f"measure:{','.join(runs)}", manager()
    st.session_state[MEASURING] = key
    app_state().jobs.start(key, "Measuring the chosen runs", lambda job: measure(found, work, job), here().id)


def measure(runs: RunManager, work: list[tuple[str, int]], job: Job) -> None:
    """Evaluate each (run, step); those that cannot be do not keep the others, and end as a ValueError."""
    problems: dict[str, None] = {}
    for done, (run, step) in enumerate(work):

        def progress(share: float, _words: str, done: int = done) -> None:
            job.progress((done + share) / len(work), f"Measuring {done + 1} of {len(work)}")

        try:
            runs.evaluate(run, step, samples=SAMPLES, progress=progress)
        except (ValueError, OSError, DataUnavailable) as problem:
            problems[public(problem)] = None
    if problems:
        raise ValueError(" ".join(problems))


def unmeasured(run: str) -> list[int]:
    """The newest checkpoint of a run and its best one, as far as they have no evaluation on SAMPLES samples."""
    try:
        view = manager().view(run)
        known = {one.step for one in manager().evaluations(run) if one.samples == SAMPLES}
    except ValueError:  # deleted meanwhile
        return []
    wanted = {*view.checkpoints[-1:], *({view.best_step} & set(view.checkpoints))}
    return sorted(step for step in wanted if step is not None and step not in known)


def draw_measuring(state: Tab) -> None:
    """How far it is, with a way to stop; where it has ended, the page is drawn anew with what was found."""
    if st.session_state.get(MEASURING) is not None:
        _draw(state)


@st.fragment(run_every=0.5)
def _draw(state: Tab) -> None:
    key: str | None = st.session_state.get(MEASURING)
    if key is None:
        st.rerun()
    job = app_state().jobs.get(key)
    if job is not None and not job.done:
        with st.container(key="measuring", horizontal=True, vertical_alignment="center", gap="small"):
            st.progress(job.fraction, literal(job.words))
            st.button(
                "Stop measuring", key="stop-measuring", icon=":material/close:", on_click=stop_work, args=(job,)
            )
        return
    st.session_state.pop(MEASURING, None)
    if job is not None:
        app_state().jobs.forget(key)
        if job.problem:
            state.notice = job.problem
    st.rerun()

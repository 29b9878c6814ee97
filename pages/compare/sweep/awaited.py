"""What drives a sweep on a cluster, as the page sees it: whether it has begun, and what it could not do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import streamlit as st

from gan_core.runs.groups.sweeps import UnknownSweep
from pages.server.security.public import public
from pages.ui.literal import literal
from pages.ui.session import sweeps

if TYPE_CHECKING:
    from gan_core.runs.groups.sweep_file import Sweep

PATIENCE_SECONDS = 120.0  # for a process to begin, on a busy machine, and to reach the cluster
_STARTED = "compare_driver_started"  # in the session: sweep -> when it was asked to go on
NO_ANSWER = (
    "The process that drives the sweep has ended without a word; its log lies in .sweeps/driven of the runs folder."
)


def draw_awaited(awaited: str, begun: str) -> None:
    """Of a sweep that was asked for and is not there yet; `awaited` and `begun` are names in the session."""
    sweep = st.session_state[awaited]
    if problem := _what_became(sweep, awaited, begun):
        del st.session_state[awaited]
        st.session_state.pop(f"{awaited}-since", None)
        st.error(literal(public(problem)), icon=":material/block:")
    elif sweep == st.session_state.get(awaited):
        _draw_waiting(sweep, awaited, begun)


def _what_became(sweep: str, awaited: str, begun: str) -> str:
    """A problem, or ""; once the sweep is there the session says so."""
    since = st.session_state.setdefault(f"{awaited}-since", time.monotonic())
    try:
        sweeps().sweep(sweep)
    except UnknownSweep:
        problem = sweeps().driver(sweep).problem
        return problem or (NO_ANSWER if time.monotonic() - since > PATIENCE_SECONDS else "")
    except ValueError as damaged:
        return str(damaged)
    st.session_state[begun] = sweep
    del st.session_state[awaited], st.session_state[f"{awaited}-since"]
    return ""


@st.fragment(run_every=1.0)
def _draw_waiting(sweep: str, awaited: str, begun: str) -> None:
    if sweep == st.session_state.get(awaited) and not sweeps().driver(sweep).problem and not _is_there(sweep):
        st.caption(":material/hourglass_top: Connecting to the Ray cluster …")
        return
    st.rerun()


def _is_there(sweep: str) -> bool:
    try:
        sweeps().sweep(sweep)
    except ValueError:
        return False
    return True


def asked_to_go_on(sweep: str) -> None:
    """Its driver is on its way."""
    st.session_state.setdefault(_STARTED, {})[sweep] = time.monotonic()


def draw_driver(sweep: Sweep, left: bool) -> None:
    """What could not be done; left: whether there is anything to do for a driver."""
    place, started = sweeps().driver(sweep.id), st.session_state.get(_STARTED, {})
    if place.is_driven or not left:
        started.pop(sweep.id, None)
    elif problem := place.problem:
        started.pop(sweep.id, None)
        st.error(literal(public(problem)), icon=":material/block:")
    elif time.monotonic() - started.get(sweep.id, -PATIENCE_SECONDS) < PATIENCE_SECONDS:
        _draw_starting(sweep.id)


@st.fragment(run_every=1.0)
def _draw_starting(sweep: str) -> None:
    place = sweeps().driver(sweep)
    if place.is_driven or place.problem:
        st.rerun()
    st.caption(":material/hourglass_top: Connecting to the Ray cluster …")

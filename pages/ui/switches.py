"""What students may do, for the teacher to switch, and for students to read: a section of the class's page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from pages.server.security.people import class_server, here
from pages.server.security.public import public
from pages.server.security.rights import demand, may
from pages.server.security.switches import (
    LONGEST_SECONDS,
    MOST_AT_ONCE,
    PAGES,
    Switches,
    read_switches,
    write_switches,
)
from pages.ui.literal import literal

TITLES = {
    "explore": "Explore", "apply": "Apply", "compare": "Compare", "gallery": "Failures", "learn": "Learn",
    "data": "Data",
}  # fmt: skip
_TROUBLE = "ganscope.switches-trouble"
OWN = (
    "This server asks for no token: whoever opens it may do everything. For a class, start it with GANSCOPE_TOKEN "
    "and GANSCOPE_TEACHER_TOKEN."
)
NO_TEACHER = (
    "This server has no token for a teacher, so that nobody can set what students may do: everybody may begin runs, "
    "and what somebody has begun is theirs. Start it with GANSCOPE_TEACHER_TOKEN as well."
)


def draw_switches() -> None:
    """The switches, for a teacher; for everybody else what they say, in sentences."""
    server = class_server()
    if not server.token or not server.teacher:
        st.caption(NO_TEACHER if server.token else OWN)
        return
    now = read_switches(server.folder)
    if may(here(), "set switches"):
        st.markdown("\n".join(f"- {sentence}" for sentence in sentences(now)))
        return
    with st.container(key="switches"):
        _draw_starting(now)
        pages = _shown("switch-pages", list(now.pages))
        st.pills(
            "Pages that are open to students", PAGES, selection_mode="multi", format_func=TITLES.__getitem__,
            key=pages, on_change=lambda: _set(pages=tuple(name for name in PAGES if name in st.session_state[pages])),
            help="The Lab and this page are always open.",
        )  # fmt: skip
        bring = _shown("switch-bring", now.bring_files)
        st.toggle(
            "Students may bring files", key=bring, on_change=lambda: _set(bring_files=bool(st.session_state[bring])),
            help="Images, tables, generators and exported runs.",
        )  # fmt: skip
        if trouble := st.session_state.pop(_TROUBLE, ""):
            st.error(literal(trouble), icon=":material/block:")


def _draw_starting(now: Switches) -> None:
    start = _shown("switch-start", now.start_runs)
    st.toggle(
        "Students may start runs", key=start, on_change=lambda: _set(start_runs=bool(st.session_state[start])),
        help="Runs, branches, twins, sweeps and jobs. What is under way goes on.",
    )  # fmt: skip
    many, long = st.columns(2)
    most = _shown("switch-many", now.runs_at_once)
    many.number_input(
        "Runs of a student at a time", 0, MOST_AT_ONCE, step=1, key=most, disabled=not now.start_runs,
        on_change=lambda: _set(runs_at_once=int(st.session_state[most])), help="0: any number.",
    )  # fmt: skip
    seconds = _shown("switch-long", int(now.longest_seconds))
    long.number_input(
        "Longest run (seconds of training)", 0, int(LONGEST_SECONDS), step=60, key=seconds,
        disabled=not now.start_runs,
        on_change=lambda: _set(longest_seconds=float(st.session_state[seconds])), help="0: any length.",
    )  # fmt: skip


def _shown(key: str, value: object) -> str:
    """The key of a widget that shows what is in force, whoever set it."""
    st.session_state[key] = value
    return key


def _set(**changed: Any) -> None:
    try:
        demand(here(), "set switches")
        folder = class_server().folder
        write_switches(folder, replace(read_switches(folder), **changed))
    except (ValueError, OSError) as problem:
        st.session_state[_TROUBLE] = public(problem)


def sentences(now: Switches) -> list[str]:
    """What students may do, as they read it."""
    if now.start_runs:
        many = "as many runs at a time as you like" if not now.runs_at_once else (
            f"{now.runs_at_once} run{'s' * (now.runs_at_once > 1)} at a time"
        )  # fmt: skip
        length = f", each of at most {now.longest_seconds:,.0f} seconds" if now.longest_seconds else ""
        said = [f"You may have {many}{length}."]
    else:
        said = ["Starting runs is switched off for now; you can watch those that train."]
    said.append("You may bring files of your own." if now.bring_files else "Bringing files is switched off for now.")
    if shut := [TITLES[name] for name in PAGES if name not in now.pages]:
        said.append(f"Closed for now: {', '.join(shut)}.")
    return said

"""What a click in the gallery does: runs are started, and those that are no longer looked at are stopped."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import streamlit as st

from gan_core.runs.commands import Stop
from gan_core.runs.states import LIVE
from gan_core.training import RunConfig
from gan_core.training.configuration.gallery import GALLERY
from pages.server.security.public import public
from pages.ui.history import write
from pages.ui.session import Tab, manager

_KEY = "ganscope.gallery"


@dataclass
class Shown:
    """What this browser tab looks at: a scene's name and its runs' ids, each "" where there is none.

    turn: how many runs were asked for here. own: the runs that were started here.
    """

    scene: str = ""
    failing: str = ""
    fixed: str = ""
    turn: int = 0
    own: tuple[str, ...] = ()


def shown() -> Shown:
    """Kept for the tab; the first time what its address names."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Shown(*_asked())
    found: Shown = st.session_state[_KEY]
    return found


def reread() -> None:
    """The browser went back or forward: the view is what the address says."""
    now = shown()
    before = {now.failing, now.fixed}
    now.scene, now.failing, now.fixed = _asked()
    now.turn += 1
    stop(*before - {now.failing, now.fixed})


def _asked() -> tuple[str, str, str]:
    query = st.query_params
    return query.get("scene", ""), query.get("failing", ""), query.get("fixed", "")


def write_address(state: Tab) -> None:
    now = shown()
    pairs = {"scene": now.scene, "failing": now.failing, "fixed": now.fixed} if now.failing else {}
    query = {name: text for name, text in pairs.items() if text} | ({"projector": "1"} if state.projector else {})
    write("gallery", query, {})


def start(state: Tab, config: RunConfig, title: str) -> str:
    """A new run's id; "" where it cannot start, and the tab's notice says why."""
    try:
        run: str = manager().start(config, title=title)
    except (ValueError, OSError) as problem:
        state.notice = public(problem)
        return ""
    shown().own += (run,)
    return run


def stop(*runs: str) -> None:
    """Stop those that were started in this tab and still train: the device is for what is looked at."""
    for run in runs:
        if run not in shown().own:
            continue
        with contextlib.suppress(ValueError):
            if manager().view(run).state in LIVE:
                manager().send(run, Stop())


def open_scene(state: Tab, name: str, drawn: int) -> None:
    """Let a scene fail from its start. drawn: `turn` when the button was drawn, so that two clicks make one run."""
    now = shown()
    if drawn != now.turn:
        return
    now.turn += 1
    stop(now.failing, now.fixed)
    scene = GALLERY[name]
    if run := start(state, scene.config, scene.label):
        now.scene, now.failing, now.fixed = name, run, ""


def watch_again(state: Tab) -> None:
    """The scene once more, from its start."""
    open_scene(state, shown().scene, shown().turn)


def press_fix(state: Tab) -> None:
    """The same run with what helps. The failing one has shown what it had to show, and makes room for it."""
    now = shown()
    if now.fixed or not now.failing:
        return
    stop(now.failing)
    scene = GALLERY[now.scene]
    now.fixed = start(state, scene.fixed, f"{scene.label}, fixed")


def close() -> None:
    """Back to all scenes."""
    now = shown()
    stop(now.failing, now.fixed)
    now.scene = now.failing = now.fixed = ""

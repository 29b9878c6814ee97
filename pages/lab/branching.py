"""A branch from any moment of a run: at which step, with which settings, and what it takes to get there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeGuard

import streamlit as st

from gan_core.config.codec import differences, from_dict
from gan_core.training import RunConfig
from pages.ui.literal import literal
from pages.ui.session import Tab, manager, watch, why_not_start
from pages.ui.words import count, duration, path_label, plain, value_at

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView

Begin = Callable[[Tab, int, Callable[[], str]], None]
"""`controls.begin`: make a run and watch it, once for each drawing of the button."""

_ASKED = "branch-asked"  # the run and the step of the dialog that is open
_LOOKING = "branch-looking"  # the run and the step that are looked at while Branch is being opened
_OFFERED = "branch-offered"  # key -> the step that the form offered by itself


def draw_branch(state: Tab, view: RunView, begin: Begin) -> None:
    """The popover in the row of buttons, and the dialog that the button under the picture opens."""
    with st.popover("Branch", icon=":material/call_split:", key="branch"):
        st.markdown("A new run that goes on from any step of this one.")
        run, step = st.session_state.pop(_LOOKING, ("", -1))
        if run == view.id and 0 <= step <= view.step:
            st.session_state[_step_key("branch", view.id)] = step
        _draw_form(state, view, begin, "branch", int(view.checkpoints[-1] if view.checkpoints else view.step))
    run, step = st.session_state.get(_ASKED, ("", -1))
    if run == view.id and 0 <= step <= view.step:
        _dialog(state, view, begin, step)  # each time that the page is drawn: Streamlit closes it where it is not
    else:
        _closed()


def look_at(state: Tab, run: str, step: object) -> None:
    """Branch in the row of buttons is being opened while this step of a run is looked at."""
    if run == state.run and _is_step(step):
        st.session_state[_LOOKING] = run, step


def _is_step(step: object) -> TypeGuard[int]:
    """What a browser says is a step only if it is a whole number."""
    return isinstance(step, int) and not isinstance(step, bool)


def ask_for_branch(state: Tab, run: str, step: object) -> None:
    """The button under a picture was pressed."""
    if _is_step(step):
        st.session_state[_ASKED] = run, step
        if run != state.run:
            watch(state, run)  # the other twin


def _closed() -> None:
    st.session_state.pop(_ASKED, None)


@st.dialog("Branch from here", icon=":material/call_split:", on_dismiss=_closed)
def _dialog(state: Tab, view: RunView, begin: Begin, step: int) -> None:
    st.markdown("A new run that goes on from this moment of the run.")
    if _draw_form(state, view, begin, "branch-here", step):
        _closed()
        st.rerun()


def _draw_form(state: Tab, view: RunView, begin: Begin, scope: str, default: int) -> bool:
    """Whether the branch was started just now."""
    key = _step_key(scope, view.id, default if scope == "branch-here" else None)
    most, offered = max(int(view.step), default), st.session_state.setdefault(_OFFERED, {})
    shown = st.session_state.get(key, -1)
    if not 0 <= shown <= most or shown == offered.get(key):  # nobody has chosen another
        st.session_state[key] = offered[key] = default
    step = int(st.number_input("At step", min_value=0, max_value=most, step=1, key=key))
    st.caption(literal(way_words(view, step)))
    pairs = differences(state.config, from_dict(RunConfig, view.config))
    if state.config.backend == "auto":  # nobody chose one: a branch has its parent's, where that serves it
        pairs.pop("backend", None)
    words = f"With {len(pairs)} setting{'s' * (len(pairs) > 1)} of the panel changed"
    listed = ", ".join(f"{path_label(state.config, path)}: {plain(text)}" for path, text in pairs.items())
    own = bool(pairs) and st.toggle(words, value=True, key=f"{scope}-own", help=literal(listed))
    changes = {path: value_at(state.config, path) for path in pairs} if own else {}
    if not pairs:
        st.caption("It repeats this run, unless the panel is set to something else first.")
    refused = why_not_start()
    return st.button(
        "Start the branch",
        key=f"{scope}-go",
        type="primary",
        width="stretch",
        on_click=begin,
        args=(state, state.begun, lambda: manager().branch(view.id, step, changes)),
        disabled=bool(refused),
        help=literal(refused) or None,
    )


def _step_key(scope: str, run: str, step: int | None = None) -> str:
    """One for each run; of the dialog, one for each of its steps."""
    return f"{scope}-step:{run}:{'' if step is None else step}"


def way_words(view: RunView, step: int) -> str:
    """From where the branch gets to its step, and how long that takes about."""
    before = [kept for kept in view.checkpoints if kept <= step]
    again = step - (before[-1] if before else 0)
    if step == 0 and not before:
        return "The very beginning, with the same seed: nothing is trained again."
    if not again:
        return "A checkpoint of this very step is kept: the branch starts at once."
    seconds = again * view.elapsed_seconds / max(1, view.step)
    start = f"the checkpoint at step {count(before[-1])}" if before else "the beginning"
    steps = f"{count(again)} step{'s' * (again > 1)}"
    return f"From {start}, {steps} are trained again first, exactly as in this run: about {duration(seconds)}."

"""What one browser tab works with: the configuration in its panel, the run it watches, and both in its URL.

The configuration stands under a key of its own, not in widgets, because widgets' values are lost on a page switch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import streamlit as st

from gan_core.config.codec import ConfigError, apply_sets, differences, from_dict, get_at, replace_at
from gan_core.runs.commands import Change, Pace
from gan_core.training import RunConfig, preset
from gan_core.training.configuration.presets import DEFAULT
from pages.server.app_state import app_state
from pages.server.security.public import public
from pages.ui.history import browsed, write
from pages.ui.learning import OF_LESSONS

if TYPE_CHECKING:
    from gan_core.runs import RunManager
    from gan_core.runs.snapshot import RunView

_KEY = "ganscope.tab"
PENDING_SECONDS = 3.0
OF_EXPLORE = ("model", "step", "look", "tool", "quiz")  # what the Explore page says of itself in the address
OF_COMPARE = ("tab", "runs")
OF_GALLERY = ("scene", "failing", "fixed")
OF_APPLY = ("workshop", "job")
OF_ALL = ("projector", "code", "view")  # what is the tab's own on every page
ELSEWHERE = (*OF_EXPLORE, *OF_COMPARE, *OF_GALLERY, *OF_APPLY, *OF_LESSONS)
VIEWS = {"full": True, "simple": False}  # what "view" in a link says


@dataclass
class Tab:
    """One tab's state.

    full: every setting and measure is shown, not only what a newcomer needs. steering: the panel sets the run that is
    watched, not the next one. own: the next one's settings were changed by hand; until then they follow the watched
    run. notice: a sentence to show once. remark: a quiet one, until the next change. code: whether the settings are
    shown as a script. begun: how many runs were asked for here. pending: live changes under way. pace: the seconds a
    step last asked for, and when. speed: those that the next run begins with.
    """

    preset: str
    config: RunConfig
    run: str = ""
    projector: bool = False
    full: bool = False
    steering: bool = True
    own: bool = False
    notice: str = ""
    remark: str = ""
    code: bool = False
    begun: int = 0
    pending: dict[str, tuple[object, float]] = field(default_factory=dict)
    pace: tuple[float, float] = (0.0, -math.inf)
    speed: float = 0.0


def manager() -> RunManager:
    """The run manager; waits while the engine starts. Raises NotReady."""
    return app_state().manager()


def tab() -> Tab:
    """This tab's state, read from its URL the first time."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = from_url(st.query_params.to_dict())
    found: Tab = st.session_state[_KEY]
    return found


def lab_tab() -> Tab:
    """This tab's state in the Lab, which the browser's Back and Forward change too."""
    state = tab()
    if browsed():
        found = from_url(st.query_params.to_dict())
        found.begun = state.begun
        st.session_state[_KEY] = state = found
    return state


def from_url(query: Mapping[str, str]) -> Tab:
    """The tab that a URL describes; what is wrong with it becomes the notice, and the default view is shown."""
    pairs = {name: text for name, text in query.items() if name not in ELSEWHERE}
    if "workshop" in query:  # whose form has names of its own
        pairs = {name: text for name, text in pairs.items() if name in OF_ALL}
    projector = pairs.pop("projector", "") == "1"
    code = pairs.pop("code", "") == "1"
    run, view_name = pairs.pop("run", ""), pairs.pop("view", "")
    full = VIEWS.get(view_name, _opens_full(run, pairs))
    fresh = Tab(DEFAULT, preset(DEFAULT).config, projector=projector, full=full, code=code)
    try:
        if run:
            view = manager().view(run)
            return Tab(
                view.preset or DEFAULT,
                for_next_run(from_dict(RunConfig, view.config)),
                run,
                projector,
                full,
                code=code,
            )
        name = pairs.pop("preset", DEFAULT)
        return Tab(name, apply_sets(preset(name).config, pairs), projector=projector, full=full, code=code)
    except ValueError as problem:
        fresh.notice = f"The link cannot be opened as it is: {public(problem)}"
        return fresh


def to_url(state: Tab) -> dict[str, str]:
    """The query of this tab's address: the run it watches, else the preset and what differs from it."""
    query = {"run": state.run} if state.run else config_query(state.preset, state.config)
    return (
        with_view(query, state.full)
        | ({"projector": "1"} if state.projector else {})
        | ({"code": "1"} if state.code else {})
    )


def with_view(query: Mapping[str, str], full: bool) -> dict[str, str]:
    """A link that opens in this view; it says so only where it would open in the other one by itself."""
    usual = _opens_full(query.get("run", ""), query)
    return {**query, **({} if full == usual else {"view": "full" if full else "simple"})}


def _opens_full(run: str, pairs: Mapping[str, str]) -> bool:
    """A link that names a run or a setting, as links did before there were two views, shows them."""
    return bool(run or set(pairs) - {"preset"})


def config_query(name: str, config: RunConfig) -> dict[str, str]:
    """Preset and differences: opens the same panel on any machine."""
    try:
        base = preset(name).config
    except ConfigError:
        name, base = DEFAULT, preset(DEFAULT).config
    return {"preset": name, **differences(config, base)}


def write_url(state: Tab) -> None:
    write("lab", to_url(state), to_url(Tab(DEFAULT, preset(DEFAULT).config)))


def watch(state: Tab, run: str) -> None:
    """Turn to a run ("": to none, with the panel as it is)."""
    state.run, state.steering, state.own, state.pending, state.remark = run, True, False, {}, ""
    state.pace = 0.0, -math.inf
    if run:
        view, asked = manager().view(run), state.config.backend
        state.preset, state.config = (
            view.preset or state.preset,
            for_next_run(from_dict(RunConfig, view.config), asked),
        )


def for_next_run(config: RunConfig, asked: str = "auto") -> RunConfig:
    """A run's settings as the next one is asked for them: with the fastest backend, where none was chosen by hand.

    asked: what the panel had before. What was at hand when the run began need not be all that is at hand now.
    """
    by_hand = asked != "auto" or config.backend == "inductor"
    return config if by_hand else replace(config, backend="auto")


def send_change(state: Tab, path: str, value: object) -> None:
    """A live field of the watched run; shown as set until the run says so itself."""
    try:
        manager().send(state.run, Change(path, value))
        state.pending[path] = (value, time.monotonic())
    except ValueError as problem:
        state.notice = public(problem)


def send_pace(state: Tab, seconds_per_step: float) -> None:
    """How fast the watched run may go; shown as set until the run says so itself."""
    try:
        manager().send(state.run, Pace(seconds_per_step))
        state.pace = seconds_per_step, time.monotonic()
    except ValueError as problem:
        state.notice = public(problem)


def pace_in_force(state: Tab, view: RunView) -> float:
    """Seconds a step of the watched run; 0 is full speed."""
    asked, since = state.pace
    under_way = time.monotonic() - since < PENDING_SECONDS
    return asked if under_way else float(view.seconds_per_step)


def config_in_force(state: Tab, view: RunView) -> RunConfig:
    """The watched run's configuration, with the changes that it has not taken up yet."""
    config = from_dict(RunConfig, view.config)
    now = time.monotonic()
    for path, (value, since) in list(state.pending.items()):
        if get_at(config, path) == value or now - since > PENDING_SECONDS:
            del state.pending[path]
        else:
            config = replace_at(config, path, value)
    return config

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

from gan_core.config.codec import ConfigError, differences, from_dict, get_at, replace_at
from gan_core.runs.commands import Change, Pace
from gan_core.training import RunConfig, preset
from gan_core.training.configuration.presets import DEFAULT
from gan_core.training.scenes.scene import PLACES, SPEEDS, Scene
from gan_core.training.scenes.scene_link import LOOKED, from_query, opens_full
from pages.server.app_state import app_state
from pages.server.security.allowance import why_not_begin
from pages.server.security.guarded import guarded, guarded_jobs, guarded_sweeps
from pages.server.security.people import here
from pages.server.security.public import public
from pages.server.security.rights import demand, may
from pages.ui.history import PAGE, browsed, write
from pages.ui.learning import OF_LESSONS

if TYPE_CHECKING:
    from gan_core.runs import RunManager
    from gan_core.runs.groups.sweeps import Sweeps
    from gan_core.runs.jobs import JobManager
    from gan_core.runs.snapshot import RunView
    from pages.server.jobs import Job

_KEY = "ganscope.tab"
PENDING_SECONDS = 3.0
RUN_ELSEWHERE = "The run of this scene is not on this server. Train makes the same one, from its settings."
NOT_AS_MADE = (
    "The settings of this scene are not those it was made with: it was edited, or a preset is another in this "
    "version. Its runs are other ones."
)
OF_APPLY = ("workshop", "job")
ELSEWHERE = (*(name for names in PLACES.values() for name in names or ()), *OF_APPLY, *OF_LESSONS, *LOOKED)
OF_ALL = ("projector", "code", "view")  # what is the tab's own on every page
VIEWS = {"full": True, "simple": False}  # what "view" in a link says


@dataclass
class Tab:
    """One tab's state.

    full: every setting and measure is shown, not only what a newcomer needs. steering: the panel sets the run that is
    watched, not the next one. own: the next one's settings were changed by hand; until then they follow the watched
    run. notice: a sentence to show once. remark: a quiet one, until the next change. code: whether the settings are
    shown as a script. begun: how many runs were asked for here. pending: live changes under way. pace: the seconds a
    step last asked for, and when. speed: those that the next run begins with. only: the controls that a scene shows,
    () for all; locked: it leads to no others; title: what it is called. advanced: the panel's rarer fields are shown.
    device, processes: on what the next run trains, as of `RunManager.start`.
    elsewhere: runs that begin or go on are handed to another machine, where the server knows how.
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
    only: tuple[str, ...] = ()
    locked: bool = False
    title: str = ""
    advanced: bool = False
    device: str = ""
    processes: int = 1
    elsewhere: bool = False

    def shows(self, *controls: str) -> bool:
        """Whether the scene shows one of these controls; without one that chooses, all are shown."""
        return not self.only or any(name in self.only for name in controls)


def manager() -> RunManager:
    """The run manager, as who looks at the page may use it; waits while the engine starts. Raises NotReady."""
    return guarded(app_state().manager(), here())


def job_manager() -> JobManager:
    """Likewise for jobs."""
    return guarded_jobs(app_state().manager(), app_state().job_manager(), here())


def sweeps() -> Sweeps:
    """Likewise for sweeps."""
    return guarded_sweeps(app_state().manager(), here())


def why_not(action: str, owner: str) -> str:
    """Why who looks at the page may not do this to a thing of this owner, to be said beside it; "" where they may."""
    return may(here(), action, owner)


def stop_work(job: Job) -> None:
    """Stop what works in the background, where it was begun by who looks at the page."""
    try:
        demand(here(), "stop", job.owner, job.label)
        job.cancel()
    except ValueError as problem:
        tab().notice = public(problem)


def why_not_start(runs: int = 1) -> str:
    """Why who looks at the page may not begin so many runs now; "" where they may."""
    person = here()
    return "" if person.teacher else why_not_begin(app_state().manager(), person, runs)


def tab() -> Tab:
    """This tab's state, read from its URL the first time."""
    if _KEY not in st.session_state:
        query = st.query_params.to_dict()
        if st.session_state.get(PAGE, "") not in (
            "",
            "lab",
        ):  # another page's address, in which names mean other things
            query = {name: text for name, text in query.items() if name == "projector"}
        st.session_state[_KEY] = from_url(query)
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
    projector, code = (pairs.get(name, "") == "1" for name in ("projector", "code"))
    full = VIEWS.get(pairs.get("view", ""), opens_full(pairs.get("run", ""), pairs))
    try:
        scene = from_query("lab", pairs)
        found = _with_run(Tab(scene.preset, scene.config, projector=projector, code=code), scene)
    except ValueError as problem:
        found = Tab(DEFAULT, preset(DEFAULT).config, projector=projector, full=full, code=code)
        found.notice = f"The link cannot be opened as it is: {public(problem)}"
        return found
    found.full, found.advanced, found.title = full, scene.view.advanced, scene.title
    found.only, found.locked, found.speed = scene.controls, scene.locked, SPEEDS[scene.speed]
    return found


def _with_run(found: Tab, scene: Scene) -> Tab:
    """Turned to the scene's run; where that is not here, to its settings. Raises ValueError where it has none."""
    if not scene.is_as_made:
        found.notice = NOT_AS_MADE
    if not scene.run:
        return found
    try:
        view = manager().view(scene.run)
    except ValueError:
        if not scene.same:
            raise
        found.notice = found.notice or RUN_ELSEWHERE
        return found
    config = for_next_run(from_dict(RunConfig, view.config))
    return replace(found, preset=view.preset or DEFAULT, config=config, run=scene.run, notice="")


def to_url(state: Tab) -> dict[str, str]:
    """The query of this tab's address: the run it watches, else the preset and what differs from it."""
    query = {"run": state.run} if state.run else config_query(state.preset, state.config)
    flags = {"projector": state.projector, "code": state.code, "advanced": state.advanced, "locked": state.locked}
    speed = next((name for name, seconds in SPEEDS.items() if seconds == state.speed), "full")
    texts = {
        "only": ",".join(state.only),
        "title": state.title,
        "speed": "" if speed == "full" or state.run else speed,
    }
    return (
        with_view(query, state.full)
        | {name: "1" for name, on in flags.items() if on}
        | {name: text for name, text in texts.items() if text}
    )


def with_view(query: Mapping[str, str], full: bool) -> dict[str, str]:
    """A link that opens in this view; it says so only where it would open in the other one by itself."""
    usual = opens_full(query.get("run", ""), query)
    return {**query, **({} if full == usual else {"view": "full" if full else "simple"})}


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
        view, asked = manager().view(run), state.config
        state.preset, state.config = (
            view.preset or state.preset,
            for_next_run(from_dict(RunConfig, view.config), asked),
        )


def for_next_run(config: RunConfig, asked: RunConfig | None = None) -> RunConfig:
    """A run's settings as the next one is asked for them: what suits the machine, where nothing was chosen by hand.

    asked: what the panel had before. What was at hand when the run began need not be all that is at hand now.
    """
    if config.backend != "inductor" and (asked is None or asked.backend == "auto"):
        config = replace(config, backend="auto")
    return replace(config, precision="auto") if asked is not None and asked.precision == "auto" else config


def send_change(state: Tab, path: str, value: object) -> None:
    """A live field of the watched run; shown as set until the run says so itself."""
    try:
        manager().send(state.run, Change(path, value))
        state.pending[path] = (value, time.monotonic())
    except (ValueError, OSError) as problem:  # the folder of one that another machine trains may be full
        state.notice = public(problem)


def send_pace(state: Tab, seconds_per_step: float) -> None:
    """How fast the watched run may go; shown as set until the run says so itself."""
    try:
        manager().send(state.run, Pace(seconds_per_step))
        state.pace = seconds_per_step, time.monotonic()
    except (ValueError, OSError) as problem:
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

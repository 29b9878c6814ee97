"""Sweeps: many runs that differ in a few fields, side by side while they train."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from gan_core.config.codec import ConfigError, spec_at
from gan_core.measure.image_measures import IMAGE_MEASURES
from gan_core.measure.plane import PLANE_MEASURES
from gan_core.runs.groups.sweep_measures import measure, unmeasured
from gan_core.runs.groups.sweeps import to_be_trained
from gan_core.runs.states import LIVE
from pages.compare.chosen import MOST_CHOSEN, choose
from pages.compare.sweep.awaited import asked_to_go_on, draw_awaited, draw_driver
from pages.compare.sweep.cluster_form import resources
from pages.compare.sweep.sweep_form import AWAITED, BEGUN, FIRST_MEASURE, draw_form
from pages.compare.web.sweep import sweep_view
from pages.server.app_state import app_state
from pages.server.http.sweep_routes import SHOWN_POINTS, packed
from pages.server.preview import real_points, shows_points
from pages.server.security.people import here
from pages.server.security.public import public
from pages.server.security.rights import demand
from pages.ui.choices import distinct, made_name, meant, named
from pages.ui.literal import literal
from pages.ui.session import Tab, manager, sweeps, watch, why_not
from pages.ui.words import count, path_label

if TYPE_CHECKING:
    from gan_core.measure.image_measures import ImageMeasure
    from gan_core.measure.plane import PlaneMeasure
    from gan_core.runs.groups.sweep_file import Member, Sweep
    from gan_core.runs.snapshot import RunView
    from gan_core.training import RunConfig

WATCHED = "compare_sweep"  # in the session: the sweep that is looked at


def draw(state: Tab) -> None:
    known = sweeps().all()
    if st.session_state.get(AWAITED):
        draw_awaited(AWAITED, BEGUN)
        known = sweeps().all()
    begun = st.session_state.pop(BEGUN, "")
    if begun:
        st.session_state[WATCHED] = begun
    # A key for each number of sweeps: once one has begun, the form folds itself.
    with st.expander("New sweep", expanded=not known, icon=":material/add:", key=f"sweep-new-{len(known)}"):
        draw_form(state, sweeps())
    if not known:
        st.info(
            "A sweep trains the same run with several values of a few settings and shows all of them side by side: "
            "which learning rate covers all modes, how much the seed matters. Small dense networks train together in "
            "one step."
        )
        return
    found = {sweep.id: sweep for sweep in known}
    said = named(WATCHED, distinct({one.id: _name(one) for one in known}))
    st.session_state[WATCHED] = meant(WATCHED, st.session_state.get(WATCHED))
    if st.session_state[WATCHED] not in found:
        st.session_state[WATCHED] = next(iter(found))
    if len(found) > 1:
        st.selectbox("Sweep", list(found), key=WATCHED, format_func=said)
    _draw_sweep(state, found[st.session_state[WATCHED]], several=len(found) > 1)


def _name(sweep: Sweep) -> str:
    return f"{made_name(sweep)} · {count(len(sweep.members))} runs"


def _draw_sweep(state: Tab, sweep: Sweep, *, several: bool) -> None:
    views = sweeps().views(sweep)
    config = next((manager().config(view.id) for view in views if view is not None), None)
    if config is None:
        st.info("All runs of this sweep have been deleted.")
        st.button("Remove the sweep from the list", on_click=_do, args=("forget", sweep.id))
        return
    if not several:  # else the choice says its name
        st.markdown(f"**{literal(_name(sweep))}**")
    st.markdown(f":gray[{literal(_about(sweep, config))}]")
    if sweep.cluster is not None:
        draw_driver(sweep, any(view is not None and to_be_trained(view) for view in views))
    _draw_actions(sweep, views)
    if app_state().jobs.get(f"sweep:{sweep.id}") is not None:
        _draw_measuring(sweep.id)
    _draw_members(state, sweep, views, config)


def _about(sweep: Sweep, config: RunConfig) -> str:
    fields = [f"{path_label(config, axis.path)}: {', '.join(axis.values) or f'{axis.low:g} to {axis.high:g}'}"
              for axis in sweep.axes]  # fmt: skip
    if len(sweep.seeds) > 1:
        fields.append(f"{len(sweep.seeds)} seeds")
    drawn = f"{sweep.draws} combinations drawn at random" if sweep.draws else ""
    if sweep.cluster is not None:
        how = f"each on {resources(sweep.cluster)} of a Ray cluster" + ", bad ones stopped early" * bool(
            sweep.cluster.reduction
        )
    elif sweep.together == len(sweep.members):
        how = "all trained together in one step"
    elif sweep.together:
        how = f"{sweep.together} trained together in one step, the others one after another"
    else:
        how = "trained one after another"
    return " · ".join(part for part in (*fields, drawn, how) if part)


def _draw_actions(sweep: Sweep, views: list[RunView | None]) -> None:
    """Of all members at once; what can be done now."""
    there = [view for view in views if view is not None]
    states = {view.state for view in there}
    resting = [
        view for view in there
        if view.state in ("paused", "stopped", "interrupted", "failed") and not view.stopped_early
    ]  # fmt: skip
    refused = why_not("change", sweep.owner)
    locked: dict[str, Any] = {"disabled": True, "help": literal(refused)} if refused else {}
    with st.container(horizontal=True, key="sweep-actions"):
        if "running" in states:
            st.button(
                "Pause all", icon=":material/pause:", key="sweep-pause", on_click=_do, args=("pause", sweep.id),
                **locked,
            )  # fmt: skip
        if resting:
            word = "Go on" if "paused" in states else f"Resume {len(resting)}"
            st.button(word, icon=":material/play_arrow:", key="sweep-on", on_click=_do, args=("go_on", sweep.id),
                      **locked)  # fmt: skip
        if states & LIVE:
            st.button("Stop all", icon=":material/stop:", key="sweep-stop", on_click=_do, args=("stop", sweep.id),
                      **locked)  # fmt: skip
        runs = [view.id for view in there][:MOST_CHOSEN]
        st.button(
            f"Compare {'them' if len(runs) == len(there) else f'the first {len(runs)}'}", icon=":material/checklist:",
            key="sweep-compare", on_click=lambda: choose(runs),
            help="Makes these the runs of the other tabs: their curves, samples and settings.",
        )  # fmt: skip
        measuring = app_state().jobs.get(f"sweep:{sweep.id}") is not None
        if not measuring and (lacking := unmeasured(manager(), [view.id for view in there])):
            st.button(
                f"Measure {len(lacking)}", icon=":material/straighten:", key="sweep-measure",
                on_click=_measure, args=(sweep.id, lacking), disabled=bool(refused),
                help=literal(refused) or "How far what they make is from real images: all on as "
                "many samples, so that they compare.",
            )  # fmt: skip
        if not states & LIVE:
            st.button(
                "Remove from the list", key="sweep-forget", type="tertiary", on_click=_do, args=("forget", sweep.id),
                disabled=bool(refused),
                help=literal(refused) or "The sweep goes from this list; its runs stay among the runs.",
            )  # fmt: skip


def _measure(sweep: str, runs: list[str]) -> None:
    found = manager()
    try:
        for run in runs:
            demand(here(), "measure", found.view(run).owner, run)
    except ValueError as problem:
        st.toast(literal(public(problem)), icon=":material/error:")
        return
    app_state().jobs.start(
        f"sweep:{sweep}", "Measuring the sweep", lambda job: measure(found, runs, job.progress), here().id
    )


@st.fragment(run_every=1.0)
def _draw_measuring(sweep: str) -> None:
    job = app_state().jobs.get(f"sweep:{sweep}")
    if job is None:
        return
    if not job.done:
        st.progress(job.fraction, text=literal(job.words[:1].upper() + job.words[1:]))
        return
    app_state().jobs.forget(f"sweep:{sweep}")
    if job.problem:
        st.toast(literal(job.problem), icon=":material/error:")
    st.rerun()


def _do(what: str, sweep: str) -> None:
    try:
        getattr(sweeps(), what)(sweep)
        if what == "go_on" and sweeps().sweep(sweep).cluster is not None:
            asked_to_go_on(sweep)
    except (ValueError, OSError) as problem:
        st.toast(literal(public(problem)), icon=":material/error:")


def _draw_members(state: Tab, sweep: Sweep, views: list[RunView | None], config: RunConfig) -> None:
    def opened() -> None:
        run = st.session_state["sweep-view"].get("open")
        if isinstance(run, str) and run in {member.run for member in sweep.members}:
            watch(state, run)
            st.session_state["compare_sweep_open"] = True

    sweep_view(
        token=app_state().token,
        sweep=sweep.id,
        axes=[_axis(config, axis.path) for axis in sweep.axes] + _seed_axis(sweep),
        members=[_member(sweep, member, config) for member in sweep.members],
        measures=measures_of(config),
        real=_real(config),
        signature="|".join("gone" if view is None else view.state for view in views),
        projector=state.projector,
        on_moved=lambda: None,
        on_open=opened,
    )
    if st.session_state.pop("compare_sweep_open", False):
        st.switch_page("lab/page.py")


def _axis(config: RunConfig, path: str) -> dict[str, Any]:
    spec = spec_at(config, path)
    return {
        "path": path, "label": path_label(config, path), "short": _short(config, path), "unit": spec.unit,
        "log": spec.scale == "log",
    }  # fmt: skip


def _seed_axis(sweep: Sweep) -> list[dict[str, Any]]:
    several = len(sweep.seeds) > 1
    return (
        [{"path": "seed", "label": "Seed", "short": "Seed", "unit": "", "log": False}]
        if several and not sweep.axes
        else []
    )


def _member(sweep: Sweep, member: Member, config: RunConfig) -> dict[str, Any]:
    return {
        "run": member.run,
        "values": member.values,
        "numbers": {path: _number(text) for path, text in member.values.items()},
        "words": ", ".join(
            f"{_short(config, path)} {text}".replace(" ", "\u00a0") for path, text in member.values.items()
        ),
    }


def _short(config: RunConfig, path: str) -> str:
    """A field in a few letters: "G lr", "Loss"."""
    head, _, last = path.rpartition(".")
    player = {"g_optimizer": "G ", "generator": "G ", "d_optimizer": "D ", "discriminator": "D "}.get(head, "")
    if player and last == "lr":
        return f"{player}lr"
    try:
        return player + (spec_at(config, path).label or last)
    except ConfigError:
        return last


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def measures_of(config: RunConfig) -> list[dict[str, Any]]:
    """What runs of this configuration are measured by, the one to look at first in front."""
    data = config.data
    kinds: list[PlaneMeasure | ImageMeasure] = [*IMAGE_MEASURES]
    if points := shows_points(data):
        kinds = [m for m in PLANE_MEASURES if data.modes() is not None or not m.needs_modes]
    kinds.sort(key=lambda m: m.name != FIRST_MEASURE[points])
    better = {True: "high", False: "low", None: ""}
    return [
        {"name": m.name, "label": m.label, "unit": m.unit, "better": better[m.higher_is_better]} for m in kinds
    ]  # fmt: skip


def _real(config: RunConfig) -> str:
    """The real points, as the cards want them; "" for pictures."""
    if not shows_points(config.data):
        return ""
    found = real_points(config.data)
    points = np.frombuffer(base64.b64decode(found["points"]), "<f4").reshape(-1, 2)
    return packed(points[:SHOWN_POINTS], tuple(found["extent"]))

"""The Lab's left side: what is learned from, and then two sliders, or every setting."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from gan_core.data import datasets
from gan_core.training import PRESETS, RunConfig, cautions
from pages.lab.next_run.choosing import draw_kind, draw_thumbnails
from pages.lab.next_run.devices import draw_devices
from pages.lab.next_run.only import draw_only, draw_way_out
from pages.server.preview import shows_points
from pages.server.security.people import here
from pages.ui.choices import show, two_ways
from pages.ui.fetching import draw_fetch
from pages.ui.fields.panel import Drawing, draw_fields, draw_live_fields, draw_paces
from pages.ui.fields.widget_values import Changed
from pages.ui.literal import literal
from pages.ui.preset_match import as_preset, hidden_fields, presets_like
from pages.ui.session import Tab, manager, send_change
from pages.ui.words import compact, count, duration, path_label, plain

_SHOWN_CHANGES = 6


def draw_setup(state: Tab, live: bool, config: RunConfig, changed: Changed, *, steering: bool) -> None:
    """live: the watched run trains here, so the panel may set it or the next one; steering: it sets the run."""
    if state.only:
        draw_only(state, config, changed, steering=steering)
        if state.shows("preset") and not steering:
            _draw_preset(state)
        draw_way_out(state)
        if not steering:
            _draw_obstacles(config)
        return
    if not state.full or not steering:
        draw_kind(state, "kind")
        draw_thumbnails(state)
    if not state.full:
        draw_paces(config, "steer" if steering else "next", changed, running=steering)
        if not steering:  # last: nothing moves when it goes
            _draw_obstacles(config)
        return
    if live:
        _draw_mode(state)
    if steering:
        _draw_changes(state, config)
        draw_live_fields(config, changed)
        return
    _draw_preset(state)
    if state.remark:
        st.caption(f":material/info: {literal(state.remark)}")
    cost = st.container(key="cost")
    draw_devices(state)
    points = shows_points(config.data)
    draw_fields(config, Drawing("next", changed, state.advanced, hidden=hidden_fields(config), points=points))
    _draw_advanced_switch(state)
    with cost:  # last: the first estimate of a network takes a moment
        _draw_cost(config)


def draw_full_switch(state: Tab) -> None:
    """On top of the panel, in both views at the same place: what was pressed stays under the pointer."""
    show("full", state.full)

    def turned() -> None:
        state.full = bool(st.session_state["full"])

    st.toggle("All settings", key="full", on_change=turned, help="Every setting, curve and measure there is.")


def _draw_advanced_switch(state: Tab) -> None:
    show("advanced", state.advanced)

    def turned() -> None:
        state.advanced = bool(st.session_state["advanced"])

    st.toggle("Advanced fields", key="advanced", on_change=turned, help="Show the fields that are rarely changed.")


def _draw_mode(state: Tab) -> None:
    """While a run trains the panel steers it, or prepares the one after it."""

    def turned(steering: bool) -> None:
        state.steering = steering

    two_ways("The panel sets", "mode", {True: "This run", False: "Next run"}, state.steering, turned)
    if state.steering:
        st.caption(":green[:material/bolt:] These act on the run within a second. Anything else is for the next run.")
    else:
        st.caption("The run that trains now is left alone; Train puts this one in the queue behind it.")


def _draw_preset(state: Tab) -> None:
    st.session_state["preset"] = shown = state.preset

    def as_it_is() -> None:
        state.config, state.remark = as_preset(state.preset, state.config, manager().data_dir), ""

    def picked() -> None:
        if st.session_state["preset"] != shown:  # else the widget only came back, as it was drawn
            state.preset = st.session_state["preset"]
            as_it_is()

    names = presets_like(state.preset)
    st.selectbox("Preset", names, format_func=lambda n: PRESETS[n].label, key="preset", on_change=picked)
    st.caption(PRESETS[state.preset].help)
    original = as_preset(state.preset, state.config, manager().data_dir)
    resolved = replace(manager().resolved(original), backend=original.backend)
    if state.config not in (original, resolved):  # a run records what "auto" became
        st.button(
            "Back to the preset as it is", key="reset", type="tertiary", icon=":material/undo:", on_click=as_it_is
        )


def _draw_obstacles(config: RunConfig) -> bool:
    """What stands in the way of Train, and the way around it; whether anything does."""
    if getattr(config.data, "strokes", None) == "":  # as much room as the cost takes: the pad stays where it is
        st.markdown("**Nothing is drawn yet**  \n:gray[One stroke on the stage is enough]")
        return True
    found = manager().problems(config)
    for sentence in found:
        st.error(literal(sentence), icon=":material/block:")
    info = config.data.info(manager().data_dir)
    if info.needs_download:
        name = datasets.name_of(config.data)
        draw_fetch(name, datasets.get(name).label, config.data, info)
    return bool(found)


def _draw_cost(config: RunConfig) -> None:
    if _draw_obstacles(config):
        return
    for sentence in (*cautions(config), *manager().budget_cautions(config, here().id)):
        st.warning(literal(sentence), icon=":material/warning:")
    cost = manager().estimate(config)
    basis = cost.basis[:1].upper() + cost.basis[1:].rstrip(".")
    weights = compact(cost.g_parameters), compact(cost.d_parameters)
    st.markdown(  # in one piece: two would overlap for a moment
        f"**About {duration(cost.seconds_total)}** on this machine  \n"
        f":gray[Weights: G {weights[0]} · D {weights[1]}]",
        help=f"{literal(basis)}: {1000 * cost.seconds_per_step:.3g} ms a step.",
    )


def _draw_changes(state: Tab, config: RunConfig) -> None:
    """What was changed while it trained, newest first, each with its way back. It has its room from the beginning."""
    changes = [c for c in manager().changes(state.run) if c.path != "checkpoint"]
    with st.container(key="changes"):
        st.markdown("**Changed on the way**" if changes else ":gray[What you change on the way is listed here.]")
        for i, change in enumerate(reversed(changes[-_SHOWN_CHANGES:])):
            words, undo = st.columns([4, 1], vertical_alignment="center", wrap=False, gap="xsmall")
            words.markdown(
                f":gray[step {count(change.step)}] {literal(path_label(config, change.path))} "
                f"{literal(plain(change.before))} → **{literal(plain(change.after))}**"
            )
            undo.button(
                "Undo",
                key=f"undo:{len(changes) - i}",
                type="tertiary",
                help=f"Back to {literal(plain(change.before))}",
                on_click=send_change,
                args=(state, change.path, change.before),
            )

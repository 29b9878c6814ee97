"""The Lab: set up a run, train it, watch it learn, reach in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config.codec import replace_at
from gan_core.data import DataUnavailable
from gan_core.data.sets.drawn import HALF
from gan_core.data.sets.ink import MOST_STROKE_SIGNS, PLACES
from gan_core.runs.states import LIVE
from gan_core.runs.storage.data_identity import content_of_run
from gan_core.training import RunConfig
from pages.lab.branching import ask_for_branch, look_at
from pages.lab.code import draw_code, draw_code_switch
from pages.lab.controls import draw_controls, train
from pages.lab.findings import draw_findings, draw_trouble
from pages.lab.next_run.choosing import draw_kind
from pages.lab.next_run.networks import asked_layers, planned_networks
from pages.lab.next_run.setup import draw_full_switch, draw_setup
from pages.lab.next_run.ways import draw_ways
from pages.lab.quality import draw_quality
from pages.lab.recorded import recording_of
from pages.lab.twin import draw_pair
from pages.lab.web.live import live_view, signature
from pages.server.app_state import NotReady, app_state
from pages.server.preview import ACROSS, points_preview, preview_key, shows_points
from pages.server.security.public import public
from pages.ui.addresses import address
from pages.ui.asked import carry_out
from pages.ui.chrome import draw_notice, draw_projector
from pages.ui.fields.panel import draw_paces
from pages.ui.fields.widget_values import Changed
from pages.ui.learning import reading
from pages.ui.literal import literal
from pages.ui.preset_match import crossed
from pages.ui.session import (
    Tab,
    config_in_force,
    for_next_run,
    lab_tab,
    manager,
    pace_in_force,
    send_change,
    why_not,
    write_url,
)
from pages.ui.words import run_label

if TYPE_CHECKING:
    from gan_core.data.base import Dataset
    from gan_core.runs.snapshot import RunView

NOT_HERE = "These images are not on this machine yet: fetch them first."


def watched(state: Tab) -> RunView | None:
    """The run that this tab watches, or None; one that is gone is said once."""
    if not state.run:
        return None
    try:
        return manager().view(state.run)
    except ValueError as problem:
        state.notice, state.run = public(problem), ""
        return None


def draw_view(
    state: Tab, view: RunView | None, config: RunConfig, *, key: str = "live", name: str = "", twin: str = ""
) -> None:
    """The large right side: fed by the channel, so that a rerun of this script changes nothing in it."""
    info = config.data.info(manager().data_dir)
    classes, epoch_images = info.classes, info.count
    if view:  # whatever lies there by now
        manifest = manager().manifest(view.id)
        classes, known = manifest.classes, content_of_run(manifest, config)
        if known and known.count:
            epoch_images = known.count - known.held_out
    live_view(
        token=app_state().token,
        run=view.id if view else "",
        signature=signature(view, len(manager().changes(view.id))) if view else "",
        name=(name or run_label(view)) if view else "",
        probability=bool(config.loss.probability),
        threshold=config.loss.fixed_threshold(),
        epoch_images=epoch_images,
        class_names=classes if config.conditional else (),
        preview=None if view and not shows_points(config.data) else preview_of(config),
        missing=NOT_HERE if info.needs_download and view is None else "",
        recording="" if view or reading() else recording_of(state),
        projector=state.projector,
        full=state.full,
        drawing=drawing_of(state.config.data) if view is None else None,
        on_moved=lambda: None,
        on_drawn=lambda text: edit(state, "data.strokes", text),
        on_branch=(lambda step: ask_for_branch(state, view.id, step)) if view else None,
        on_looking=(lambda step: look_at(state, view.id, step)) if view else None,
        networks=planned_networks(config),
        networks_stay=not state.shows("generator", "generator.hidden", "discriminator", "discriminator.hidden"),
        pace=pace_in_force(state, view) if view else 0.0,
        refused=why_not("step", view.owner) if view else "",
        elsewhere=manager().why_no_slow_motion(view.id) if view else "",
        on_layers=lambda told: change_layers(state, told),
        on_train=partial(train, state, state.begun),
        key=key,
        twin=twin,
    )


def preview_of(config: RunConfig) -> dict[str, Any] | None:
    """Real images in the picture's place before anything has been trained; None where they are not here."""
    if shows_points(config.data):
        return points_preview(config.data)
    try:
        key = preview_key(app_state().previews, config.data, config.size, manager().data_dir)
    except (DataUnavailable, ValueError):
        return None
    return {
        "key": key,
        "path": address(f"preview/{key}.png"),
        "columns": ACROSS,
        "rows": ACROSS,
        "caption": "what it will learn from",
    }


def drawing_of(data: Dataset) -> dict[str, Any] | None:
    """What the stage needs to be drawn on; None where the data are no drawing."""
    drawn: Any = data
    if not isinstance(getattr(drawn, "strokes", None), str):
        return None
    return {"strokes": drawn.strokes, "std": drawn.std, "places": PLACES, "half": HALF, "most": MOST_STROKE_SIGNS}


def edit(state: Tab, path: str, value: object) -> None:
    """A field of the next run was changed in the panel."""
    state.own, state.remark = True, ""
    try:
        new = replace_at(state.config, path, value)
        if shows_points(new.data) != shows_points(state.config.data):
            state.preset, new, state.remark = crossed(state.preset, state.config, new.data, manager().data_dir)
        state.config = new
    except ValueError as problem:
        state.notice = public(problem)


def change_layers(state: Tab, told: object) -> None:
    """Hidden layers were added, taken away or resized in the drawing of the networks."""
    if not state.run and (asked := asked_layers(told)) and state.shows(asked[0], asked[0].partition(".")[0]):
        edit(state, *asked)


def draw_strip(state: Tab, config: RunConfig, changed: Changed, steering: bool) -> None:
    """What can be set over the picture in projector mode: both paces, or what a scene shows of them."""
    draw_paces(config, "strip", changed, running=steering, shown=state.shows)


def draw_lab(state: Tab) -> None:
    view = watched(state)
    here = view is not None and view.state in LIVE and manager().takes_commands(state.run)
    here = here and view is not None and not why_not("change", view.owner)  # else the panel is for the next run
    steering = here and state.steering
    config = config_in_force(state, view) if view is not None else state.config
    if steering and not state.own:
        state.config = for_next_run(config, state.config)  # which starts from what this one has become
    shown = config if steering else state.config

    def changed(path: str, value: object) -> None:
        (send_change if steering else edit)(state, path, value)

    write_url(state)
    draw_projector(state)
    with st.container(key="lab"):
        # The picture first: on a phone the panel comes below it; on a wide screen the style sheet puts it left.
        stage, side = st.columns([3, 1], gap="medium")
        with stage:
            with st.container(key="notice"):  # a place of its own: the view below is not built anew when a word goes
                draw_notice(state)
            with st.container(key="kind-above"):
                if state.shows("data"):
                    draw_kind(state, "kind-first")
            draw_controls(state, view, lambda: draw_strip(state, shown, changed, steering))
            with st.container(key="said"):
                draw_trouble(view)
            draw_pair(state, view, config, draw_view)
            if state.full:
                draw_quality(state, view)
            draw_code(state, shown)
        with side, st.container(key="panel"):
            if not state.only:
                draw_full_switch(state)
            judged = (
                st.container(key="findings-place") if state.full and view is not None and not state.only else None
            )
            if judged is not None:
                judged.html("<i></i>")  # an empty container has no room
            draw_setup(state, here, shown, changed, steering=steering)
            if state.shows("code"):
                draw_code_switch(state)
            if not state.full and not state.only:
                draw_ways(state)
            if judged is not None:
                with judged:  # last, as the first look takes a moment; its room is there before
                    draw_findings(state, view)


try:
    if not app_state().ready:
        with st.spinner("The engine is starting"):
            manager()
    carry_out()
    draw_lab(lab_tab())
except NotReady as problem:
    st.error(literal(problem))

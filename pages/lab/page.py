"""The Lab: set up a run, train it, watch it learn, reach in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config.codec import replace_at
from gan_core.data import DataUnavailable
from gan_core.runs.states import LIVE
from gan_core.runs.storage.data_identity import content_of_run
from gan_core.training import RunConfig
from pages.lab.branching import ask_for_branch, look_at
from pages.lab.controls import draw_controls, draw_trouble
from pages.lab.findings import draw_findings
from pages.lab.quality import draw_quality
from pages.lab.setup import draw_setup
from pages.lab.twin import draw_pair
from pages.lab.web.live import live_view, signature
from pages.server.app_state import NotReady, app_state
from pages.server.preview import ACROSS, points_preview, preview_key, shows_points
from pages.server.public import public
from pages.ui.addresses import address
from pages.ui.chrome import draw_notice, draw_projector
from pages.ui.literal import literal
from pages.ui.preset_match import crossed
from pages.ui.session import Tab, config_in_force, for_next_run, lab_tab, manager, send_change, write_url
from pages.ui.words import preset_label

if TYPE_CHECKING:
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
        about = manager().manifest(view.id)
        classes, known = about.classes, content_of_run(about, config)
        if known and known.count:
            epoch_images = known.count - known.held_out
    live_view(
        token=app_state().token,
        run=view.id if view else "",
        signature=signature(view, len(manager().changes(view.id))) if view else "",
        name=(name or view.title or preset_label(view.preset)) if view else "",
        probability=bool(config.loss.probability),
        threshold=config.loss.fixed_threshold(),
        epoch_images=epoch_images,
        class_names=classes if config.conditional else (),
        preview=None if view and not shows_points(config.data) else preview_of(config),
        missing=NOT_HERE if info.needs_download and view is None else "",
        projector=state.projector,
        on_moved=lambda: None,
        on_branch=(lambda step: ask_for_branch(state, view.id, step)) if view else None,
        on_looking=(lambda step: look_at(state, view.id, step)) if view else None,
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


def draw_lab(state: Tab) -> None:
    view = watched(state)
    here = view is not None and view.state in LIVE and manager().trains_here(state.run)
    steering = here and state.steering
    config = config_in_force(state, view) if view is not None else state.config
    if steering and not state.own:
        state.config = for_next_run(config, state.config.backend)  # which starts from what this one has become
    write_url(state)
    draw_projector(state)
    with st.container(key="lab"):
        # The picture first: on a phone the panel comes below it; on a wide screen the style sheet puts it left.
        stage, side = st.columns([3, 1], gap="medium")
        with stage:
            with st.container(key="notice"):  # a place of its own: the view below is not built anew when a word goes
                draw_notice(state)
            draw_controls(state, view)
            with st.container(key="said"):
                draw_trouble(view)
            draw_pair(state, view, config, draw_view)
            draw_quality(state, view)
        with side, st.container(key="panel"):
            draw_findings(state, view)
            if steering:
                draw_setup(state, here, config, lambda p, v: send_change(state, p, v), steering=True)
            else:
                draw_setup(state, here, state.config, lambda p, v: edit(state, p, v), steering=False)


try:
    if not app_state().ready:
        with st.spinner("The engine is starting"):
            manager()
    draw_lab(lab_tab())
except NotReady as problem:
    st.error(literal(problem))

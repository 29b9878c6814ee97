"""The failure gallery: choose a scene, see it fail, read why, press what helps, and see both side by side."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from gan_core.training.configuration.gallery import GALLERY, FailureScene
from pages.gallery.acting import Shown, close, open_scene, press_fix, reread, shown, watch_again, write_address
from pages.gallery.describing import described
from pages.gallery.web.gallery import gallery_view
from pages.server.app_state import NotReady, app_state
from pages.server.preview import file_key, shows_points
from pages.ui.addresses import address
from pages.ui.chrome import draw_notice, draw_projector
from pages.ui.history import browsed
from pages.ui.literal import literal
from pages.ui.session import Tab, manager, tab, watch, why_not_start
from pages.ui.words import duration

ASSETS = Path(__file__).resolve().parents[2] / "assets"
PICTURES = ASSETS / "gallery"
MARKS = '<i class="gy-mark" data-kind="failing">✕</i><i class="gy-mark" data-kind="fixed">✓</i>'
LEAD = (
    "Every one of these goes wrong on purpose, and in the same way each time. Choose one, watch it fail, then press "
    "what helps: the same run with that change starts beside it."
)


def picture_key(name: str) -> str:
    """Key of a scene's picture in the server's previews, "" where it has none."""
    return file_key(app_state().previews, PICTURES / f"{name}.png")


def draw_card(scene: FailureScene) -> None:
    with st.container(key=f"scene-{scene.name}", border=True):
        key = picture_key(scene.name)
        picture = f'<img src="{address(f"preview/{key}.png", token=app_state().token)}" alt="">{MARKS}' if key else ""
        st.html(
            f'<div class="gy-picture">{picture}</div><h4>{html.escape(scene.label)}</h4>'
            f"<p>{html.escape(scene.sees)}</p>"
        )
        refused = why_not_start()
        st.button(
            "Watch it fail",
            key=f"open:{scene.name}",
            icon=":material/play_arrow:",
            width="stretch",
            help=literal(refused) or f"Starts a run of about {duration(scene.seconds)} on two processor cores.",
            disabled=bool(refused),
            on_click=open_scene,
            args=(tab(), scene.name, shown().turn),
        )


def draw_choice() -> None:
    st.html(f'<div class="gy-head"><h1>How GANs fail, and what helps</h1><p>{LEAD}</p></div>')
    with st.container(key="gallery-cards"):
        for scene in GALLERY.values():
            draw_card(scene)


def draw_scene(state: Tab, now: Shown) -> None:
    scene = GALLERY[now.scene]
    with st.container(horizontal=True, vertical_alignment="center", key="gallery-bar", gap="small"):
        st.button("All failures", key="gallery-back", type="tertiary", icon=":material/arrow_back:", on_click=close)
        st.space("stretch")
        st.html(f'<h1 class="gy-title">{html.escape(scene.label)}</h1>')
        st.space("stretch")
        draw_neighbours(state, now)
    st.html(f'<div class="gy-why"><p>{html.escape(scene.sees)}</p><p>{html.escape(scene.why)}</p></div>')
    draw_notice(state)
    gallery_view(
        token=app_state().token,
        scene=described(scene),
        failing=now.failing,
        fixed=now.fixed,
        projector=state.projector,
        on_fix=lambda: press_fix(state),
        on_again=lambda: watch_again(state),
    )
    draw_ways_on(state, now)


def draw_neighbours(state: Tab, now: Shown) -> None:
    names = list(GALLERY)
    at = names.index(now.scene)
    for step, icon, key in ((-1, "chevron_left", "previous"), (1, "chevron_right", "next")):
        other = GALLERY[names[(at + step) % len(names)]]
        st.button(
            other.label,
            key=f"gallery-{key}",
            type="tertiary",
            icon=f":material/{icon}:",
            icon_position="left" if step < 0 else "right",
            on_click=open_scene,
            args=(state, other.name, now.turn),
        )


def draw_ways_on(state: Tab, now: Shown) -> None:
    """To the Lab, with every curve and setting of either run."""
    with st.container(horizontal=True, key="gallery-on", gap="small", horizontal_alignment="center"):
        for run, label in ((now.failing, "The failing run in the Lab"), (now.fixed, "The fixed run in the Lab")):
            if run and st.button(label, key=f"lab:{label}", icon=":material/science:", type="tertiary"):
                watch(state, run)
                st.switch_page("lab/page.py")


def fits(run: str, scene: FailureScene | None) -> bool:
    """Whether there is such a run, and it makes points where the scene does."""
    if scene is None or not run:
        return False
    try:
        return shows_points(manager().config(run).data) == shows_points(scene.config.data)
    except ValueError:
        return False


def draw_gallery(state: Tab) -> None:
    draw_projector(state)
    st.html(ASSETS / "style" / "gallery.css")
    if browsed():
        reread()
    now = shown()
    scene = GALLERY.get(now.scene)
    now.failing, now.fixed = (run if fits(run, scene) else "" for run in (now.failing, now.fixed))
    write_address(state)
    with st.container(key="gallery"):
        if now.failing:
            draw_scene(state, now)
        else:
            draw_notice(state)
            draw_choice()


try:
    if not app_state().ready:
        with st.spinner("The engine is starting"):
            manager()
    draw_gallery(tab())
except NotReady as problem:
    st.error(literal(problem))

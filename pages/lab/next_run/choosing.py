"""On top of the panel: pictures or points in the plane, and what can be learned from, as small pictures to press."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gan_core.data import DataUnavailable, Drawn, OwnImages, datasets, list_own
from gan_core.training import PRESETS, preset
from gan_core.training.configuration.presets import DEFAULT
from pages.server.app_state import app_state
from pages.server.preview import file_key, portrait_key, preview_key, shows_points
from pages.server.security.public import public
from pages.ui.addresses import address
from pages.ui.choices import two_ways
from pages.ui.literal import literal
from pages.ui.preset_match import PLANE, crossed, is_own
from pages.ui.session import Tab, manager, watch

if TYPE_CHECKING:
    from gan_core.data.base import Dataset

WIDEST_WORD = 11  # letters that stand beside each other in a thumbnail
THUMBNAILS = Path(__file__).resolve().parents[3] / "assets" / "thumbnails"
ACROSS, PIXELS = 3, 28  # images a side of a thumbnail, and pixels of each


@dataclass(frozen=True)
class Thumbnail:
    """One dataset to choose. key: of its button; image: in the server's previews; icon: what stands in its place."""

    key: str
    label: str
    dataset: Dataset
    image: str
    icon: str = ""


def draw_kind(state: Tab, key: str) -> None:
    """Pictures or points. On a phone it stands above the picture too, see the style sheet."""
    if state.preset not in PRESETS:
        state.preset = DEFAULT
    points = shows_points(state.config.data)

    def turned(plane: bool) -> None:
        if plane != points:
            watch(state, "")
            state.preset, state.remark = DEFAULT if points else PLANE, ""
            state.config = preset(state.preset).config

    two_ways("What is made", key, {False: "Pictures", True: "In the plane"}, points, turned)


def draw_thumbnails(state: Tab) -> None:
    shown = list(thumbnails(shows_points(state.config.data)))
    chosen = _key_of(state.config.data)
    with st.container(key="thumbs"):
        for each in shown:
            st.button(
                each.label,
                key=each.key,
                icon=f":material/{each.icon}:" if each.icon else None,
                width="stretch",
                help="It is chosen." if each.key == chosen else None,
                on_click=choose,
                args=(state, each.dataset),
            )
    st.html(f"<style>{''.join(_style(each, each.key == chosen) for each in shown)}</style>")


def thumbnails(points: bool) -> Iterator[Thumbnail]:
    """A drawing of one's own first, then the sets of this kind, those that are here before those to be fetched."""
    yield Thumbnail("thumb:drawn", "Draw your own", Drawn(strokes=""), "", "edit")
    known = [entry.cls() for entry in datasets if entry.name not in ("drawn", "images")]
    sets = [one for one in known if shows_points(one) == points]
    here = [one for one in sets if points or not one.info(manager().data_dir).needs_download]
    for one in here:
        yield _thumbnail(one, datasets.get(datasets.name_of(one)).label)
    if not points:
        for own in list_own(manager().data_dir):
            yield _thumbnail(OwnImages(slug=own.slug), own.title)
    for one in sets:
        if one not in here:
            yield _thumbnail(one, datasets.get(datasets.name_of(one)).label)


def _thumbnail(dataset: Dataset, label: str) -> Thumbnail:
    image = _image(dataset)
    return Thumbnail(_key_of(dataset), literal(_breakable(label)), dataset, image, "" if image else "download")


def _breakable(label: str) -> str:
    """A word that is wider than a thumbnail may be broken in its middle, with a hyphen, rather than anywhere."""
    words = [
        f"{w[: len(w) // 2 + 1]}\u00ad{w[len(w) // 2 + 1 :]}" if len(w) > WIDEST_WORD and w.isalpha() else w
        for w in label.split(" ")
    ]
    return " ".join(words)


def _key_of(dataset: Dataset) -> str:
    return f"thumb:own:{dataset.slug}" if is_own(dataset) else f"thumb:{datasets.name_of(dataset)}"


def _image(dataset: Dataset) -> str:
    previews = app_state().previews
    if key := file_key(previews, THUMBNAILS / f"{datasets.name_of(dataset)}.png"):  # at once
        return key
    if shows_points(dataset):
        return portrait_key(previews, dataset)
    if dataset.info(manager().data_dir).needs_download:
        return ""
    try:
        return preview_key(previews, dataset, PIXELS, manager().data_dir, ACROSS, ACROSS)
    except (ValueError, OSError, DataUnavailable):  # the set was damaged or taken away
        return ""


def _style(thumbnail: Thumbnail, chosen: bool) -> str:
    """The picture of one button, and the ring around the chosen one."""
    of = f".st-key-{re.sub('[^a-zA-Z0-9_-]', '-', thumbnail.key)} button"
    lines = ""
    if thumbnail.image:
        link = address(f"preview/{thumbnail.image}.png", token=app_state().token)
        lines += f"{of}::before {{ background-image: url('{link}'); }}"
    if chosen:
        lines += f"{of} {{ border-color: var(--gs-chosen); box-shadow: 0 0 0 1px var(--gs-chosen); }}"
    return lines


def choose(state: Tab, dataset: Dataset) -> None:
    """Learn from it next. The view turns from a run that is watched, whose picture is of other data, to this one."""
    watch(state, "")
    state.own, state.remark = True, ""
    if _key_of(dataset) == _key_of(state.config.data):  # with what was set of it, such as a drawing
        return
    try:
        state.preset, state.config, state.remark = crossed(state.preset, state.config, dataset, manager().data_dir)
    except ValueError as problem:
        state.notice = public(problem)

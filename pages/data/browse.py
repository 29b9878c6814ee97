"""Looking through a set of one's own: its pictures by class, a page at a time; some left out, some brought back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from gan_core.data import DataUnavailable, bring_back, contents, drop_pictures, own_set, some_pictures
from pages.data.samples import atlas_address
from pages.data.web.pictures import picture_grid
from pages.server.security import roll
from pages.server.security.people import class_server, here
from pages.server.security.public import public
from pages.server.security.rights import Refused, demand
from pages.ui.literal import literal
from pages.ui.session import Tab, manager, why_not
from pages.ui.words import count

PER_PAGE, ACROSS = 48, 12
_OPEN, _PAGE, _CLASS, _UNDO = "browse", "browse-page", "browse-class", "undo-edit"
_ALL, _HELD, _DROPPED = "All", "Held out", "Left out"


def set_owner(slug: str) -> str:
    """Whose a set of images is."""
    return roll.owner_of(class_server().folder, "data", slug)


def open_set(slug: str) -> None:
    st.session_state[_OPEN] = slug
    st.session_state[_PAGE] = 0
    st.session_state.pop(_CLASS, None)


def open_slug() -> str:
    """The set that is looked through, "" where none is."""
    return str(st.session_state.get(_OPEN, ""))


def _leave() -> None:
    st.session_state.pop(_OPEN, None)


def draw_set(state: Tab) -> None:
    """One set, its pictures a page at a time."""
    slug, data_dir = open_slug(), manager().data_dir
    known = own_set(data_dir, slug)
    try:
        labels, classes, held_out, dropped = contents(data_dir, slug)
    except DataUnavailable as problem:
        _leave()
        state.notice = public(problem)
        st.rerun()
    with st.container(border=True, key="browse"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Back", key="browse-back", icon=":material/arrow_back:", type="tertiary", on_click=_leave)
            st.markdown(f"#### {literal(known.title)}")
            refused = why_not("add to", set_owner(slug)) or why_not("bring", "")
            st.button("Add pictures", key="browse-add", icon=":material/add:", on_click=_add_to, args=(slug,),
                      disabled=bool(refused), help=literal(refused) or None)  # fmt: skip
        if edited() == slug:
            draw_edit_undo(state)
        names = [None if labels is None else classes[label] for label in (held_out if labels is None else labels)]
        groups = _groups(names, classes, held_out, dropped)
        if st.session_state.get(_CLASS) not in groups:
            st.session_state[_CLASS] = _ALL
        group = st.selectbox("Show", list(groups), key=_CLASS, on_change=_first)
        indices = groups[group]
        if not len(indices):
            st.text("There is no picture here.")
            return
        page = _turn_pages(len(indices))
        shown = indices[page * PER_PAGE : (page + 1) * PER_PAGE]
        _draw_page(state, slug, [int(i) for i in shown], names, held_out, group == _DROPPED)


def _groups(
    names: Sequence[str | None], classes: Sequence[str], held_out: np.ndarray, dropped: np.ndarray
) -> dict[str, np.ndarray]:
    """What may be shown: all, each class, held-out ones, those left out; indices of each."""
    used = ~dropped
    groups = {_ALL: np.flatnonzero(used)}
    for name in classes:
        label = name if name not in (_ALL, _HELD, _DROPPED) else f"Class {name}"
        groups[label] = np.array([i for i in groups[_ALL].tolist() if names[i] == name], np.intp)
    if (used & held_out).any():
        groups[_HELD] = np.flatnonzero(used & held_out)
    if dropped.any():
        groups[_DROPPED] = np.flatnonzero(dropped)
    return groups


def _first() -> None:
    st.session_state[_PAGE] = 0


def _turn_pages(many: int) -> int:
    pages = -(-many // PER_PAGE)
    page = int(min(st.session_state.get(_PAGE, 0), pages - 1))
    st.session_state[_PAGE] = page
    if pages > 1:

        def turn(by: int) -> None:
            st.session_state[_PAGE] = max(0, min(pages - 1, st.session_state.get(_PAGE, 0) + by))

        with st.container(horizontal=True, vertical_alignment="center", key="browse-pages"):
            st.button("Before", key="page-before", icon=":material/chevron_left:", disabled=not page,
                      on_click=turn, args=(-1,))  # fmt: skip
            st.button("Next", key="page-next", icon=":material/chevron_right:", disabled=page == pages - 1,
                      on_click=turn, args=(1,))  # fmt: skip
            first, last = page * PER_PAGE + 1, min(many, (page + 1) * PER_PAGE)
            st.text(f"{count(first)} to {count(last)} of {count(many)}")
    return page


def _draw_page(
    state: Tab, slug: str, shown: list[int], names: Sequence[str | None], held_out: np.ndarray, back: bool
) -> None:
    try:
        pictures = some_pictures(manager().data_dir, slug, shown)
    except DataUnavailable as problem:
        st.warning(literal(public(problem)))
        return
    tiles = [
        {
            "index": index,
            "words": ", ".join(
                [f"Picture {index + 1}", *([str(names[index])] if names[index] else []),
                 *(["held out"] if held_out[index] else [])]
            ),
            "note": "held out" if held_out[index] else "",
        }
        for index in shown
    ]  # fmt: skip

    def asked(indices: list[int]) -> None:
        _change(state, slug, [index for index in indices if index in set(shown)], back)

    picture_grid(
        "browse-grid", picture=atlas_address(pictures, ACROSS), across=ACROSS, tiles=tiles,
        action="Bring back" if back else "Leave out", mark="↺" if back else "✕",
        hint="Press pictures to choose them." if back else "Press pictures that do not belong here.", on_asked=asked,
    )  # fmt: skip


def _change(state: Tab, slug: str, indices: list[int], back: bool) -> None:
    try:
        demand(here(), "change", set_owner(slug), slug)
        (bring_back if back else drop_pictures)(manager().data_dir, slug, indices)
        remember_edit(slug, indices, "brought back" if back else "left out")
    except (DataUnavailable, Refused) as problem:
        state.notice = public(problem)


def _add_to(slug: str) -> None:
    st.session_state["add-to"] = slug
    st.session_state.pop("intake-report", None)
    _leave()


def remember_edit(slug: str, indices: list[int], done: str) -> None:
    """Offer to undo what was done to these pictures: "left out", "brought back" or "added"."""
    st.session_state[_UNDO] = (slug, indices, done)


def forget_edit(slug: str) -> None:
    if edited() == slug:
        st.session_state.pop(_UNDO, None)


def edited() -> str:
    """The set whose last change can be undone, "" where there is none."""
    return str(st.session_state.get(_UNDO, ("",))[0])


def draw_edit_undo(state: Tab) -> None:
    """Once on a page: in the open set where that was changed, else above the list of sets."""
    if not edited():
        return
    slug, indices, done = st.session_state[_UNDO]

    def undo() -> None:
        try:
            demand(here(), "change", set_owner(slug), slug)
            (bring_back if done == "left out" else drop_pictures)(manager().data_dir, slug, indices)
        except (DataUnavailable, Refused) as problem:
            state.notice = public(problem)
        st.session_state.pop(_UNDO, None)

    with st.container(horizontal=True, vertical_alignment="center", key="undo-edited"):
        many = len(indices)
        st.text(f"{count(many)} picture{'s were' if many != 1 else ' was'} {done}.")
        st.button("Undo", key="undo-pictures", icon=":material/undo:", on_click=undo)

"""Bringing in one's own images, and the sets that came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from gan_core.config.codec import replace_at
from gan_core.data import (
    DataUnavailable,
    Draft,
    IntakeOptions,
    IntakeReport,
    OwnImages,
    OwnSet,
    delete_own,
    own_set,
    read_draft,
    restore_own,
    settle,
)
from pages.data.browse import draw_edit_undo, edited, forget_edit, open_set, open_slug, set_owner
from pages.data.report import draft_is_open, draw_kept, open_draft
from pages.data.samples import draw_samples
from pages.server.security.people import here
from pages.server.security.public import public
from pages.server.security.rights import Refused, demand
from pages.ui.fields.panel import draw_options
from pages.ui.literal import literal
from pages.ui.session import Tab, manager, why_not
from pages.ui.words import count

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile


def draw_upload(state: Tab) -> None:
    """Files in, a report out. What a file is, its content decides, not its name."""
    turn = st.session_state.setdefault("upload-turn", 0)
    into = _adding_to()
    if refused := why_not("bring", ""):
        st.caption(f":material/block: {literal(refused)}")
    files = st.file_uploader(
        "Pictures, or a zip of them", accept_multiple_files=True, key=f"upload:{turn}", disabled=bool(refused),
        help="PNG, JPEG, HEIC, AVIF, WebP, TIFF, BMP or GIF, whatever they are called. In a zip, folders become "
        "classes, and train and test folders stay apart; a labels.csv or dataset.json is read too. They "
        "stay on this machine.",
    )  # fmt: skip
    options = st.session_state.setdefault("intake-options", IntakeOptions())

    def changed(path: str, value: object) -> None:
        st.session_state["intake-options"] = replace_at(st.session_state["intake-options"], path, value)

    if files:
        title = ""
        if into is None:
            title = st.text_input("Name of the set", key="upload-title", max_chars=60, placeholder="My drawings")
        draw_options(options, "intake", changed)
        st.caption("Reading keeps nothing yet: first you see what was understood.")
        if st.button("Read them", key="read", type="primary", icon=":material/upload:"):
            draft = read(files, title, options)
            if draft is not None:
                open_draft(draft, into.slug if into else "")
                st.session_state["upload-turn"] = turn + 1
                st.rerun()
    report: IntakeReport | None = st.session_state.get("intake-report")
    if report is not None:
        draw_kept(report)


def _adding_to() -> OwnSet | None:
    """The set that new pictures are for, with a way out of that; None where they make a new one."""
    slug = st.session_state.get("add-to", "")
    known = own_set(manager().data_dir, slug) if slug else None
    if known is None or known.problem:
        return None
    with st.container(horizontal=True, vertical_alignment="center", key="adding"):
        st.markdown(f"Adding to **{literal(known.title)}**")
        st.button("Make a new set instead", key="add-none", type="tertiary",
                  on_click=lambda: st.session_state.pop("add-to", None))  # fmt: skip
    return known


def read(files: Sequence[UploadedFile], title: str, options: IntakeOptions) -> Draft | None:
    """Read the files with a bar that says how far it is."""
    bar = st.progress(0.0, "reading")

    def show(part: float, words: str) -> None:
        bar.progress(part, literal(words))

    try:
        demand(here(), "bring", what=title)
        draft = read_draft([(f.name, f) for f in files], title, options, progress=show)
        show(1.0, f"comparing {count(len(draft.found))} images with each other")
        settle(draft)  # the first time it looks for pictures that are nearly the same
        return draft
    except (DataUnavailable, Refused) as problem:
        st.error(literal(public(problem)))
        return None


def draw_own_sets(state: Tab, sets: Sequence[OwnSet], train_on: Callable[[str], None]) -> None:
    _draw_undo(state)
    if draft_is_open() or edited() != open_slug():
        draw_edit_undo(state)
    if not sets:
        st.html(
            '<div class="gs-nothing"><b>Nothing here yet.</b> A few hundred pictures of one kind are enough: '
            "drawings, icons, patterns. They are shrunk to 64 px and never leave this machine.</div>"
        )
    for known in sets:
        with st.container(border=True, key=f"own-{known.slug}"):
            if known.problem:
                st.warning(literal(public(known.problem)))
            else:
                dataset = OwnImages(slug=known.slug)
                draw_samples(dataset, dataset.info(manager().data_dir))
            st.markdown(f"**{literal(known.title)}** :gray[{literal(own_words(known))}]")
            with st.container(horizontal=True):
                st.button("Train on this", key=f"use-own-{known.slug}", icon=":material/science:",
                          disabled=bool(known.problem), on_click=train_on, args=(known.slug,))  # fmt: skip
                st.button("Look through", key=f"open-{known.slug}", icon=":material/grid_view:",
                          disabled=bool(known.problem), on_click=open_set, args=(known.slug,))  # fmt: skip
                refused = why_not("delete", set_owner(known.slug))
                st.button("Delete", key=f"delete-{known.slug}", type="tertiary", icon=":material/delete:",
                          disabled=bool(refused), help=literal(refused) or None,
                          on_click=_delete, args=(state, known.slug))  # fmt: skip


def own_words(known: OwnSet) -> str:
    """120 images, 12 of them held out · colour · 3 classes."""
    held = f", {count(known.held_out)} of them held out" if known.held_out else ""
    classes = f" · {len(known.classes)} classes" if known.classes else ""
    dropped = f" · {count(known.dropped)} left out" if known.dropped else ""
    return f"{count(known.count)} images{held} · {'grey' if known.grey else 'colour'}{classes}{dropped}"


def _delete(state: Tab, slug: str) -> None:
    try:
        demand(here(), "delete", set_owner(slug), slug)
        title = own_set(manager().data_dir, slug).title
        st.session_state["deleted"] = (delete_own(manager().data_dir, slug), title)
        st.session_state.pop("intake-report", None)
        if st.session_state.get("add-to") == slug:
            st.session_state.pop("add-to")
        forget_edit(slug)
    except (DataUnavailable, Refused) as problem:
        state.notice = public(problem)


def _draw_undo(state: Tab) -> None:
    deleted = st.session_state.get("deleted")
    if deleted is None:
        return
    token, title = deleted

    def undo() -> None:
        try:
            demand(here(), "restore", set_owner(token.partition(".")[0]), token)
            restore_own(manager().data_dir, token)
        except (DataUnavailable, Refused) as problem:
            state.notice = public(problem)
        st.session_state.pop("deleted", None)

    with st.container(horizontal=True, vertical_alignment="center", key="undo-delete"):
        st.markdown(f"“{literal(title)}” was deleted.")
        st.button("Undo", key="undo", icon=":material/undo:", on_click=undo)

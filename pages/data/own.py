"""Bringing in one's own images, and the sets that came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from gan_core.config.codec import replace_at
from gan_core.data import (
    DataUnavailable,
    IntakeOptions,
    IntakeReport,
    OwnImages,
    OwnSet,
    delete_own,
    own_set,
    read_uploads,
    restore_own,
)
from pages.data.samples import draw_samples
from pages.ui.literal import literal
from pages.ui.panel import draw_options
from pages.ui.public import public
from pages.ui.session import Tab, manager
from pages.ui.words import count

KINDS = ("png", "jpg", "jpeg", "webp", "bmp", "gif", "zip")
_SHOWN_REFUSALS = 30


def draw_upload(state: Tab) -> None:
    """Files in, a report out. What a file is, its content decides, not its name."""
    turn = st.session_state.setdefault("upload-turn", 0)
    files = st.file_uploader(
        "Pictures, or a zip of them", type=list(KINDS), accept_multiple_files=True, key=f"upload:{turn}",
        help="PNG, JPEG, WebP, BMP or GIF. In a zip, folders become classes. They stay on this machine.",
    )  # fmt: skip
    options = st.session_state.setdefault("intake-options", IntakeOptions())

    def changed(path: str, value: Any) -> None:
        st.session_state["intake-options"] = replace_at(st.session_state["intake-options"], path, value)

    if files:
        title = st.text_input("Name of the set", key="upload-title", max_chars=60, placeholder="My drawings")
        draw_options(options, "intake", changed)
        if st.button("Read them", key="read", type="primary", icon=":material/upload:"):
            report = read(files, title, options)
            if report is not None:
                st.session_state["intake-report"] = report
                st.session_state["upload-turn"] = turn + 1
                st.rerun()
    report = st.session_state.get("intake-report")
    if report is not None:
        draw_report(report)


def read(files: Sequence[Any], title: str, options: IntakeOptions) -> IntakeReport | None:
    """Take the files in with a bar that says how far it is."""
    bar = st.progress(0.0, "reading")

    def show(part: float, words: str) -> None:
        bar.progress(part, literal(words))

    try:
        uploads = [(f.name, f) for f in files]
        return read_uploads(uploads, title, manager().data_dir, options, progress=show)
    except DataUnavailable as problem:
        st.error(literal(public(problem)))
        return None


def draw_report(report: IntakeReport) -> None:
    """What became of an upload, file by file where one was refused."""
    line = f"**{literal(report.title)}**: {literal(report.summary())}."
    if report.read:
        st.success(line, icon=":material/check_circle:")
    else:
        st.error(f"{line} Nothing was kept.", icon=":material/block:")
    for what, times in report.conversions.items():
        st.caption(f"{count(times)} × {literal(what)}")
    if report.refused:
        with st.expander(f"Refused: {len(report.refused)}", key="refused"):
            lines = [f"- {r.name}: {r.reason}" for r in report.refused[:_SHOWN_REFUSALS]]
            rest = len(report.refused) - _SHOWN_REFUSALS
            st.text("\n".join(lines + ([f"and {rest} more"] if rest > 0 else [])))


def draw_own_sets(state: Tab, sets: Sequence[OwnSet], train_on: Callable[[str], None]) -> None:
    _draw_undo(state)
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
            kind = "grey" if known.grey else "colour"
            classes = f" · {len(known.classes)} classes" if known.classes else ""
            st.markdown(f"**{literal(known.title)}** :gray[{count(known.count)} images · {kind}{classes}]")
            with st.container(horizontal=True):
                st.button("Train on this", key=f"use-own-{known.slug}", icon=":material/science:",
                          disabled=bool(known.problem), on_click=train_on, args=(known.slug,))  # fmt: skip
                st.button("Delete", key=f"delete-{known.slug}", type="tertiary", icon=":material/delete:",
                          on_click=_delete, args=(state, known.slug))  # fmt: skip


def _delete(state: Tab, slug: str) -> None:
    try:
        title = own_set(manager().data_dir, slug).title
        st.session_state["deleted"] = (delete_own(manager().data_dir, slug), title)
        st.session_state.pop("intake-report", None)
    except DataUnavailable as problem:
        state.notice = public(problem)


def _draw_undo(state: Tab) -> None:
    deleted = st.session_state.get("deleted")
    if deleted is None:
        return
    token, title = deleted

    def undo() -> None:
        try:
            restore_own(manager().data_dir, token)
        except DataUnavailable as problem:
            state.notice = public(problem)
        st.session_state.pop("deleted", None)

    with st.container(horizontal=True, vertical_alignment="center", key="undo-delete"):
        st.markdown(f"“{literal(title)}” was deleted.")
        st.button("Undo", key="undo", icon=":material/undo:", on_click=undo)

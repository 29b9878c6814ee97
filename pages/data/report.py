"""The report on an upload: what was understood, what may be chosen of it, and only then what is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from gan_core.data import (
    Choices,
    DataUnavailable,
    Draft,
    IntakeReport,
    OwnSet,
    Settled,
    enough,
    keep,
    keep_more,
    own_set,
    settle,
    sizes,
    small_classes,
)
from pages.data.browse import remember_edit, set_owner
from pages.data.samples import ACROSS, atlas_address
from pages.server.security import roll
from pages.server.security.people import class_server, here
from pages.server.security.public import public
from pages.server.security.rights import Refused, demand
from pages.ui.literal import literal
from pages.ui.session import Tab, manager
from pages.ui.words import count

if TYPE_CHECKING:
    from gan_core.data.uploads.draft import Refusal

_SHOWN_REFUSALS, _SHOWN_PAIRS, _SHOWN_PICTURES = 30, 12, 3 * ACROSS
_DRAFT, _CHOICES, _INTO, _SETTLED = "draft", "draft-choices", "draft-into", "draft-settled"


def open_draft(draft: Draft, into: str) -> None:
    """Show the report on a draft; into: the set that it is to be added to, "" for a new one."""
    st.session_state[_DRAFT], st.session_state[_CHOICES] = draft, Choices()
    st.session_state[_INTO] = into
    st.session_state.pop(_SETTLED, None)
    st.session_state.pop("intake-report", None)


def draft_is_open() -> bool:
    return _DRAFT in st.session_state


def _close() -> None:
    for key in (
        _DRAFT,
        _CHOICES,
        _INTO,
        _SETTLED,
        "as-class",
        *(f"draft:{f.name}" for f in dataclasses.fields(Choices)),
    ):
        st.session_state.pop(key, None)


def draw_draft(state: Tab) -> None:
    """What was read, what it is taken for, and the buttons that keep or discard it."""
    draft: Draft = st.session_state[_DRAFT]
    into = own_set(manager().data_dir, st.session_state[_INTO]) if st.session_state[_INTO] else None
    if into is not None and into.problem:
        into = None
    settled = _settled(draft)
    with st.container(border=True, key="draft"):
        where = f", to be added to “{literal(into.title)}”" if into else ""
        st.markdown(f"#### {literal(draft.title)}: {_read_words(draft)}{where}")
        left, right = st.columns([1, 1], gap="large")
        with left:
            for note in settled.notes:
                st.markdown(f"- {literal(note)}")
            _draw_offers(settled)
            as_class = _draw_class_for(settled, into)
        with right:
            _draw_counts(draft, settled, into)
            _draw_left_out(draft, settled)
        _draw_pairs(draft, "In two classes", settled.in_two_classes)
        _draw_pairs(draft, "Nearly the same", settled.twins)
        _draw_details(draft)
        _draw_actions(state, draft, settled, into.slug if into else "", as_class)


def _settled(draft: Draft) -> Settled:
    """What the present choices make of it; worked out again only when one has changed."""
    choices = st.session_state[_CHOICES]
    known = st.session_state.get(_SETTLED)
    if known is None or known[0] != choices:
        known = st.session_state[_SETTLED] = choices, settle(draft, choices)
    found: Settled = known[1]
    return found


def _read_words(draft: Draft) -> str:
    parts = [f"{count(len(draft.found))} picture{'s' * (len(draft.found) != 1)} read"]
    if draft.refused:
        parts.append(f"{count(len(draft.refused))} refused")
    if draft.passed_over:
        parts.append(f"{count(draft.passed_over)} not looked at")
    return ", ".join(parts)


def _draw_offers(settled: Settled) -> None:
    """A choice for everything that may be understood otherwise."""
    for offer in settled.offers:
        key = f"draft:{offer.name}"
        st.session_state[key] = offer.chosen

        def chosen(name: str = offer.name, key: str = key) -> None:
            if _CHOICES in st.session_state:
                st.session_state[_CHOICES] = dataclasses.replace(
                    st.session_state[_CHOICES], **{name: st.session_state[key]}
                )

        st.selectbox(
            literal(offer.label), list(offer.options), format_func=lambda v, words=offer.options: words.get(v, v),
            key=key, help=offer.help or None, on_change=chosen,
        )  # fmt: skip


def _draw_class_for(settled: Settled, into: OwnSet | None) -> str:
    """Which class of the set new pictures without one are of."""
    if into is None or not into.classes or settled.classes:
        return ""
    return str(
        st.selectbox(
            "Their class", into.classes, key="as-class", accept_new_options=True, help="A new name works too."
        )
    )


def _draw_counts(draft: Draft, settled: Settled, into: OwnSet | None) -> None:
    kept = settled.kept
    if not len(kept):
        return
    chosen = np.unique(np.linspace(0, len(kept) - 1, min(_SHOWN_PICTURES, len(kept))).round().astype(int))
    source = atlas_address(draft.images[kept[chosen]], ACROSS)
    st.html(f'<div class="gs-sheet"><img src="{source}" alt="Some of the pictures that would be kept"></div>')
    train = int((~settled.held_out).sum())
    already = into.count - into.held_out if into else 0
    lines = [
        enough(already + train) if not into else f"With those of the set: {enough(already + train)}",
        small_classes(settled.counts()) if not into else "",
        sizes([draft.found[int(i)].size for i in kept]),
    ]
    st.html("".join(f'<p class="gs-line">{escape(line)}</p>' for line in lines if line))
    if settled.classes:
        rows = "".join(
            f'<tr><th scope="row">{escape(name)}</th><td>{count(train)}</td><td>{count(held)}</td></tr>'
            for name, train, held in settled.counts()
        )
        head = '<tr><th scope="col">Class</th><th scope="col">Train</th><th scope="col">Held out</th></tr>'
        st.html(
            f'<div class="gs-counts" tabindex="0"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'
        )
    else:
        held, start = int(settled.held_out.sum()), "New ones: " if into else "No classes. "
        st.html(f'<p class="gs-line">{start}{count(train)} to train on, {count(held)} held out.</p>')


def _draw_left_out(draft: Draft, settled: Settled) -> None:
    gone = sum(map(len, settled.left_out.values()))
    if not gone:
        return
    with st.expander(f"Left out: {count(gone)}", key="draft-left-out"):
        for reason, indices in settled.left_out.items():
            names = "\n".join(draft.name(i) for i in indices[:_SHOWN_REFUSALS])
            more = f"\nand {count(len(indices) - _SHOWN_REFUSALS)} more" if len(indices) > _SHOWN_REFUSALS else ""
            st.caption(f"{count(len(indices))}: {literal(reason)}")
            st.text(names + more)


def _draw_pairs(draft: Draft, title: str, pairs: Sequence[tuple[int, int]]) -> None:
    """The first pairs side by side."""
    if not pairs:
        return
    shown = pairs[:_SHOWN_PAIRS]
    with st.expander(f"{literal(title)}: {count(len(pairs))} pair{'s' * (len(pairs) != 1)}", key=f"pairs:{title}"):
        figures = []
        for pair in shown:
            source, names = atlas_address(draft.images[list(pair)], 2), " and ".join(draft.name(i) for i in pair)
            figures.append(
                f'<figure><img src="{source}" alt="{escape(names)}"><figcaption>{escape(names)}</figcaption></figure>'
            )
        st.html(f'<div class="gs-pairs">{"".join(figures)}</div>')
        if len(pairs) > len(shown):
            st.caption(f"and {count(len(pairs) - len(shown))} more")


def _draw_details(draft: Draft) -> None:
    for what, times in draft.conversions.items():
        st.caption(f"{count(times)} × {literal(what)}")
    _draw_refused(draft.refused, opened=not draft.found)


def _draw_refused(refused: Sequence[Refusal], opened: bool = False) -> None:
    if refused:
        with st.expander(f"Refused: {len(refused)}", key="refused", expanded=opened):
            lines = [f"{r.name}: {r.reason}" for r in refused[:_SHOWN_REFUSALS]]
            rest = len(refused) - _SHOWN_REFUSALS
            st.text("\n".join(lines + ([f"and {rest} more"] if rest > 0 else [])))


def _draw_actions(state: Tab, draft: Draft, settled: Settled, into: str, as_class: str) -> None:
    many = len(settled.kept)
    pictures = f"{count(many)} picture{'s' * (many != 1)}"
    if not many or settled.problem:
        st.error(
            literal(settled.problem or "Nothing could be read, so nothing can be kept."), icon=":material/block:"
        )
    with st.container(horizontal=True, key="draft-actions"):
        if many and not settled.problem:
            st.button(f"Add {pictures}" if into else f"Keep {pictures}", key="keep", type="primary",
                      icon=":material/check:", on_click=_keep, args=(state, draft, into, as_class))  # fmt: skip
        st.button("Discard", key="discard", type="tertiary", on_click=_close, help="Nothing is kept.")


def _keep(state: Tab, draft: Draft, into: str, as_class: str) -> None:
    choices = st.session_state.get(_CHOICES)
    if choices is None:  # pressed twice
        return
    try:
        demand(here(), "bring", what=draft.title)
        if into:
            demand(here(), "add to", set_owner(into), into)
            report = keep_more(draft, manager().data_dir, into, choices, as_class)
            report = dataclasses.replace(report, title=f"Added to {own_set(manager().data_dir, into).title}")
            if report.added:
                remember_edit(into, list(report.added), "added")
            st.session_state.pop("add-to", None)
        else:
            report = keep(draft, manager().data_dir, choices)
            roll.note_owner(class_server().folder, "data", report.slug, here().id)
    except (DataUnavailable, Refused) as problem:
        state.notice = public(problem)
        return
    _close()
    st.session_state["intake-report"] = report
    st.toast(literal(f"{report.title}: {report.summary()}."))  # the long report has gone from above this place
    st.session_state.pop("upload-title", None)


def draw_kept(report: IntakeReport) -> None:
    """What became of an upload, after it was kept."""
    line = f"**{literal(report.title)}**: {report.summary()}."
    if report.read:
        st.success(line, icon=":material/check_circle:")
    else:
        st.warning(f"{line} Nothing was added.", icon=":material/info:")
    for reason, many in report.left_out.items():
        st.caption(f"{count(many)} left out: {literal(reason)}")
    _draw_refused(report.refused)

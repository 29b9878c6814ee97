"""A table that somebody brought: read once, what was understood shown, kinds and missing markers changeable."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

import streamlit as st

from gan_core.apply.tables.files import Table, read_table, suffix_of
from gan_core.apply.tables.files.table import MOST_BYTES
from gan_core.apply.tables.filling import understood
from gan_core.apply.tables.kinds import KINDS, ColumnGuess
from gan_core.config.codec import ConfigError
from pages.ui.literal import literal
from pages.ui.session import why_not
from pages.ui.words import count

_HELD = "ganscope.table"  # in the session: HeldTable
_SAID = {"csv": "text", "tsv": "text", "parquet": "Parquet", "xlsx": "XLSX"}


@dataclass(frozen=True)
class HeldTable:
    """The table of this tab. problem: why it cannot be read, "" where it can. kinds: those that were changed."""

    digest: str
    name: str
    content: bytes
    table: Table | None
    problem: str = ""
    kinds: tuple[tuple[str, str], ...] = ()
    markers: str = ""

    @property
    def file(self) -> str:
        """Its plain name in a job."""
        return f"table{suffix_of(self.content)}"

    @property
    def kinds_text(self) -> str:
        return json.dumps(dict(self.kinds), ensure_ascii=False) if self.kinds else ""


def held_table() -> HeldTable | None:
    """Draws the upload; the table that is in hand, also after another page was looked at."""
    file = st.file_uploader(
        "A table", key="table-upload", max_upload_size=100, disabled=bool(why_not("bring", "")),
        help="CSV, TSV, Parquet or XLSX with a row of headings, at most 100 MB. Separator, encoding and decimal "
        "comma are found out. It stays on this machine.",
    )  # fmt: skip
    held: HeldTable | None = st.session_state.get(_HELD)
    if file is not None:
        if file.size > MOST_BYTES:
            st.error(f"The file has {file.size / 1e6:,.0f} MB; at most {MOST_BYTES // 1_000_000} MB can be used.")
            return None
        content = file.getvalue()
        digest = hashlib.sha256(content).hexdigest()[:16]
        if held is None or held.digest != digest:
            with st.spinner("Reading"):
                held = _read(digest, file.name, content)
            st.session_state[_HELD] = held
    if held is not None and held.problem:
        st.error(literal(f"{held.name}: {held.problem}"))
    return held


def _read(digest: str, name: str, content: bytes) -> HeldTable:
    try:
        return HeldTable(digest, name, content, read_table(content))
    except ValueError as problem:
        return HeldTable(digest, name, content, None, str(problem))


def _guesses(held: HeldTable) -> list[ColumnGuess]:
    """Raises ConfigError. Worked out once for what was said."""
    assert held.table is not None
    key = (held.digest, held.kinds, held.markers)
    known = st.session_state.get("ganscope.table-guesses")
    if known is None or known[0] != key:
        known = (key, understood(held.table, held.kinds_text, held.markers)[0])
        st.session_state["ganscope.table-guesses"] = known
    found: list[ColumnGuess] = known[1]
    return found


def problems_of(held: HeldTable) -> list[str]:
    """What stands in the way of learning from it, a sentence each."""
    try:
        return [guess.problem for guess in _guesses(held) if guess.problem]
    except ConfigError as problem:
        return [str(problem)]


def draw_understood(held: HeldTable) -> None:
    """What the table is, its columns, and what can be changed about it.

    In a container, so that what follows keeps its place, and is not drawn twice, when a sentence comes or goes.
    """
    with st.container(key="table-understood"):
        _draw_understood(held)


def _draw_understood(held: HeldTable) -> None:
    table = held.table
    assert table is not None
    facts = ", ".join(f"{key} {value}" for key, value in table.facts.items())
    st.markdown(
        f"**{literal(held.name)}**: {count(table.rows)} rows of {count(len(table.names))} columns, "
        f"{_SAID[table.format]}{'; ' + literal(facts) if facts else ''}."
    )
    _draw_markers(held)
    held = st.session_state[_HELD]
    try:
        guesses = _guesses(held)
    except ConfigError as problem:
        st.error(literal(problem))
        return
    for note in table.notes:
        st.info(literal(note))
    for guess in guesses:
        _draw_words(held, guess)
    st.dataframe(
        [
            {
                "Column": guess.schema.name, "Kind": guess.kind, "Missing": guess.missing,
                "Different": guess.distinct, "For example": ", ".join(guess.examples),
            }
            for guess in guesses
        ],
        hide_index=True, key=f"table-columns-{held.digest}", height=min(400, 38 + 35 * len(guesses)),
    )  # fmt: skip
    _draw_change(held, guesses)


def _draw_words(held: HeldTable, guess: ColumnGuess) -> None:
    """A column's problem or note, with a button where there is a way out."""
    words = guess.problem or guess.note
    if not words:
        return
    (st.error if guess.problem else st.info)(literal(words))
    if guess.offer:
        st.button(
            f"Take {literal(guess.offer)} for missing", key=f"table-offer-{held.digest}-{guess.schema.name}",
            on_click=_add_marker, args=(held, guess.offer),
        )  # fmt: skip


def _markers_key(held: HeldTable) -> str:
    return f"table-markers-{held.digest}"


def _add_marker(held: HeldTable, marker: str) -> None:
    """Markers with a comma, or among others in a JSON list, are written as one."""
    named = json.loads(held.markers) if held.markers.startswith("[") else held.markers.split(",")
    named = [one for one in named if one.strip()] + [marker]
    text = (
        json.dumps(named, ensure_ascii=False) if any("," in one or "[" in one for one in named) else ",".join(named)
    )
    st.session_state[_HELD] = replace(held, markers=text)
    st.session_state[_markers_key(held)] = text


def _draw_markers(held: HeldTable) -> None:
    key = _markers_key(held)
    st.session_state.setdefault(key, held.markers)

    def changed() -> None:
        st.session_state[_HELD] = replace(st.session_state[_HELD], markers=str(st.session_state[key]).strip())

    st.text_input(
        "Also missing", key=key, on_change=changed, placeholder="-999, unknown", max_chars=1000,
        help="Texts that mean that a cell is missing, beside empty ones, NA, NaN, NULL, None and ?.",
    )  # fmt: skip


def _draw_change(held: HeldTable, guesses: list[ColumnGuess]) -> None:
    by_name = {guess.schema.name: guess for guess in guesses}
    with st.container(horizontal=True, vertical_alignment="bottom", key="table-change"):
        name = st.selectbox("Change the kind of", list(by_name), key=f"table-column-{held.digest}", width=260)
        key = f"table-kind-{held.digest}-{name}"
        st.session_state[key] = by_name[name].kind

        def changed() -> None:
            current: HeldTable = st.session_state[_HELD]
            kinds = {**dict(current.kinds), name: str(st.session_state[key])}
            st.session_state[_HELD] = replace(current, kinds=tuple(kinds.items()))

        st.selectbox("Kind", KINDS, key=key, on_change=changed, width=200)

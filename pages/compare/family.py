"""The family tree: which run branched from which, at what step and with what change, and which are twins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config.codec import differences, from_dict, spec_at
from gan_core.runs.lineage.family import Member, families
from gan_core.runs.states import LIVE
from gan_core.runs.storage.views import config_in_force
from gan_core.training import RunConfig
from pages.compare.chosen import choose, chosen, colour_of
from pages.compare.differences import values_of, words_of
from pages.compare.picker import letter_of, run_name
from pages.compare.web.family import family_view
from pages.ui.session import Tab, manager, watch
from pages.ui.words import path_label

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView

MOST_RUNS = 300
LOOK_SECONDS = 2.0  # between two drawings while something trains
_KNOWN, _OPENED, _CHOSEN = "compare_family_words", "compare_family_opened", "compare_family_chosen"


def draw(state: Tab) -> None:
    live = any(view.state in LIVE for view in manager().views()[:MOST_RUNS])
    st.fragment(_draw, run_every=LOOK_SECONDS if live else None)(state)


def _draw(state: Tab) -> None:
    views = manager().views()[:MOST_RUNS]
    found = [members for members in families(views) if len(members) > 1]
    alone = len(views) - sum(len(members) for members in found)
    if not found:
        st.info(
            "Branch a run in the Lab, or train twins there: then it is drawn here who comes from whom, "
            "at which step and with which change."
        )
        return
    family_view(
        families=[[_row(member, members) for member in members] for members in found],
        alone=alone,
        on_open=lambda run: _open(state, run),
        on_chosen=_toggle,
    )
    if st.session_state.pop(_OPENED, False):
        st.switch_page("lab/page.py")
    if st.session_state.pop(_CHOSEN, False):
        st.rerun()  # the whole page: the address names who is compared


def _row(member: Member, members: list[Member]) -> dict[str, Any]:
    view = member.view
    place = chosen().index(view.id) if view.id in chosen() else -1
    return {
        "id": view.id,
        "name": run_name(view),
        "state": view.state,
        "step": view.step,
        "begins": min(member.begins, view.step),  # it may be on the way there still
        "branched": member.begins if view.parent else -1,
        "parent_row": member.parent_row,
        "twin_row": member.twin_row,
        "orphan": bool(view.parent) and member.parent_row < 0,
        "words": said_of(member, members),
        "letter": letter_of(place) if place >= 0 else "",
        "colour": colour_of(place) if place >= 0 else "",
    }


def said_of(member: Member, members: list[Member]) -> str:
    """What is different in a run from the one that it comes from, or in its twin; found out once."""
    view = member.view
    other = members[member.parent_row].view if member.parent_row >= 0 else None
    if other is None and member.twin_row >= 0:
        other = members[member.twin_row].view
    if other is None:
        return ""
    known: dict[tuple[str, str], str] = st.session_state.setdefault(_KNOWN, {})
    key = view.id, other.id
    if key not in known:
        try:
            known[key] = _difference(view, other)
        except ValueError:  # a folder that has been edited or has gone
            known[key] = ""
    return known[key]


def _difference(view: RunView, other: RunView) -> str:
    branch = view.parent == other.id
    changes, step = (manager().changes(other.id), view.parent_step) if branch else ([], None)
    before = config_in_force(manager().manifest(other.id), changes, step)
    after = from_dict(RunConfig, manager().manifest(view.id).config)
    values = values_of(after)
    said = [
        f"{path_label(after, path)} {words_of(spec_at(after, path), values[path])}"
        for path in differences(after, before)
        if path in values
    ]
    more = f" and {len(said) - 3} more" if len(said) > 3 else ""
    return ", ".join(said[:3]) + more if said else "nothing changed"


def _open(state: Tab, run: str) -> None:
    """Watch a run in the Lab; its name came from a browser."""
    if run in {view.id for view in manager().views()}:
        watch(state, run)
        st.session_state[_OPENED] = True


def _toggle(run: str) -> None:
    now = chosen()
    st.session_state[_CHOSEN] = True
    if run in now:
        choose(one for one in now if one != run)
    elif run in {view.id for view in manager().views()}:
        choose([*now, run])

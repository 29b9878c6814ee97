"""The table of all runs: what each is, what became of it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from gan_core.measure.image_measures import IMAGE_MEASURES
from gan_core.runs.catalog import trash
from gan_core.runs.storage.labels import label
from gan_core.runs.storage.run_folder import run_ids
from pages.compare.carry import draw_import
from pages.compare.chosen import MOST_CHOSEN, WIDGET, choose, chosen
from pages.compare.measures import OF_POINTS, OF_TRAINING, curve
from pages.compare.measuring import begin, draw_measuring
from pages.compare.web.runs_table import runs_table
from pages.server.app_state import app_state
from pages.server.http.run_rows import rows
from pages.server.security.people import here
from pages.server.security.public import public
from pages.server.security.rights import demand
from pages.ui.session import Tab, manager, watch, why_not
from pages.ui.words import preset_label

LAST = "compare_deleted"  # in the session: tokens of what was deleted last
GOTO = "goto-lab"
_FIRST = ("fid", "modes_covered", "high_quality_share", "sliced_wasserstein", "g_loss", "d_loss")
_SHARES = ("precision", "recall", "coverage")


def measures() -> list[dict[str, Any]]:
    """The columns that a run may have a value for: of evaluations first, then of the plane, then of the curves."""
    of_images = [
        curve(m.name, m.label, m.help, m.unit, higher=m.higher_is_better, share=m.name in _SHARES)
        for m in IMAGE_MEASURES
    ]
    every = [*of_images, *OF_POINTS, *(m for m in OF_TRAINING if m["name"] not in ("g_lr", "d_lr"))]
    return [measure | {"first": measure["name"] in _FIRST} for measure in every]


def draw(state: Tab) -> None:
    if st.session_state.pop(GOTO, False):
        st.switch_page("lab/page.py")
    found = rows(manager(), person=here())
    there = {row["id"] for row in found}
    deleted = [
        {"token": one.token, "run": one.run, "name": one.title or preset_label(one.preset), "bytes": one.size_bytes,
         "when": one.when}
        for one in trash.deleted(manager().runs_dir)
        if _may_restore(one)
    ]  # fmt: skip
    draw_import(state)
    draw_measuring(state)
    if not found and not deleted:
        st.html(
            '<div class="gs-nothing"><b>No run yet.</b> Every run that is trained in the Lab stands here, with a '
            "picture, its settings and its measures; two or more of them can then be held against each other.</div>"
        )
        st.page_link("lab/page.py", label="Train the first in the Lab", icon=":material/science:")
        return
    if any(run not in there for run in chosen()):
        choose(run for run in chosen() if run in there)
    runs_table(
        token=app_state().token, rows=found, count=len(run_ids(manager().runs_dir)), chosen=chosen(),
        most=MOST_CHOSEN, measures=measures(), deleted=deleted, last=st.session_state.get(LAST, []),
        projector=state.projector,
        on_asked=lambda asked: carry_out(state, asked),
    )  # fmt: skip


def carry_out(state: Tab, asked: list[object]) -> None:
    """What the table was asked for; what goes wrong becomes the notice."""
    name, arguments = asked[0], asked[1:]
    act = _ACTS.get(name) if isinstance(name, str) else None
    if act is None:
        return
    try:
        act(state, *arguments)
    except (ValueError, OSError) as problem:
        state.notice = public(problem)
    except TypeError:  # not what our own table sends
        state.notice = "This was not understood; reload the page."


def _texts(found: object) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise TypeError
    return found


def _choose(_state: Tab, runs: object) -> None:
    there = set(run_ids(manager().runs_dir))
    choose(run for run in _texts(runs) if run in there)


def _delete(state: Tab, runs: object) -> None:
    st.session_state[LAST] = _each(state, _texts(runs), _deleted)


def _deleted(run: str) -> str:
    demand(here(), "delete", manager().view(run).owner, run)
    return trash.delete(manager(), run)


def _undelete(state: Tab, tokens: object) -> None:
    _each(state, _texts(tokens), _undeleted)
    st.session_state[LAST] = []


def _undeleted(token: str) -> str:
    owners = {one.token: one.owner for one in trash.deleted(manager().runs_dir)}
    demand(here(), "restore", _known(owners.get(token, "")), token)
    return trash.undelete(manager().runs_dir, token)


def _may_restore(one: trash.Deleted) -> bool:
    return not why_not("restore", _known(one.owner))


def _known(owner: str | None) -> str:
    """What cannot be read is the machine's."""
    return owner or ""


def _each(state: Tab, names: list[str], act: Callable[[str], str]) -> list[str]:
    """What `act` gives for as many as can be; why it cannot be for the others becomes the notice."""
    done, problems = [], []
    for name in names:
        try:
            done.append(act(name))
        except (ValueError, OSError) as problem:
            problems.append(public(problem))
    state.notice = " ".join(problems)
    return done


def _empty(_state: Tab) -> None:
    found = trash.deleted(manager().runs_dir)
    if all(map(_may_restore, found)):
        trash.empty(manager().runs_dir)
    else:  # of a student's the student's own
        trash.empty(manager().runs_dir, {one.token for one in found if _may_restore(one)})
    st.session_state[LAST] = []


def _measure(_state: Tab, runs: object) -> None:
    for run in _texts(runs):
        demand(here(), "measure", manager().view(run).owner, run)
    begin(_texts(runs))


def _tags(_state: Tab, run: str, tags: object) -> None:
    demand(here(), "label", manager().view(run).owner, run)
    label(manager().runs_dir, run, tags=_texts(tags))


def _notes(_state: Tab, run: str, notes: str) -> None:
    demand(here(), "label", manager().view(run).owner, run)
    label(manager().runs_dir, run, notes=notes)


def _lab(state: Tab, run: str) -> None:
    watch(state, run)
    st.session_state[GOTO] = True


def _tab(_state: Tab, name: str) -> None:
    st.session_state[WIDGET] = {"curves": "Curves", "samples": "Samples", "settings": "Settings"}.get(name, "Runs")


_ACTS: dict[str, Callable[..., None]] = {
    "choose": _choose, "delete": _delete, "undelete": _undelete, "empty": _empty, "tags": _tags, "notes": _notes,
    "lab": _lab, "tab": _tab, "measure": _measure,
}  # fmt: skip

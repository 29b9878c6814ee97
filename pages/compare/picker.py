"""The runs that a tab compares: a compact way to choose them, and how each is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.compare.chosen import MOST_CHOSEN, choose, chosen
from pages.ui.choices import distinct, made_name, meant, named
from pages.ui.preset_match import makes_points
from pages.ui.session import manager
from pages.ui.words import moment, run_label

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView

MOST_OFFERED = 300
FIRST_CHOICE = 4  # runs that one click chooses where none is


def run_name(view: RunView) -> str:
    """As people call it: its title or preset, and when it was made."""
    return f"{run_label(view)} · {moment(view.created, st.context.timezone)}"


def letter_of(place: int) -> str:
    """A, B, ... by place among the chosen; AA, AB, ... after Z."""
    first, last = divmod(place, 26)
    return (chr(64 + first) if first else "") + chr(65 + last)


def pick_runs(tab: str) -> list[RunView]:
    """Let the person choose, and return the views of those chosen that there are; empty states say what to do.

    tab: of its own for each tab, because what a widget holds is lost with it while the choice is not.
    """
    views = {view.id: view for view in manager().views()[:MOST_OFFERED]}
    for run in chosen():  # an older one that the address names
        if run not in views:
            try:
                views[run] = manager().view(run)
            except ValueError:
                choose(one for one in chosen() if one != run)
    if not views:
        st.info("There is no run yet: train one in the Lab, then compare it with others here.")
        return []
    key = f"compare-pick-{tab}"
    st.session_state[key] = chosen()

    said = named("runs", distinct({run: made_name(v) for run, v in views.items()}))

    def picked() -> None:
        asked = (meant("runs", answer) for answer in st.session_state[key])
        choose(run for run in asked if run in views)

    def draw_choice() -> None:
        st.multiselect(
            "Runs to compare", list(views), key=key, format_func=said, max_selections=MOST_CHOSEN,
            placeholder="Choose the runs to compare", on_change=picked,
        )  # fmt: skip

    if chosen():
        with st.popover(f"Runs · {len(chosen())} of {len(views)}", icon=":material/checklist:", key=f"{key}-open"):
            draw_choice()
        return [views[run] for run in chosen()]
    newest = list(views)[:FIRST_CHOICE]
    words = "the newest run" if len(newest) == 1 else f"the {len(newest)} newest runs"
    st.markdown("No run is chosen yet: choose some here, or tick them in the table of the first tab.")
    draw_choice()
    st.button(f"Compare {words}", key=f"{key}-newest", type="primary", on_click=lambda: choose(newest))
    return []


def described(views: list[RunView]) -> list[dict[str, Any]]:
    """What the components show of each run, by its place."""
    return [
        {
            "id": view.id,
            "name": run_name(view),
            "letter": letter_of(place),
            "place": place,
            "state": view.state,
            "points": makes_points(view),
        }
        for place, view in enumerate(views)
    ]


def signature(views: list[RunView]) -> str:
    """What a tab was drawn for, as its component builds it from the channel."""
    return "|".join(view.state for view in views)

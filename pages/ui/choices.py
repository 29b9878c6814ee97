"""Choices by label: a browser names an option by its label alone, so labels say nothing that changes by itself.

A run's label is its name and the moment it was made, never its state, its step or "yesterday". Where a label changes
all the same (a run was renamed, another of the same name came), an answer with the old one still means that option.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from pages.ui.words import date_and_clock, preset_label, run_label

if TYPE_CHECKING:
    from gan_core.runs.groups.sweep_file import Sweep
    from gan_core.runs.snapshot import RunView

Option = TypeVar("Option")
_SAID = "ganscope.said"  # in the session: label -> option, of everything that a choice has offered
MOST_SAID = 2_000  # labels that are remembered of a choice


def show(key: str, value: object) -> None:
    """Before a widget is drawn: what it is to show.

    Written only where it shows something else: the browser takes over whatever is written, and would turn back what
    was pressed since the page began to be drawn. Sent with the next event, of whichever widget, that press is lost.
    """
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def two_ways(
    label: str, key: str, words: Mapping[bool, str], shown: bool, choose: Callable[[bool], None], *,
    help: str | None = None, wide: bool = True,
) -> None:  # fmt: skip
    """A switch of two ways in the order of `words`; choose: gets what was pressed, before the page is drawn again."""
    show(key, shown)
    st.segmented_control(
        label,
        tuple(words),
        format_func=lambda way: words[way],
        key=key,
        required=True,
        on_change=lambda: choose(bool(st.session_state[key])),
        label_visibility="collapsed",
        help=help,
        width="stretch" if wide else "content",
    )


def named(choice: str, labels: Mapping[Option, str]) -> Callable[[Option], str]:
    """What `format_func` is to be for these options; remembers what each label stands for.

    choice: a name of its own for each set of options, such as the widget's key.
    """
    said = _said(choice) | {label: option for option, label in labels.items()}
    st.session_state.setdefault(_SAID, {})[choice] = dict(list(said.items())[-MOST_SAID:])
    return lambda option: labels.get(option, str(option))


def meant(choice: str, answer: object) -> Any:
    """The option that an answer stands for, also where it is a label of an earlier drawing."""
    return _said(choice).get(answer, answer)


def _said(choice: str) -> dict[object, Any]:
    found: dict[object, Any] = st.session_state.get(_SAID, {}).get(choice, {})
    return found


def made_name(item: RunView | Sweep) -> str:
    """A run or a sweep as people call it, in words that stay: its title or preset, and when it was made."""
    when = date_and_clock(item.created, st.context.timezone)
    if hasattr(item, "members"):  # by its shape: a reload of the code replaces classes under a live run
        return f"{item.title or preset_label(item.preset)} · {when}"
    return f"{run_label(item)} · {when}"


def distinct(names: dict[str, str]) -> dict[str, str]:
    """Ids -> names, with the end of the id, or all of it, where a name comes twice."""
    for letters in (4, 0):
        often = Counter(names.values())
        names = {run: f"{name} · {run[-letters:]}" if often[name] > 1 else name for run, name in names.items()}
    return names

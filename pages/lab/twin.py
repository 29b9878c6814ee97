"""Twin runs in the Lab: how they are started, and both side by side at the same step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config.codec import ConfigError, differences, from_dict, get_at, replace_at, walk
from gan_core.runs.states import LIVE
from gan_core.training import RunConfig
from pages.lab.branching import Begin
from pages.server.security.public import public
from pages.ui.choices import meant, named
from pages.ui.fields.panel import draw_field
from pages.ui.literal import literal
from pages.ui.preset_match import hidden_fields
from pages.ui.session import Tab, manager, watch, why_not_start
from pages.ui.words import path_label, plain, value_at

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView

_CHANGES, _CAUTIONS = "twin-changes", "twin-cautions"
FIRST_OFFERED = "d_optimizer.lr"
NOT_OFFERED = ("record", "precision", "backend", "total_images")
ORDER = ("First", "Second")

Draw = Callable[..., None]
"""`page.draw_view`."""


# --- how they are started


def draw_twins(state: Tab, begin: Begin) -> None:
    with st.popover("Twins", icon=":material/group:", key="twins", on_change="rerun") as popover:
        if not popover.open:  # nothing of it costs anything until it is looked at
            return
        st.markdown(
            "Two runs in step, from the same seed, weights, batches and latents. The first is as the panel says; "
            "choose what is different in the second."
        )
        config = state.config
        paths = offered(config)
        said = named("twin-path", {p: path_label(config, p) for p in paths})
        if "twin-path" in st.session_state:
            st.session_state["twin-path"] = meant("twin-path", st.session_state["twin-path"])
        path = st.selectbox(
            "Different in the second", paths, index=paths.index(FIRST_OFFERED) if FIRST_OFFERED in paths else 0,
            format_func=said, key="twin-path", on_change=_forget,
        )  # fmt: skip
        other, changes = _second(config, path)
        st.caption(f"First: **{literal(_said(config, path))}**")
        draw_field(other, path, "twin", _remember)
        cautions, refused = _cautions(config, changes)
        for sentence in cautions:
            st.caption(f":orange[:material/warning:] {literal(sentence)}")
        if refused and changes:
            st.error(literal(refused), icon=":material/block:")
        st.button(
            "Start the twins", key="twin-go", type="primary", width="stretch",
            disabled=bool(refused or why_not_start(2)),
            help="Change the setting of the second first." if not changes else literal(why_not_start(2)) or None,
            on_click=begin, args=(state, state.begun, lambda: _start(state, changes)),
        )  # fmt: skip


def offered(config: RunConfig) -> list[str]:
    """What may be different: every field that changes what is learned or how, in the panel's order."""
    hidden = hidden_fields(config)
    return [
        path for path, _, _ in walk(config)
        if path.partition(".")[0] not in NOT_OFFERED and not any(f"{path}.".startswith(f"{h}.") for h in hidden)
    ]  # fmt: skip


def _said(config: RunConfig, path: str) -> str:
    return plain(value_at(config, path))


def _forget() -> None:
    st.session_state[_CHANGES] = {}


def _remember(path: str, value: object) -> None:
    st.session_state[_CHANGES] = {**st.session_state.get(_CHANGES, {}), path: value}


def _second(config: RunConfig, path: str) -> tuple[RunConfig, dict[str, Any]]:
    """The second one's configuration, and what makes it different from the panel's as that is now."""
    other, changes = config, {}
    for changed, value in st.session_state.get(_CHANGES, {}).items():
        if not f"{changed}.".startswith(f"{path}."):
            continue
        try:
            other = replace_at(other, changed, value)
        except ConfigError:  # a field of a member that is not chosen any more
            continue
        changes[changed] = value
    return other, changes if other != config else {}


def _cautions(config: RunConfig, changes: dict[str, Any]) -> tuple[list[str], str]:
    """What they would not have in common, and why they cannot be; found out once a pair, since networks are built."""
    if not changes:
        return [], "The twins would be the same."
    key = repr((config, changes))
    known = st.session_state.get(_CAUTIONS)
    if known is None or known[0] != key:
        try:
            other = config
            for path, value in changes.items():
                other = replace_at(other, path, value)
            problems = manager().problems(config) or manager().problems(other)
            found = [] if problems else manager().twin_cautions(config, changes)
            known = key, found, " ".join(problems)
        except ValueError as problem:
            known = key, [], public(problem)
        st.session_state[_CAUTIONS] = known
    return known[1], known[2]


def _start(state: Tab, changes: dict[str, Any]) -> str:
    first, _ = manager().start_twins(state.config, changes, preset=state.preset)
    _forget()
    return str(first)


# --- both side by side


def draw_pair(state: Tab, view: RunView | None, config: RunConfig, draw: Draw) -> None:
    """The watched run, with its twin beside it where it has one."""
    other = twin_view(view)
    if view is None or other is None:
        draw(state, view, config)
        return
    known = {each.id: each for each in (view, other)}
    configs = {view.id: config, other.id: from_dict(RunConfig, other.config)}
    ids = sorted(known)
    _draw_choice(state, view, ids)
    with st.container(key="pair"):
        for place, (column, run) in enumerate(zip(st.columns(2, gap="small"), ids, strict=True)):
            with column:
                name = own_words(configs[run], configs[ids[1 - place]])
                draw(
                    state, known[run], configs[run], key=f"live-{place}", name=f"{ORDER[place]} · {name}",
                    twin=ids[1 - place],
                )  # fmt: skip


def twin_view(view: RunView | None) -> RunView | None:
    """The other twin, or None where there is none, or none any more."""
    if view is None or not view.twin_of:
        return None
    try:
        other = manager().view(view.twin_of)
    except ValueError:
        return None
    return other if other.twin_of == view.id else None


def _draw_choice(state: Tab, view: RunView, ids: list[str]) -> None:
    """Which of the two the panel and the buttons stand for."""
    st.session_state["twin-shown"] = view.id

    def turned() -> None:
        chosen = st.session_state["twin-shown"]
        if chosen in ids and chosen != state.run:
            watch(state, chosen)

    with st.container(key="pair-choice", horizontal=True, vertical_alignment="center", gap="small"):
        st.segmented_control(
            "The panel shows", ids, format_func=lambda run: ORDER[ids.index(run)], key="twin-shown", required=True,
            on_change=turned, label_visibility="collapsed",
        )  # fmt: skip
        words = "Resume lets both go on."
        if view.state in LIVE:
            words = "Pause, stop and live changes act on both at the same step, but for what makes them different."
        elif view.state == "finished":
            words = "Both are shown at the same step."
        st.caption(words)


def own_words(config: RunConfig, other: RunConfig) -> str:
    """What is different in a run from its twin: "Learning rate 0.0002"."""
    said = []
    for path in differences(config, other):
        try:
            get_at(config, path)
        except ConfigError:
            continue
        said.append(f"{path_label(config, path)} {_said(config, path)}")
    return ", ".join(said[:2]) + (f" and {len(said) - 2} more" if len(said) > 2 else "")

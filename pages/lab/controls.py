"""The Lab's row of buttons: one primary action at a time, the others beside it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

import streamlit as st

from gan_core.runs.commands import CheckpointNow, Command, Pause, Resume, StepOnce, Stop
from gan_core.runs.states import LIVE, WORDS, State
from pages.lab.branching import draw_branch
from pages.lab.downloads import draw_downloads
from pages.lab.next_run.speed import draw_speed, paced
from pages.lab.next_run.where import draw_where, goes_elsewhere
from pages.lab.sharing import draw_share
from pages.lab.twin import draw_twins
from pages.server.security.people import here, whose
from pages.server.security.public import public
from pages.ui.asked import ask
from pages.ui.choices import distinct, made_name, meant, named
from pages.ui.literal import literal
from pages.ui.preset_match import makes_points
from pages.ui.session import Tab, manager, watch, why_not, why_not_start
from pages.ui.words import compact

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView

Made = TypeVar("Made")
Kind = State | Literal["idle", "elsewhere"]
"""How a run stands for this program; "idle" where none is watched, "elsewhere" where another program trains it."""

LONGER = (2, 5, 10)
MOST_OFFERED, MOST_ACTIVE = 200, 5  # runs to choose from; of those that train, so many are listed below


def attempt(state: Tab, action: Callable[[], Made]) -> Made | None:
    """Do it, or keep the sentence that says why not."""
    try:
        return action()
    except (ValueError, OSError) as problem:
        state.notice = public(problem)
        return None


def begin(state: Tab, drawn: int, make: Callable[[], str]) -> None:
    """Make a run and watch it: one for each drawing of the button, however often that one is clicked.

    drawn: `state.begun` when the button was drawn; the second click of two still comes from the same button. It is
    made when the page is drawn next, from what is chosen by then.
    """
    ask(partial(_begin, state, drawn, make))


def _begin(state: Tab, drawn: int, make: Callable[[], str]) -> None:
    if drawn != state.begun:
        return
    run = attempt(state, make)
    state.begun += 1
    if run:
        watch(state, run)


def draw_controls(state: Tab, view: RunView | None, paces: Callable[[], None]) -> None:
    """The row above the picture; in projector mode the strip that floats over the page, with both learning rates.

    paces: draws their sliders.
    """
    with st.container(key="controls", horizontal=True, vertical_alignment="center", gap="small"):
        _draw_actions(state, view)
        if state.projector:
            with st.container(key="strip-paces", horizontal=True, gap="small"):
                paces()
            draw_share(state, view)  # its QR code is for this very screen
            return
        st.space("stretch")
        if _shows_all(state):
            _draw_runs(state, view)
            if view is not None:
                draw_downloads(view)
        draw_share(state, view)


def _draw_actions(state: Tab, view: RunView | None) -> None:
    """The buttons that fit the run's state; what does not apply is not there."""
    kind: Kind = view.state if view is not None else "idle"
    running = _others_training(state, view)
    waits = kind == "queued" and manager().elsewhere.waits(state.run)
    if view is not None and kind == "queued" and not waits and ((not running and not view.queue_place) or view.step):
        kind = "running"  # it starts at once, or waits for its next turn: no other buttons for that time
    if kind in LIVE and not waits and view is not None:
        kind = _draw_elsewhere(state, view, kind)

    if view is not None:
        _draw_owner(view)
        _draw_commands(state, view, kind)
    of_others = view is not None and bool(why_not("change", view.owner))  # the panel is for one's own next run
    if kind not in LIVE or not state.steering or of_others:
        draw_where(state)
        _draw_train(state, primary=kind in ("idle", "finished", "diverged"))
        if kind not in ("running", "paused") and state.shows("speed"):
            draw_speed(state, None)
        if _shows_all(state):
            draw_twins(state, begin)
    if not state.projector and not _shows_all(state):  # there Runs has it: it would take a row of its own
        _draw_watch_other(state, running)
    if not _shows_all(state):
        return
    if view is not None and view.state != "queued":
        draw_branch(state, view, begin)
    if view is not None and view.checkpoints and kind not in LIVE and not makes_points(view):
        _draw_explore(state)


def _others_training(state: Tab, view: RunView | None) -> list[RunView]:
    own = (state.run, view.twin_of if view is not None else "")
    return [v for v in manager().views() if v.state in ("running", "paused") and v.id not in own]


def _draw_watch_other(state: Tab, others: list[RunView]) -> None:
    training = [view.id for view in others if view.state == "running"]
    if not training:
        return
    st.button(
        "Watch what trains now",
        key="watch-other",
        icon=":material/visibility:",
        on_click=watch,
        args=(state, training[0]),
        help="Another run than this one. Watching changes nothing in it.",
    )


def _draw_elsewhere(state: Tab, view: RunView, kind: Kind) -> Kind:
    """What is to be said of a run that another program trains, and what kind it is then."""
    if host := manager().elsewhere.silent_holder(state.run):
        words = literal(f"{host} trains it, but gives no sign of life")
        st.badge(words, icon=":material/sensors_off:", color="orange")
        refused = why_not("resume", view.owner)
        st.button(
            "Take over", key="take-over", icon=":material/link_off:", disabled=bool(refused),
            help=literal(refused) or "If that machine is gone: let go of the run, to resume it here.",
            on_click=lambda: attempt(state, lambda: manager().elsewhere.take_over(state.run)),
        )  # fmt: skip
        return "elsewhere"
    if not manager().takes_commands(state.run):
        st.badge("Trained by another program: watch only", icon=":material/visibility:", color="gray")
        return "elsewhere"
    return kind


def _draw_owner(view: RunView) -> None:
    """Whose the watched run is, where that is not whoever looks at it."""
    words = whose(view.owner, here())
    if words not in ("", "yours"):
        st.badge(literal(f"{words[:1].upper()}{words[1:]}"), icon=":material/person:", color="gray")


def _shows_all(state: Tab) -> bool:
    """Every command that there is, or only those that a newcomer, or a lecture hall, needs."""
    return state.full and not state.projector and not state.only


def _draw_commands(state: Tab, view: RunView, kind: Kind) -> None:
    """What the watched run can be told now, by who looks at it."""
    refused = why_not("change", view.owner)

    def command(
        label: str, icon: str, what: Command, *, primary: bool = False, help: str = "", disabled: bool = False
    ) -> None:
        st.button(
            label,
            key=label.lower().replace(" ", "-"),
            icon=f":material/{icon}:" if icon else None,
            type="primary" if primary else "secondary",
            help=literal(refused) or help or None,
            disabled=disabled or bool(refused),
            on_click=lambda: attempt(state, lambda: manager().send(state.run, what)),
        )

    if kind == "queued":
        st.button("Cancel", key="cancel", type="primary", icon=":material/close:",
                  disabled=bool(refused), help=literal(refused) or None,
                  on_click=lambda: attempt(state, lambda: manager().cancel(state.run)))  # fmt: skip
    elif kind in ("running", "paused"):  # the same buttons in the same places: nothing moves away from the pointer
        moving = kind == "running"
        if moving:
            command("Pause", "pause", Pause(), primary=True)
        else:
            command("Resume", "play_arrow", Resume(), primary=True)
        step = "One update of both networks, then pause again."
        command("Step", "skip_next", StepOnce(), help=_when_paused(step, moving), disabled=moving)
        if makes_points(view) and _shows_all(state):
            for label, step_once in (("D only", StepOnce("discriminator")), ("G only", StepOnce("generator"))):
                alone = f"One update of {label[0]}; the other stays as it is."
                command(label, "", step_once, help=_when_paused(alone, moving), disabled=moving)
    elif kind in ("stopped", "interrupted", "failed"):
        st.button(
            "Resume", key="resume", type="primary", icon=":material/play_arrow:",
            help=literal(refused) or f"{from_where(view)}, to {view.goal}.", disabled=bool(refused),
            on_click=lambda: attempt(state, lambda: _resume(state, view.processes)),
        )  # fmt: skip
    elif kind == "finished" and _shows_all(state):
        _draw_longer(state, view, refused)
    if (view.queue_place > 0 or kind == "queued") and here().teacher:
        no = manager().why_not_first(state.run)
        st.button(
            "Put first", key="put-first", icon=":material/vertical_align_top:", disabled=bool(no),
            help=literal(no) or "It is next: the run that has the device steps aside now, and goes on later.",
            on_click=lambda: attempt(state, lambda: manager().first(state.run)),
        )  # fmt: skip
    if kind in ("running", "paused"):
        if state.shows("speed"):
            draw_speed(state, view, refused)
        command("Stop", "stop", Stop(), help="Keep a checkpoint and stop; it can be resumed later.")
        if _shows_all(state):
            command("Checkpoint", "bookmark_add", CheckpointNow(), help="Keep this moment, to branch from it.")


def _resume(state: Tab, processes: int) -> None:
    if goes_elsewhere(state):
        manager().elsewhere.resume(state.run)
    else:
        manager().resume(state.run, processes=processes)


def _when_paused(words: str, moving: bool) -> str:
    return f"{words} Pause first." if moving else words


def from_where(view: RunView) -> str:
    return "Go on from the last checkpoint" if view.checkpoints else "Begin again, as no checkpoint was made yet"


def train(state: Tab, drawn: int) -> None:
    """Train with the settings of the panel. drawn: see `begin`."""
    ask(partial(_train, state, drawn))


def _train(state: Tab, drawn: int) -> None:
    if drawn == state.begun:
        # A scene asks for this backend: the same run as wherever it was made is worth some seconds.
        if state.config.backend == "compiled" and not goes_elsewhere(state):
            attempt(state, lambda: manager().prepare(state.config))
        _begin(state, drawn, lambda: _start(state))
        paced(state)


def _start(state: Tab) -> str:
    if goes_elsewhere(state):
        return manager().elsewhere.start(state.config, preset=state.preset)
    return manager().start(
        state.config, preset=state.preset, seconds_per_step=state.speed, processes=state.processes,
        device=state.device,
    )  # fmt: skip


def _draw_train(state: Tab, *, primary: bool) -> None:
    found = manager().problems(state.config, state.processes) or [why for why in (why_not_start(),) if why]
    st.button(
        "Train",
        key="train",
        type="primary" if primary else "secondary",
        icon=":material/play_arrow:",
        disabled=bool(found),
        help=literal(found[0]) if found else "Start a new run with the settings of the panel.",
        on_click=train,
        args=(state, state.begun),
    )


def _draw_longer(state: Tab, view: RunView, refused: str) -> None:
    with st.popover("Train longer", icon=":material/update:", key="longer"):
        st.markdown("Go on from its last step, as if it had been planned longer.")
        what = "points" if makes_points(view) else "images"
        for times in (1, *LONGER) if view.cut_short else LONGER:
            total = view.total_images * times
            st.button(
                f"{compact(total)} {what} in all{', as planned' if times == 1 else ''}",
                key=f"longer:{times}",
                width="stretch",
                disabled=bool(refused),
                help=literal(refused) or None,
                on_click=lambda total=total: attempt(state, lambda: manager().resume(state.run, total_images=total)),
            )


def _draw_explore(state: Tab) -> None:
    if st.button("Explore", key="explore-run", icon=":material/explore:", help="Its latent space, under your hand."):
        st.switch_page("explore/page.py", query_params={"model": f"run:{state.run}"})


def _draw_runs(state: Tab, view: RunView | None) -> None:
    """All runs here, newest first: pick one to watch. view: the one that is watched."""
    views = manager().views()
    if not views:
        return
    active = sum(v.state in LIVE for v in views)
    label = f"Runs · {active} active" if active else "Runs"
    with st.popover(label, icon=":material/history:", key="runs"):
        _draw_watch_other(state, _others_training(state, view))
        known = distinct({v.id: made_name(v) for v in views[:MOST_OFFERED]})
        shown = state.run if state.run in known else None
        key = f"run:{shown}"  # one for each: a browser that has not drawn this yet sends back what was picked before
        st.session_state[key] = shown

        def picked() -> None:
            run = meant("runs", st.session_state[key])
            if run in known and run != shown:
                attempt(state, lambda: watch(state, run))

        st.selectbox(
            "Watch a run",
            list(known),
            format_func=named("runs", known),
            key=key,
            index=None,
            on_change=picked,
            placeholder="Choose",
        )
        now = [f"{known[v.id]} ({_how(v)})" for v in views if v.state in LIVE and v.id in known]
        if now:
            st.text("\n".join(now[:MOST_ACTIVE]))  # names may be anybody's words
        if state.run:
            st.button(
                "Back to the empty view",
                key="unwatch",
                icon=":material/restart_alt:",
                on_click=watch,
                args=(state, ""),
            )


def _how(view: RunView) -> str:
    return f"{WORDS[view.state]} on {view.slot}" if view.slot else WORDS[view.state]

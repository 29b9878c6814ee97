"""What is wrong with the watched run: in a line, and all of it with what might help a click away.

Beside it what the referee says; above it what the run says of itself.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.data import DataUnavailable
from gan_core.measure.referee.findings import HEALTHY, KINDS, LIVE_CHANGE, Finding, changed
from gan_core.measure.referee.words import EVIDENCE_LABELS, number_words
from gan_core.runs.evaluation.diagnosis import Diagnoser
from gan_core.runs.states import LIVE, WORDS
from pages.lab.controls import begin, from_where
from pages.server.app_state import app_state
from pages.server.security.public import public
from pages.ui.literal import literal
from pages.ui.session import Tab, manager, send_change, why_not, why_not_start
from pages.ui.words import count, path_label, plain

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView

log = logging.getLogger(__name__)

FITS = 90  # letters that a line holds on most screens
BADGE_FITS = 18  # letters of a badge beside what helps
AGAIN_SECONDS = 4.0
ICONS = dict.fromkeys(KINDS, "error") | {"plateau": "flag", "healthy": "check_circle"}
COLOURS = dict.fromkeys(KINDS, "red") | {"plateau": "gray", "healthy": "green"}
TOO_EARLY = ":gray[:material/hourglass_empty: The referee has too little to go by yet.]"


def _diagnoser(data_dir: str) -> Diagnoser:
    """One for all tabs, and the captions: what both say is of the same evidence."""
    return app_state().diagnoser()


def draw_findings(state: Tab, view: RunView | None) -> None:
    """Nothing where no run is watched; while one trains it looks again every few seconds."""
    if view is None or view.state == "queued":
        return
    every = AGAIN_SECONDS if view.state in LIVE else None
    st.fragment(_draw, run_every=every)(state, view.id)


def _draw(state: Tab, run: str) -> None:
    try:
        view = manager().view(run)
        findings = _diagnoser(str(manager().data_dir)).diagnose(manager(), run)
    except (ValueError, OSError, DataUnavailable) as problem:
        log.info("no diagnosis of %s: %s", run, problem)
        st.caption(f"The referee cannot say anything: {literal(public(problem))}")
        return
    with st.container(key="findings", horizontal=True, vertical_alignment="center", gap="small"):
        if not findings:
            st.markdown(TOO_EARLY)
            return
        st.markdown(_all_in_short(findings))
        first = findings[0]
        label = "What helps" if first.suggestion else "Evidence"
        with st.popover(label, key="findings-more", icon=":material/gavel:"):
            for i, finding in enumerate(findings):
                if i:
                    st.divider()
                _draw_finding(state, view, finding)


def _all_in_short(findings: Sequence[Finding]) -> str:
    """A badge where one short title is all; a badge does not wrap, so more stands there as text."""
    kind, title = findings[0].kind, findings[0].title
    if len(findings) == 1 and len(title) <= BADGE_FITS:
        return f":{COLOURS[kind]}-badge[:material/{ICONS[kind]}: {literal(title)}]"
    return " ".join(
        f":{COLOURS[one.kind]}[:material/{ICONS[one.kind]}: **{literal(one.title)}**]" for one in findings
    )


def _draw_finding(state: Tab, view: RunView, finding: Finding) -> None:
    seen = finding.kind not in (HEALTHY, LIVE_CHANGE)
    when = f" :gray[first seen at step {count(finding.step)}]" if seen else ""
    st.markdown(f"**{literal(finding.title)}**{when}")
    st.markdown(literal(public(finding.words)))
    st.markdown(f":gray[{'Why' if finding.kind == HEALTHY else 'Likely cause'}:] {literal(finding.cause)}")
    numbers = [
        f"{literal(EVIDENCE_LABELS.get(name, name))} :gray[·] **{literal(number_words(value))}**"
        for name, value in finding.evidence.items()
    ]
    st.caption("  \n".join(numbers))
    helps = "What to do" if finding.kind == HEALTHY else "What might help"
    st.markdown(f":gray[{helps}:] {literal(finding.suggestion_words)}")
    config = manager().config(view.id)
    if finding.kind == LIVE_CHANGE and view.state in LIVE and changed(config, finding.suggestion) != config:
        st.button(
            "Undo", key="findings-undo", icon=":material/undo:", on_click=_undo, args=(state, finding),
            help=literal(why_not("change", view.owner)) or "Sets it back in this run, between two steps.",
            disabled=bool(why_not("change", view.owner)),
        )  # fmt: skip
    if finding.suggestion:
        _draw_branch(state, view, finding)


def _undo(state: Tab, finding: Finding) -> None:
    for path, value in finding.suggestion.items():
        send_change(state, path, value)


def branch_step(view: RunView, finding: Finding) -> int:
    """From where the change is tried: a plateau from now, other things from before they were seen or changed.

    What goes wrong is in the networks before it is seen, and a branch would carry it along: half of the way back, and
    to the beginning where it has been wrong from the first quarter on.
    """
    if finding.kind == "plateau":
        return int(view.step)
    if finding.kind == LIVE_CHANGE:
        return int(min(finding.step, view.step))
    return 0 if finding.step <= view.step / 4 else int(min(finding.step, view.step)) // 2


def _draw_branch(state: Tab, view: RunView, finding: Finding) -> None:
    config = manager().config(view.id)
    changes = finding.suggestion
    listed = ", ".join(f"{path_label(config, path)}: {plain(value)}" for path, value in changes.items())
    step = branch_step(view, finding)
    named = "just before the change" if finding.kind == LIVE_CHANGE else "with this change"
    if st.button(
        f"Branch from step {count(step)}{', ' * (finding.kind == LIVE_CHANGE) or ' '}{named}",
        key=f"findings-branch:{finding.kind}",
        icon=":material/call_split:",
        disabled=bool(why_not_start()),
        help=literal(why_not_start())
        or f"A new run that goes on from step {count(step)} of this one, with {literal(listed)}.",
        on_click=begin,
        args=(state, state.begun, lambda: branch_with(view.id, step, dict(changes))),
    ):
        st.rerun()  # the whole page, which watches the branch now


def branch_with(run: str, step: int, changes: dict[str, Any]) -> str:
    """A branch with the change, and with as much to go again where its parent has come to its end."""
    view = manager().view(run)
    if step >= view.step and view.images >= view.total_images:
        changes["total_images"] = 2 * view.total_images
    return str(manager().branch(run, step, changes))


def draw_trouble(view: RunView | None) -> None:
    """Why a run is not what it should be, in a line; all of it, and what usually helps, is one click away."""
    if view is None:
        return
    if view.state in ("diverged", "failed"):
        words = WORDS[view.state]
        _draw_line(
            "trouble", "warning", f"**{words[:1].upper()}{words[1:]}.** {literal(public(view.error))}", view.advice
        )
    elif view.state == "interrupted":
        cut = f"This run was {WORDS['interrupted']}. Resume: {from_where(view).lower()}."
        _draw_line("trouble", "power_off", " ".join(filter(None, (cut, literal(public(view.error))))))
    if view.warnings:
        first, *rest = (public(sentence) for sentence in view.warnings)
        _draw_line("remark", "info", literal(first), rest)


def _draw_line(key: str, icon: str, markdown: str, more: Sequence[str] = ()) -> None:
    """One line that takes little from the picture; what does not fit into it is in the popover."""
    with st.container(key=key, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/{icon}: {markdown}")
        if not more and len(markdown.replace("\\", "")) <= FITS:
            return
        label = "What helps" if key == "trouble" and more else "More"
        with st.popover(label, key=f"{key}-more"):
            st.markdown(markdown)
            st.markdown("\n".join(f"- {literal(public(line))}" for line in more))

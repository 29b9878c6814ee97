"""Take it home: what the class looked at as one's own, a branch of the run or the point on Explore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from gan_core.training.scenes.scene import PLACES
from pages.server.security.public import public
from pages.ui.session import Tab, from_url, manager, watch

LAB, EXPLORE = "lab/page.py", "explore/page.py"
MOST_LETTERS = 40_000
NOTHING = "There is nothing to take home from here: wait until the teacher shows a run, or a point on Explore."


def take_home(state: Tab, told: object) -> tuple[str, dict[str, str]] | None:
    """The page to turn to and its query; None where nothing can be taken, and the tab's notice says why.

    told: what a browser says of the view: {"address": page and query, "step": the step looked at or None}.
    """
    page, query, step = _read(told)
    try:
        if page == "explore" and query.get("model"):
            return EXPLORE, {name: query[name] for name in PLACES["explore"] or () if name in query}
        if page in ("", "lab") and query.get("run"):
            return _branch(state, query["run"], step)
        if page in ("", "lab"):  # the settings of a run that has not begun
            found = from_url(query)
            watch(state, "")
            state.preset, state.config, state.notice, state.own = found.preset, found.config, found.notice, True
            return LAB, {}
        raise ValueError(NOTHING)
    except ValueError as problem:
        state.notice = public(problem)
        return None


def _branch(state: Tab, run: str, step: int | None) -> tuple[str, dict[str, str]]:
    """From the step looked at; at the end of a run that is done the branch goes on for as long again."""
    view = manager().view(run)
    at = None if step is None or step > view.step else step
    at_its_end = view.images >= view.total_images and (at is None or at == view.step)
    watch(state, manager().branch(run, at, {"total_images": 2 * view.total_images} if at_its_end else {}))
    return LAB, {"run": state.run}


def _read(told: object) -> tuple[str, dict[str, str], int | None]:
    """Page, query and step, from what may be anything."""
    given: Mapping[str, Any] = told if isinstance(told, dict) else {}
    address, step = given.get("address"), given.get("step")
    if not isinstance(address, str) or len(address) > MOST_LETTERS:
        return "none", {}, None
    page, _, query = address.partition("?")
    pairs = {name: value for name, value in parse_qsl(query) if name not in ("lesson", "projector")}
    return page, pairs, step if type(step) is int and step >= 0 else None

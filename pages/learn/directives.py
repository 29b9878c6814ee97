"""What a writer of lessons can put into a lesson besides text: the one table of directives, keys and conditions.

`docs/lessons.md` shows this table to writers, and a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pages.server.live.wire import COLUMNS


@dataclass(frozen=True)
class Directive:
    """One kind of block.

    does: what a reader sees of it. keys: name -> what it takes. needs: the keys that must be there. named: it has an
    id of its own, by which a reader's progress is kept. choices: it may have lines "- [x] answer | what is said".
    """

    name: str
    does: str
    keys: Mapping[str, str]
    needs: tuple[str, ...] = ()
    named: bool = True
    choices: bool = False


DIRECTIVES: dict[str, Directive] = {
    found.name: found
    for found in (
        Directive(
            "scene",
            "A button that opens a page with settings, a model or a tool. Nothing is trained by it.",
            {
                "page": "lab, explore, compare, gallery or data",
                "button": "what the button says",
                "set": "settings as in a link of the Lab: preset=ring seed=3; gallery=collapse: a failure scene",
                "model": "for Explore: the model's id, as in a link",
                "tool": "for Explore: the tool to open, such as pad",
                "view": "for the Lab: full, with all settings and measures, or simple",
            },
            needs=("page", "button"),
        ),
        Directive(
            "question",
            "A question with choices, or with a number for an answer; every answer is answered.",
            {
                "number": "the right number, where there are no choices",
                "within": "how far from it still counts as right",
                "why": "what is said to a number, right or wrong",
            },
            choices=True,
        ),
        Directive(
            "task",
            "Something to do on the page. It is marked done as soon as its condition holds.",
            {"done": "the condition, see below"},
            needs=("done",),
        ),
        Directive(
            "formula",
            "A typeset formula; where it has numbers, a button puts those of the run that is watched into it.",
            {"tex": "in TeX", "numbers": "the same with columns of the run in braces: L = {d_loss}"},
            needs=("tex",),
            named=False,
        ),
        Directive(
            "code",
            "Code to read. With choices, one line of it is wrong, and the reader picks the line that mends it.",
            {
                "line": "which line is wrong, counted from 1",
                "to": "the last wrong line, where there are several",
                "file": "a program beside the languages' folders, in the place of code between ``` and ```",
            },
            choices=True,
        ),
        Directive(
            "claim",
            "A sentence about what happens, which a test reproduces from the scene's seed.",
            {
                "scene": "the scene whose settings are trained",
                "steps": "how many steps",
                "expect": "a condition on the columns at the last step; `max d_loss > 20`: on the largest so far",
                "test": "the name of a measurement in tests/pages/learn/claims.py, for what no column says",
            },
        ),
        Directive(
            "notes",
            "What only a teacher sees, who has Notes on: what to say, what to ask, how long to wait.",
            {},
            named=False,
        ),
    )
}

PAGES = ("lab", "explore", "compare", "gallery", "data")
STATES = ("queued", "running", "paused", "stopping", "finished", "stopped", "diverged", "failed", "interrupted")

CONDITIONS: dict[str, str] = {
    "page": "the page that is open: page = explore",
    "scene": "the watched run has the settings of this scene: scene = collapse",
    "state": "of the watched run: state = paused, or any of " + ", ".join(STATES),
    "step": "of the watched run: step >= 300",
    "config": "a setting of the watched run: config.g_optimizer.lr <= 0.001, config.loss = hinge",
    "pressed": "a control was pressed since the lesson was opened, by its words: pressed = Pause",
    "tool": "the tool that is open in Explore: tool = pad",
    "looks": "how many different points were looked at in Explore since then: looks >= 5",
}
"""Further names are the columns of a run's records: `modes_covered <= 2`."""

_CONDITION = re.compile(r"(max |min )?([a-z][\w.]*) ?(>=|<=|=|>|<) ?(.+)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")


@dataclass(frozen=True)
class Condition:
    """`name` `sign` `value`; over: "max" or "min" of all records so far, "" for now."""

    name: str
    sign: str
    value: str | float
    over: str = ""


def conditions(text: str) -> list[Condition]:
    """What must hold all at once, parts separated by semicolons. ValueError in a sentence for what has no meaning."""
    return [_condition(part.strip()) for part in text.split(";")]


def _condition(part: str) -> Condition:
    found = _CONDITION.fullmatch(part)
    name = found[2] if found else ""
    if not found or not (name in CONDITIONS or name in COLUMNS or name.startswith("config.")):
        raise ValueError(f'the condition "{part}" has no meaning here')
    over, _, sign, value = found.groups()
    if name in ("step", "looks", *COLUMNS) and not _NUMBER.fullmatch(value):
        raise ValueError(f'the condition "{part}" needs a number')
    if name == "state" and value not in STATES:
        raise ValueError(f'the condition "{part}" names no state of a run')
    if name in ("page", "scene", "state", "pressed", "tool") and sign != "=":
        raise ValueError(f'the condition "{part}" can only say =')
    return Condition(name, sign, float(value) if _NUMBER.fullmatch(value) else value, (over or "").strip())

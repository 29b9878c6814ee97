"""Who may do what: the one place that decides. Every command, route and socket that acts on something asks here.

Whoever sits at the machine, or has the teacher's token, may do everything; so does the command line. Everybody may
look at, follow and branch from everything. What changes a thing is for its owner, and what begins one for whom the
teacher's switches let. Without a teacher's token nobody is a teacher: then what belongs to nobody, such as runs from
the command line or from before there was a token, is everybody's who has the token.
"""

from __future__ import annotations

import logging

from pages.server.security import roll
from pages.server.security.people import Person, class_server
from pages.server.security.switches import PAGES, read_switches

OPEN = ("look", "follow", "branch from", "take")
OWNERS = (
    "pause", "resume", "step", "stop", "change", "checkpoint", "take apart", "measure", "label", "rename", "delete",
    "restore", "add to",
)  # fmt: skip
"""What only the owner of a thing and a teacher may do, as "... it"."""
_PHRASES = {"take apart": "take it apart"}
TEACHERS = {
    "set switches": "Only a teacher sets what students may do.",
    "lead": "Only a teacher leads the class.",
    "put first": "Only a teacher puts a run first in line.",
    "use a cluster": "Only a teacher has runs trained on a cluster.",
    "see load": "Only a teacher sees what the server takes of its machine.",
}
BEGINNING = ("start", "bring", *(f"open {page}" for page in PAGES))
ACTIONS = (*OPEN, *OWNERS, *TEACHERS, *BEGINNING)
_log = logging.getLogger(__name__)


class Refused(ValueError):
    """Somebody asked for what they may not do; one sentence."""


def may(person: Person, action: str, owner: str = "") -> str:
    """Why this person may not do this, in one sentence; "" where they may.

    owner: whose the thing is, an id; "" is whoever sits at the machine. Raises KeyError for an action not known here.
    """
    if action not in ACTIONS:
        raise KeyError(action)
    if person.teacher or action in OPEN:
        return ""
    if action in TEACHERS:
        return TEACHERS[action]
    return _closed(action) if action in BEGINNING else _not_yours(person, action, owner)


def _closed(action: str) -> str:
    """By the teacher's switches."""
    server = class_server()
    if not server.teacher:  # nobody could set them
        return ""
    switches = read_switches(server.folder)
    if action == "start":
        return "" if switches.start_runs else "The teacher has switched off starting runs for now."
    if action == "bring":
        return "" if switches.bring_files else "The teacher has switched off bringing files for now."
    return "" if action.removeprefix("open ") in switches.pages else "The teacher has closed this page for now."


def _not_yours(person: Person, action: str, owner: str) -> str:
    server = class_server()
    if owner == person.id or (not owner and not server.teacher):
        return ""
    if not owner:
        return f"This belongs to whoever runs the server: only a teacher may {_phrase(action)}."
    name = roll.name_of(server.folder, owner)
    return f"This is {name or 'somebody else'}'s: only {name or 'they'} and a teacher may {_phrase(action)}."


def _phrase(action: str) -> str:
    return _PHRASES.get(action, f"{action} it")


def demand(person: Person, action: str, owner: str = "", what: str = "") -> None:
    """Raises Refused where the person may not, and writes it down: the page offers nothing that would be refused, so
    that the command was forged, or the page is out of date. what: the thing's own name, for the log."""
    if sentence := may(person, action, owner):
        _log.warning("refused: person %s may not %s %s: %s", person.id[:8], action, ascii(what[:80]), sentence)
        raise Refused(sentence)

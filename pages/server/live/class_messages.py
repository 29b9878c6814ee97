"""What a page says on the class's socket, read as what anybody may have sent: shapes and ranges are checked first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pages.server.live.explore_messages import read

MOST_LETTERS = 40_000  # an address with a look in it
MOST_PICTURE_BYTES = 400_000
MOST_ACROSS = 16
MOST_OPENED, MOST_KEY, MOST_LABEL = 24, 200, 80
SCREENS = ("", "frozen", "black", "white")
OF_TEACHERS = ("show", "pointer", "picture", "screen", "results", "clear", "end")
_ADDRESS = re.compile(r"[a-z]{0,20}(\?[!-~]*)?")  # a page of this server, and its query
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"RIFF")  # PNG, WebP
_PLAYER = re.compile(r"[0-9a-f]{32}")
_QUESTION = re.compile(r"[A-Za-z0-9._:-]{1,120}")


def read_message(message: Mapping[str, Any]) -> tuple[str, dict[str, Any], bytes]:
    """What is to be done, with what, and a picture's bytes. Raises ValueError in one sentence."""
    if len(message.get("text") or "") > MOST_LETTERS:
        raise ValueError(f"A message to the class has at most {MOST_LETTERS} letters.")
    if len(message.get("bytes") or b"") > MOST_PICTURE_BYTES + MOST_LETTERS:
        raise ValueError(f"A picture for the class has at most {MOST_PICTURE_BYTES // 1000} kB.")
    asked, blobs, _ = read(message)
    do = asked.get("do")
    if not isinstance(do, str) or do not in _READERS:
        raise ValueError(f'There is nothing called "{str(do)[:40]}" to be done in a class.')
    if do == "picture":
        if len(blobs) != 1 or not blobs[0].startswith(_PICTURES):
            raise ValueError("A picture for the class comes as one PNG or WebP.")
        return do, _READERS[do](asked), blobs[0]
    return do, _READERS[do](asked), b""


def _view(asked: dict[str, Any]) -> dict[str, Any]:
    """Where the teacher is and what is looked at there.

    address: page and query, below the base. step: the step looked at, None: the newest. plane: [x, y, zoom] of the
    stage, None where there is none. scope: [step, part] of slow motion, None where it is closed. scroll: 0 to 1.
    clean: only the picture. opened: [key, label] of each menu, group and dialog that is open. title: what it is, in
    words.
    """
    view = _table(asked.get("view"))
    address = view.get("address")
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        raise ValueError('A view\'s "address" is a page of this server with its query, such as explore?tool=pad.')
    step, plane, scope = view.get("step"), view.get("plane"), view.get("scope")
    if step is not None and not _whole(step):
        raise ValueError('A view\'s "step" is a whole number from 0 on, or null.')
    if plane is not None and not (
        isinstance(plane, list) and len(plane) == 3 and all(_number(one) is not None for one in plane)
    ):
        raise ValueError("A view's \"plane\" is the middle's x and y and the zoom, or null.")
    if scope is not None and not (isinstance(scope, list) and len(scope) == 2 and all(map(_whole, scope))):
        raise ValueError('A view\'s "scope" is the step taken apart and which of its parts, or null.')
    return {
        "address": address,
        "step": step,
        "plane": plane,
        "scope": scope,
        "scroll": _share(view.get("scroll", 0), "scroll"),
        "clean": view.get("clean") is True,
        "opened": _opened(view.get("opened", [])),
        "title": _words(view.get("title", ""), "title", 200),
    }


def _opened(given: object) -> list[list[str]]:
    if not isinstance(given, list) or len(given) > MOST_OPENED:
        raise ValueError(f'A view\'s "opened" is a list of at most {MOST_OPENED}.')
    found = []
    for one in given:
        if not isinstance(one, list) or len(one) != 2:
            raise ValueError('Each of a view\'s "opened" is a key and a label.')
        found.append([_words(one[0], "opened", MOST_KEY), _words(one[1], "opened", MOST_LABEL)])
    return found


def _pointer(asked: dict[str, Any]) -> dict[str, Any]:
    """at: the data-testid of what it is over, which of those, and where on it from 0 to 1; None: nowhere."""
    at = asked.get("at")
    if at is None:
        return {"at": None}
    if not isinstance(at, list) or len(at) != 4 or type(at[1]) is not int or not 0 <= at[1] < 1000:
        raise ValueError('A pointer\'s "at" is what it is over, which of those, and two shares of it.')
    name = _words(at[0], "at", 80)
    return {"at": [name, at[1], _share(at[2], "at"), _share(at[3], "at")]}


def _picture(asked: dict[str, Any]) -> dict[str, Any]:
    """words: what it is. across: 0 for one picture, of the pictures around it how many stand in a row."""
    across = asked.get("across", 0)
    if not _whole(across) or across > MOST_ACROSS:
        raise ValueError(f'"across" is a whole number from 0 to {MOST_ACROSS}.')
    return {"words": _words(asked.get("words", ""), "words", 200), "across": across}


def _screen(asked: dict[str, Any]) -> dict[str, Any]:
    if asked.get("screen") not in SCREENS:
        raise ValueError('A "screen" is one of frozen, black, white, or empty.')
    return {"screen": asked["screen"]}


def _results(asked: dict[str, Any]) -> dict[str, Any]:
    return {"on": asked.get("on") is True}


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    """question: its name on the page that asked. answer: which choice, or a number. player: 32 random hex digits."""
    question, answer, player = asked.get("question"), _number(asked.get("answer")), asked.get("player")
    if not isinstance(question, str) or not _QUESTION.fullmatch(question):
        raise ValueError('An answer\'s "question" is a name of 1 to 120 letters, digits and signs.')
    if answer is None or abs(answer) >= 1e15:
        raise ValueError('An "answer" is a number.')
    if not isinstance(player, str) or not _PLAYER.fullmatch(player):
        raise ValueError('"player" must be 32 digits of 0-9 and a-f.')
    return {"question": question, "answer": answer, "player": player}


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("A view is a JSON object.")
    return value


def _whole(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _number(value: object) -> float | None:
    return float(value) if type(value) in (int, float) and abs(value) < 1e300 else None  # type: ignore[arg-type]


def _share(value: object, name: str) -> float:
    found = _number(value)
    if found is None or not 0 <= found <= 1:
        raise ValueError(f'"{name}" is a number from 0 to 1.')
    return found


def _words(value: object, name: str, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ValueError(f'"{name}" is a text of at most {most} letters.')
    return value


_READERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "show": _view,
    "pointer": _pointer,
    "picture": _picture,
    "screen": _screen,
    "results": _results,
    "clear": lambda asked: {},
    "end": lambda asked: {},
    "follow": _results,
    "answer": _answer,
}
"""What may be asked, and what reads it."""

"""The two components of a class: the desk on every page, and the Class page itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from pages.ui.web.component import component

_desk = component("ganscope_desk", "classroom/web/desk.js", "classroom/web/desk.css")
_class = component(
    "ganscope_class", "classroom/web/class.js", "ui/web/live.css", "ui/web/copy.css", "ui/web/share/share.css",
    "classroom/web/classroom.css",
)  # fmt: skip


def desk(*, token: str, teacher: bool) -> None:
    """This tab's place in the class. A page that is drawn again because its socket came back says "back"."""
    _desk(
        key="desk", data=[{"token": token, "teacher": teacher}], on_back_change=lambda: None
    )  # in a list, see component.py


def class_view(
    *, token: str, teacher: bool, questions: Mapping[str, Any], on_home: Callable[[object], None],
    hosts: Sequence[str], access: str,
) -> None:  # fmt: skip
    """What the teacher shows, and the results.

    questions: name -> {"text", "choices", "right"} of those that the application asks. on_home: is told
    {"address", "step"} of what somebody takes home, which came from a browser: check it. hosts: names by
    which the class reaches this server, the likeliest first. access: the class's token, for its link; both for a
    teacher only.
    """
    from gan_core.training.scenes.scene import (
        PLACES,  # not with the router, which is drawn while the engine is loaded
    )

    _class(
        key="class",
        data=[
            {
                "token": token,
                "teacher": teacher,
                "questions": dict(questions),
                "hosts": list(hosts),
                "access": access,
                "explore": list(PLACES["explore"] or ()),
            }
        ],
        on_home_change=lambda: on_home(st.session_state["class"]["home"]),
    )

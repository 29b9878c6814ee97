"""The Learn page's component: lessons, glossary and questions; what is done of them the browser keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from pages.learn.blocks import Block, as_data
from pages.learn.content import Lesson
from pages.ui.web.component import component

_mount = component("ganscope_learn", "learn/web/learn.js", "learn/web/column.css", "learn/web/learn.css")


def learn_view(
    *,
    lessons: Sequence[Lesson],
    words: Mapping[str, str],
    language: str,
    languages: Mapping[str, str],
    terms: Mapping[str, Mapping[str, str]],
    questions: Sequence[Block],
    on_open: Callable[[object], None],
    on_language: Callable[[object], None],
) -> None:
    data = {
        "lessons": [
            {"number": a.number, "title": a.title, "summary": a.summary, "minutes": a.minutes, "marks": a.marks}
            for a in lessons
        ],
        "words": dict(words),
        "language": language,
        "languages": dict(languages),
        "terms": {id: dict(term) for id, term in terms.items()},
        "questions": [as_data(block) for block in questions],
    }
    _mount(
        key="learn-view",
        data=[data],  # in a list, see component.py
        on_open_change=lambda: on_open(st.session_state["learn-view"]["open"]),
        on_language_change=lambda: on_language(st.session_state["learn-view"]["language"]),
    )

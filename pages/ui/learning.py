"""Which lesson a tab reads, and in which language: in the session, and in the address of every page."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

LESSON = "ganscope.lesson"
LANGUAGE = "ganscope.language"
QUESTIONS = "ganscope.questions"  # what the lessons ask, for the page that shows how they were answered
DONE_THERE = "ganscope.lesson.done"  # how many things a link said were done
OF_LESSONS = ("lesson", "lang")


def reading() -> bool:
    """Whether this tab reads a lesson: then the Lab plays no recording, which would tell before one has guessed."""
    return bool(st.session_state.get(LESSON))


def carried(seen: Mapping[str, str]) -> dict[str, str]:
    """What an address keeps of lessons; seen: its query now, in which the lesson has a reader's progress with it."""
    lesson, query = st.session_state.get(LESSON, seen.get("lesson", "")), {}
    if lesson:
        there = seen.get("lesson", "")
        query["lesson"] = there if there.partition(".")[0] == lesson.partition(".")[0] else lesson
    if "lang" in seen:
        query["lang"] = seen["lang"]
    return query

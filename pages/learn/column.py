"""The reading column: a lesson beside the page that it speaks of.

It opens pages, models and settings, and leaves every run alone: nothing here starts, stops or changes one.
"""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from pages.learn import content
from pages.learn.blocks import Block, as_data
from pages.learn.content import Lesson
from pages.server.security.people import here
from pages.server.security.public import public
from pages.ui.history import browsed
from pages.ui.learning import DONE_THERE, LANGUAGE, LESSON
from pages.ui.web.component import component

STYLES = ("learn/web/column.css",)
GOTO = "ganscope.lesson.goto"
FIRST = "01"
PAGES = {
    "": "lab/page.py", "lab": "lab/page.py", "explore": "explore/page.py", "compare": "compare/page.py",
    "gallery": "gallery/page.py", "data": "data/page.py",
}  # fmt: skip

_mount = component("ganscope_lesson", "learn/web/column.js", *STYLES)


def draw_column(page: str) -> None:
    """At the end of a page: the lesson that this tab reads, if it reads one. page: its path, "" is the Lab."""
    if not st.session_state.get(LESSON):
        return
    page = page or "lab"
    found, problem = opened(st.session_state[LESSON], language())
    data = {
        "page": page,
        "problem": problem,
        "lesson": lesson_data(found) if found else None,
        "list": [
            {"number": one.number, "title": one.title, "marks": one.marks} for one in content.lessons(language())
        ],
        "words": content.words(language()),
        "languages": {code: content.words(code).get("name", code) for code in content.languages()},
        "language": language(),
        "terms": terms_of(found) if found else {},
        **watched(found, page),
    }
    with st.container(key="lesson-place"):
        _mount(
            key="lesson",
            data=[data],  # in a list, see component.py
            on_open_change=lambda: open_lesson(st.session_state["lesson"]["open"]),
            on_language_change=lambda: choose_language(st.session_state["lesson"]["language"]),
            on_scene_change=lambda: set_scene(found, st.session_state["lesson"]["scene"], page),
        )
    if goto := st.session_state.pop(GOTO, None):
        path, query = goto
        st.switch_page(path, query_params=query)


def take_from_address() -> None:
    """The lesson and the language that a link names; else those of this tab."""
    if LESSON in st.session_state and not browsed():
        return
    query = st.query_params
    number, _, done = str(query.get("lesson", "")).partition(".")
    st.session_state[LESSON] = re.sub(r"[^\w-]", "", number)[:20]
    st.session_state[DONE_THERE] = int(done) if re.fullmatch(r"[0-9]{1,3}", done) else 0
    choose_language(str(query.get("lang", st.session_state.get(LANGUAGE, content.ENGLISH))))


def language() -> str:
    chosen: str = st.session_state[LANGUAGE]
    return chosen


def open_lesson(number: object) -> None:
    st.session_state[LESSON], st.session_state[DONE_THERE] = str(number or ""), 0


def choose_language(code: object) -> None:
    st.session_state[LANGUAGE] = code if code in content.languages() else content.ENGLISH


def opened(number: str, chosen: str) -> tuple[Lesson | None, str]:
    """The lesson, or None where there is none; and a sentence about the link, "" where nothing is to be said."""
    try:
        found = content.lesson(number, chosen)
    except ValueError as problem:
        return None, str(problem)
    said, marks = st.session_state.get(DONE_THERE, 0), len(found.marks)
    words = content.words(chosen)["more_done"].format(n=said, all=marks) if said > marks else ""
    return found, words


def lesson_data(lesson: Lesson) -> dict[str, Any]:
    return {
        "number": lesson.number,
        "language": lesson.language,
        "title": lesson.title,
        "papers": [list(paper) for paper in lesson.papers],
        "marks": lesson.marks,
        "blocks": [as_data(block) for block in lesson.blocks if block.kind != "notes" or here().teacher],
    }


def terms_of(lesson: Lesson) -> dict[str, dict[str, str]]:
    """The terms that a lesson names."""
    text = "\n".join(b.text + "".join(c.text + c.answer for c in b.choices) for b in lesson.blocks)
    named = set(re.findall(r"\(term:([a-z0-9-]+)\)", text))
    return {id: term_data(term) for id, term in content.glossary(language()).items() if id in named}


def term_data(term: content.Term) -> dict[str, str]:
    return {"name": term.name, "text": term.text, "figure": content.figure_path(term.id)}


def watched(lesson: Lesson | None, page: str) -> dict[str, Any]:
    """What tasks ask about the run that the Lab watches: its settings, and which scenes have the same."""
    from gan_core.config.codec import walk  # not before the engine is up: it brings torch
    from pages.learn.scenes import same_settings, scene_settings
    from pages.ui.session import manager, tab

    if lesson is None or page != "lab" or not (run := tab().run):
        return {"run": None, "others": False}
    try:
        config = manager().config(run)
    except ValueError:
        return {"run": None, "others": False}
    scenes = []
    for scene in lesson.of_kind("scene"):
        settings = scene_settings(scene)
        if settings and same_settings(settings[1], config):
            scenes.append(scene.id)
    others = any(view.id != run and view.state in ("running", "paused") for view in manager().views())
    plain = {path: value for path, _, value in walk(config)}
    return {"run": {"id": run, "scenes": scenes, "config": plain}, "others": others}


def set_scene(lesson: Lesson | None, name: object, page: str) -> None:
    """Put a scene's settings into the Lab's panel, or turn to its page. What trains goes on; nothing is started."""
    from pages.learn.scenes import scene_settings
    from pages.ui.session import VIEWS, tab, watch

    scene = next((b for b in lesson.of_kind("scene") if b.id == name), None) if lesson else None
    if scene is None:
        return
    state = tab()
    try:
        settings = scene_settings(scene)
    except ValueError as problem:
        state.notice = public(problem)
        return
    if settings:
        watch(state, "")
        state.preset, state.config = settings
        state.full = VIEWS.get(scene.keys.get("view", ""), state.full)
    target = scene.keys["page"]
    if target != page:
        st.session_state[GOTO] = (PAGES[target], query_of(scene))


def query_of(scene: Block) -> dict[str, str]:
    """The address's query on the page that a scene turns to."""
    query = {"lesson": st.session_state[LESSON], "lang": language()}
    return query | ({"model": scene.keys["model"]} if "model" in scene.keys else {})

"""The way into the lessons; the glossary, and ten questions before and after."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core.data import FashionMnist
from pages.learn import content
from pages.learn.blocks import ASSETS
from pages.learn.column import FIRST, choose_language, language, open_lesson, take_from_address, term_data
from pages.learn.web.learn import learn_view
from pages.server.app_state import app_state
from pages.server.atlas import atlas_png
from pages.server.preview import preview_key
from pages.ui.addresses import address
from pages.ui.chrome import draw_projector
from pages.ui.session import manager, tab

GOTO = "goto-lesson"


def to_lesson(number: object) -> None:
    """Read it, beside the Lab."""
    open_lesson(number)
    st.session_state[GOTO] = True


def draw_opening() -> None:
    previews = app_state().previews
    key = preview_key(previews, FashionMnist(), 28, manager().data_dir, 6, 4)
    previews.put("noise", atlas_png(np.random.default_rng(0).integers(0, 256, (1, 1, 30, 30), np.uint8), 1, 1))
    page = (ASSETS / "lessons" / "learn.html").read_text("utf-8")
    for name, picture in (("real", key), ("noise", "noise")):
        page = page.replace(f"{{{{{name}}}}}", address(f"preview/{picture}.png", token=app_state().token))
    st.html(page)


def draw_learn() -> None:
    draw_projector(tab())
    take_from_address()
    words = content.words(language())
    with st.container(key="learn"):
        draw_opening()
        st.button(
            words["begin"], key="begin", type="primary", icon=":material/school:", on_click=to_lesson, args=(FIRST,)
        )
        learn_view(
            lessons=content.lessons(language()),
            words=words,
            language=language(),
            languages={code: content.words(code).get("name", code) for code in content.languages()},
            terms={id: term_data(term) for id, term in content.glossary(language()).items()},
            questions=content.questions(language()),
            on_open=to_lesson,
            on_language=choose_language,
        )


draw_learn()
if st.session_state.pop(GOTO, False):
    st.switch_page("lab/page.py")

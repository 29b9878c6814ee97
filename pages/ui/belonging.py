"""What somebody says of themselves on a class server: a name for others to read, and that they are the teacher."""

from __future__ import annotations

import streamlit as st

from pages.server.security import roll
from pages.server.security.access import QUERY
from pages.server.security.people import class_server, here
from pages.server.security.public import public
from pages.ui.addresses import address

_TROUBLE = "ganscope.name-trouble"


def draw_name() -> None:
    """A field for one's own name, and the way in for the teacher; nothing on a server of one's own."""
    server, person = class_server(), here()
    if not server.token:
        return

    def named() -> None:
        st.session_state.pop(_TROUBLE, None)
        try:
            roll.give_name(server.folder, person.id, str(st.session_state["own-name"]))
        except (ValueError, OSError) as problem:
            st.session_state[_TROUBLE] = public(problem)

    st.session_state.setdefault("own-name", person.name)
    st.text_input(
        "Your name here", key="own-name", max_chars=roll.MOST_NAME, on_change=named, placeholder="Nobody has to say",
        help="It stands beside your runs for others to read. Without one they read that it is somebody else's.",
    )  # fmt: skip
    if trouble := st.session_state.get(_TROUBLE):
        st.error(trouble, icon=":material/block:")
    if person.teacher:
        st.caption(":material/school: You are a teacher here: you may do everything.")
    elif server.teacher:
        st.link_button(
            "I am the teacher", address("./", **{QUERY: ""}), icon=":material/key:", type="tertiary", width="content",
        )  # fmt: skip

"""Bringing in a run that was exported here or elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gan_core.runs.storage.archives.reading import import_run
from pages.compare.chosen import choose, chosen
from pages.server.security.people import here
from pages.server.security.public import public
from pages.server.security.rights import demand, may
from pages.ui.literal import literal
from pages.ui.session import Tab, manager

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

DONE = "compare_imported"  # in the session: what became of the last import


def draw_import(state: Tab) -> None:
    """A file in, a run out, with what was left out of it."""
    turn = st.session_state.setdefault("import-turn", 0)
    with (
        st.container(horizontal=True, key="compare-import-row", vertical_alignment="center"),
        st.popover("Import a run", icon=":material/upload_file:", key="compare-import"),
    ):
        if refused := may(here(), "bring"):
            st.caption(literal(refused))
        file = st.file_uploader(
            "The zip that a run was exported to", type=["zip"], key=f"import:{turn}", disabled=bool(refused),
            help="Everything in it is checked; nothing in it is run, and no run that is here is changed.",
        )  # fmt: skip
        if file is not None and st.button("Import", key="import-go", type="primary", icon=":material/upload:"):
            if _read(state, file):
                st.session_state["import-turn"] = turn + 1
            st.rerun()
        st.caption("On the command line: python -m gan_core import-run FILE.zip takes files of any size.")
    done = st.session_state.pop(DONE, None)
    if done:
        st.success(literal(done), icon=":material/check_circle:")


def _read(state: Tab, file: UploadedFile) -> bool:
    try:
        with st.spinner("Reading and checking it"):
            demand(here(), "bring", what=file.name)
            made = import_run(manager().runs_dir, file, file.name, here().id)
    except (ValueError, OSError) as problem:
        state.notice = public(problem)
        return False
    st.session_state[DONE] = " ".join((f"Imported as {made.run}.", *made.notes))
    choose([*chosen(), made.run])
    return True

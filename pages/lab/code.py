"""The code: the settings of the panel as a script that needs nothing of this program, at every change anew."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import streamlit as st

from gan_core.data.base import DataUnavailable
from gan_core.export.scripts import data_bytes, train_package, train_script
from pages.server.security.public import public
from pages.ui.session import manager
from pages.ui.web.component import component

if TYPE_CHECKING:
    from gan_core.training import RunConfig
    from pages.ui.session import Tab

KEPT_SCRIPTS = 32  # texts of the last settings shown, of all tabs
_ASKED = "ganscope.code-asked"  # in the session: how often the switch was pressed, so that the page goes there
_mount = component("ganscope_code", "lab/web/code/code.js", "ui/web/copy.css", "lab/web/code/code.css")


def draw_code_switch(state: Tab) -> None:
    st.toggle(
        "Show the code",
        value=state.code,
        key="show-code",
        on_change=lambda: _switch(state),
        help="These settings as one Python file, which trains the same GAN without this program.",
    )


def _switch(state: Tab) -> None:
    state.code = bool(st.session_state["show-code"])
    st.session_state[_ASKED] = st.session_state.get(_ASKED, 0) + 1


def draw_code(state: Tab, config: RunConfig) -> None:
    """Nothing, where the switch in the panel is off."""
    if not state.code:
        return
    with st.container(key="code"):
        info = config.data.info(manager().data_dir)
        shown = [_shown(config, info.channels, info.classes, keras) for keras in (False, True)]
        # In a list: a bare dictionary is looked through for data frames, which imports pandas.
        _mount(
            key="code-view",
            data=[{"scripts": shown, "asked": st.session_state.get(_ASKED, 0)}],
        )
        if shown[0]["text"]:
            _draw_download(config)


def _draw_download(config: RunConfig) -> None:
    along = bool(data_bytes(config, manager().data_dir))
    st.download_button(
        "Script and images · ZIP" if along else "Script · PY",
        functools.partial(_package, config),
        "train.zip" if along else "train.py",
        "application/zip" if along else "text/x-python",
        key="code-download",
        icon=":material/download:",
        on_click="ignore",
    )


def _shown(config: RunConfig, channels: int, classes: tuple[str, ...], keras: bool) -> dict[str, str]:
    """What the component draws: a text, or why there is none."""
    said = {"name": "train_keras.py" if keras else "train.py", "label": "Keras" if keras else "PyTorch"}
    try:
        return {**said, "text": script_text(config, channels, classes, keras), "missing": ""}
    except (DataUnavailable, ValueError) as problem:
        return {**said, "text": "", "missing": public(problem)}


@functools.lru_cache(maxsize=KEPT_SCRIPTS)
def script_text(config: RunConfig, channels: int, classes: tuple[str, ...], keras: bool) -> str:
    """One file by itself, which fetches its images or is told where they are. Raises ValueError, DataUnavailable."""
    name = "train_keras.py" if keras else "train.py"
    return train_script(config, run="", channels=channels, classes=classes, keras=keras, name=name)


def _package(config: RunConfig) -> bytes:
    data_dir = manager().data_dir
    info = config.data.info(data_dir)
    return train_package(config, data_dir, run="", channels=info.channels, classes=info.classes)[1]

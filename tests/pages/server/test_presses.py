"""Two presses in one moment: the second comes while the first is being taken up, or is carried out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.scriptrunner import ScriptRunnerEvent
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from pages.server.presses import keep_presses


def draw() -> None:
    import streamlit as st

    st.session_state.setdefault("done", [])
    for name in ("first", "second"):
        st.button(name, key=name, on_click=lambda name=name: st.session_state["done"].append(name))


@pytest.mark.parametrize("kept", [False, True])
def test_a_press_is_carried_out_though_another_comes_at_once(monkeypatch: pytest.MonkeyPatch, kept: bool) -> None:
    monkeypatch.setattr(ScriptRequests, "on_scriptrunner_yield", ScriptRequests.on_scriptrunner_yield)
    if kept:
        keep_presses()
        keep_presses()  # nothing is wrapped twice
    app = AppTest.from_function(draw, default_timeout=180).run()
    app.button(key="second").set_value(True)
    second = app.button(key="second").root.get_widget_states()
    app.button(key="second").set_value(False)
    app.button(key="first").set_value(True)
    begin, late = LocalScriptRunner.__init__, [RerunData(widget_states=second)]

    def made(runner: LocalScriptRunner, *args: Any, **rest: Any) -> None:
        begin(runner, *args, **rest)

        def pressed_again(_sender: object, event: ScriptRunnerEvent, **_rest: Any) -> None:
            if event is ScriptRunnerEvent.SCRIPT_STARTED and late:
                runner.request_rerun(late.pop())

        runner.on_event.connect(pressed_again, weak=False)

    monkeypatch.setattr(LocalScriptRunner, "__init__", made)
    app = app.run()
    assert app.session_state["done"] == (["first", "second"] if kept else ["second"])  # which is what Streamlit does


def test_the_browsers_heartbeat_is_streamlits_own() -> None:
    """Its bytes are written out in the page's script, which knows no protobuf."""
    from streamlit.proto.BackMsg_pb2 import BackMsg

    script = Path(__file__).parents[3] / "pages" / "classroom" / "web" / "streamlit_socket.js"
    (written,) = re.findall(r"HEARTBEAT = new Uint8Array\(\[([\d, ]+)\]\)", script.read_text("utf-8"))
    assert bytes(map(int, written.split(","))) == BackMsg(app_heartbeat=True).SerializeToString()

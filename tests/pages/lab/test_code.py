"""The settings of the panel as a script: what the Lab shows is what trains, and follows the panel."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from gan_core.training import PRESETS
from pages.lab.code import script_text
from pages.server.app_state import AppState
from tests.pages.lab.test_lab import calm, config_of, open_lab, query


def test_the_code_follows_the_panel_and_is_in_the_link(home: AppState, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []
    monkeypatch.setattr("pages.lab.code._mount", lambda key, data: shown.append(data[0]["scripts"]))
    app = open_lab()
    assert not shown, "nobody asked for it"
    calm(app.toggle(key="show-code").set_value(True).run())
    assert query(app, "code") == "1"
    calm(app.select_slider(key="next:g_optimizer.lr").set_value(0.005).run())
    torch, keras = shown[-1]
    assert "G_LEARNING_RATE = 0.005" in torch["text"]
    assert "G_LEARNING_RATE = 0.005" in keras["text"]
    assert config_of(app).g_optimizer.lr == 0.005
    assert open_lab({"code": "1"}).toggle(key="show-code").value is True


def test_what_has_no_keras_twin_says_why_and_the_rest_stands(home: AppState, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[list[dict[str, str]]] = []
    monkeypatch.setattr("pages.lab.code._mount", lambda key, data: shown.append(data[0]["scripts"]))
    open_lab({"preset": "r3gan", "code": "1"})
    torch, keras = shown[-1]
    assert torch["text"]
    assert (keras["text"], keras["missing"]) == (
        "",
        "The Keras twin is for dense and DCGAN networks; choose those for both players.",
    )


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_shown_as_a_program(name: str, tmp_path: Path) -> None:
    config = PRESETS[name].config
    info = config.data.info(tmp_path)
    tree = ast.parse(script_text(config, info.channels, info.classes, keras=False))
    assert {"main", "batches"} <= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

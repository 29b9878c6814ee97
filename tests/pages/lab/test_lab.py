"""The Lab without a browser: what its widgets do to the run, the configuration and the link."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from gan_core.config.codec import differences, replace_at, walk
from gan_core.runs.commands import Change, Pause, Resume, StepOnce, Stop
from gan_core.training import PRESETS, RunConfig, preset
from pages.lab import controls
from pages.lab.controls import begin
from pages.server.app_state import AppState
from pages.server.security.people import Person
from pages.ui import session
from pages.ui.asked import carry_out
from pages.ui.preset_match import hidden_fields
from pages.ui.session import from_url, to_url
from tests.pages.fake_manager import FakeManager
from tests.pages.opening import opened
from tests.pages.shown import shown

LAB = Path(__file__).parents[3] / "pages" / "lab" / "page.py"


def open_lab(query: Mapping[str, str] | None = None) -> AppTest:
    """In the full view, unless `query` says "view"."""
    return opened("lab", **({"view": "full"} | dict(query or {})))


def calm(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def query(app: AppTest, name: str) -> str:
    """A parameter of the page's address."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def keys(app: AppTest) -> set[str]:
    return set(app.session_state)


def config_of(app: AppTest) -> RunConfig:
    config: RunConfig = app.session_state["ganscope.tab"].config
    return config


def press(app: AppTest, key: str) -> AppTest:
    return calm(app.button(key=key).click().run())


def leaves(config: RunConfig, *, advanced: bool) -> set[str]:
    hidden = hidden_fields(config)
    shown = {path for path, spec, _ in walk(config) if advanced or not spec.advanced}
    return {f"next:{path}" for path in shown if path not in hidden and path.split(".")[0] not in hidden}


@pytest.mark.parametrize("name", PRESETS)
def test_every_field_of_every_preset_has_its_widget(home: AppState, name: str) -> None:
    app = open_lab({"preset": name})
    assert config_of(app) == preset(name).config
    shown = {k for k in keys(app) if k.startswith("next:") and ":group:" not in k}
    assert shown == leaves(preset(name).config, advanced=False)
    calm(app.toggle(key="advanced").set_value(True).run())
    shown = {k for k in keys(app) if k.startswith("next:") and ":group:" not in k}
    assert shown == leaves(preset(name).config, advanced=True)
    assert config_of(app) == preset(name).config, "drawing the panel changed a value"


def test_choosing_another_member_shows_its_own_options(home: AppState) -> None:
    app = open_lab()
    calm(app.selectbox(key="next:g_optimizer").select("sgd").run())
    assert type(config_of(app).g_optimizer).__name__ == "SGD"
    assert "next:g_optimizer.beta2" not in keys(app)
    assert query(app, "g_optimizer") == "sgd"


def test_a_moved_widget_is_in_the_configuration_and_in_the_link(home: AppState) -> None:
    app = open_lab()
    calm(app.select_slider(key="next:g_optimizer.lr").set_value(0.005).run())
    assert config_of(app).g_optimizer.lr == 0.005
    assert query(app, "g_optimizer.lr") == "0.005"
    again = open_lab({k: query(app, k) for k in app.query_params})
    assert config_of(again) == config_of(app)


def test_train_starts_what_the_panel_shows_and_watches_it(home: AppState, manager: FakeManager) -> None:
    app = press(open_lab({"preset": "first-gan", "seed": "7"}), "train")
    (view,) = manager.views()
    assert (view.state, view.preset, view.config["seed"]) == ("running", "first-gan", 7)
    assert query(app, "run") == view.id
    assert {b.key for b in app.button} >= {"pause", "stop", "checkpoint"}
    assert "train" not in {b.key for b in app.button}


def test_train_starts_what_is_chosen_in_the_same_moment(home: AppState, manager: FakeManager) -> None:
    app = open_lab({"preset": "first-gan"})
    app.selectbox(key="preset").set_value("wgan-gp")
    press(app, "train")  # both in one rerun, in which Streamlit calls the button first
    assert [view.preset for view in manager.views()] == ["wgan-gp"]


def test_one_drawn_button_starts_one_run_and_the_next_one_another(home: AppState, manager: FakeManager) -> None:
    state = from_url({})

    def start() -> str:
        return manager.start(state.config, preset="ring")

    drawn = state.begun
    begin(state, drawn, start)
    begin(state, drawn, start)  # the second click of two comes from the same button, however late
    carry_out()
    begin(state, drawn, start)
    carry_out()
    assert len(manager.views()) == 1
    assert state.run == manager.views()[0].id
    begin(state, state.begun, start)
    carry_out()
    carry_out()
    assert len(manager.views()) == 2


def test_the_buttons_send_their_commands(home: AppState, manager: FakeManager) -> None:
    app = press(open_lab(), "train")
    run = query(app, "run")
    for key, command in (("pause", Pause()), ("step", StepOnce()), ("resume", Resume()), ("stop", Stop())):
        press(app, key)
        assert manager.sent[-1] == (run, command)
    press(app, "resume")
    assert manager.view(run).state == "running"


def test_a_live_field_acts_on_the_run_and_can_be_undone(home: AppState, manager: FakeManager) -> None:
    app = press(open_lab(), "train")
    run = query(app, "run")
    before = config_of(app).g_optimizer.lr
    calm(app.select_slider(key="steer:g_optimizer.lr").set_value(0.01).run())
    assert manager.sent[-1] == (run, Change("g_optimizer.lr", 0.01))
    assert app.select_slider(key="steer:g_optimizer.lr").value == 0.01
    assert any("Learning rate" in shown(m.value) and "0.01" in shown(m.value) for m in app.markdown)
    press(app, "undo:1")
    assert manager.sent[-1] == (run, Change("g_optimizer.lr", before))


def test_what_the_browser_says_too_late_changes_nothing(home: AppState, manager: FakeManager) -> None:
    """Another tab has set the field; this one's browser goes on saying what it showed, until it hears of that."""
    app = press(open_lab(), "train")
    run = query(app, "run")
    before = config_of(app).g_optimizer.lr
    late = app.select_slider(key="steer:g_optimizer.lr")
    manager.send(run, Change("g_optimizer.lr", 0.02))
    calm(app.run())
    assert steered(app, "g_optimizer.lr").value == 0.02
    count = len(manager.sent)
    calm(late.set_value(before).run())
    assert len(manager.sent) == count
    assert steered(app, "g_optimizer.lr").value == 0.02
    calm(steered(app, "g_optimizer.lr").set_value(0.01).run())  # and the hand is heard at once
    assert manager.sent[-1] == (run, Change("g_optimizer.lr", 0.01))


def steered(app: AppTest, path: str) -> Any:
    """The widget of a live field, which is another one wherever something else has set the value."""
    [found] = [s for s in app.select_slider if (s.key or "").split(":")[:2] == ["steer", path]]
    return found


def test_only_live_fields_can_be_moved_while_it_trains(home: AppState) -> None:
    app = press(open_lab(), "train")
    live = {f"steer:{path}" for path, spec, _ in walk(config_of(app)) if spec.live}
    shown = {k for k in keys(app) if k.startswith("steer:") and k != "steer:fixed"}
    assert shown == live


def test_the_next_run_can_be_prepared_and_queued_while_one_trains(home: AppState, manager: FakeManager) -> None:
    app = press(open_lab(), "train")
    first = query(app, "run")
    calm(app.segmented_control(key="mode").set_value(False).run())
    calm(app.select_slider(key="next:batch_size").set_value(128).run())
    assert manager.view(first).config["batch_size"] == 64
    press(app, "train")
    newest = manager.views()[0]
    assert (newest.state, newest.queue_place, newest.config["batch_size"]) == ("queued", 1, 128)
    press(app, "cancel")
    assert manager.view(newest.id).state == "stopped"


def test_a_run_asks_for_a_device_or_for_several_processes(home: AppState, manager: FakeManager) -> None:
    assert not [b.key for b in open_lab().button if str(b.key).startswith("devices:")], "there is nothing to choose"
    manager.device, manager.devices, manager.most_processes = "cuda", ["cuda:0", "cuda:1"], 2  # type: ignore[misc]
    app = press(open_lab(), "devices:cuda:1:1")
    press(app, "train")
    assert manager.asked_devices[-1] == (1, "cuda:1")
    app = press(open_lab(), "devices::2")
    press(app, "train")
    assert manager.asked_devices[-1] == (2, "")
    manager.most_processes = 1
    app = open_lab()
    assert app.button(key="devices::2").disabled
    assert app.button(key="devices::2").help == "There is no place for 2."


def test_the_teacher_puts_a_waiting_run_first_and_nobody_else_does(
    home: AppState, manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the button was drawn for somebody who is no teacher any more."""
    manager.start(RunConfig(), preset="fashion-fast")
    run = manager.start(RunConfig(), preset="fashion-fast")
    assert manager.view(run).queue_place == 1
    app = press(open_lab({"run": run}), "put-first")
    assert manager.put_first == [run]
    for module in (controls, session):
        monkeypatch.setattr(module, "here", lambda: Person("a", "Ada", teacher=False))
    press(app, "put-first")
    assert manager.put_first == [run]
    assert any("Only a teacher puts a run first" in shown(w.value) for w in app.warning)
    assert "put-first" not in {b.key for b in open_lab({"run": run}).button}


def test_a_run_that_waits_for_its_next_turn_keeps_the_buttons_of_one_that_trains(
    home: AppState, manager: FakeManager
) -> None:
    manager.start(RunConfig(), preset="fashion-fast")
    run = manager.start(RunConfig(), preset="fashion-fast")
    manager.put(run, step=40)
    there = {b.key for b in open_lab({"run": run}).button}
    assert {"pause", "stop", "put-first"} <= there
    assert "cancel" not in there


def test_a_budget_that_is_nearly_used_up_is_said_before_training(home: AppState, manager: FakeManager) -> None:
    manager.nearly_used_up = ["Runs take 9 GB of the 10 GB of disk that each person has; deleting some makes room."]
    assert any("9 GB of the 10 GB" in shown(w.value) for w in open_lab().warning)


def test_what_cannot_work_is_said_and_train_is_not_to_be_pressed(home: AppState, manager: FakeManager) -> None:
    app = open_lab({"pack": "4", "batch_size": "66"})
    assert any("batch_size is 66 and pack is 4" in shown(e.value) for e in app.error)
    assert app.button(key="train").disabled
    calm(app.selectbox(key="preset").select("first-gan").run())
    assert not app.error
    assert not app.button(key="train").disabled
    assert manager.views() == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"preset": "nope"}, "preset is"),
        ({"g_optimizer.lr": "fast"}, "g_optimizer.lr is"),
        ({"g_optimizer.lr": "-1"}, "g_optimizer.lr is"),
        ({"colour": "red"}, "colour"),
        ({"run": "run-9999"}, "run-9999"),
    ],
)
def test_a_bad_link_is_one_sentence_and_the_default_view(home: AppState, query: dict[str, str], words: str) -> None:
    app = open_lab(query)
    (warning,) = app.warning
    assert words in warning.value
    assert config_of(app) == preset("fashion-fast").config
    assert not calm(app.run()).warning, "the sentence stays for ever"


def test_the_dialog_for_a_branch_stays_open_while_the_page_is_drawn_again(
    home: AppState, manager: FakeManager
) -> None:
    app = press(open_lab(), "train")
    run = query(app, "run")
    app.session_state["branch-asked"] = run, manager.view(run).step
    for _ in range(2):  # at any time something else on the page may want it drawn
        calm(app.run())
        assert "branch-here-go" in {button.key for button in app.button}
    press(app, "branch-here-go")
    assert query(app, "run") != run
    assert "branch-here-go" not in {button.key for button in app.button}


def test_a_diverged_run_says_what_and_what_helps_and_offers_a_branch(home: AppState, manager: FakeManager) -> None:
    run = manager.start(RunConfig(), preset="fashion-fast")
    manager.put(
        run,
        state="diverged",
        error="d_loss was NaN at step 12.",
        advice=("Lower the learning rates.",),
        checkpoints=(5, 10),
    )
    app = open_lab({"run": run})
    said = [shown(m.value) for m in app.markdown]
    assert any("d_loss was NaN at step 12." in words for words in said)
    assert any("Lower the learning rates." in words for words in said)
    (at,) = (field for field in app.number_input if field.label == "At step")
    assert at.value == 10
    calm(at.set_value(5).run())
    press(app, "branch-go")
    newest = manager.views()[0]
    assert (newest.parent, newest.parent_step) == (run, 5)
    assert query(app, "run") == newest.id


@pytest.mark.parametrize(
    "state", ["queued", "running", "paused", "stopping", "finished", "stopped", "diverged", "failed", "interrupted"]
)
def test_every_state_has_a_view_and_one_primary_action_at_most(
    home: AppState, manager: FakeManager, state: str
) -> None:
    run = manager.start(RunConfig(), preset="fashion-fast")
    manager.put(run, state="paused")
    manager.put(run, state=state, checkpoints=(10,), queue_place=1 if state == "queued" else 0)
    app = open_lab({"run": run})
    primary = [b.key for b in app.button if b.proto.type == "primary" and b.key != "branch-go"]
    assert len(primary) <= 1


def test_another_tab_may_watch_and_changes_nothing(home: AppState, manager: FakeManager) -> None:
    run = query(press(open_lab(), "train"), "run")
    sent = len(manager.sent)
    other = press(open_lab(), "watch-other")
    assert query(other, "run") == run
    assert len(manager.sent) == sent


def test_projector_mode_is_in_the_link(home: AppState) -> None:
    app = open_lab()
    press(app, "projector")
    assert query(app, "projector") == "1"
    assert open_lab({"projector": "1"}).button(key="projector").label == "Leave projector mode"


def test_a_pending_change_is_shown_until_the_run_says_so(
    home: AppState, manager: FakeManager, monkeypatch: Any
) -> None:
    """The run takes a change up between two steps; until then the widget must not jump back."""
    app = press(open_lab(), "train")
    monkeypatch.setattr(manager, "send", lambda run, command: None)
    calm(app.select_slider(key="steer:d_optimizer.lr").set_value(0.02).run())
    assert app.select_slider(key="steer:d_optimizer.lr").value == 0.02
    monkeypatch.setattr("pages.ui.session.PENDING_SECONDS", 0.0)
    calm(app.run())
    assert steered(app, "d_optimizer.lr").value == config_of(app).d_optimizer.lr != 0.02


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_link_gives_back_the_configuration(home: AppState, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(PRESETS)))
    config = preset(name).config
    for _ in range(data.draw(st.integers(0, 4))):
        path, spec, value = data.draw(st.sampled_from(list(walk(config))))
        if spec.kind == "one_of":
            assert spec.family is not None
            value = data.draw(st.sampled_from(spec.family.names()))
        elif spec.kind == "choice":
            value = data.draw(st.sampled_from(spec.choices))
        elif spec.kind == "bool":
            value = not value
        elif spec.kind in ("int", "float"):
            assert spec.low is not None
            assert spec.high is not None
            drawn = (
                st.integers(int(spec.low), int(spec.high)) if spec.kind == "int" else st.floats(spec.low, spec.high)
            )
            value = data.draw(drawn)
        config = replace_at(config, path, value)
    tab = from_url({})
    tab.preset, tab.config = name, config
    back = from_url(to_url(tab))
    assert back.notice == ""
    assert (back.preset, back.config) == (name, config)
    assert not differences(back.config, config)


def test_a_run_that_was_asked_to_stop_says_where_and_can_have_its_planned_length(
    home: AppState, manager: FakeManager
) -> None:
    run = manager.start(RunConfig(), preset="fashion-fast")
    manager.put(run, state="interrupted", step=100, checkpoints=(80,), until_step=240)
    assert open_lab({"run": run}).button(key="resume").proto.help == "Go on from the last checkpoint, to step 240."
    manager.put(run, checkpoints=(), until_step=None, until_seconds=90.0)
    app = open_lab({"run": run})
    said = "Begin again, as no checkpoint was made yet, to 90 s of training."
    assert app.button(key="resume").proto.help == said
    assert not any("last checkpoint" in block.value for block in app.markdown)
    manager.put(
        run, state="finished", step=240, images=240 * 64, until_step=240, until_seconds=None, checkpoints=(240,)
    )
    longer = [button.label for button in open_lab({"run": run}).button if str(button.key).startswith("longer:")]
    assert [label.endswith("in all, as planned") for label in longer] == [True, False, False, False]

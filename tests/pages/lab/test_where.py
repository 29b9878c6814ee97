"""Where a run trains: only a server that was told of another machine asks; what is chosen is what is started."""

from __future__ import annotations

from typing import Any, cast

from pages.server.app_state import AppState
from tests.pages.fake_manager import FakeManager
from tests.pages.lab.test_lab import calm, open_lab, press


def test_without_another_machine_nothing_is_asked(home: AppState) -> None:
    app = open_lab()
    assert "where" not in set(app.session_state)


def test_a_run_is_handed_over_cancelled_and_resumed_elsewhere(home: AppState) -> None:
    manager, asked = cast(Any, home.manager()), []
    elsewhere = manager.elsewhere
    elsewhere.command = object()

    def start(config: Any, **rest: Any) -> str:
        asked.append("start")
        run = FakeManager.start(manager, config, **rest)
        manager._set(run, state="queued", queue_words="as job 4711 on another machine")
        return run

    elsewhere.start = start
    elsewhere.resume = lambda run: asked.append(run)
    manager.cancel = lambda run: manager._set(run, state="stopped")
    elsewhere.waits = lambda run: manager.view(run).state == "queued"
    manager._train = lambda run: None
    app = open_lab()
    where = next(group for group in app.button_group if group.key == "where")
    calm(where.set_value(True).run())
    press(app, "train")
    assert asked == ["start"]
    assert {"pause", "stop"}.isdisjoint(button.key for button in app.button)
    press(app, "cancel")
    press(app, "resume")
    (run,) = (view.id for view in manager.views())
    assert asked == ["start", run]


def test_one_that_gives_no_sign_of_life_can_be_taken_over(home: AppState) -> None:
    manager, taken = cast(Any, home.manager()), []
    app = open_lab()
    press(app, "train")
    manager.elsewhere.silent_holder, manager.elsewhere.take_over = (lambda run: "node-7"), taken.append
    calm(app.run())
    assert "pause" not in {button.key for button in app.button}
    press(app, "take-over")
    assert taken == [view.id for view in manager.views()]

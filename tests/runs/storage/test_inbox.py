"""Commands through a run's folder: what is put in comes out, in order, and nothing else does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gan_core.runs.commands import Change, CheckpointNow, Command, Dissect, Pace, Pause, Resume, StepOnce, Stop
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.inbox import LARGEST_BYTES, Inbox

ALL: list[Command] = [
    Pause(), StepOnce("generator"), Change("g_optimizer.lr", 0.001), Pace(0.5), CheckpointNow(), Resume(), Stop(),
]  # fmt: skip


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(RunFolder(tmp_path))


def test_commands_come_out_once_and_in_order(inbox: Inbox, tmp_path: Path) -> None:
    assert not inbox.is_open
    with inbox.opened():
        for command in ALL:
            inbox.put(command)
        assert inbox.take() == ALL
        assert inbox.take() == []
        inbox.put(Pause())
    assert not inbox.is_open
    with inbox.opened():  # what nobody took is no command for who trains it next
        assert inbox.take() == []


def test_what_lay_there_from_a_process_that_was_killed_is_thrown_away(inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "commands").mkdir()
    inbox.put(Stop())
    with inbox.opened():
        assert inbox.take() == []


def test_slow_motion_cannot_be_asked_of_another_process(inbox: Inbox) -> None:
    with inbox.opened(), pytest.raises(ValueError, match="another process, where this cannot be asked of it"):
        inbox.put(Dissect())


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null", '{"do": "lengthen"}', '{"do": "pause", "more": 1}',
        '{"do": "step", "players": "all"}',
        '{"do": "pace", "seconds_per_step": -1}', '{"do": "pace", "seconds_per_step": NaN}',
        '{"do": "pace", "seconds_per_step": true}', '{"do": "change", "path": 3, "value": 1}', '{"do": ["pause"]}',
        "[" * 5000, json.dumps({"do": "change", "path": "x" * LARGEST_BYTES, "value": 1}),
    ],
)  # fmt: skip
def test_what_is_no_command_is_thrown_away(text: str, inbox: Inbox, tmp_path: Path) -> None:
    with inbox.opened():
        path = tmp_path / "commands" / "1.json"
        path.write_text(text)
        assert inbox.take() == []
        assert not path.exists()


def test_a_link_is_not_followed(inbox: Inbox, tmp_path: Path) -> None:
    elsewhere = tmp_path / "stop.json"
    elsewhere.write_text('{"do": "stop"}')
    with inbox.opened():
        (tmp_path / "commands" / "1.json").symlink_to(elsewhere)
        assert inbox.take() == []
    assert elsewhere.exists()

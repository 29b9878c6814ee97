"""A run gathered for TensorBoard, where its folder was edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_core.runs import RunManager, UnreadableRun
from gan_core.runs.catalog.tensorboard_log import log_run
from tests.runs.helpers import at_rest, edit_config_json, folder_of, quick


def test_a_run_that_does_not_say_when_it_was_made_is_one_sentence(manager: RunManager, tmp_path: Path) -> None:
    run = manager.start(quick(steps=8))
    at_rest(manager, run)
    edit_config_json(folder_of(manager, run), created="yesterday")
    with pytest.raises(UnreadableRun, match=rf"The run {run} does not say when it was made"):
        log_run(manager, run, tmp_path / "logs")
    assert not (tmp_path / "logs").exists()

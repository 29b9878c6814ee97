"""Folders and device from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_core.config import places
from gan_core.config.codec import ConfigError


def test_without_variables_everything_is_in_the_working_folder() -> None:
    assert places.runs_dir({}) == Path("runs")
    assert places.data_dir({}) == Path("data")
    assert places.device_name({}) == "auto"


def test_variables_win_and_an_empty_one_counts_as_unset() -> None:
    assert places.runs_dir({"GANSCOPE_RUNS": "/data/runs"}) == Path("/data/runs")
    assert places.data_dir({"GANSCOPE_DATA": "/data/sets"}) == Path("/data/sets")
    assert places.device_name({"GANSCOPE_DEVICE": "cpu"}) == "cpu"
    assert places.runs_dir({"GANSCOPE_RUNS": ""}) == Path("runs")


def test_a_device_that_does_not_exist_is_named_with_what_is_allowed() -> None:
    with pytest.raises(ConfigError, match=r'GANSCOPE_DEVICE is "gpu"; it must be one of auto, cpu, cuda, mps\.'):
        places.device_name({"GANSCOPE_DEVICE": "gpu"})

"""`evaluate`: every measure between its two reference lines, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gan_core.measure import IMAGE_MEASURES

from .conftest import SMALL, Answer

Cli = Callable[..., Answer]
SHAPES = ["--set", "data=shapes", "--set", "data.count=400"]


@pytest.fixture
def run(cli: Cli) -> str:
    return str(cli("train", *SMALL, *SHAPES, "--steps", "4", "--json").json()["run"])


def test_it_is_one_json_value_with_features_samples_floor_and_untrained(cli: Cli, run: str) -> None:
    told = cli("evaluate", run, "--samples", "100", "--json").json()
    assert (told["run"], told["step"], told["samples"], told["best"]) == (run, 4, 100, True)
    assert "features" in told["features"]
    names = {measure.name for measure in IMAGE_MEASURES}
    assert set(told["values"]) == set(told["floor"]) == set(told["untrained"]) == names
    assert told["floor"]["fid"] < told["values"]["fid"]
    again = cli("evaluate", "last", "--samples", "100", "--step", "4", "--json").json()
    assert again["values"] == told["values"]  # the same to the last bit


def test_people_get_a_table(cli: Cli, run: str) -> None:
    answer = cli("evaluate", run, "--samples", "100")
    assert answer.status == 0
    head, titles, *rows = answer.out.splitlines()
    assert head.startswith(f"{run} at step 4, after 32 images: 100 samples in ")
    assert titles.split()[0] == "measure"
    assert len(rows) == len(IMAGE_MEASURES)
    assert cli("evaluate", run, "--step", "0", "--samples", "100").out.startswith(f"{run} untrained: ")


def test_what_cannot_be_is_a_sentence(cli: Cli, run: str) -> None:
    assert "no checkpoint up to step 3" in cli("evaluate", run, "--step", "3").sentence()
    assert "whole number from 100 to 10000" in cli("evaluate", run, "--samples", "5").sentence()

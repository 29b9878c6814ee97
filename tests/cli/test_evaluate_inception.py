"""`evaluate --features inception`: the measures in the published features, or a sentence where there are none."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_core.measure import FeatureSpace
from gan_core.measure.features import inception
from gan_core.measure.features.spaces import pixel_space

from .conftest import SMALL, Answer

Cli = Callable[..., Answer]


@pytest.fixture
def nothing_to_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inception, "WEIGHTS", dataclasses.replace(inception.WEIGHTS, urls=("http://127.0.0.1:9/no",)))


def test_the_evaluation_is_in_these_features_and_kept_beside_the_others(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def stand_in(data_dir: Path, progress: Any) -> FeatureSpace:
        asked.append(data_dir)
        return dataclasses.replace(pixel_space(), name="Inception features")

    monkeypatch.setattr("gan_core.cli.evaluate.inception_space", stand_in)
    train = cli("train", *SMALL, "--set", "data=shapes", "--set", "data.count=400", "--steps", "4", "--json")
    run = str(train.json()["run"])
    told = cli("evaluate", run, "--samples", "100", "--features", "inception", "--json").json()
    assert told["features"] == "Inception features"
    assert told["floor"]["fid"] < told["values"]["fid"]
    assert told["untrained"]["fid"] > 0
    assert len(asked) == 1
    own = cli("evaluate", run, "--samples", "100", "--json").json()
    assert own["features"].startswith("Shapes classifier features")
    assert own["values"]["fid"] != told["values"]["fid"]
    assert len(asked) == 1


@pytest.mark.usefixtures("nothing_to_fetch")
def test_without_the_weights_or_of_points_it_is_a_sentence(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    images = str(cli("train", *SMALL, "--steps", "2", "--json").json()["run"])
    assert (
        "use the features that come with the program" in cli("evaluate", images, "--features", "inception").sentence()
    )
    points = str(cli("train", "--preset", "ring", "--steps", "2", "--json").json()["run"])
    monkeypatch.setattr("gan_core.cli.evaluate.inception_space", lambda *_: pixel_space())
    assert "Points in the plane have no" in cli("evaluate", points, "--features", "inception").sentence()

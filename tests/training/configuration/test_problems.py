"""What cannot start, and what is likely to go wrong, in words that name the field."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gan_core.config.codec import apply_sets
from gan_core.data import Cifar10
from gan_core.data.base import ImageInfo
from gan_core.training import PRESETS, RunConfig, cautions, problems

GREY = ImageInfo(channels=1, native_size=28, count=60_000, classes=("a", "b"))
FAST = PRESETS["fashion-fast"].config


@pytest.mark.parametrize(
    ("pairs", "info", "said"),
    [
        ({}, {"classes": (), "count": 1}, "The dataset has 1 images; a run needs at least 2."),
        ({"conditional": "true"}, {"classes": ()}, "conditional is true, but this dataset has no classes"),
        ({"batch_size": "6", "pack": "4"}, {}, "batch_size is 6 and pack is 4; the batch must be a multiple"),
        ({"total_images": "100", "batch_size": "64", "k_d": "2"}, {}, "total_images is 100, less than the 128"),
        ({"generator": "mlp", "generator.hidden": "12,banana"}, {}, "generator.hidden"),
    ],
)
def test_what_cannot_start(pairs: dict[str, str], info: dict[str, Any], said: str) -> None:
    found = problems(apply_sets(FAST, pairs), replace(GREY, **info))
    assert len(found) == 1
    assert said in found[0]
    assert found[0].endswith(".")


def test_data_that_is_not_here_yet(tmp_path: Path) -> None:
    config = replace(FAST, data=Cifar10(), size=32)
    (said,) = problems(config, config.data.info(tmp_path))
    assert "CIFAR-10 is not on this machine yet" in said


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ({"loss": "wasserstein"}, "lets the critic grow for ever"),
        ({"penalty": "r1"}, 'set discriminator.norm to "none" or "layer"'),
        ({"g_optimizer.lr": "0"}, "A learning rate of 0"),
    ],
)
def test_what_is_likely_to_go_wrong(pairs: dict[str, str], said: str) -> None:
    config: RunConfig = apply_sets(FAST, pairs)
    assert problems(config, GREY) == []
    assert any(said in sentence for sentence in cautions(config))


@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_have_neither(name: str, tmp_path: Path) -> None:
    config = PRESETS[name].config
    assert problems(config, config.data.info(tmp_path)) == []
    assert cautions(config) == []

"""Straight through, and stopped and carried to another trainer: the same to the last bit, for every preset."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.training import PRESETS, RunConfig, Trainer, state_digest
from tests.conftest import shortened
from tests.training.made_data import random_data_like

STEPS = 6
SPLITS = (1, 3, 5)  # inside and at the ends of lazy intervals and of windows of 2 steps


def _go(trainer: Trainer, until: int, points: list[dict[str, float]]) -> None:
    while trainer.step_count < until:
        trainer.step()
        if trainer.due.point:
            points.append(trainer.point())


def _through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    loaded: dict[str, Any] = torch.load(buffer, weights_only=True)
    return loaded


def _small_batches(config: RunConfig) -> RunConfig:
    """The preset in everything but its batch size and its length, so that nine of them fit a test suite."""
    return shortened(replace(config, batch_size=8), steps=STEPS, every=2)


@pytest.mark.parametrize("name", list(PRESETS))
def test_resumed_is_straight_through(name: str, tmp_path: Path) -> None:
    config = _small_batches(PRESETS[name].config)
    data = random_data_like(config, tmp_path)
    cpu = torch.device("cpu")
    straight, points = Trainer(config, data, cpu), []
    states = {}
    for split in (*SPLITS, STEPS):
        _go(straight, split, points)
        states[split] = (_through_a_file(straight.state()), len(points))
    wanted = state_digest(straight.state()), state_digest(points)
    for split in SPLITS:
        state, known = states[split]
        resumed, again = Trainer(config, data, cpu), points[:known]
        resumed.load_state(state)
        _go(resumed, STEPS, again)
        assert (state_digest(resumed.state()), state_digest(again)) == wanted

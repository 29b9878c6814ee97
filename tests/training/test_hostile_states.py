"""A state whose tensors are whole but of sizes that no state has is refused before anything uses them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gan_core.data.base import ImageSet
from gan_core.training import RunConfig, Trainer
from gan_core.training.statistics import MOST_STEPS, Window

CPU = torch.device("cpu")


@pytest.fixture
def state(tiny: RunConfig, random_images: ImageSet) -> dict[str, Any]:
    trainer = Trainer(tiny, random_images, CPU)
    trainer.step()
    found = trainer.state()
    Trainer(tiny, random_images, CPU).load_state(found)
    return found


@pytest.mark.parametrize(("part", "key", "value", "words"), [
    ("window", "g_loss", torch.zeros(MOST_STEPS + 1), "more steps than lie between"),
    ("window", "real_logits", torch.zeros(MOST_STEPS + 1, 1), "more steps than lie between"),
    ("window", "penalty", torch.tensor(1.0), "more steps than lie between"),
    ("augmentation", "signs", torch.zeros(4), "strength of the augmentation"),
    ("augmentation", "signs", torch.zeros(2, 100_000), "strength of the augmentation"),
    ("augmentation", "strength", torch.zeros(100_000), "strength of the augmentation"),
    ("batches", "position", 2**62, "place in the data"),
    ("batches", "position", -1, "place in the data"),
    ("batches", "count", 2**40, "dataset has"),
])  # fmt: skip
def test_a_part_of_another_size_is_refused(
    tiny: RunConfig, random_images: ImageSet, state: dict[str, Any], part: str, key: str, value: Any, words: str
) -> None:
    hostile = {**state, part: {**state[part], key: value}}
    with pytest.raises(ValueError, match=words):
        Trainer(tiny, random_images, CPU).load_state(hostile)


def test_moments_are_as_many_as_the_weights(tiny: RunConfig, random_images: ImageSet, state: dict[str, Any]) -> None:
    name = next(key for key in state["g_optimizer"] if key != "count")
    for value in (torch.zeros(1_000_000), state["g_optimizer"][name][:-1], state["g_optimizer"][name] * 2):
        with pytest.raises(ValueError, match="other networks"):
            Trainer(tiny, random_images, CPU).load_state(
                {**state, "g_optimizer": {**state["g_optimizer"], name: value}}
            )


def test_a_window_takes_what_lies_between_two_points() -> None:
    window = Window()
    window.load_state({name: torch.zeros(MOST_STEPS) for name in window.state()})
    assert len(window) == MOST_STEPS

"""What a run is compared by, against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_core.runs.evaluation.final_measures import evaluation_key, final_values
from gan_core.runs.evaluation_record import Evaluation


def columns(**given: list[float]) -> dict[str, np.ndarray]:
    return {name: np.array(values, np.float64) for name, values in given.items()}


def test_a_curve_is_its_mean_over_the_last_tenth_of_what_was_written() -> None:
    losses = [9.0] * 18 + [1.0, 3.0]
    assert final_values(columns(g_loss=losses))["g_loss"] == 2.0  # of 20 points the last two
    assert final_values(columns(g_loss=[5.0, 7.0]))["g_loss"] == 7.0  # never fewer than one
    gaps = [9.0] * 18 + [1.0, math.nan, 3.0, math.nan]
    assert final_values(columns(g_loss=gaps))["g_loss"] == 2.0


def test_what_is_measured_now_and_then_is_the_newest() -> None:
    found = final_values(columns(images=[10, 20, 30], sliced_wasserstein=[0.5, 0.25, math.nan], mmd=[math.nan] * 3))
    assert found == {"images": 30.0, "sliced_wasserstein": 0.25}
    assert final_values(columns(images=[])) == {}


def test_of_evaluations_the_best_checkpoint_counts_for_every_measure() -> None:
    def one(step: int, fid: float, recall: float, *, best: bool = False, samples: int = 500) -> Evaluation:
        return Evaluation(
            step, step * 64, 1.0, "pixel features", samples, {"fid": fid, "recall": recall}, {}, best=best
        )

    rows = [
        one(10, 50.0, 0.2),
        one(20, 30.0, 0.1, best=True),
        one(30, 40.0, 0.9),
        one(30, 35.0, math.nan, best=True, samples=900),
    ]
    found = final_values(columns(images=[1.0]), rows)
    assert found == {
        "images": 1.0, "fid|pixel features|500": 30.0, "recall|pixel features|500": 0.1,
        "fid|pixel features|900": 35.0,
    }  # fmt: skip
    assert evaluation_key("fid", rows[0]) == evaluation_key("fid", rows[2]) != evaluation_key("fid", rows[3])
    assert found["fid|pixel features|500"] == pytest.approx(min(r.values["fid"] for r in rows[:3]))

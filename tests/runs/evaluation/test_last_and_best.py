"""The last and the best value of each measure, against lists worked out by hand."""

from __future__ import annotations

import math

import numpy as np

from gan_core.runs.evaluation.last_and_best import last_and_best
from gan_core.runs.evaluation_record import Evaluation


def one(step: int, samples: int = 500, features: str = "pixel features", **values: float) -> Evaluation:
    return Evaluation(step, 64 * step, 1.0, features, samples, values, {"fid": 4.0})


def test_a_ruined_run_stands_with_what_it_is_and_with_what_it_was() -> None:
    found = last_and_best({}, [one(0, fid=900.0), one(10, fid=112.0, recall=0.5), one(20, fid=533.0, recall=0.03)])
    fid, recall = found["fid"], found["recall"]
    assert (fid.last, fid.step, fid.best, fid.best_step) == (533.0, 20, 112.0, 10)
    assert (fid.floor, fid.untrained, fid.features, fid.samples) == (4.0, 900.0, "pixel features", 500)
    assert (recall.last, recall.best, recall.best_step) == (0.03, 0.5, 10)  # of this one more is better
    assert math.isnan(recall.floor)


def test_values_on_other_samples_are_never_mixed() -> None:
    """The newest says which kind it is; of one step the one of the most samples."""
    rows = [one(10, fid=20.0), one(30, fid=50.0), one(30, 2_000, fid=40.0)]
    fid = last_and_best({}, rows)["fid"]
    assert (fid.last, fid.samples, fid.best, fid.best_step) == (40.0, 2_000, 40.0, 30)
    assert last_and_best({}, [one(0, fid=900.0)]) == {}, "the untrained generator is no measure of a run"
    assert "fid" not in last_and_best({}, [one(10, fid=math.nan)])


def test_points_are_one_series_of_curves_and_evaluations() -> None:
    """A finished ring is not told by what was measured of it at step 600."""
    records = {
        "step": np.array([5.0, 600.0, 900.0, 950.0]),
        "high_quality_share": np.array([math.nan, 0.098, 0.99, math.nan]),
        "sliced_wasserstein": np.array([0.9, 0.5, 0.2, math.nan]),
    }
    plane = [one(600, 2_000, "points in the plane", high_quality_share=0.098),
             one(1_000, 2_000, "points in the plane", high_quality_share=0.97)]  # fmt: skip
    found = last_and_best(records, plane)
    share, distance = found["high_quality_share"], found["sliced_wasserstein"]
    assert (share.last, share.step, share.best, share.best_step, share.features) == (0.97, 1_000, 0.99, 900, "")
    assert (distance.last, distance.step, distance.best, distance.best_step) == (0.2, 900, 0.2, 900)
    assert last_and_best(records, [])["high_quality_share"].last == 0.99


def test_a_measure_of_which_neither_end_is_good_has_no_best() -> None:
    entropy = last_and_best({}, [one(10, class_entropy=1.0), one(20, class_entropy=2.0)])["class_entropy"]
    assert (entropy.last, entropy.step, entropy.best, entropy.best_step) == (2.0, 20, None, None)

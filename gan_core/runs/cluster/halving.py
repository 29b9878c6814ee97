"""Which members of a sweep are stopped early: asynchronous successive halving (ASHA), as Ray Tune has it.

Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", arXiv:1810.05934. Of Ray Tune only this rule
is used: its trials would be kept, retried and resumed by files of Ray's own beside ours, which are pickles.
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

from gan_core.runs.cluster.connecting import ClusterProblem
from gan_core.runs.groups.sweep_file import OnCluster
from gan_core.runs.groups.sweep_measures import measure_of


class Halving:
    """steps: the length of the longest member."""

    def __init__(self, on: OnCluster, steps: int) -> None:
        try:
            tune = importlib.import_module("ray.tune.schedulers")
        except ImportError as error:
            raise ClusterProblem(
                f"ASHA needs Ray Tune, of which a part is missing ({error}): pip install -r requirements-ray.txt."
            ) from error
        self._label, _, higher = measure_of(on.measure)
        self._stop, self._reduction = tune.TrialScheduler.STOP, on.reduction
        self._rule: Any = tune.ASHAScheduler(
            time_attr="step", metric="value", mode="max" if higher else "min", max_t=steps,
            grace_period=min(on.grace_steps, steps), reduction_factor=on.reduction,
        )  # fmt: skip
        self._trials: dict[str, SimpleNamespace] = {}
        self._steps = steps

    def heard(self, run: str, step: int, value: float) -> str:
        """What a member measured at a step, step by step; why it is stopped early, or "" where it goes on."""
        if run not in self._trials:
            self._trials[run] = SimpleNamespace(trial_id=run)
            self._rule.on_trial_add(None, self._trials[run])
        said = self._rule.on_trial_result(None, self._trials[run], {"step": step, "value": value})
        if said != self._stop or step >= self._steps:
            return ""
        return (
            f"Stopped early by ASHA: at step {step:,} its {self._label} of {value:.4g} was not in the best "
            f"1/{self._reduction} of those that had come so far."
        )

"""`sweep --on`: what cannot be is one sentence, and makes nothing."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gan_core.runs import RunManager
from gan_core.runs.cluster.making import make_sweep
from gan_core.runs.groups.sweep_beginning import Beginning
from gan_core.runs.groups.sweep_file import OnCluster, write_sweep
from gan_core.runs.groups.sweep_plan import Plan
from tests.cli.conftest import Answer
from tests.runs.groups.test_sweeps import ring


def test_without_ray_a_cluster_is_one_sentence(cli: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.import_module

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "ray":
            raise ImportError("No module named 'ray'")
        return found(name, *rest)

    monkeypatch.setattr("gan_core.runs.cluster.connecting.importlib.import_module", without)
    answer = cli("sweep", "--preset", "ring", "--seeds", "1,2", "--on", "ray")
    assert "pip install -r requirements-ray.txt" in answer.sentence()
    assert cli("runs", "--json").json() == [], "nothing was made"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--on", "slurm"), "ray or ray://HOST:PORT"), (("--on", "ray://host"), "ray or ray://HOST:PORT"),
        (("--cpus", "2"), "--cpus is for members"), (("--asha",), "--asha is for members"),
        (("--on", "ray", "--grace-steps", "5"), "give --asha"),
        (("--on", "ray", "--gpus", "nan"), "not a number from 0"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_sentence(cli: Callable[..., Answer], words: tuple[str, ...], says: str) -> None:
    assert says in cli("sweep", "--preset", "ring", "--seeds", "1,2", *words).sentence()


def test_a_sweep_that_was_cut_off_goes_on_here(cli: Callable[..., Answer], manager: RunManager) -> None:
    made = make_sweep(manager, Beginning(Plan(ring(steps=10), (), seeds=(1, 2)), OnCluster()))
    write_sweep(manager.runs_dir / ".sweeps", replace(made, cluster=None))
    told = cli("sweep", "--resume", "last", "--device", "cpu", "--threads", "1", "--json").json()
    assert [(m["state"], m["steps"]) for m in told["members"]] == [("finished", 10)] * 2
    assert "at its end" in cli("sweep", "--resume", made.id[:15], "--device", "cpu").sentence()
    assert "leave out its settings" in cli("sweep", "--resume", "last", "--seeds", "1,2").sentence()
    assert "no one sweep" in cli("sweep", "--resume", "nothing").sentence()

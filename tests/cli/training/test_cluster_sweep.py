"""`sweep --on`: what cannot be is one sentence, and makes nothing."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import Answer


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

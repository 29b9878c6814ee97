"""Tables are worked on by one thread of BLAS, and afterwards all is as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import scipy.linalg  # noqa: F401  # whose BLAS is one of those that are limited
import torch
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from gan_core.apply import Cancelled, Workplace
from gan_core.apply.base import Task, tasks


def blas_threads() -> set[int]:
    return {int(pool["num_threads"]) for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize("name", ["impute", "impute-compare", "synthesise"])
def test_a_table_is_worked_on_by_one_thread(name: str, tmp_path: Path) -> None:
    seen: list[set[int]] = []

    def progress(fraction: float, words: str) -> None:
        seen.append(blas_threads())
        raise Cancelled

    task = tasks.get(name).cls()
    assert isinstance(task, Task)
    place = Workplace(tmp_path, tmp_path, torch.device("cpu"), progress, lambda *_: None, lambda _: None)  # type: ignore[arg-type,return-value]
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with pytest.raises(Cancelled):
            task.work(place)
        assert blas_threads() == before != {1}
    assert seen == [{1}]

"""What the presets in the plane promise, with their own seed; `python -m benchmarks.plane_promises` has more."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.plane_promises import PROMISES, Promise, covered_and_good
from gan_core.training import PRESETS


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.preset)
def test_the_promise_holds(promise: Promise, tmp_path: Path) -> None:
    modes, share, _ = covered_and_good(promise, PRESETS[promise.preset].config.seed, tmp_path)
    assert promise.fewest <= modes <= promise.most
    assert share >= promise.least_good

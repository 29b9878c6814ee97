"""Frames, history and what stays out of JSON."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_core.measure.plane import PLANE_MEASURES
from gan_core.runs.evaluation_record import Evaluation
from pages.server.live.wire import (
    COLUMNS,
    HISTORY_POINTS,
    evaluation_header,
    history_blob,
    pack,
    records_blob,
    unpack,
)

ROOT = Path(__file__).parents[4]


@given(
    st.dictionaries(st.text(max_size=8).filter(lambda k: k != "blobs"), st.text(max_size=20)),
    st.lists(st.binary(max_size=64)),
)
def test_a_frame_gives_back_what_went_in(header: dict[str, str], blobs: list[bytes]) -> None:
    got, parts = unpack(pack(header, blobs))
    assert got.pop("blobs") == [len(b) for b in blobs]
    assert (got, parts) == (header, blobs)


def test_nan_does_not_slip_into_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack({"speed": math.nan})


def test_the_columns_end_with_the_measures_of_the_plane() -> None:
    names = [measure.name for measure in PLANE_MEASURES]
    assert list(COLUMNS[-len(names) :]) == names


def test_the_server_s_start_does_not_wait_for_torch() -> None:
    code = "import sys, pages.server.http.routes, pages.server.app_state; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert found.stdout.strip() == "False", found.stderr


@given(st.integers(0, 3 * HISTORY_POINTS))
def test_history_is_thinned_evenly_and_ends_with_the_newest_row(count: int) -> None:
    steps = np.arange(count, dtype=np.float64) * 5 + 5
    rows = np.frombuffer(history_blob({"step": steps, "d_loss": steps / 2}), "<f4").reshape(-1, len(COLUMNS))
    assert len(rows) == min(count, len(rows)) <= HISTORY_POINTS
    if count:
        assert rows[-1, 0] == steps[-1]
        assert len({*np.diff(rows[:, 0])}) <= 1
        np.testing.assert_allclose(rows[:, COLUMNS.index("d_loss")], rows[:, 0] / 2)
        assert np.isnan(rows[:, COLUMNS.index("penalty")]).all()
    if count <= HISTORY_POINTS:
        assert len(rows) == count


def test_no_measure_is_lost_where_the_history_is_thinned() -> None:
    count = 3 * HISTORY_POINTS
    steps, taken = np.arange(count, dtype=np.float64), np.arange(4, count, 10)
    covered = np.full(count, math.nan)
    covered[taken] = taken
    rows = np.frombuffer(history_blob({"step": steps, "modes_covered": covered}), "<f4").reshape(-1, len(COLUMNS))
    seen = rows[:, COLUMNS.index("modes_covered")]
    assert {*seen[~np.isnan(seen)]} == {*taken}
    late = rows[:, 0] - seen
    assert ((late >= 0) & (late < 3))[~np.isnan(seen)].all()  # told at the first row kept from then on


def test_a_record_keeps_its_columns_and_says_nan_where_it_has_none() -> None:
    row = np.frombuffer(records_blob([{"step": 7.0, "g_loss": 0.25}]), "<f4")
    assert row[COLUMNS.index("step")] == 7
    assert row[COLUMNS.index("g_loss")] == 0.25
    assert np.isnan(row).sum() == len(COLUMNS) - 2


def test_the_columns_are_the_engines() -> None:
    from gan_core.runs import COLUMNS as recorded

    assert set(COLUMNS) <= set(recorded)


def test_a_measure_that_could_not_be_taken_is_null() -> None:
    one = Evaluation(4, 64, 1.0, "pixel features", 500, {"fid": 3.0, "kid": float("nan")}, {"fid": float("inf")})
    header, _ = unpack(pack({"type": "evaluated", "evaluation": evaluation_header(one)}))
    assert header["evaluation"]["values"] == {"fid": 3.0, "kid": None}
    assert header["evaluation"]["floor"] == {"fid": None}
    assert header["evaluation"]["classes"] is None

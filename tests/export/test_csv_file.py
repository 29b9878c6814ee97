"""The curves as CSV, read back by the standard library's reader."""

from __future__ import annotations

import csv
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gan_core.export import metrics_csv

FLOATS = hnp.arrays(np.float64, st.shared(st.integers(0, 20), key="rows"), elements=st.floats(width=64))


@given(d_loss=FLOATS, g_loss=FLOATS)
def test_every_number_comes_back_to_the_last_bit(d_loss: np.ndarray, g_loss: np.ndarray) -> None:
    steps = np.arange(len(d_loss), dtype=np.float64) * 16
    text = metrics_csv({"step": steps, "d_loss": d_loss, "g_loss": g_loss}).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["step"] for row in rows] == [str(16 * i) for i in range(len(d_loss))]
    for name, values in (("d_loss", d_loss), ("g_loss", g_loss)):
        read = np.array([float(row[name] or "nan") for row in rows])
        np.testing.assert_array_equal(read, values)


def test_the_header_stands_even_before_the_first_record() -> None:
    assert metrics_csv({"step": np.empty(0), "elapsed_seconds": np.empty(0)}) == b"step,elapsed_seconds\n"


def test_what_was_not_measured_is_an_empty_cell() -> None:
    table = {"step": np.array([1.0]), "penalty": np.array([np.nan]), "g_lr": np.array([5e-4])}
    assert metrics_csv(table) == b"step,penalty,g_lr\n1,,0.0005\n"

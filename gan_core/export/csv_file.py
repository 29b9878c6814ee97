"""A run's curves as a table that any spreadsheet or script reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

WHOLE = frozenset({"step", "images"})
"""Columns that count: written without a decimal point."""


def metrics_csv(records: Mapping[str, NDArray[np.floating[Any]]]) -> bytes:
    """One header line, then one line a recorded step; UTF-8, commas, "\\n".

    records: column name -> float array, all of one length. Numbers keep every digit (`float(cell)` gives the same
    number back); an empty cell means "not measured". Names carry the units, as in `elapsed_seconds`.
    """
    lines = [",".join(records)]
    columns = [[_cell(name, value) for value in values.tolist()] for name, values in records.items()]
    lines += [",".join(row) for row in zip(*columns, strict=True)]
    return ("\n".join(lines) + "\n").encode()


def _cell(name: str, value: float) -> str:
    if math.isnan(value):
        return ""
    return str(int(value)) if name in WHOLE else repr(value)

"""Numbers as widgets: which one suits a field, and the steps that a slider offers."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from gan_core.config.fields import FieldSpec
from pages.ui.fields.widget_values import lately
from pages.ui.words import plain

_FLOAT_MANTISSAS = (1, 1.5, 2, 3, 5, 7)
_INT_MANTISSAS = (1, 2, 3, 5)


def draw_number(spec: FieldSpec, value: float, common: dict[str, Any]) -> None:
    """A slider or a box. common: what every widget of the panel is given."""
    low, high = spec.low, spec.high
    assert low is not None
    assert high is not None
    whole = spec.kind == "int"
    if spec.scale == "log":
        st.select_slider(options=_with_late(log_options(spec, value), common["key"]), format_func=plain, **common)
    elif whole and high - low > 64:
        st.number_input(min_value=int(low), max_value=int(high), step=1, **common)
    elif whole:
        st.slider(min_value=int(low), max_value=int(high), step=1, **common)
    elif 0.99 <= high < 1:
        st.select_slider(options=_with_late(share_options(spec, value), common["key"]), format_func=plain, **common)
    else:
        step = _nice((high - low) / 100)
        st.slider(min_value=float(low), max_value=float(high), step=step, format="%.3g", **common)


def _with_late(options: list[float], key: str) -> list[float]:
    """With what the browser may still say: Streamlit takes what is no option for the first one."""
    late = lately(key)
    return options if late is None or late in options else sorted((*options, late))


def _nice(number: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is at most `number`."""
    power = 10.0 ** math.floor(math.log10(number) + 1e-9)
    return max(m * power for m in (1, 2, 5) if m * power <= number * (1 + 1e-9))


def log_options(spec: FieldSpec, value: float) -> list[float]:
    """Evenly felt steps of a log field: from `low` (or 0, then `smallest`) to `high`, with `value` among them."""
    assert spec.low is not None
    assert spec.high is not None
    whole = spec.kind == "int"
    start = spec.low if spec.low > 0 else (spec.smallest or (1 if whole else spec.high / 1e6))
    options = {float(spec.low), float(spec.high), float(value)}
    for power in range(math.floor(math.log10(start)), math.ceil(math.log10(spec.high)) + 1):
        for m in _INT_MANTISSAS if whole else _FLOAT_MANTISSAS:
            options.add(float(f"{m}e{power}"))
    if whole and spec.high <= 4096:
        options.update(float(2**n) for n in range(13))
    inside = sorted(v for v in options if v in (spec.low, value) or start <= v <= spec.high)
    return [int(v) for v in inside if v.is_integer()] if whole else inside


def share_options(spec: FieldSpec, value: float) -> list[float]:
    """Shares up to just below 1, such as a beta: even steps, then ever closer to 1."""
    assert spec.low is not None
    assert spec.high is not None
    even = [round(0.05 * i, 2) for i in range(20)]
    near = [0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999]
    options = {*even, *near, float(spec.low), float(spec.high), float(value)}
    return sorted(v for v in options if spec.low <= v <= spec.high)

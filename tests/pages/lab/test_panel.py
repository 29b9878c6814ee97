"""From fields to widgets: steps of sliders, groups, and no field forgotten."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_core.config.codec import walk
from gan_core.config.fields import FieldSpec
from gan_core.training import PRESETS, RunConfig
from pages.ui.fields import widget_values
from pages.ui.fields.numbers import log_options, share_options
from pages.ui.fields.panel import GROUPS


def log_fields() -> list[tuple[str, FieldSpec, float]]:
    return [
        (f"{name}:{path}", spec, value)
        for name, p in PRESETS.items()
        for path, spec, value in walk(p.config)
        if spec.scale == "log"
    ]


@pytest.mark.parametrize(("spec", "value"), [pytest.param(s, v, id=i) for i, s, v in log_fields()])
def test_a_log_field_offers_its_value_its_bounds_and_even_steps_between(spec: FieldSpec, value: float) -> None:
    options = log_options(spec, value)
    assert value in options
    assert options == sorted(set(options))
    assert (options[0], options[-1]) == (spec.low, spec.high)
    assert all(type(o) is (int if spec.kind == "int" else float) for o in options)
    steps = [b / a for a, b in pairwise(options) if a > 0 and (b > 3 or spec.kind == "float")]
    assert max(steps) <= 3.4
    assert 5 <= len(options) <= 100


@given(st.floats(1e-7, 9.9))
def test_a_value_from_a_link_is_kept_exactly(value: float) -> None:
    spec = FieldSpec("float", low=0.0, high=10.0, smallest=1e-6, scale="log")
    assert value in log_options(spec, value)
    share = FieldSpec("float", low=0.0, high=0.9999)
    assert min(value, 0.9999) in share_options(share, min(value, 0.9999))


def test_groups_name_real_fields_once() -> None:
    named = [name for _, names in GROUPS for name in names]
    assert len(named) == len(set(named))
    assert set(named) <= {f.name for f in dataclasses.fields(RunConfig)}


def test_a_widget_that_only_came_back_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit calls on_change of every widget that a rerun, cut short, had not reached."""
    kept: dict[str, object] = {}
    monkeypatch.setattr(widget_values.st, "session_state", kept)
    changed: list[tuple[str, object]] = []
    key = widget_values.seed("steer", "k_d", 2, of_run=False)
    widget_values.take(key, "k_d", lambda path, value: changed.append((path, value)))
    assert changed == []
    kept[key] = 3
    widget_values.take(key, "k_d", lambda path, value: changed.append((path, value)))
    assert changed == [("k_d", 3)]


def test_what_a_widget_shows_already_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser takes over whatever is written, and would turn back the next press of a key."""
    written: list[tuple[str, object]] = []

    class Watched(dict[str, object]):
        def __setitem__(self, key: str, value: object) -> None:
            written.append((key, value))
            super().__setitem__(key, value)

    monkeypatch.setattr(widget_values.st, "session_state", Watched())
    key = widget_values.seed("steer", "g_optimizer.lr", 0.004, of_run=False)
    assert (key, 0.004) in written
    written.clear()
    assert widget_values.seed("steer", "g_optimizer.lr", 0.004, of_run=False) == key
    assert key not in dict(written)
    widget_values.seed("steer", "g_optimizer.lr", 0.01, of_run=False)
    assert (key, 0.01) in written

"""Configurations to JSON, to `--set` pairs and URL queries and back; and what is said of wrong ones."""

from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core.config.codec import (
    ConfigError,
    apply_sets,
    check_value,
    differences,
    from_dict,
    get_at,
    replace_at,
    set_at,
    spec_at,
    to_dict,
    walk,
)
from gan_core.config.fields import FieldSpec
from gan_core.training import PRESETS, RunConfig


def _values(spec: FieldSpec) -> st.SearchStrategy[Any]:
    """Anything that the field takes."""
    if spec.kind == "bool":
        return st.booleans()
    if spec.kind == "choice":
        return st.sampled_from(spec.choices)
    if spec.kind == "one_of":
        assert spec.family is not None
        return st.sampled_from(spec.family.names())
    if spec.kind == "text":
        if spec.pattern:
            return st.from_regex(spec.pattern, fullmatch=True).filter(lambda t: len(t) <= spec.max_length)
        return st.text(max_size=spec.max_length)
    assert spec.low is not None
    assert spec.high is not None
    if spec.kind == "int":
        return st.integers(int(spec.low), int(spec.high))
    return st.floats(spec.low, spec.high)


@st.composite
def configs(draw: st.DrawFn) -> RunConfig:
    """A preset with any of its fields, and of its members' fields, set to anything they take."""
    config = PRESETS[draw(st.sampled_from(list(PRESETS)))].config
    for _ in range(draw(st.integers(0, 8))):
        path, spec, _ = draw(st.sampled_from(list(walk(config))))
        config = replace_at(config, path, draw(_values(spec)))
    return config


@settings(max_examples=150, deadline=None)
@given(configs())
def test_json_and_back(config: RunConfig) -> None:
    assert from_dict(RunConfig, json.loads(json.dumps(to_dict(config)))) == config


@settings(max_examples=150, deadline=None)
@given(configs(), st.sampled_from(list(PRESETS)))
def test_url_and_back(config: RunConfig, preset: str) -> None:
    base = PRESETS[preset].config
    query = urlencode(differences(config, base))
    again = apply_sets(base, dict(parse_qsl(query, keep_blank_values=True)))
    assert again == config


@settings(max_examples=60, deadline=None)
@given(configs())
def test_a_configuration_differs_from_itself_in_nothing(config: RunConfig) -> None:
    assert differences(config, config) == {}
    assert hash(config) == hash(from_dict(RunConfig, to_dict(config)))


ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(walk(PRESETS["fashion-fast"].config))), ANYTHING)
def test_whatever_comes_in_is_taken_or_refused_in_one_sentence(leaf: tuple[str, FieldSpec, Any], value: Any) -> None:
    path, spec, _ = leaf
    config = PRESETS["fashion-fast"].config
    try:
        changed = replace_at(config, path, value)
    except ConfigError as error:
        said = str(error)
        assert path in said
        assert "\n" not in said.replace(repr(value), "")
    else:
        taken = get_at(changed, path)
        if spec.kind in ("int", "float"):
            assert spec.low <= taken <= spec.high  # type: ignore[operator]
            assert type(taken) is (int if spec.kind == "int" else float)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(), ANYTHING))
def test_forged_json_never_gets_past(data: dict[str, Any]) -> None:
    if data:
        with pytest.raises(ConfigError):
            from_dict(RunConfig, data | {"no such field": 1})


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("batch_size", "3", r"batch_size is 3; it must be a whole number from 4 to 1024\."),
        ("batch_size", "many", r'batch_size is "many"; it must be a whole number from 4 to 1024\.'),
        ("batch_size", "12.5", r"batch_size is"),
        ("d_optimizer.lr", "-0.1", r"d_optimizer\.lr is -0\.1; it must be a number from 0 to 10\."),
        ("d_optimizer.lr", "nan", r"d_optimizer\.lr is nan"),
        ("loss", "banana", r'loss is "banana"; it must be one of non-saturating'),
        ("conditional", "perhaps", r'conditional is "perhaps"; it must be true or false'),
        ("size", "29", r'size is "29"; it must be one of 28, 32, 64'),
        ("lossy", "hinge", r"lossy is not a field here; the fields are seed, data"),
        ("latent.dims", "3", r"latent\.dims is not a field here; the fields are dim, distribution"),
        ("seed.x", "3", r"seed has no parts"),
        ("penalty.gamma", "1", r"penalty\.gamma is not a field here"),
    ],
)
def test_mistakes_are_named(path: str, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        set_at(PRESETS["fashion-fast"].config, path, text)


def test_a_family_and_its_fields_may_come_in_any_order() -> None:
    config = PRESETS["fashion-fast"].config
    pairs = {"penalty.gamma": "3", "penalty": "r1"}
    assert apply_sets(config, pairs) == apply_sets(config, dict(reversed(pairs.items())))
    assert get_at(apply_sets(config, {"penalty.name": "r1", "penalty.gamma": "3"}), "penalty.gamma") == 3.0


def test_every_leaf_has_words_and_a_range() -> None:
    for _, spec, value in walk(PRESETS["fashion-fast"].config):
        assert spec.help.endswith(".")
        if spec.kind in ("int", "float"):
            assert spec.low is not None
            assert spec.high is not None
            assert spec.low < spec.high
            assert spec.scale == "linear" or spec.low > 0 or spec.smallest
            check_value("x", value, spec)


def test_numbers_that_are_none() -> None:
    spec = spec_at(PRESETS["fashion-fast"].config, "d_optimizer.lr")
    for bad in (math.nan, math.inf, 10**400, 10**5000, True, "0.1", None):
        with pytest.raises(ConfigError):
            check_value("lr", bad, spec)

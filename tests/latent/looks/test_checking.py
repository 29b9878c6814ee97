"""Looks that anybody may have written: a look, or one sentence that names the place of the fault."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core.latent import (
    Explorable,
    Look,
    check_look,
    check_path,
    check_weights,
    check_where,
    encode_vector,
    resolve,
)
from gan_core.latent.walks import EASINGS, WAYS

DIM = 16
Z = encode_vector(np.ones(DIM))
SEED = {"seed": 1}
MOVE = {"vector": Z, "space": "z", "amount": 1.0}
UNIT = {"layer": "layers.0", "unit": 0, "scale": 0.0}


def nested(depth: int) -> dict[str, Any]:
    where: dict[str, Any] = SEED
    for _ in range(depth - 1):
        where = {"base": where, "along": []}
    return where


def wide(ways: int, depth: int) -> dict[str, Any]:
    return {"sum": [[1, wide(ways, depth - 1)]] * ways} if depth > 1 else SEED


def path(**changes: Any) -> dict[str, Any]:
    return {"where": {"path": {"keys": [{"where": SEED}, {"where": SEED}], **changes}, "at": 0.5}}


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (None, "look is null; it must be an object"),
        ([], "look is a list of 0; it must be an object"),
        ("look", 'look is "look"; it must be an object'),
        ({}, "look lacks where"),
        ({"where": SEED, "colour": 1}, 'look has "colour", which is no field here; the fields are class, mix, psi'),
        ({"where": SEED, 3: 1}, "look has 3, which is no field here"),
        ({"where": 3}, "look.where is 3; it must be an object"),
        ({"where": {}}, "look.where must have exactly one of seed, z, w"),
        ({"where": {"seed": 1, "z": Z}}, "look.where must have exactly one of seed, z, w, ws, plane"),
        ({"where": {"seed": 1, "at": 3}}, 'look.where has "at", which is no field here'),
        ({"where": {"seed": -1}}, "look.where.seed is -1; it must be a whole number from 0"),
        ({"where": {"seed": 1.5}}, "look.where.seed is 1.5"),
        ({"where": {"seed": True}}, "look.where.seed is true"),
        ({"where": {"seed": 10**5000}}, "look.where.seed is a number of thousands of digits; it must"),
        ({"where": {"seed": float("nan")}}, "look.where.seed is not a finite number"),
        ({"where": {"z": "AAAA"}}, "look.where.z has 4 characters; base64 of 16 float32 numbers has another length"),
        ({"where": {"z": [1.0] * DIM}}, "look.where.z is not a text"),
        ({"where": {"z": "?" * 88}}, "look.where.z is not base64"),
        ({"where": {"z": encode_vector([np.nan] * DIM)}}, "look.where.z holds a number that is not finite"),
        ({"where": {"z": encode_vector([np.inf] * DIM)}}, "look.where.z holds a number that is not finite"),
        ({"where": {"w": Z}}, "look.where.w is a style, but this generator has no mapping network; give a z."),
        ({"where": {"plane": [SEED, SEED], "at": [0, 0]}}, "look.where.plane has 2 parts; it must have 3"),
        ({"where": {"plane": [SEED, SEED, 3], "at": [0, 0]}}, "look.where.plane[2] is 3"),
        ({"where": {"plane": [SEED] * 3}}, "look.where.at is null; it must be a list"),
        ({"where": {"plane": [SEED] * 3, "at": [0, "1"]}}, 'look.where.at[1] is "1"; it must be a number'),
        ({"where": {"plane": [SEED] * 3, "at": [0, 1e5]}}, "look.where.at[1] is 100000.0; it must be a number from"),
        ({"where": {"plane": [SEED] * 3, "at": [0, float("inf")]}}, "look.where.at[1] is not a finite number"),
        ({"where": {"plane": [SEED] * 3, "at": [0, 0], "space": "w"}}, 'look.where.space is "w"; it must be'),
        ({"where": {"seeds": [0, 0, 0]}}, "look.where.seeds has 3 parts"),
        ({"where": {"seeds": [0, 2e9]}}, "look.where.seeds[1] is 2000000000.0"),
        ({"where": {"seeds": [0, 0], "salt": "x"}}, 'look.where.salt is "x"'),
        ({"where": {"base": SEED}}, "look.where.along is null; it must be a list"),
        ({"where": {"base": SEED, "along": [{}]}}, "look.where.along[0] lacks amount"),
        ({"where": {"base": SEED, "along": [{**MOVE, "space": "w"}]}}, 'look.where.along[0].space is "w"'),
        ({"where": {"base": SEED, "along": [{**MOVE, "vector": "AA=="}]}}, "look.where.along[0].vector has 4"),
        ({"where": {"base": SEED, "along": [{**MOVE, "amount": None}]}}, "look.where.along[0].amount is null"),
        ({"where": {"base": SEED, "along": [{**MOVE, "layers": [0]}]}}, "layers that take a style, but this"),
        ({"where": {"base": SEED, "along": [MOVE] * 65}}, "look.where.along has 65 parts; it must have 0 to 64"),
        ({"where": {"sum": []}}, "look.where.sum has 0 parts"),
        ({"where": {"sum": [[1]]}}, "look.where.sum[0] has 1 parts; it must have 2"),
        ({"where": {"sum": [[1e3, SEED]]}}, "look.where.sum[0][0] is 1000.0"),
        ({"where": {"path": 3, "at": 0}}, "look.where.path is 3"),
        (path(keys=[]), "look.where.path.keys has 0 parts; it must have 1 to 64"),
        (path(keys=[{"where": SEED}] * 65), "look.where.path.keys has 65 parts"),
        (path(keys=[{}]), "look.where.path.keys[0] lacks where"),
        (path(keys=[{"where": SEED, "seconds": 0}]), "look.where.path.keys[0].seconds is 0; it must be a number"),
        (path(keys=[{"where": SEED, "easing": "bounce"}]), 'look.where.path.keys[0].easing is "bounce"'),
        (path(keys=[{"where": SEED, "class": [0]}]), "this generator knows no classes"),
        (path(loop=1), "look.where.path.loop is 1; it must be true or false"),
        (path(way="bezier"), 'look.where.path.way is "bezier"; it must be one of lerp, slerp, spline'),
        (path(way=["lerp"]), "look.where.path.way is a list of 1"),
        (path(space="w"), 'look.where.path.space is "w"; it must be one of z'),
        ({"where": {"path": {"keys": [{"where": SEED}]}}}, "look.where.at is null"),
        ({"where": nested(7)}, "is nested more than 6 deep"),
        ({"where": wide(9, 4)}, "is one place too many; a look has at most 512"),
        ({"where": SEED, "class": [0]}, "look.class is a list of 1, but this generator knows no classes"),
        ({"where": SEED, "psi": "x"}, 'look.psi is "x"'),
        ({"where": SEED, "psi": 3}, "look.psi is 3; it must be a number from -2 to 2"),
        ({"where": SEED, "psi": 10**400}, "look.psi is"),
        ({"where": SEED, "mix": [{"where": SEED, "layers": [0]}]}, "but this generator has none"),
        ({"where": SEED, "mix": {}}, "look.mix is an object of 0; it must be a list"),
        ({"where": SEED, "units": [UNIT] * 65}, "look.units has 65 parts"),
        ({"where": SEED, "units": [{**UNIT, "layer": ""}]}, "look.units[0].layer is"),
        ({"where": SEED, "units": [{**UNIT, "unit": -1}]}, "look.units[0].unit is -1"),
        ({"where": SEED, "units": [{**UNIT, "scale": 9}]}, "look.units[0].scale is 9; it must be a number from 0"),
        ({"where": SEED, "units": None}, "look.units is null; it must be a list"),
    ],
)  # fmt: skip
def test_every_fault_is_named_in_one_sentence(dcgan_model: Explorable, look: Any, words: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the words are looked at below)
        check_look(dcgan_model, look)
    sentence = str(caught.value)
    assert words in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ([3], "class[0] is 3; it must be a whole number from 0 to 2"),
        ([0, 1], "must be null, [a] or [a, b, t]"),
        ([0, 1, 1.5], "class[2] is 1.5; it must be a number from 0 to 1"),
        ([0, "1", 0.5], 'class[1] is "1"'),
        (0, "class is 0; it must be a list"),
    ],
)
def test_classes_that_are_not_there(conditional_model: Explorable, classes: Any, words: str) -> None:
    with pytest.raises(ValueError, match=r"^class.*\.$") as caught:
        check_weights(conditional_model, classes)
    assert words in str(caught.value)


def test_layers_are_those_of_the_style_generator(style_model: Explorable) -> None:
    count = style_model.style_layers
    for layers in ([count], [-1], [0] * (count + 1), "0", [0.5]):
        with pytest.raises(ValueError, match=r"^look\.mix\[0\]\.layers.*\.$"):
            check_look(style_model, {"where": SEED, "mix": [{"where": SEED, "layers": layers}]})
    with pytest.raises(ValueError, match="layers cannot be chosen for a direction in z"):
        check_where(style_model, {"base": SEED, "along": [{**MOVE, "layers": [0]}]})


def test_the_limits_themselves_are_let_in(dcgan_model: Explorable) -> None:
    for look in ({"where": nested(6)}, {"where": {"base": SEED, "along": [MOVE] * 64}}, {"where": wide(7, 4)},
                 path(keys=[{"where": SEED}] * 64), {"where": {"seed": 2**53 - 1}},
                 {"where": {"seed": 7.0}}):  # fmt: skip
        assert np.isfinite(resolve(dcgan_model, check_look(dcgan_model, look)).vector).all()


def test_paths_and_places_by_themselves(dcgan_model: Explorable) -> None:
    checked = check_path(dcgan_model, {"keys": [{"where": SEED, "seconds": 2}, {"where": SEED}], "loop": True})
    assert (checked.timeline.total, checked.way, checked.space) == (3.0, "slerp", "z")
    with pytest.raises(ValueError, match=r"^path\.keys is 3"):
        check_path(dcgan_model, {"keys": 3})
    with pytest.raises(ValueError, match=r"^where is null"):
        check_where(dcgan_model, None)


# --- whatever comes: a look that can be resolved, or ValueError

NUMBERS = st.one_of(st.integers(-3, 3), st.integers(), st.floats(), st.booleans())
TEXTS = st.sampled_from(["", "z", "w", "ws", "lerp", Z, *WAYS, *EASINGS]) | st.text(max_size=5)
KEYS = ("seed", "z", "w", "ws", "plane", "seeds", "base", "sum", "path", "at", "along", "keys", "where", "space",
        "vector", "amount", "layers", "loop", "way", "seconds", "easing", "class", "psi", "mix", "units", "layer",
        "unit", "scale", "salt")  # fmt: skip
ANYTHING = st.recursive(
    st.none() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


def wheres(depth: int = 3) -> st.SearchStrategy[Any]:
    """Mostly well formed places, with anything in any part of them now and then."""

    def mostly(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.one_of(strategy, strategy, strategy, strategy, strategy, strategy, ANYTHING)

    small = mostly(st.floats(-2, 2))
    leaf = st.one_of(
        st.fixed_dictionaries({"seed": mostly(st.integers(0, 9))}),
        st.fixed_dictionaries({"z": mostly(st.just(Z))}),
        st.fixed_dictionaries({"seeds": st.tuples(small, small).map(list)}, optional={"space": mostly(st.just("z"))}),
    )
    if depth == 0:
        return mostly(leaf)
    inner = wheres(depth - 1)
    move = st.fixed_dictionaries({"vector": st.just(Z), "space": mostly(st.just("z")), "amount": small})
    key = st.fixed_dictionaries(
        {"where": inner},
        optional={"seconds": mostly(st.floats(0.02, 5)), "easing": mostly(st.sampled_from([*EASINGS])),
                  "class": mostly(st.none())},
    )  # fmt: skip
    walk = st.fixed_dictionaries(
        {"keys": st.lists(key, min_size=1, max_size=4)},
        optional={"loop": mostly(st.booleans()), "way": mostly(st.sampled_from(WAYS))},
    )
    return mostly(
        st.one_of(
            leaf,
            st.fixed_dictionaries({"plane": st.lists(inner, min_size=3, max_size=3),
                                   "at": st.tuples(small, small).map(list)}),
            st.fixed_dictionaries({"base": inner, "along": st.lists(move, max_size=3)}),
            st.fixed_dictionaries({"sum": st.lists(st.tuples(small, inner).map(list), min_size=1, max_size=3)}),
            st.fixed_dictionaries({"path": walk, "at": mostly(st.floats(-10, 10))}),
        )
    )  # fmt: skip


def is_refused_in_a_sentence_or_resolves(model: Explorable, data: Any) -> bool:
    try:
        look = check_look(model, data)
        assert isinstance(look, Look)
        point = resolve(model, look)
    except ValueError as error:
        sentence = str(error)
    else:
        vector = point.latent if point.styles is None else point.styles
        assert vector is not None
        assert np.isfinite(vector).all()
        return True
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return False


@settings(max_examples=150)
@given(ANYTHING)
def test_anything_is_a_look_or_one_sentence(dcgan_model: Explorable, data: Any) -> None:
    is_refused_in_a_sentence_or_resolves(dcgan_model, data)
    is_refused_in_a_sentence_or_resolves(dcgan_model, {"where": data})


@settings(max_examples=150)
@given(
    st.fixed_dictionaries({"where": wheres()}, optional={"psi": st.floats(-1, 1), "units": ANYTHING, "mix": ANYTHING})
)
def test_nearly_right_is_a_look_or_one_sentence(dcgan_model: Explorable, look: Any) -> None:
    is_refused_in_a_sentence_or_resolves(dcgan_model, look)


@settings(max_examples=60)
@given(wheres())
def test_nearly_right_is_a_look_or_one_sentence_in_w_too(style_model: Explorable, where: Any) -> None:
    w = encode_vector(np.ones(style_model.style_dim))
    is_refused_in_a_sentence_or_resolves(style_model, {"where": {"plane": [where, {"w": w}, SEED], "at": [1, 0.5]}})


def test_what_json_gives_and_what_python_gives_are_the_same(dcgan_model: Explorable) -> None:
    look = {"where": {"plane": [SEED, {"z": Z}, {"seeds": [0.5, 1.5]}], "at": [0.25, 2]}, "psi": 1}
    there = resolve(dcgan_model, check_look(dcgan_model, look)).vector
    np.testing.assert_array_equal(
        there, resolve(dcgan_model, check_look(dcgan_model, json.loads(json.dumps(look)))).vector
    )

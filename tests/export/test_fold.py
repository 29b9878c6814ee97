"""Source with what is known worked out: it computes the same, and reads as if it had been written so."""

from __future__ import annotations

import ast
import itertools
import textwrap
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_core.export.scripts.fold import Fold
from gan_core.export.scripts.values import UNKNOWN, literal


class Alone:
    """A scope in which a function stands for itself."""

    def constant(self, name: str) -> Any:
        return {"LIMIT": 4}.get(name, UNKNOWN)

    def function(self, name: str) -> Any:
        return UNKNOWN

    def spelled(self, name: str, *, escapes: bool = False, typing: bool = False) -> str:
        return name

    def called(self, name: str, call: ast.Call, values: Any) -> None:
        return None

    def method(self, owner: object, name: str) -> str:
        raise AssertionError(name)


def folded(source: str, **known: Any) -> str:
    return Fold(textwrap.dedent(source).lstrip(), known, Alone(), {}, set(known)).folded()


def value_of(source: str, **arguments: Any) -> Any:
    space: dict[str, Any] = {"LIMIT": 4}
    exec(textwrap.dedent(source).lstrip(), space)
    return space["work"](**arguments)


BRANCHES = """
def work(x, kind, size, on):
    # What comes first.
    total = size * 2 + x  # at the end of a line
    if kind == "a":
        # only for a
        total += 1
    elif kind == "b" and size > LIMIT:
        total += 10
    elif x > 3:
        total += 100
    else:
        total += 1000
    if on and x > 1:
        total *= 2
    if not on:
        return total, "off"
    for i in range(size):
        total += i if kind == "a" else -i
    return total, f"{x}" if on or x else "never"
"""


@pytest.mark.parametrize(
    "given_names", [n for k in range(4) for n in itertools.combinations(("kind", "size", "on"), k)]
)
def test_it_computes_the_same_whatever_is_known(given_names: tuple[str, ...]) -> None:
    for kind, size, on in itertools.product("abc", (1, 4, 5), (False, True)):
        everything = {"kind": kind, "size": size, "on": on}
        known = {name: everything[name] for name in given_names}
        rest = {name: value for name, value in everything.items() if name not in known}
        text = folded(BRANCHES, **known)
        for x in (0, 2, 5):
            assert value_of(text, x=x, **rest) == value_of(BRANCHES, x=x, **everything)
        names = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
        assert not names & set(known)


def test_it_reads_as_if_it_had_been_written_so() -> None:
    assert folded(BRANCHES, kind="a", size=3, on=True) == textwrap.dedent('''
        def work(x):
            # What comes first.
            total = 6 + x  # at the end of a line
            # only for a
            total += 1
            if x > 1:
                total *= 2
            for i in range(3):
                total += i
            return total, f"{x}"
    ''').lstrip()  # fmt: skip


def test_what_follows_a_certain_return_goes() -> None:
    text = folded(BRANCHES, kind="c", on=False)
    assert "for i" not in text
    assert text.count("return") == 1


def test_names_that_are_assigned_again_are_not_known() -> None:
    source = "def work(x, size):\n    size = size + 1\n    return [size for size in range(x)] or size\n"
    text = folded(source, x=2)
    assert "size = size + 1" in text
    assert "[size for size in range(2)] or size" in text


def test_attributes_of_known_objects() -> None:
    source = "def work(options):\n    return options.width * 2 if options.deep else options.inner.name\n"
    options = SimpleNamespace(width=21, deep=True, inner=SimpleNamespace(name="x"))
    assert folded(source, options=options) == "def work():\n    return 42\n"
    options.deep = False
    assert folded(source, options=options) == 'def work():\n    return "x"\n'


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=6))  # fmt: skip
def test_a_value_is_written_so_that_it_reads_back(value: Any) -> None:
    assert ast.literal_eval(literal(value)) == value

"""What expressions of Python source are worth, as far as names in them are known."""

from __future__ import annotations

import ast
import builtins
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Protocol

PACKAGE = "gan_core"
UNKNOWN: Any = object()

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
_PURE = {name: getattr(builtins, name) for name in ("min", "max", "len", "round", "int", "float", "abs", "bool")}
_PLAIN_RETURNS = ("int", "float", "bool", "str", "list[int]", "list[str]", "tuple[int, ...]")


class Scope(Protocol):
    """What a fold asks of the program that the source belongs to."""

    def constant(self, name: str) -> Any:
        """The value of a name of the module, for use in conditions; UNKNOWN where it is none."""

    def function(self, name: str) -> Any:
        """The function or class of this name in the module; UNKNOWN where it is none."""

    def spelled(self, name: str, *, escapes: bool = False, typing: bool = False) -> str:
        """How a name of the module is written in the script; asked of each that stays in the text.

        escapes: it is not only called or asked about, so what it is called with cannot be known. typing: it is only
        the name of a type.
        """

    def called(
        self, name: str, call: ast.Call, values: Callable[[ast.expr], Any]
    ) -> tuple[str, set[str], list[str]] | None:
        """A call of a function or class of the module stays: how that is written, which of its parameters go, and
        what all are called; None where there is nothing to say."""

    def method(self, owner: object, name: str) -> str:
        """The name in the script of a method of a known object."""


@dataclass
class Values:
    """known: name -> value; attributes: of self -> value; hidden: names that mean something else where we are."""

    known: Mapping[str, Any]
    scope: Scope
    attributes: Mapping[str, Any]
    hidden: list[set[str]] = field(default_factory=list)

    def is_local(self, name: str) -> bool:
        return any(name in names for names in self.hidden) or name in self.known

    def value(self, node: ast.expr, *, test: bool = False) -> Any:
        """What an expression is, or UNKNOWN. test: names of the module count as known too."""
        try:
            return self._value(node, test)
        except (TypeError, ValueError, KeyError, IndexError, ZeroDivisionError):
            return UNKNOWN

    def _value(self, node: ast.expr, test: bool) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            if any(node.id in names for names in self.hidden):
                return UNKNOWN
            return self.known[node.id] if node.id in self.known else self.scope.constant(node.id) if test else UNKNOWN
        if isinstance(node, ast.Attribute):
            return self._attribute(node, test)
        if isinstance(node, ast.BoolOp):
            return self._bool_op(node, test)
        if isinstance(node, ast.IfExp):
            truth = self._value(node.test, True)
            return UNKNOWN if truth is UNKNOWN else self._value(node.body if truth else node.orelse, test)
        if isinstance(node, ast.Call):
            return self._call(node, test)
        parts = [self._value(child, test) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        if any(part is UNKNOWN for part in parts):
            return UNKNOWN
        if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            return _UNARY[type(node.op)](parts[0])
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return _BINARY[type(node.op)](*parts)
        if isinstance(node, ast.Compare):
            pairs = zip(node.ops, parts, parts[1:], strict=False)
            return all(_COMPARE[type(op)](a, b) for op, a, b in pairs)
        if isinstance(node, ast.Subscript) and len(parts) == 2:
            return parts[0][parts[1]]
        if isinstance(node, ast.Tuple | ast.List):
            return parts if isinstance(node, ast.List) else tuple(parts)
        return UNKNOWN

    def _attribute(self, node: ast.Attribute, test: bool) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id == "self" and node.attr in self.attributes:
            found = self.attributes[node.attr]
            return found if test or not is_plain(found) else UNKNOWN
        owner = self._value(node.value, test)
        if owner is UNKNOWN or is_plain(owner):
            return UNKNOWN
        found = getattr(owner, node.attr, UNKNOWN)
        return UNKNOWN if callable(found) else found

    def _bool_op(self, node: ast.BoolOp, test: bool) -> Any:
        decides = isinstance(node.op, ast.Or)  # the truth that settles it
        unknown, last = False, UNKNOWN
        for part in node.values:
            last = self._value(part, test)
            if last is UNKNOWN:
                unknown = True
            elif bool(last) == decides:
                return UNKNOWN if unknown and not isinstance(last, bool) else last
        return UNKNOWN if unknown else last

    def _call(self, node: ast.Call, test: bool) -> Any:
        args = [self._value(a, test) for a in node.args]
        keywords = {k.arg: self._value(k.value, test) for k in node.keywords if k.arg is not None}
        if any(v is UNKNOWN for v in (*args, *keywords.values())) or len(keywords) < len(node.keywords):
            return UNKNOWN
        function = UNKNOWN
        if isinstance(node.func, ast.Name) and node.func.id == "getattr":
            return getattr(*args) if is_ours(args[0]) else UNKNOWN
        if isinstance(node.func, ast.Name):
            function = _PURE.get(node.func.id) or self.scope.function(node.func.id)
        elif isinstance(node.func, ast.Attribute):
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "math":
                function = getattr(math, node.func.attr) if test else UNKNOWN
            elif (owner := self._value(node.func.value, test)) is not UNKNOWN and not is_plain(owner):
                function = getattr(owner, node.func.attr)
        return function(*args, **keywords) if _is_pure(function) else UNKNOWN

    def truth(self, node: ast.expr) -> Any:
        found = self.value(node, test=True)
        return found if found is UNKNOWN else bool(found)


def _is_pure(function: Any) -> bool:
    """A function of Python's that only counts, or one of ours that says that it gives plain values."""
    if function in _PURE.values() or getattr(function, "__module__", "") == "math":
        return True
    function = getattr(function, "__func__", function)
    return isinstance(function, FunctionType) and function.__annotations__.get("return") in _PLAIN_RETURNS


def is_plain(value: Any) -> bool:
    """Whether a value can be written down."""
    if isinstance(value, tuple | list):
        return all(is_plain(v) for v in value)
    return value is None or type(value) in (int, float, str, bool)


def literal(value: Any) -> str:
    """A value as it is written in Python: 60_000, 0.5, "batch"."""
    if isinstance(value, str):
        text = repr(value)
        return f'"{text[1:-1]}"' if '"' not in text and text[0] == "'" and "\\'" not in text else text
    if isinstance(value, list | tuple):
        inside = ", ".join(literal(v) for v in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"
    return f"{value:_}" if type(value) is int and abs(value) >= 10_000 else repr(value)


def is_ours(value: Any) -> bool:
    """Whether it is an object of one of this package's classes."""
    return type(value).__module__.startswith(f"{PACKAGE}.")

"""This package's source, one definition at a time."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, str]
"""(module, name), or (module, "Class.method of ...")."""


@dataclass(frozen=True)
class Module:
    """A module of ours: its statements by the names they define, and its imports: name -> (module, name or "")."""

    source: str
    places: Mapping[str, ast.stmt]
    imports: Mapping[str, tuple[str, str]]


@functools.cache
def module(name: str) -> Module:
    source = inspect.getsource(importlib.import_module(name))
    places: dict[str, ast.stmt] = {}
    imports: dict[str, tuple[str, str]] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            places[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in (n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)):
                places[target.id] = node
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                imports[alias.asname or alias.name] = (node.module or "", alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                imports[alias.asname or alias.name] = (alias.name, "")
    return Module(source, places, imports)


def text_of(source: str, node: ast.stmt) -> str:
    """A statement's lines, as if it stood at the left edge."""
    first = node.lineno - 1
    if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.decorator_list:
        first = node.decorator_list[0].lineno - 1
    lines = source.splitlines(keepends=True)[first : node.end_lineno]
    return "".join(line[node.col_offset :] if line[: node.col_offset].isspace() else line for line in lines)


@dataclass
class Definition:
    """One piece of the script. known: parameters whose value is known; dropped: those that go; calls: live ones."""

    key: Key
    source: str
    name: str
    known: dict[str, Any] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    attributes: dict[str, Any] = field(default_factory=dict)
    fixed: bool = False
    text: str = ""
    needs: list[Key] = field(default_factory=list)

    @functools.cached_property
    def node(self) -> ast.stmt:
        return ast.parse(self.source).body[0]

    @functools.cached_property
    def signature(self) -> ast.arguments | None:
        """Of the function, or of the class's own __init__; None where there is neither."""
        if isinstance(self.node, ast.FunctionDef):
            return self.node.args
        if isinstance(self.node, ast.ClassDef):
            made = [n for n in self.node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
            return made[0].args if made else None
        return None

    @property
    def has_many_names(self) -> bool:
        """Whether it is a statement like WIDTH, HEIGHT = 3, 4."""
        return isinstance(self.node, ast.Assign) and isinstance(self.node.targets[0], ast.Tuple)

    @property
    def parameters(self) -> list[str]:
        if self.signature is None:
            return []
        names = [a.arg for a in (*self.signature.posonlyargs, *self.signature.args)]
        return names[1:] if names[:1] == ["self"] else names

    @functools.cached_property
    def defaults(self) -> dict[str, ast.expr]:
        if self.signature is None:
            return {}
        s = self.signature
        places = zip(reversed(s.args), reversed(s.defaults), strict=False)
        named = zip(s.kwonlyargs, s.kw_defaults, strict=True)
        return {a.arg: d for a, d in (*places, *named) if d is not None}

    def decides(self, name: str) -> bool:
        """Whether a parameter is part of a condition, so that knowing it makes the text simpler."""
        tests: list[ast.AST] = []
        for node in ast.walk(self.node):
            if isinstance(node, ast.If | ast.IfExp | ast.Assert):
                tests.append(node.test)
            elif isinstance(node, ast.Compare | ast.BoolOp):
                tests.append(node)
        return any(isinstance(n, ast.Name) and n.id == name for test in tests for n in ast.walk(test))


def constant_attributes(text: str) -> dict[str, Any]:
    """Attributes of a class that its __init__ sets once and for all to None, true, false or a word."""
    node = ast.parse(text).body[0]
    if not isinstance(node, ast.ClassDef):
        return {}
    stored = [n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)]
    found: dict[str, Any] = {}
    for method in (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"):
        for statement in method.body:
            if not isinstance(statement, ast.Assign | ast.AnnAssign):
                continue
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            pairs = [(target, statement.value)]
            if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
                pairs = list(zip(target.elts, statement.value.elts, strict=True))
            for place, value in pairs:
                constant = isinstance(value, ast.Constant) and (
                    value.value is None or type(value.value) in (bool, str)
                )
                if isinstance(place, ast.Attribute) and constant and stored.count(place.attr) == 1:
                    assert isinstance(value, ast.Constant)
                    found[place.attr] = value.value
    return found

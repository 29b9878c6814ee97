"""Changing a piece of source, of which comments and layout stay: known values put in, settled branches cut."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

_NO_BUILTINS: dict[str, Any] = {"__builtins__": {}}
_STATE = {"training"}  # attributes that change while a script runs

Values = Mapping[str, object]
"""Names whose values are known: numbers, or objects whose attributes are."""


def replaced(text: str, pieces: Sequence[tuple[ast.expr, str]]) -> str:
    """The expressions written anew; none lies in another."""
    raw = text.encode()
    starts = [0]
    for line in raw.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def place(node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    for node, new in sorted(pieces, key=lambda piece: place(piece[0]), reverse=True):
        begin, end = place(node)
        raw = raw[:begin] + new.encode() + raw[end:]
    return raw.decode()


def stored(tree: ast.AST) -> set[str]:
    """Names that a text gives values to."""
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _truth(test: ast.expr, known: Values) -> bool | None:
    """What a condition comes to, if that is known."""
    if isinstance(test, ast.BoolOp):
        parts = [_truth(part, known) for part in test.values]
        decides = isinstance(test.op, ast.Or)
        return decides if decides in parts else None if None in parts else not decides
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        truth = _truth(test.operand, known)
        return None if truth is None else not truth
    nodes = list(ast.walk(test))
    names = {n.id for n in nodes if isinstance(n, ast.Name)}
    changes = any(isinstance(n, ast.Call) or (isinstance(n, ast.Attribute) and n.attr in _STATE) for n in nodes)
    if changes or not names <= known.keys():
        return None
    try:
        return bool(eval(compile(ast.Expression(test), "", "eval"), _NO_BUILTINS, dict(known)))
    except (AttributeError, TypeError):
        return None


def settled(text: str, known: Values) -> str:
    """Without the branches that are never taken where these values are known."""
    while True:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.If | ast.IfExp) and (truth := _truth(node.test, known)) is not None:
                if isinstance(node, ast.IfExp):
                    taken = ast.get_source_segment(text, node.body if truth else node.orelse)
                    text = replaced(text, [(node, taken or "")])
                else:
                    text = _without_if(text, node, truth)
                break
            if (after := _after_return(node)) is not None:
                lines = text.splitlines(keepends=True)
                text = "".join(lines[: after[0]] + lines[after[1] :])
                break
        else:
            return text


def _without_if(text: str, node: ast.If, truth: bool) -> str:
    lines, body = text.splitlines(keepends=True), node.body if truth else node.orelse
    kept: list[str] = []
    if body:
        kept = lines[body[0].lineno - 1 : body[-1].end_lineno]
        if body[0].col_offset > node.col_offset:
            kept = [line[body[0].col_offset - node.col_offset :] if line.strip() else line for line in kept]
        else:  # elif
            kept[0] = kept[0].replace("elif", "if", 1)
    return "".join(lines[: node.lineno - 1] + kept + lines[node.end_lineno :])


def _after_return(node: ast.AST) -> tuple[int, int] | None:
    """The lines of a block that come after a return in it."""
    for name in ("body", "orelse"):
        block = getattr(node, name, None)
        for before, after in pairwise(block if isinstance(block, list) else ()):
            if isinstance(before, ast.Return | ast.Raise):
                assert isinstance(block, list)
                return after.lineno - 1, block[-1].end_lineno
    return None


def shortened(text: str) -> str:
    """With what is returned at once, instead of by a name that was for a type checker or for a branch now cut."""
    text = re.sub(r"^ +(\w+) = \1\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^( +)(\w+)(?:: \w+)? = (.+)\n\1return \2$", r"\1return \3", text, flags=re.MULTILINE)


def literal(value: object) -> str:
    """A value as it is written in Python: 60_000, 0.5, "batch"."""
    if isinstance(value, str):
        text = repr(value)
        return f'"{text[1:-1]}"' if '"' not in text and "\\'" not in text else text
    if isinstance(value, tuple):
        return f"({', '.join(literal(v) for v in value)}{',' * (len(value) == 1)})"
    return f"{value:_}" if type(value) is int and abs(value) >= 10_000 else repr(value)


def is_plain(value: object) -> bool:
    return value is None or type(value) in (bool, int, float, str)


def put_in(text: str, known: Values, other: Callable[[object, str], str | None] = lambda owner, name: None) -> str:
    """With known values written as numbers; `other` says how anything else of a known object is called, if at all."""
    pieces: list[tuple[ast.expr, str]] = []

    def look(node: ast.AST) -> None:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            root: ast.expr = node
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in known and (new := _spelled(node, known, other)) is not None:
                pieces.append((node, new))
                return
        for child in ast.iter_child_nodes(node):
            look(child)

    look(ast.parse(text))
    return replaced(text, pieces)


def _spelled(node: ast.Name | ast.Attribute, known: Values, other: Callable[[object, str], str | None]) -> str | None:
    if isinstance(node, ast.Attribute) and node.attr in _STATE:
        return None
    names = ast.unparse(node).split(".")
    owner, value = None, known[names[0]]
    for name in names[1:]:
        owner, value = value, getattr(value, name, None)
    if is_plain(value) and (owner is None or hasattr(owner, names[-1])):
        return f"({literal(value)})" if isinstance(value, int | float) and value < 0 else literal(value)
    return other(owner, names[-1]) if owner is not None else None

"""Python source with what is known of it worked out: names replaced by their values, dead branches left away.

The text stays as it was written, comments and line breaks included, wherever nothing in it was known.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from gan_core.export.scripts.values import UNKNOWN, Scope, Values, is_ours, is_plain, literal

LINE = 118


class Fold(Values):
    """One definition's source to be folded.

    known: parameter -> value; attributes: of self -> value; dropped: parameters of the function, or of the class's
    __init__, that go; renamed: the definition's new name, or "".
    """

    def __init__(
        self, source: str, known: Mapping[str, Any], scope: Scope, attributes: Mapping[str, Any], dropped: set[str],
        renamed: str = "",
    ) -> None:  # fmt: skip
        super().__init__(known, scope, attributes)
        self.dropped, self.renamed = dropped, renamed
        self.text = source.encode()
        lines = self.text.splitlines(keepends=True)
        self.starts = [0]
        for line in lines:
            self.starts.append(self.starts[-1] + len(line))
        (self.tree,) = ast.parse(source).body
        self.objects: dict[str, Any] = {}  # attributes of self that are known and cannot be written down
        self._typing = False

    def folded(self) -> str:
        text = self._spliced(0, len(self.text), list(self._statement(self.tree)))
        return text.rstrip() + "\n"

    # --- places in the text

    def _span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, ast.expr | ast.stmt | ast.arg | ast.keyword)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self.starts[node.lineno - 1] + node.col_offset,
            self.starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def _bare_span(self, node: ast.expr) -> tuple[int, int]:
        """The place of an expression with the brackets around it that its value does not need."""
        start, stop = self._span(node)
        before = self.text[start - 2 : start - 1]
        if self.text[start - 1 : start] == b"(" and self.text[stop : stop + 1] == b")" and before in (b" ", b"("):
            return start - 1, stop + 1
        return start, stop

    def _spliced(self, start: int, stop: int, edits: list[tuple[int, int, str]]) -> str:
        parts, at = [], start
        for begin, end, new in sorted(edits):
            assert begin >= at, "edits overlap"
            parts += [self.text[at:begin], new.encode()]
            at = end
        return b"".join([*parts, self.text[at:stop]]).decode()

    def rendered(self, node: ast.expr) -> str:
        return self._spliced(*self._span(node), list(self._expression(node)))

    # --- expressions

    def _expression(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        if isinstance(node, ast.expr) and not isinstance(node, ast.Constant | ast.Tuple):
            found = self.value(node)
            if found is not UNKNOWN and is_plain(found) and self._holds_known(node):
                text = literal(found)
                yield (*self._bare_span(node), f"({text})" if text[0] == "-" else text)
                return
        if isinstance(node, ast.IfExp) and (truth := self.truth(node.test)) is not UNKNOWN:
            yield (*self._span(node), self.rendered(node.body if truth else node.orelse))
        elif isinstance(node, ast.IfExp) and (same := self._same(node.body, node.orelse)) is not None:
            yield (*self._span(node), literal(same))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and self.value(node.right) in (0, 0.0):
            yield (*self._span(node), self.rendered(node.left))
        elif isinstance(node, ast.BoolOp) and (kept := self._kept(node)) is not None:
            word = " or " if isinstance(node.op, ast.Or) else " and "
            yield (*self._span(node), word.join(self.rendered(part) for part in kept))
        elif isinstance(node, ast.Name):
            yield from self._name(node, escapes=True)
        elif isinstance(node, ast.arg):
            yield from self._type(node.annotation)
        elif isinstance(node, ast.JoinedStr):  # its parts have no places of their own before Python 3.12
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and not self.is_local(part.id):
                    self.scope.spelled(part.id, escapes=True)
        elif isinstance(node, ast.Call):
            yield from self._call_edits(node)
        elif isinstance(node, ast.Lambda | ast.ListComp | ast.GeneratorExp | ast.DictComp | ast.SetComp):
            with_names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            with_names |= {a.arg for a in ast.walk(node) if isinstance(a, ast.arg)}
            self.hidden.append(with_names)
            yield from self._children(node)
            self.hidden.pop()
        else:
            yield from self._children(node)

    def _name(self, node: ast.Name, *, escapes: bool) -> Iterator[tuple[int, int, str]]:
        written = isinstance(node.ctx, ast.Store) and isinstance(self.tree, ast.FunctionDef | ast.ClassDef)
        if not written and not self.is_local(node.id):
            spelled = self.scope.spelled(node.id, escapes=escapes, typing=self._typing)
            if spelled != node.id:
                yield (*self._span(node), spelled)

    def _type(self, node: ast.expr | None) -> Iterator[tuple[int, int, str]]:
        if node is not None:
            self._typing = True
            yield from list(self._expression(node))
            self._typing = False

    def _children(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        for child in ast.iter_child_nodes(node):
            yield from self._expression(child)

    def _same(self, one: ast.expr, other: ast.expr) -> Any:
        """The text that both are known to be, or None."""
        found = self.value(one)
        return found if isinstance(found, str) and found == self.value(other) else None

    def _kept(self, node: ast.BoolOp) -> list[ast.expr] | None:
        """The operands that are not known; None where none is."""
        kept = [part for part in node.values if self.truth(part) is UNKNOWN]
        return kept if 0 < len(kept) < len(node.values) else None

    def _call_edits(self, node: ast.Call) -> Iterator[tuple[int, int, str]]:
        if isinstance(node.func, ast.Attribute):
            owner = self.value(node.func.value)
            if is_ours(owner):
                yield (*self._span(node.func), self.scope.method(owner, node.func.attr))
                for child in (*node.args, *node.keywords):
                    yield from self._expression(child)
                return
        if isinstance(node.func, ast.Name) and not self.is_local(node.func.id):
            found = self.scope.called(node.func.id, node, self.value)
            if found is not None and found[1]:
                spelled, gone, names = found
                by_place = zip(names, node.args, strict=False)
                kept = [self.rendered(arg) for name, arg in by_place if name not in gone]
                kept += [f"{k.arg}={self.rendered(k.value)}" for k in node.keywords if k.arg not in gone]
                yield (*self._span(node), f"{spelled}({', '.join(kept)})")
                return
            yield from self._name(node.func, escapes=False)
            if node.func.id == "isinstance":
                yield from self._expression(node.args[0])
                for name in (n for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)):
                    yield from self._name(name, escapes=False)
                return
            for child in (*node.args, *node.keywords):
                yield from self._expression(child)
            return
        yield from self._children(node)

    def _holds_known(self, node: ast.AST) -> bool:
        return any(
            (isinstance(n, ast.Name) and n.id in self.known)
            or (isinstance(n, ast.Attribute) and n.attr in self.attributes)
            for n in ast.walk(node)
        )

    # --- statements

    def _statement(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        if isinstance(node, ast.FunctionDef):
            yield from self._function(node)
        elif isinstance(node, ast.ClassDef):
            yield from self._class(node)
        elif isinstance(node, ast.If):
            yield from self._if(node)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(node, ast.AnnAssign) and child is node.annotation:
                    yield from self._type(node.annotation)
                elif not isinstance(child, ast.stmt):
                    yield from self._expression(child)
            for name in ("body", "orelse", "finalbody"):
                yield from self._block(getattr(node, name, []))

    def _class(self, node: ast.ClassDef) -> Iterator[tuple[int, int, str]]:
        if self.renamed and node is self.tree:
            start = self.starts[node.lineno - 1]
            yield (start, start + len(f"class {node.name}".encode()), f"class {self.renamed}")
        for child in (*node.bases, *node.keywords, *node.decorator_list):
            yield from self._expression(child)
        yield from self._block(node.body)

    def _function(self, node: ast.FunctionDef) -> Iterator[tuple[int, int, str]]:
        top = node is self.tree
        for decorator in node.decorator_list:
            yield from self._expression(decorator)
        gone = self.dropped if top or node.name == "__init__" else set()
        name = self.renamed if top and self.renamed else node.name
        yield from self._header(node, name, gone)
        stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        stored |= {n.name for n in ast.walk(node) if isinstance(n, ast.FunctionDef) and n is not node}
        mine = set(self.known) if top or node.name == "__init__" else set()
        stored |= {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)} - mine
        self.hidden.append(stored)
        yield from self._block(node.body)
        self.hidden.pop()

    def _header(self, node: ast.FunctionDef, name: str, gone: set[str]) -> Iterator[tuple[int, int, str]]:
        """The line with `def`; where parameters go, it is written anew."""
        args = node.args
        everything = [*args.posonlyargs, *args.args, *args.kwonlyargs]
        if name == node.name and not gone.intersection(a.arg for a in everything):
            for child in (*everything, *args.defaults, *args.kw_defaults):
                if child is not None:
                    yield from self._expression(child)
            yield from self._type(node.returns)
            return
        defaults: list[ast.expr | None] = [None] * (len(args.posonlyargs + args.args) - len(args.defaults))
        parts: list[str] = []
        for arg, default in zip(everything, [*defaults, *args.defaults, *args.kw_defaults], strict=True):
            if arg in args.kwonlyargs and "*" not in parts and arg.arg not in gone:
                parts.append("*")
            if arg.arg not in gone:
                text = self._spliced(*self._span(arg), list(self._expression(arg)))
                equals = " = " if arg.annotation else "="
                parts.append(text if default is None else f"{text}{equals}{self.rendered(default)}")
        returns = ""
        if node.returns:
            returns = " -> " + self._spliced(*self._span(node.returns), list(self._type(node.returns)))
        indent = " " * node.col_offset
        line = f"def {name}({', '.join(parts)}){returns}:"
        if len(indent + line) > LINE:
            line = f"def {name}(\n{indent}    {', '.join(parts)}\n{indent}){returns}:"
        start = self._span(node)[0]
        if node.decorator_list:
            start = self.text.index(b"def ", self._span(node.decorator_list[-1])[1])
        yield (start, self.starts[self._header_end(node.body)] - 1, line)

    def _block(self, body: list[ast.stmt]) -> Iterator[tuple[int, int, str]]:
        """Statements one after another; what comes after one that always leaves is left away."""
        left = False
        removed = 0
        for node in body:
            if left or self._is_idle(node):
                yield (*self._with_comments(node), "")
                removed += 1
                continue
            edits = list(self._statement(node))
            removed += any(e[1] == self._lines(node)[1] and e[0] <= self._lines(node)[0] and not e[2] for e in edits)
            yield from edits
            left = isinstance(node, ast.If) and self._leaves(node)
        if body and removed == len(body):
            yield (self._lines(body[-1])[1], self._lines(body[-1])[1], " " * body[0].col_offset + "pass\n")

    def _is_idle(self, node: ast.stmt) -> bool:
        """An assertion that holds, or an attribute that is known to be an object of ours and not to be written."""
        if isinstance(node, ast.Assert):
            return self.truth(node.test) is True
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            found = self.value(node.value)
            if found is not UNKNOWN and not is_plain(found):
                self.objects[node.targets[0].attr] = found
                return True
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.IfExp)
            and isinstance(node.targets[0], ast.Name)
        ):
            truth = self.truth(node.value.test)  # x = x, for one: what was a choice and is none
            chosen = node.value.body if truth else node.value.orelse
            return truth is not UNKNOWN and ast.dump(chosen).replace("Load", "Store") == ast.dump(node.targets[0])
        return False

    def _leaves(self, node: ast.If) -> bool:
        """Whether a condition that is known leads out of the block."""
        truth = self.truth(node.test)
        if truth is UNKNOWN:
            return False
        chosen = node.body if truth else node.orelse
        last = chosen[-1] if chosen else None
        return isinstance(last, ast.Return | ast.Raise | ast.Continue | ast.Break) or (
            isinstance(last, ast.If) and self._leaves(last)
        )

    def _with_comments(self, node: ast.stmt) -> tuple[int, int]:
        """A statement's whole lines, with the comments above it."""
        start, stop = self._lines(node)
        line = self.starts.index(start)
        while self.text[self.starts[line - 1] : self.starts[line]].strip().startswith(b"#"):
            line -= 1
        return self.starts[line], stop

    def _lines(self, node: ast.stmt) -> tuple[int, int]:
        first = node.lineno - 1
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.decorator_list:
            first = node.decorator_list[0].lineno - 1
        assert node.end_lineno is not None
        return self.starts[first], self.starts[node.end_lineno]

    def _if(self, node: ast.If) -> Iterator[tuple[int, int, str]]:
        truth, chain = self.truth(node.test), self._is_elif(node)
        if truth is UNKNOWN:
            yield from self._expression(node.test)
            yield from self._block(node.body)
            if len(node.orelse) == 1 and self._is_elif(node.orelse[0]):
                yield from self._statement(node.orelse[0])
            else:
                yield from self._block(node.orelse)
            return
        chosen = node.body if truth else node.orelse
        start, stop = self._lines(node)
        if not chosen:
            yield (*(self._lines if chain else self._with_comments)(node), "")
        elif len(chosen) == 1 and self._is_elif(chosen[0]):
            lines = self._lines(chosen[0])
            text = self._spliced(*lines, list(self._statement(chosen[0])))
            indent = " " * node.col_offset
            if not chain and text.startswith(f"{indent}elif "):
                text = text.replace("elif ", "if ", 1)
            elif not chain and text.startswith(f"{indent}else:\n"):
                text = _dedented(text.split("\n", 1)[1], 4)
            yield (start, stop, text)
        else:
            first = self.starts[self._header_end(chosen)]
            text = self._spliced(first, self._lines(chosen[-1])[1], list(self._block(chosen)))
            if chain:
                yield (start, stop, " " * node.col_offset + "else:\n" + text)
            else:
                yield (start, stop, _dedented(text, chosen[0].col_offset - node.col_offset))

    def _header_end(self, body: list[ast.stmt]) -> int:
        """The line that follows `def ...:`, `if ...:` or `else:`, counted from 0; comments come after it."""
        line = self.starts.index(self._lines(body[0])[0])
        while self.text[self.starts[line - 1] : self.starts[line]].strip().startswith(b"#"):
            line -= 1
        return line

    def _is_elif(self, node: ast.stmt) -> bool:
        start = self._span(node)[0]
        return isinstance(node, ast.If) and self.text[start : start + 4] == b"elif"


def _dedented(text: str, by: int) -> str:
    return "".join(line[by:] if line[:by].isspace() else line for line in text.splitlines(keepends=True))

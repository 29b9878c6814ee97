"""This package's own definitions as a script can hold them.

A definition stands as it is written here; of an object's method the options are put in as numbers, and branches that
they settle are cut. So a new loss, penalty, augmentation, network or dataset needs no text of its own for scripts.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
import textwrap
from dataclasses import fields
from typing import Any

from gan_core.export.scripts.rewriting import Values, literal, put_in, replaced, settled, shortened, stored

PACKAGE = "gan_core"


@functools.cache
def _bindings(module: str) -> tuple[str, dict[str, ast.stmt]]:
    """A module's source, and the statement that binds each name in it."""
    source = inspect.getsource(importlib.import_module(module))
    found: dict[str, ast.stmt] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name: node for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {n.id: node for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    return source, found


def _lines(source: str, node: ast.stmt) -> str:
    first = node.lineno
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        first = min([first, *(d.lineno for d in node.decorator_list)])
    text = "".join(source.splitlines(keepends=True)[first - 1 : node.end_lineno])
    return re.sub(r"  # (type: ignore\S*|fmt: skip)", "", textwrap.dedent(text))


class Source:
    """Gathers definitions for one script; each comes once, after what it needs itself.

    imports: name -> (module, what of it or "") of other packages. taken: names that the script has for its own use.
    """

    def __init__(self, taken: set[str]) -> None:
        self.imports: dict[str, tuple[str, str]] = {}
        self._texts: list[str] = []
        self._written: set[str] = set()
        self._names: dict[tuple[str, str], str] = {}
        self._taken = set(taken)

    def collected(self) -> str:
        """What was added since the last time, as one text."""
        texts, self._texts = self._texts, []
        return "\n\n".join(texts)

    def name_for(self, module: str, name: str) -> str:
        """The name that the script's own definition of this one is to have."""
        self._names[module, name] = self._free_name(module, name)
        return self._names[module, name]

    def _free_name(self, module: str, name: str) -> str:
        """A name that nothing else in the script has."""
        plain = name.strip("_")
        if re.search(rf"\b{plain}\b", _bindings(module)[0]):  # it has another meaning there
            plain = name
        choices = [plain, f"{plain}_{module.rpartition('.')[2]}", *(f"{plain}_{i}" for i in range(2, 99))]
        free = next(choice for choice in choices if choice not in self._taken)
        self._taken.add(free)
        return free

    def stands_for(self, module: str, name: str, script_name: str) -> None:
        """The script has its own definition of this one."""
        self._names[module, name] = script_name

    def definition(self, module: str, name: str, known: Values | None = None, gone: str = "") -> str:
        """A function, class or constant of a module, by the name it has in the script, which is returned.

        known: of names in it, for branches to be cut; gone: one of its arguments that nothing is left to ask for.
        """
        key = (module, f"{name} of {known}" if gone else name)
        if key in self._names:
            return self._names[key]
        source, bindings = _bindings(module)
        value = (known or {}).get(gone)
        self._names[key] = self._free_name(module, f"{name}_{value}" if isinstance(value, str) else name)
        text = settled(_lines(source, bindings[name]), known or {})
        text = shortened(text)
        self.add(re.sub(rf",\s*{gone}: [^,)]*", "", text, count=1) if gone else text, module, self._names[key])
        return self._names[key]

    def method(
        self, owner: object, method: str, name: str = "", known: Values | None = None, settle: Values | None = None
    ) -> str:
        """An object's method as a function of this name, with its options put in.

        known: arguments that go; settle: arguments that stay, of which enough is known to cut branches.
        """
        cls = next(c for c in type(owner).__mro__ if method in vars(c))
        key = (cls.__module__, f"{cls.__qualname__}.{method} of {id(owner)}")
        if key in self._names:
            return self._names[key]
        if name:
            self._taken.add(name)
        else:
            name = self._free_name(cls.__module__, method)
        self._names[key] = name

        def other(part: object, attribute: str) -> str | None:
            if part is not owner:
                return None
            called = self.method(owner, attribute, f"its_{attribute}" if attribute in given else "")
            return f"{called}()" if isinstance(getattr(type(owner), attribute, None), property) else called

        source = self._source_of(cls, method)
        given = stored(ast.parse(source))
        values = {"self": owner, **(known or {})}
        text = put_in(settled(source, {**values, **(settle or {})}), values, other)
        text = re.sub(rf"def {method}\(self(, )?", f"def {name}(", text, count=1)
        for argument in known or {}:
            text = re.sub(rf"(, )?\b{argument}: [^,)]*", "", text, count=1).replace("(, ", "(", 1)
        text = self._with_options(shortened(text.replace("@property\n", "")), owner, f"{name}_options")
        self.add(text, cls.__module__)
        return name

    def _with_options(self, text: str, owner: Any, name: str) -> str:
        """Where a method hands its object on to a function, all its options are handed on."""
        handed = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name) and n.id == "self"]
        if handed:
            options = ", ".join(f"{f.name}={literal(getattr(owner, f.name))}" for f in fields(owner))
            self.imports["SimpleNamespace"] = ("types", "SimpleNamespace")
            self._texts.append(f"{name} = SimpleNamespace({options})")
        return replaced(text, [(node, name) for node in handed])

    @staticmethod
    def _source_of(cls: type, method: str) -> str:
        source, bindings = _bindings(cls.__module__)
        holder = bindings[cls.__name__]
        assert isinstance(holder, ast.ClassDef)
        return _lines(source, next(n for n in holder.body if isinstance(n, ast.FunctionDef) and n.name == method))

    def methods(self, owner: object, method: str, name: str = "") -> str:
        """One method with all that was collected for it."""
        self.method(owner, method, name or method)
        return self.collected()

    def inlined(self, method: str, target: str, avoid: set[str]) -> str:
        """The statements of the method that was added last, which set `target` to what it returns.

        A call of it where it returns in more places than its end. avoid: names that its own variables must not have.
        """
        function = ast.parse(self._texts[-1]).body[0]
        assert isinstance(function, ast.FunctionDef)
        body = function.body[1:] if ast.get_docstring(function) else function.body
        if not isinstance(body[-1], ast.Return) or not all(
            isinstance(n, ast.Assign | ast.AugAssign) for n in body[:-1]
        ):
            return f"{target} = {method}({', '.join(a.arg for a in function.args.args)})\n"
        text = self._texts.pop()
        own = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id in stored(function) & avoid]
        lines = replaced(text, [(n, f"{n.id}_part") for n in own]).splitlines(keepends=True)[body[0].lineno - 1 :]
        return textwrap.dedent("".join(lines)).replace("return ", f"{target} = ")

    def once(self, text: str) -> None:
        """A text of the script's own that needs nothing."""
        if text not in self._written:
            self._written.add(text)
            self._texts.append(text)

    def add(self, text: str, module: str, name: str = "") -> None:
        """A text in the names of a module, whose definition gets this `name`, if one is given."""
        tree = ast.parse(text)
        nodes = list(ast.walk(tree))
        inner = {n.arg for n in nodes if isinstance(n, ast.arg)}
        if not isinstance(tree.body[0], ast.Assign | ast.AnnAssign):
            inner |= stored(tree)
        pieces = []
        for node in nodes:
            if isinstance(node, ast.Name) and node.id not in inner:
                new = self._named(module, node.id)
                if new != node.id:
                    pieces.append((node, new))
        text = replaced(text, pieces)
        if name and isinstance(head := tree.body[0], ast.FunctionDef | ast.ClassDef):
            text = re.sub(rf"\b(def|class) {head.name}\b", rf"\1 {name}", text, count=1)
        self._texts.append(text)

    def _named(self, module: str, name: str) -> str:
        """How a name of a module is spelled in the script, which then has what it stands for."""
        node = _bindings(module)[1].get(name)
        if node is None or (module, name) in self._names:  # Python's own, or here already
            return self._names.get((module, name), name)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            assert node.module is not None
            original = next(a.name for a in node.names if (a.asname or a.name) == name)
            return self._named(node.module, original)
        if isinstance(node, ast.ImportFrom):
            self.imports[name] = (node.module or "", next(a.name for a in node.names if (a.asname or a.name) == name))
            return name
        if isinstance(node, ast.Import):
            self.imports[name] = (next(a.name for a in node.names if (a.asname or a.name) == name), "")
            return name
        return self.definition(module, name)

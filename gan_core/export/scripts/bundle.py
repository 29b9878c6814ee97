"""A program's pieces gathered into one script: what they need of this package, with what is known worked out."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gan_core.export.scripts.definitions import Definition, Key, constant_attributes, text_of
from gan_core.export.scripts.definitions import module as module_of
from gan_core.export.scripts.fold import Fold
from gan_core.export.scripts.values import PACKAGE, UNKNOWN, is_ours, is_plain

TEMPLATES = "gan_core.export.scripts"
BASES = {("gan_core.nets.base", "GeneratorNet"): "nn.Module", ("gan_core.nets.base", "DiscriminatorNet"): "nn.Module"}
"""Classes that only say what a network is: a script derives from torch's own instead."""

_MOST_PASSES = 40


class Program:
    """Pieces of this package that a script is made of.

    settings: names of the templates' with the values they have in this script; they stand in it as names.
    given: names of the templates' that something else stands for, as a method of an object.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = dict(settings)
        self.definitions: dict[Key, Definition] = {}
        self.given: dict[str, Key] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        self.used_settings: set[str] = set()
        self._names: dict[str, Key] = {}
        self.calls: dict[Key, list[dict[str, Any]]] = {}
        self.escaped: set[Key] = set()
        self.forwards: dict[tuple[Key, str], set[tuple[Key, str]]] = {}

    def stands_for(self, name: str, owner: object, method: str, **known: Any) -> None:
        """The template's function `name` is a method of a known object."""
        definition = self.of_method(owner, method, name)
        definition.known |= known
        definition.dropped |= set(known)
        self.given[name] = definition.key

    def is_called(self, name: str, module: str, function: str) -> None:
        """The templates' function `name` is another one of them."""
        definition = self.definition(module, function)
        definition.name, definition.fixed = name, True
        self._names[name] = definition.key
        self.given[name] = definition.key

    def written(self, name: str, source: str) -> None:
        """The template's function `name` is this text."""
        key = (f"{TEMPLATES}.loop", f"{name} (written)")
        self.definitions[key] = Definition(key, source, name, fixed=True)
        self._names[name] = key
        self.given[name] = key

    def of_method(self, owner: object, method: str, name: str = "") -> Definition:
        cls = next(c for c in type(owner).__mro__ if method in vars(c))
        module = module_of(cls.__module__)
        holder = module.places[cls.__name__]
        assert isinstance(holder, ast.ClassDef)
        node = next(n for n in holder.body if isinstance(n, ast.FunctionDef) and n.name == method)
        key = (cls.__module__, f"{cls.__name__}.{method} of {id(owner)}")
        if key not in self.definitions:
            spelled = self._free(name or f"{method.strip('_')}_of_{cls.__name__.strip('_').lower()}", key)
            source = text_of(module.source, node)
            self.definitions[key] = Definition(key, source, spelled, {"self": owner}, {"self"}, fixed=True)
        return self.definitions[key]

    def for_objects(self, definition: Definition, objects: dict[str, Any]) -> Definition:
        """A function of its own for these objects as arguments, which no script can hold."""
        key = (definition.key[0], f"{definition.key[1]} for {sorted(id(value) for value in objects.values())}")
        if key not in self.definitions:
            name = self._free(definition.key[1], key)
            self.definitions[key] = Definition(key, definition.source, name, dict(objects), set(objects))
        return self.definitions[key]

    def _free(self, name: str, key: Key) -> str:
        """A name that nothing else in the script has."""
        room = key[0].rpartition(".")[2]
        for candidate in (name, f"{name}_{room}", *(f"{name}_{i}" for i in range(2, 99))):
            if self._names.setdefault(candidate, key) == key:
                return candidate
        raise ValueError(f"There is no free name for {name}.")

    def definition(self, module: str, name: str) -> Definition:
        if module.startswith(TEMPLATES) and name in self.given:
            return self.definitions[self.given[name]]
        key = (module, name)
        if key not in self.definitions:
            known = module_of(module)
            source = text_of(known.source, known.places[name])
            same = [d for d in self.definitions.values() if d.source == source and not d.fixed]
            if same and not isinstance(known.places[name], ast.FunctionDef | ast.ClassDef):
                self.definitions[key] = same[0]  # two modules' constants of one name and value
            else:
                self.definitions[key] = Definition(key, source, self._free(name, key))
        return self.definitions[key]

    def resolve(self, module: str, name: str) -> tuple[str, str] | None:
        """Where a name of a module is defined: (module, name), in this package or not; None: not in the module."""
        known = module_of(module)
        if name in known.places:
            return module, name
        if name not in known.imports:
            return None
        source, imported = known.imports[name]
        if source.split(".")[0] != PACKAGE or not imported:
            return source, imported
        return self.resolve(source, imported)

    # --- working it out

    def settle(self, roots: list[Key]) -> None:
        """Fold everything that the roots need, again and again until nothing more becomes known."""
        for key in roots:
            self.definition(*key).fixed = True
        for _ in range(_MOST_PASSES):
            self.calls, self.escaped, self.forwards = {}, set(), {}
            self.imports, self.used_settings = {}, set()
            done: list[Definition] = []
            waiting = [self.definition(*key) for key in roots]
            changed = False
            while waiting:
                definition = waiting.pop()
                if definition in done:
                    continue
                done.append(definition)
                changed |= self._fold(definition)
                waiting += [self.definitions[key] for key in definition.needs]
            for definition in done:
                changed |= self._bind(definition)
            if not changed:
                return
        raise ValueError("The script's source does not settle.")

    def _fold(self, definition: Definition) -> bool:
        """Work out its text; whether that made more of it known."""
        scope = _Scope(self, definition)
        before = definition.node
        renamed = definition.name if definition.name != getattr(before, "name", definition.name) else ""
        fold = Fold(definition.source, definition.known, scope, definition.attributes, definition.dropped, renamed)
        definition.text, definition.needs = fold.folded(), scope.needs
        found = {**fold.objects, **constant_attributes(definition.text)}
        new = {name: value for name, value in found.items() if name not in definition.attributes}
        definition.attributes |= new
        return bool(new)

    def _bind(self, definition: Definition) -> bool:
        """Parameters that every live call gives the same value."""
        key = definition.key
        sites = self.calls.get(key, [])
        if definition.fixed or key in self.escaped or not sites or definition.signature is None:
            return False
        s, changed = definition.signature, False
        names = [*definition.parameters, *(a.arg for a in s.kwonlyargs)]
        for name in (n for n in names if n not in definition.known):
            default = definition.defaults.get(name)
            stands = default.value if isinstance(default, ast.Constant) else UNKNOWN
            values = [site.get(name, stands) for site in sites]
            first = values[0]
            if first is UNKNOWN or not all(type(v) is type(first) and v == first for v in values):
                continue
            if not is_plain(first) or self._decides(key, name):
                definition.known[name] = first
                definition.dropped.add(name)
                changed = True
        return changed

    def _decides(self, key: Key, name: str) -> bool:
        """Whether a parameter decides something, here or where it is handed on to."""
        onward = self.forwards.get((key, name), set())
        return self.definitions[key].decides(name) or any(
            self._decides(*place) for place in onward if place[0] != key
        )

    # --- writing it down

    def ordered(self, key: Key, written: list[Definition]) -> Iterator[Definition]:
        """A definition after everything it needs; what is `written` already is left out, what comes is added."""
        definition = self.definition(*key)
        if definition in written:
            return
        written.append(definition)
        for needed in definition.needs:
            yield from self.ordered(needed, written)
        yield definition

    def import_blocks(self) -> list[str]:
        """Python's own, then those of other packages; a block of lines each."""
        lines = []
        of: dict[str, set[str]] = {}
        for name, (module, what) in self.imports.items():
            if not what:
                lines.append(f"import {module}" + (f" as {name}" if name != module else ""))
            else:
                of.setdefault(module, set()).add(what if what == name else f"{what} as {name}")
        lines = sorted(lines) + [f"from {m} import {', '.join(sorted(names))}" for m, names in sorted(of.items())]
        others = [line for line in lines if line.split()[1].split(".")[0] not in sys.stdlib_module_names]
        own = [line for line in lines if line not in others]
        return ["".join(f"{line}\n" for line in block) for block in (own, others) if block]


class _Scope:
    """A definition's view of the program, which notes what the definition needs."""

    def __init__(self, program: Program, definition: Definition) -> None:
        self.program, self.module, self.own = program, definition.key[0], definition.key
        self.needs: list[Key] = []

    def constant(self, name: str) -> Any:
        place = self.program.resolve(self.module, name)
        if place is None or place[0].split(".")[0] != PACKAGE:
            return UNKNOWN
        if self._is_setting(place):
            return self.program.settings[place[1]]
        if not isinstance(module_of(place[0]).places[place[1]], ast.Assign | ast.AnnAssign):
            return UNKNOWN
        return getattr(importlib.import_module(place[0]), place[1])

    def _is_setting(self, place: Key) -> bool:
        return place[0].startswith(TEMPLATES) and place[1] in self.program.settings

    def function(self, name: str) -> Any:
        place = self.program.resolve(self.module, name)
        if place is None or place[0].split(".")[0] != PACKAGE or place[0].startswith(TEMPLATES):
            return UNKNOWN
        return getattr(importlib.import_module(place[0]), place[1])

    def _need(self, key: Key) -> None:
        if key not in self.needs and key != self.own:
            self.needs.append(key)

    def spelled(self, name: str, *, escapes: bool = False, typing: bool = False) -> str:
        place = self.program.resolve(self.module, name)
        if place is None:  # Python's own
            return name
        if place in BASES:
            self.program.imports["nn"] = ("torch", "nn")
            return BASES[place]
        if place[0].split(".")[0] != PACKAGE:
            self.program.imports[name] = place
            return name
        if self._is_setting(place):
            self.program.used_settings.add(place[1])
            return place[1]
        if typing and isinstance(module_of(place[0]).places[place[1]], ast.ClassDef):
            return name  # types are not looked up when the script runs
        definition = self.program.definition(*place)
        self._need(definition.key)
        if escapes and not typing:
            self.program.escaped.add(definition.key)
        return name if definition.has_many_names else definition.name

    def called(
        self, name: str, call: ast.Call, values: Callable[[ast.expr], Any]
    ) -> tuple[str, set[str], list[str]] | None:
        place = self.program.resolve(self.module, name)
        if place is None or place[0].split(".")[0] != PACKAGE or place in BASES:
            return None
        definition = self.program.definition(*place)
        if definition.signature is None:
            return None
        names = definition.parameters
        if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
            self.program.escaped.add(definition.key)
            return None
        handed = [*zip(names, call.args, strict=False), *((k.arg or "", k.value) for k in call.keywords)]
        site = {n: values(arg) for n, arg in handed}
        objects = {n: value for n, value in site.items() if is_ours(value)}
        if objects and isinstance(definition.node, ast.FunctionDef) and not definition.fixed:
            definition = self.program.for_objects(definition, objects)
        self._need(definition.key)
        self.program.calls.setdefault(definition.key, []).append(site)
        for n, arg in handed:
            if isinstance(arg, ast.Name):
                self.program.forwards.setdefault((self.own, arg.id), set()).add((definition.key, n))
        return definition.name, definition.dropped - {"self"}, names

    def method(self, owner: object, name: str) -> str:
        definition = self.program.of_method(owner, name)
        self._need(definition.key)
        return definition.name

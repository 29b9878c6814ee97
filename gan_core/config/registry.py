"""Open families (losses, penalties, networks, datasets...): a decorator adds a member, in one place.

A member is a frozen dataclass whose fields are its options and whose methods are what it does.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
Member = TypeVar("Member")


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One member of a family: its name in JSON, on the command line and in URLs, and what people read."""

    name: str
    label: str
    help: str
    source: str
    cls: type[T]


class Registry(Generic[T]):
    """A family of configuration dataclasses, looked up by name and in order of registration."""

    def __init__(self, family: str, noun: str) -> None:
        self.family = family
        self.noun = noun
        self._entries: dict[str, Entry[T]] = {}

    def register(
        self, name: str, *, label: str, help: str = "", source: str = ""
    ) -> Callable[[type[Member]], type[Member]]:
        """Add the decorated frozen dataclass under `name`; `source` names the paper or the equation.

        A name can be taken again only by a class of the same name (as happens when a module is reloaded).
        """

        def add(cls: type[Member]) -> type[Member]:
            known = self._entries.get(name)
            if known is not None and known.cls.__qualname__ != cls.__qualname__:
                raise ValueError(f"{self.family} {name!r} is registered twice")
            if "name" in getattr(cls, "__dataclass_fields__", {}):
                raise ValueError(f"{self.family} {name!r} has a field called name, which in JSON is the member's own")
            words = help or (cls.__doc__ or "").strip().split("\n")[0]
            self._entries[name] = Entry(name, label, words, source, cls)  # type: ignore[arg-type]
            return cls

        return add

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry[T]]:
        return iter(self._entries.values())

    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def get(self, name: str) -> Entry[T]:
        """The entry called `name`; KeyError where there is none."""
        return self._entries[name]

    def name_of(self, member: object) -> str:
        """The name under which an instance's class was registered, by class name so that reloads do not matter."""
        for entry in self._entries.values():
            if entry.cls.__qualname__ == type(member).__qualname__:
                return entry.name
        raise KeyError(f"{type(member).__qualname__} is not a registered {self.noun}")


def import_modules(package: str) -> None:
    """Import every module of the package of this name, so that a new file there registers what it holds.

    Called at the end of an `__init__`, of the package or of the one above it. What that imports itself comes first,
    in its order; the rest follows in alphabetical order. A module that cannot be imported is an error, whoever asks
    for the package.
    """
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")

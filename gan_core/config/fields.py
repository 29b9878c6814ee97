"""Typed configuration fields: one description that the panel, the command line, messages and exports all read.

A configuration is a tree of frozen dataclasses. Each field is made by one of the functions here and carries a
`FieldSpec` with its range, scale, unit, help and whether it may change while a run trains (`live`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from gan_core.config.registry import Registry

Kind = Literal["float", "int", "choice", "bool", "text", "one_of", "section"]
Scale = Literal["linear", "log"]

SPEC_KEY = "ganscope.spec"


@dataclass(frozen=True)
class FieldSpec:
    """What is known of one field beside its value.

    `low` and `high` are inclusive. `scale` says how a slider should be spaced; a log slider over a range that
    starts at 0 starts at `smallest` and offers 0 as "off". `advanced` fields stand folded away in the panel.
    """

    kind: Kind
    label: str = ""
    help: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    smallest: float | None = None
    scale: Scale = "linear"
    live: bool = False
    advanced: bool = False
    choices: tuple[str | int, ...] = ()
    max_length: int = 0
    pattern: str = ""
    family: Registry[Any] | None = None
    section: type[Any] | None = None


def spec_of(field: dataclasses.Field[Any]) -> FieldSpec:
    """The `FieldSpec` of a dataclass field; KeyError for a field that was not made here."""
    spec = field.metadata[SPEC_KEY]
    assert isinstance(spec, FieldSpec)
    return spec


def specs(cls: type[Any]) -> dict[str, FieldSpec]:
    """All fields of a configuration dataclass in their order of definition."""
    return {f.name: spec_of(f) for f in dataclasses.fields(cls)}


def _field(default: Any, spec: FieldSpec, factory: Callable[[], Any] | None = None) -> Any:
    metadata = {SPEC_KEY: spec}
    if factory is not None:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def number(
    default: float,
    *,
    low: float,
    high: float,
    help: str,
    label: str = "",
    unit: str = "",
    scale: Scale = "linear",
    smallest: float | None = None,
    live: bool = False,
    advanced: bool = False,
) -> Any:
    """A finite real number in [low, high]."""
    return _field(
        float(default),
        FieldSpec("float", label, help, unit, low, high, smallest, scale, live, advanced),
    )


def integer(
    default: int,
    *,
    low: int,
    high: int,
    help: str,
    label: str = "",
    unit: str = "",
    scale: Scale = "linear",
    smallest: int | None = None,
    live: bool = False,
    advanced: bool = False,
) -> Any:
    """A whole number in [low, high]."""
    return _field(
        default,
        FieldSpec("int", label, help, unit, low, high, smallest, scale, live, advanced),
    )


def choice(
    default: str | int,
    choices: tuple[str | int, ...],
    *,
    help: str,
    label: str = "",
    unit: str = "",
    live: bool = False,
    advanced: bool = False,
) -> Any:
    """One of a few words or numbers."""
    spec = FieldSpec("choice", label, help, unit, live=live, advanced=advanced, choices=choices)
    return _field(default, spec)


def flag(default: bool, *, help: str, label: str = "", live: bool = False, advanced: bool = False) -> Any:
    """On or off."""
    return _field(default, FieldSpec("bool", label, help, live=live, advanced=advanced))


def text(
    default: str, *, help: str, max_length: int, pattern: str = "", label: str = "", advanced: bool = False
) -> Any:
    """A short text; `pattern` is a regular expression that the whole text must match."""
    spec = FieldSpec("text", label, help, advanced=advanced, max_length=max_length, pattern=pattern)
    return _field(default, spec)


def one_of(family: Registry[Any], default: Callable[[], Any], *, help: str, label: str = "") -> Any:
    """A member of an open family, with the member's own options; `default` makes the default member."""
    return _field(None, FieldSpec("one_of", label, help, family=family), default)


def section(cls: type[Any], *, help: str, label: str = "", default: Callable[[], Any] | None = None) -> Any:
    """A nested group of fields."""
    return _field(None, FieldSpec("section", label, help, section=cls), default or cls)

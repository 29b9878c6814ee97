"""Everything there is to choose from, as plain data that goes to JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from gan_core.config.codec import to_dict
from gan_core.config.fields import FieldSpec, spec_of
from gan_core.config.registry import Registry
from gan_core.data.base import datasets
from gan_core.nets.base import discriminators, generators
from gan_core.objectives.base import augmentations, losses, penalties
from gan_core.training import PRESETS, RunConfig
from gan_core.training.optimizers import optimizers, schedules

FAMILIES: dict[str, Registry[Any]] = {
    "datasets": datasets,
    "generators": generators,
    "discriminators": discriminators,
    "losses": losses,
    "penalties": penalties,
    "augmentations": augmentations,
    "optimizers": optimizers,
    "schedules": schedules,
}
"""The open families by the name that the catalogue gives them."""


def catalogue() -> dict[str, Any]:
    """Families, presets and the fields of a run; names, labels, help, sources, kinds, ranges, units and defaults."""
    listed: dict[str, Any] = {name: _family(family) for name, family in FAMILIES.items()}
    listed["networks"] = {
        name: {"label": entry["label"], "generator": entry, "discriminator": listed["discriminators"].get(name)}
        for name, entry in listed["generators"].items()
    }
    listed["presets"] = {
        p.name: {"label": p.label, "help": p.help, "config": to_dict(p.config)} for p in PRESETS.values()
    }
    listed["run"] = {"fields": _fields(RunConfig)}
    return listed


def _family(family: Registry[Any]) -> dict[str, Any]:
    return {
        entry.name: {
            "label": entry.label,
            "help": entry.help,
            "source": entry.source,
            "fields": _fields(entry.cls),
        }
        for entry in family
    }


def _fields(cls: type[Any]) -> dict[str, Any]:
    default = cls()
    return {f.name: _field(spec_of(f), getattr(default, f.name)) for f in dataclasses.fields(cls)}


def _field(spec: FieldSpec, default: Any) -> dict[str, Any]:
    """One field; what does not apply to its kind is left out."""
    known: dict[str, Any] = {"kind": spec.kind, "label": spec.label, "help": spec.help, "live": spec.live}
    if spec.kind == "section":
        assert spec.section is not None
        return {**known, "fields": _fields(spec.section)}
    if spec.kind == "one_of":
        assert spec.family is not None
        family = next(name for name, registry in FAMILIES.items() if registry is spec.family)
        return {**known, "family": family, "default": _member(spec.family, default)}
    known["default"] = default
    if spec.kind in ("int", "float"):
        known |= {"low": spec.low, "high": spec.high, "scale": spec.scale}
    if spec.smallest is not None:
        known["smallest"] = spec.smallest
    if spec.unit:
        known["unit"] = spec.unit
    if spec.kind == "choice":
        known["choices"] = list(spec.choices)
    if spec.kind == "text":
        known |= {"max_length": spec.max_length, "pattern": spec.pattern}
    return known


def _member(family: Registry[Any], member: Any) -> dict[str, Any]:
    """A family's member with its name, as in a run's JSON."""
    return {"name": family.name_of(member), **to_dict(member)}

"""What sets the configurations of runs apart: a table of fields, and the axes of hyperparameters."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from gan_core.config.codec import differences, walk
from gan_core.config.fields import FieldSpec
from gan_core.runs.snapshot import LiveChange
from gan_core.training import PRESETS, RunConfig, preset
from pages.ui.words import count, path_label, plain

NOTHING = "–"
MOST_AXES = 8
LAST = ("seed",)
"""Fields that differ without meaning much: they come last."""


def fields_of(configs: Sequence[RunConfig]) -> dict[str, tuple[FieldSpec, str]]:
    """Path -> description and label of every field that any of the configurations has, in the order of the panel."""
    found: dict[str, tuple[FieldSpec, str]] = {}
    for config in configs:
        before: list[str] = list(found)
        at = 0
        for path, spec, _ in walk(config):
            if path in found:
                at = before.index(path) + 1
                continue
            before.insert(at, path)  # after the one that it follows in its own configuration
            at += 1
            found[path] = (spec, path_label(config, path))
        found = {path: found[path] for path in before}
    return found


def values_of(config: RunConfig) -> dict[str, Any]:
    """Path -> value; of a family its member's name."""
    return {path: value for path, _, value in walk(config)}


def words_of(spec: FieldSpec, value: object) -> str:
    if spec.family is not None and isinstance(value, str) and value in spec.family:
        return spec.family.get(value).label or str(value)
    if value == "":
        return "(empty)"
    unit = f" {spec.unit}" if spec.unit and not isinstance(value, bool) else ""
    return f"{plain(value)}{unit}"


def rows_of(configs: Sequence[RunConfig], changes: Sequence[Sequence[LiveChange]]) -> list[dict[str, Any]]:
    """A row for each field: path, label, help, cells (a text for each run), differs, and notes (of live changes)."""
    values, rows = [values_of(config) for config in configs], []
    for path, (spec, label) in fields_of(configs).items():
        cells = [words_of(spec, value[path]) if path in value else NOTHING for value in values]
        notes = [
            "; ".join(f"{words_of(spec, c.before)} up to step {count(c.step)}" for c in of_run if c.path == path)
            for of_run in changes
        ]
        group = path.split(".")[0] if "." in path or spec.kind == "one_of" else ""
        rows.append({
            "path": path, "label": label, "help": spec.help, "cells": cells, "notes": notes, "group": group,
            "differs": len({str(value.get(path, NOTHING)) for value in values}) > 1 or any(notes),
        })  # fmt: skip
    return rows


def command_of(config: RunConfig, name: str) -> str:
    """What trains the same again from a terminal."""
    name = name if name in PRESETS else next(iter(PRESETS))
    pairs = differences(config, preset(name).config)
    sets = [word for path, text in pairs.items() for word in ("--set", f"{path}={text}")]
    return shlex.join(["python", "-m", "gan_core", "train", "--preset", name, *sets])


def axes_of(configs: Sequence[RunConfig]) -> list[dict[str, Any]]:
    """An axis for each field of which the runs have several values, no texts; the first MOST_AXES are `shown`.

    kind: "number" with scale "linear" or "log", or "words" with its `words` in order; values: one for each run, None
    where it has no such field.
    """
    values, axes = [values_of(config) for config in configs], []
    for path, (spec, label) in fields_of(configs).items():
        column = [value.get(path) for value in values]
        if spec.kind == "text" or len({str(value) for value in column if value is not None}) < 2:
            continue
        axis: dict[str, Any] = {"path": path, "label": label, "unit": spec.unit}
        if spec.kind in ("float", "int"):
            axis |= {"kind": "number", "scale": spec.scale, "values": column}
        else:
            said = [None if value is None else words_of(spec, value) for value in column]
            axis |= {"kind": "words", "words": _ordered(spec, column, said), "values": said}
        axes.append(axis)
    axes.sort(key=lambda axis: axis["path"] in LAST)
    return [axis | {"shown": i < MOST_AXES and axis["path"] not in LAST} for i, axis in enumerate(axes)]


def _ordered(spec: FieldSpec, values: Sequence[object], said: Sequence[str | None]) -> list[str]:
    """The words of an axis, in the order in which the field lists them."""
    names: Sequence[object] = spec.family.names() if spec.family is not None else spec.choices or (False, True)
    place: Mapping[str, int] = {str(name): i for i, name in enumerate(names)}
    known = {word: place.get(str(value), 0) for value, word in zip(values, said, strict=True) if word is not None}
    return sorted(known, key=lambda word: known[word])

"""Runs as rows of a table: plain data, read anew only where something of a run has changed on the disk."""

from __future__ import annotations

import contextlib
import json
import math
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_core.config.codec import ConfigError, differences, from_dict, spec_at, to_dict
from gan_core.runs.catalog.trash import disk_use
from gan_core.runs.evaluation.final_measures import final_values
from gan_core.runs.evaluation.last_and_best import last_and_best
from gan_core.runs.states import LIVE
from gan_core.runs.storage.labels import FILE as LABELS
from gan_core.runs.storage.labels import read_labels
from gan_core.runs.storage.run_folder import UnknownRun, open_run
from gan_core.runs.storage.views import config_in_force
from gan_core.training import PRESETS, RunConfig, preset
from pages.server.security.people import OWNER_OF_THE_MACHINE, Person, whose
from pages.server.security.public import public
from pages.server.security.rights import may
from pages.ui.words import count, path_label, plain, preset_label, run_label

if TYPE_CHECKING:
    from gan_core.runs import RunManager
    from gan_core.runs.snapshot import RunView

MOST_ROWS = 500
_FILES = ("metrics.db", "metrics.db-wal", LABELS)
_kept: dict[str, tuple[tuple[object, ...], dict[str, Any]]] = {}


def rows(
    manager: RunManager, only: set[str] | None = None, person: Person = OWNER_OF_THE_MACHINE
) -> list[dict[str, Any]]:
    """A row for each run, the newest first, at most MOST_ROWS; `only`: of these runs; person: for whom."""
    views = manager.views()[:MOST_ROWS]
    names = {view.id: name_of(view) for view in views}
    for gone in _kept.keys() - names.keys():
        _kept.pop(gone, None)
    found = []
    for view in views:
        if only is None or view.id in only:
            with contextlib.suppress(UnknownRun):  # deleted meanwhile
                found.append(row_of(manager, view, names, person))
    return found


def name_of(view: RunView) -> str:
    return run_label(view)


def row_of(
    manager: RunManager, view: RunView, names: dict[str, str], person: Person = OWNER_OF_THE_MACHINE
) -> dict[str, Any]:
    against, differs = _differs(manager, view, names)
    return {
        "id": view.id,
        "name": name_of(view),
        "preset": preset_label(view.preset),
        "state": view.state,
        "words": view.words,
        "waits": view.queue_words,
        "cut_short": view.cut_short,
        "data": view.config["data"]["name"],
        "live": view.state in LIVE,
        "error": public(view.error) if view.error else "",
        "step": view.step,
        "images": view.images,
        "total": view.total_images if view.cut_short else view.end_images,
        "seconds": view.elapsed_seconds,
        "created": view.created,
        "checkpoints": len(view.checkpoints),
        "parent": view.parent,
        "parent_name": names.get(view.parent, ""),
        "parent_step": view.parent_step,
        "against": against,
        "differs": differs,
        "whose": whose(view.owner, person),
        "refused": may(person, "delete", view.owner),
        **_stored(manager, view),
    }


def _stored(manager: RunManager, view: RunView) -> dict[str, Any]:
    """What is read from the run's folder: labels, size, the newest grid, measures."""
    root = open_run(manager.runs_dir, view.id).root
    signature = (view.state, tuple(_stat(root / name) for name in _FILES))
    known = _kept.get(view.id)
    if known is None or known[0] != signature:
        labels, grids = read_labels(root), manager.grids(view.id)
        found = {
            "tags": list(labels.tags),
            "notes": labels.notes,
            "bytes": disk_use(root),
            "thumb": grids[-1][0] if grids else None,
            "metrics": _metrics(manager, view.id),
        }
        known = _kept[view.id] = signature, found
    return known[1]


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _metrics(manager: RunManager, run: str) -> dict[str, list[Any]]:
    """Name -> [last value, what it was measured on ("" for curves and points), what real data score against real
    data, what the untrained generator scored, the last value's step, the best value, its step]; null where unknown.
    What was not measured is not there.
    """
    records = manager.records(run)
    found: dict[str, list[Any]] = {
        name: [value, "", None, None, None, None, None]
        for name, value in final_values(records).items() if math.isfinite(value)
    }  # fmt: skip
    for name, one in last_and_best(records, manager.evaluations(run)).items():
        what = f"{one.features}, {count(one.samples)} samples" if one.features else ""
        found[name] = [one.last, what, _finite(one.floor), _finite(one.untrained), one.step, one.best, one.best_step]
    return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _differs(manager: RunManager, view: RunView, names: dict[str, str]) -> tuple[str, list[list[str]]]:
    """What the settings are held against, in words, and [label, value, value there] of each that is different."""
    base = _parent_config(manager, view.parent, view.parent_step) if view.parent else ""
    if base:
        against = f"{names.get(view.parent, view.parent)} at step {count(view.parent_step)}"
    else:
        against = f"the preset {preset_label(view.preset)}" if view.preset in PRESETS else ""
    if not against:
        return "", []
    return against, _compared(json.dumps(view.config), base, view.preset)


@lru_cache(maxsize=1_000)
def _compared(config: str, base: str, name: str) -> list[list[str]]:
    other = from_dict(RunConfig, json.loads(base)) if base else preset(name).config
    settings = json.loads(config) | {"backend": other.backend}  # what was at hand; the numbers are the same
    settings.pop("compiled", None)
    if other.precision == "auto":  # a run records what that came to on its machine
        settings["precision"] = "auto"
    own = from_dict(RunConfig, settings)
    pairs, back = differences(own, other), differences(other, own)
    return [[path_label(own, path), _words(own, path, text), _words(other, path, back.get(path, ""))]
            for path, text in pairs.items()]  # fmt: skip


def _words(config: RunConfig, path: str, text: str) -> str:
    """A value as people read it; "" where there is none."""
    try:
        spec = spec_at(config, path)
    except ConfigError:
        return ""
    if spec.family is not None:
        return spec.family.get(text).label if text in spec.family else text
    number = {"int": int, "float": float}.get(spec.kind)
    if text and number:
        return f"{plain(number(text))}{f' {spec.unit}' if spec.unit else ''}"
    return plain(text == "true") if spec.kind == "bool" and text else plain(text)


def _parent_config(manager: RunManager, parent: str, step: int) -> str:
    """What was in force in a run at a step, as JSON; "" where the run is gone."""
    try:
        folder = open_run(manager.runs_dir, parent)
        manifest, changes = folder.manifest(), folder.changes()
        return json.dumps(to_dict(config_in_force(manifest, changes, step)))
    except (ValueError, OSError):
        return ""

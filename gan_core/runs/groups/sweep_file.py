"""The file of a sweep: which runs are its members, and what each of them sets."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from gan_core.config.files import write_atomically
from gan_core.runs.groups.sweep_plan import Axis, axis_from, axis_json
from gan_core.runs.storage.run_folder import ID_PATTERN

MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Member:
    """One run of a sweep, and the text of each field that it sets."""

    run: str
    values: dict[str, str]


@dataclass(frozen=True)
class Sweep:
    """together: how many of its members train in one step with others. owner: as in `RunManifest`."""

    id: str
    title: str
    preset: str
    created: str
    axes: tuple[Axis, ...]
    seeds: tuple[int, ...]
    draws: int
    members: tuple[Member, ...]
    together: int = 0
    owner: str = ""


def write_sweep(folder: Path, sweep: Sweep) -> None:
    """As `folder`/<id>.json. Raises OSError."""
    folder.mkdir(exist_ok=True)
    data = {
        "id": sweep.id, "title": sweep.title, "preset": sweep.preset, "created": sweep.created,
        "axes": [axis_json(axis) for axis in sweep.axes], "seeds": list(sweep.seeds), "draws": sweep.draws,
        "together": sweep.together, "owner": sweep.owner,
        "members": [{"run": member.run, "values": member.values} for member in sweep.members],
    }  # fmt: skip
    write_atomically(folder / f"{sweep.id}.json", json.dumps(data, indent=1).encode())


def read_sweep(path: Path) -> Sweep:
    """The id is the file's name whatever it says. Raises ValueError in one sentence where it cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("too large")
        data = json.loads(path.read_text(encoding="utf-8"))
        members = [
            Member(str(one["run"]), {str(k): str(v) for k, v in one["values"].items()}) for one in data["members"]
        ]
        if not all(re.fullmatch(ID_PATTERN, member.run) for member in members):
            raise ValueError("a run's name")
        return Sweep(
            path.stem, str(data["title"]), str(data["preset"]), str(data["created"]),
            tuple(axis_from(axis) for axis in data["axes"]), tuple(int(seed) for seed in data["seeds"]),
            int(data["draws"]), tuple(members), int(data["together"]), str(data.get("owner", "")),
        )  # fmt: skip
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"The sweep {path.stem} cannot be read: its file is damaged.") from error

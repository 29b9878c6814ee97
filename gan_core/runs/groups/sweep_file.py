"""The file of a sweep: which runs are its members, and what each of them sets."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gan_core.config.files import write_atomically
from gan_core.runs.groups.sweep_plan import Axis, axis_from, axis_json
from gan_core.runs.storage.run_folder import ID_PATTERN

MOST_BYTES = 1_000_000
MOST_CPUS, MOST_GPUS = 1024, 64
REDUCTIONS = range(2, 11)


@dataclass(frozen=True)
class Member:
    """One run of a sweep, and the text of each field that it sets."""

    run: str
    values: dict[str, str]


@dataclass(frozen=True)
class OnCluster:
    """A Ray cluster on which members train; each takes so many processors and GPUs of one node.

    address: "ray" is the one that this machine belongs to, else "ray://host:port".
    measure: by which ASHA compares members. reduction: of those that come to a rung, it lets about one in so many go
    on; 0: all train to their end. grace_steps: the first rung.
    """

    address: str = "ray"
    cpus: int = 1
    gpus: float = 0.0
    measure: str = ""
    reduction: int = 0
    grace_steps: int = 1


@dataclass(frozen=True)
class Sweep:
    """together: how many of its members train in one step with others. owner: as in `RunManifest`.

    cluster: None where the members train in the process that began them.
    """

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
    cluster: OnCluster | None = None


def write_sweep(folder: Path, sweep: Sweep) -> None:
    """As `folder`/<id>.json. Raises OSError."""
    folder.mkdir(exist_ok=True)
    data = {
        "id": sweep.id, "title": sweep.title, "preset": sweep.preset, "created": sweep.created,
        "axes": [axis_json(axis) for axis in sweep.axes], "seeds": list(sweep.seeds), "draws": sweep.draws,
        "together": sweep.together, "owner": sweep.owner,
        "members": [{"run": member.run, "values": member.values} for member in sweep.members],
        "cluster": None if sweep.cluster is None else asdict(sweep.cluster),
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
            None if data.get("cluster") is None else cluster_from(data["cluster"]),
        )  # fmt: skip
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"The sweep {path.stem} cannot be read: its file is damaged.") from error


def cluster_from(data: Any) -> OnCluster:
    """Of what `asdict` made of one. Raises ValueError, TypeError, KeyError or OverflowError for anything else."""
    found = OnCluster(
        str(data["address"]), int(data["cpus"]), float(data["gpus"]), str(data["measure"]), int(data["reduction"]),
        int(data["grace_steps"]),
    )  # fmt: skip
    if not is_address(found.address):
        raise ValueError("an address")
    if not (1 <= found.cpus <= MOST_CPUS and 0 <= found.gpus <= MOST_GPUS and math.isfinite(found.gpus)):
        raise ValueError("resources")
    if found.reduction not in (0, *REDUCTIONS) or found.grace_steps < 1:
        raise ValueError("how it halves")
    return found


def is_address(text: str) -> bool:
    """Whether this names a Ray cluster."""
    return text == "ray" or bool(re.fullmatch(r"ray://[A-Za-z0-9.\-\[\]:_]{1,200}:[0-9]{1,5}", text))

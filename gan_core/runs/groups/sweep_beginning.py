"""What a sweep on a cluster is to be, as a file: written by who asks for it, read by the process that drives it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from gan_core.config.codec import from_dict, to_dict
from gan_core.config.files import write_atomically
from gan_core.runs.groups.sweep_file import MOST_BYTES, OnCluster, cluster_from
from gan_core.runs.groups.sweep_plan import Plan, axis_from, axis_json
from gan_core.training import RunConfig


@dataclass(frozen=True)
class Beginning:
    """A plan, where it is to train, and what its members are called and belong to, as in `Sweeps.start`."""

    plan: Plan
    cluster: OnCluster
    preset: str = ""
    title: str = ""
    owner: str = ""
    stop_at_step: int | None = None


def write_beginning(path: Path, asked: Beginning) -> None:
    """Raises OSError."""
    plan = asked.plan
    data = {
        "base": to_dict(plan.base), "axes": [axis_json(axis) for axis in plan.axes], "seeds": list(plan.seeds),
        "draws": plan.draws, "draw_seed": plan.draw_seed, "steps": plan.steps, "cluster": asdict(asked.cluster),
        "preset": asked.preset, "title": asked.title, "owner": asked.owner, "stop_at_step": asked.stop_at_step,
    }  # fmt: skip
    write_atomically(path, json.dumps(data, indent=1).encode())


def read_beginning(path: Path) -> Beginning:
    """Raises ValueError in one sentence where it cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("too large")
        data = json.loads(path.read_text(encoding="utf-8"))
        seeds = tuple(int(seed) for seed in data["seeds"])
        plan = Plan(
            from_dict(RunConfig, data["base"]), tuple(axis_from(axis) for axis in data["axes"]), seeds,
            int(data["draws"]), int(data["draw_seed"]), int(data["steps"]),
        )  # fmt: skip
        stop = None if data["stop_at_step"] is None else int(data["stop_at_step"])
        preset, title, owner = (str(data[name]) for name in ("preset", "title", "owner"))
        return Beginning(plan, cluster_from(data["cluster"]), preset, title, owner, stop)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"The plan of the sweep {path.parent.name} cannot be read: its file is damaged.") from error

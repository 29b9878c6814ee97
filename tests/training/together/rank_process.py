"""One of several processes that train made data together.

`python -m tests.training.together.rank_process RANK COUNT FOLDER`:

FOLDER/tasks.pt holds what is to be trained, one after another; rank 0 writes what came of it to FOLDER/found.pt. With
a word more they have no memory in common, as on several machines.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch.distributed import FileStore

from gan_core.config.codec import from_dict
from gan_core.data.base import ImageSet
from gan_core.training import RunConfig, Trainer, state_digest
from gan_core.training.together import shared_memory
from gan_core.training.together.leading import BUILD, END, LeadingTrainer, following
from gan_core.training.together.ranks import Ranks


def train(trainer: Trainer, steps: int) -> dict[str, Any]:
    """So many steps on, as a worker takes them; what each of them was worth, and where they have led."""
    losses = []
    while trainer.step_count < steps:
        trainer.advance(1)
        point = trainer.point()
        losses.append([point[n] for n in ("d_loss", "g_loss", "penalty", "d_real", "d_fake", "d_accuracy_real")])
        trainer.examine()
    state = trainer.state()
    return {"losses": losses, "state": state, "digest": state_digest(state)}


def main(rank: int, count: int, folder: Path) -> None:
    torch.set_num_threads(1)
    store = FileStore(str(folder / f"store-{count}"), count)
    store.set_timeout(timedelta(seconds=120))
    ranks, cpu = Ranks(store, rank, count, torch.device("cpu"), 1), torch.device("cpu")
    tasks = torch.load(folder / "tasks.pt", weights_only=True)
    data = {
        name: ImageSet(t["images"], t["labels"], tuple(t["classes"]), t["held_out"], None)
        for name, t in tasks.items()
    }
    if rank:
        trainer = None
        while (heard := ranks.hear())[0] != END:
            if heard[0] == BUILD:
                about = json.loads(heard[2])
                trainer = following(about, data[about["name"]], cpu, ranks)
                ranks.everybodys("")
            else:
                assert trainer is not None
                trainer.obey(*heard)
    else:
        found = {}
        for name, task in tasks.items():
            config = from_dict(RunConfig, task["config"])
            leading = LeadingTrainer(config, data[name], cpu, ranks, {"name": name})
            if task["state"] is not None:
                leading.load_state(task["state"])
            found[name] = train(leading, task["steps"])
        ranks.tell(END)
        torch.save(found, folder / f"found-{count}.pt")
    ranks.leave()


if __name__ == "__main__":
    if sys.argv[4:]:
        shared_memory.MEMORY = Path("/nowhere")
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))

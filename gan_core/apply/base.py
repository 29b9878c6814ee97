"""The family of tasks: work of seconds to hours on somebody's data, which can be stopped and goes on where it was."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gan_core.config.files import write_atomically
from gan_core.config.registry import Registry
from gan_core.latent.model import Explorable


class Cancelled(Exception):
    """Somebody asked to stop; what was finished lies in the workplace, and the same task goes on from there."""


@dataclass(frozen=True)
class Workplace:
    """What a task is given to work with, and where it may write: nowhere but below `folder`.

    input: files that somebody brought, under plain names. parts: what is finished of a task that was stopped, kept
    with it. result: files that are given away. `progress(fraction in [0, 1], words)` is to be called at least once a
    second; raises Cancelled. `record(series, values)` adds a point to a live curve, `values` with its "step".
    `enough()`: somebody wants what is done by now, which a task may heed that says `keeps`.
    `model(id)` opens a trained generator, by the id of a run, "last", or what Explore calls it; raises ValueError in
    one sentence. `clock()` is in seconds, and stands still while others have their turn on the device: what a task
    says of its time, or allows itself, is by it.
    """

    folder: Path
    data_dir: Path
    device: torch.device
    progress: Callable[[float, str], None]
    record: Callable[[str, Mapping[str, float]], None]
    model: Callable[[str], Explorable]
    clock: Callable[[], float] = time.monotonic
    enough: Callable[[], bool] = lambda: False

    @property
    def input(self) -> Path:
        return self.folder / "input"

    @property
    def parts(self) -> Path:
        return self.folder / "parts"

    @property
    def result(self) -> Path:
        return self.folder / "result"

    def part(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """A piece of the work as plain JSON: as it was finished before a stop, or made now and kept."""
        path = self.parts / f"{name}.json"
        if path.is_file():
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return found
        made = make()
        write_atomically(path, json.dumps(made).encode())
        return made


class Task(ABC):
    """A frozen dataclass whose fields (`gan_core.config.fields`) are all that is asked for; kept as JSON."""

    @abstractmethod
    def title(self) -> str:
        """What it is called in lists, in a few words."""

    def keeps(self) -> str:
        """What a button says that ends the work early and keeps what is done; "" where nothing is to be had yet."""
        return ""

    @abstractmethod
    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        """Why it cannot begin, a sentence each; inputs: the names of the files that come with it."""

    @abstractmethod
    def work(self, place: Workplace) -> dict[str, Any]:
        """Do it; the result as plain JSON, files of it in `place.result`.

        The same task in the same workplace goes on from what `place.parts` holds, to the same result. Raises
        Cancelled; ValueError in one sentence where the input is not what it has to be; OSError.
        """


tasks: Registry[Task] = Registry("task", "task")

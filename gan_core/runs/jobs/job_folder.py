"""One job on disk: `jobs/<id>/` in the runs folder, with what was asked for, how it stands, and what came of it.

job.json       what was asked for; never rewritten
status.json    how it stands; replaced as a whole
live.jsonl     points of its curves, a line each
result.json    what came of it, once it is done
input/ parts/ result/     files that were brought, what is finished of a stopped job, what is given away
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from gan_core.apply import Task, tasks
from gan_core.config.codec import ConfigError, from_dict, to_dict
from gan_core.config.files import sync_folder, write_atomically
from gan_core.runs.names import free_id
from gan_core.runs.storage.run_folder import ID_PATTERN
from gan_core.runs.storage.shared.lock import is_held

FORMAT = 1
FOLDER, TRASH = "jobs", ".trash"
_STOP = "stop"  # a file beside job.json
State = Literal["queued", "working", "done", "cancelled", "failed", "interrupted"]
AT_WORK = ("queued", "working")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
_MOST_BYTES = 5_000_000  # of a file of ours that is read as a whole


class UnknownJob(ValueError):
    """There is no job of that name."""


@dataclass(frozen=True)
class JobStatus:
    """How a job stands. fraction: in [0, 1]; words: what it is at; problem: one sentence where it failed."""

    state: State = "queued"
    fraction: float = 0.0
    words: str = ""
    problem: str = ""
    elapsed_seconds: float = 0.0


@dataclass(frozen=True)
class JobView:
    """A job as lists show it. task: its name in the family; queue_place: 0 holds the device, -1 is not in line.

    owner: the id of who began it; "" is whoever sits at the machine. queue_words: for how long about, and why, it
    waits. slot: the device that it has, where there are several.
    """

    id: str
    title: str
    task: str
    created: str
    status: JobStatus
    queue_place: int = -1
    owner: str = ""
    queue_words: str = ""
    slot: str = ""

    @property
    def state(self) -> State:
        return self.status.state

    @property
    def at_work(self) -> bool:
        return self.status.state in AT_WORK


class JobFolder:
    """Reads a job, and writes it for who holds its lock."""

    def __init__(self, root: Path) -> None:
        self.root, self.id, self.lock = root, root.name, root / "lock"

    @property
    def result(self) -> Path:
        return self.root / "result"

    def asked(self) -> dict[str, Any]:
        """job.json. Raises UnknownJob where it cannot be read."""
        found = _read_json(self.root / "job.json")
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise UnknownJob(f"The job {self.id} cannot be read; it is damaged or of another version.")
        return found

    def task(self) -> Task:
        """What was asked for. Raises UnknownJob, ConfigError."""
        asked = dict(self.asked().get("task", {}))
        name = asked.pop("name", "")
        if name not in tasks:
            raise UnknownJob(f"The job {self.id} is of a kind that is not known here.")
        return from_dict(tasks.get(name).cls, asked)

    def status(self) -> JobStatus:
        """As it was written last; "interrupted" where whoever worked at it has died."""
        found = _read_json(self.root / "status.json")
        known = {field.name for field in fields(JobStatus)}
        try:
            status = JobStatus(**{key: value for key, value in dict(found or {}).items() if key in known})
        except (TypeError, ValueError):
            status = JobStatus("interrupted")
        if status.state in AT_WORK and not is_held(self.lock):
            return replace(status, state="interrupted")
        return status

    def view(self, queue_place: int = -1, queue_words: str = "", slot: str = "") -> JobView:
        """Raises UnknownJob."""
        asked = self.asked()
        task = str(dict(asked.get("task", {})).get("name", ""))
        return JobView(
            self.id, str(asked.get("title", "")), task, str(asked.get("created", "")), self.status(), queue_place,
            str(asked.get("owner", "")), queue_words, slot,
        )  # fmt: skip

    def outcome(self) -> dict[str, Any] | None:
        """result.json; None where the job is not done."""
        found = _read_json(self.root / "result.json", most_bytes=50_000_000)
        return found if isinstance(found, dict) else None

    def live(self, after: int = 0) -> list[tuple[str, dict[str, float]]]:
        """Points of its curves, in order, without the first `after`."""
        try:
            lines = (self.root / "live.jsonl").read_text("utf-8").splitlines()[after:]
        except (OSError, UnicodeDecodeError):
            return []
        points = []
        for line in lines:
            with contextlib.suppress(ValueError, TypeError):  # the last line may be half written
                series, values = json.loads(line)
                points.append((str(series), {str(k): float(v) for k, v in values.items()}))
        return points

    def files(self) -> list[Path]:
        """What is given away, by name."""
        return sorted(p for p in self.result.rglob("*") if p.is_file()) if self.result.is_dir() else []

    # --- by another program than the one that works at it

    def ask_to_stop(self) -> None:
        """Raises OSError."""
        (self.root / _STOP).touch()

    @property
    def is_asked_to_stop(self) -> bool:
        return (self.root / _STOP).exists()

    # --- by who holds the lock

    def forget_stop(self) -> None:
        """It begins now: what was asked before is over."""
        with contextlib.suppress(OSError):
            (self.root / _STOP).unlink(missing_ok=True)

    def write_status(self, status: JobStatus) -> None:
        write_atomically(self.root / "status.json", json.dumps(asdict(status)).encode())

    def write_outcome(self, outcome: Mapping[str, Any]) -> None:
        write_atomically(self.root / "result.json", json.dumps(outcome, ensure_ascii=False).encode())

    def add_point(self, series: str, values: Mapping[str, float]) -> None:
        with (self.root / "live.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps([series, dict(values)]) + "\n")


def new_job(runs_dir: Path, task: Task, inputs: Mapping[str, bytes], owner: str = "") -> JobFolder:
    """A folder for a task, whole or not there; owner: as in `JobView`.

    Raises ValueError for a file name that is none, OSError.
    """
    name = tasks.name_of(task)
    for file in inputs:
        if not _FILE_NAME.fullmatch(file):
            raise ValueError(f"A file of a job cannot be called {file!r}.")
    home = runs_dir / FOLDER
    home.mkdir(parents=True, exist_ok=True)
    job = JobFolder(home / free_id(home, name))
    asked = {
        "format": FORMAT, "task": {"name": name, **to_dict(task)}, "title": task.title()[:200],
        "created": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "owner": owner,
    }  # fmt: skip
    made = home / f".new-{job.id}"
    try:
        for folder in ("input", "parts", "result"):
            (made / folder).mkdir(parents=True)
        for file, content in inputs.items():
            write_atomically(made / "input" / file, content)
        write_atomically(made / "status.json", json.dumps(asdict(JobStatus())).encode())
        write_atomically(made / "job.json", json.dumps(asked, ensure_ascii=False).encode())
        os.rename(made, job.root)
        sync_folder(home)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return job


def open_job(runs_dir: Path, job_id: str) -> JobFolder:
    """Raises UnknownJob."""
    folder = runs_dir / FOLDER / job_id
    if not re.fullmatch(ID_PATTERN, job_id) or not (folder / "job.json").is_file():
        raise UnknownJob(f"There is no job called {job_id[:80]!r}.")
    return JobFolder(folder)


def job_folders(runs_dir: Path) -> list[JobFolder]:
    """All jobs, the newest first."""
    found = [p.parent for p in (runs_dir / FOLDER).glob("*/job.json") if re.fullmatch(ID_PATTERN, p.parent.name)]
    return [JobFolder(root) for root in sorted(found, reverse=True)]


def move_to_trash(job: JobFolder) -> str:
    """Returns the token that `restore` takes. Raises OSError."""
    trash = job.root.parent / TRASH
    trash.mkdir(exist_ok=True)
    token = f"{job.id}.{secrets.token_hex(4)}"
    os.replace(job.root, trash / token)
    sync_folder(job.root.parent)
    return token


def restore(runs_dir: Path, token: str) -> str:
    """Have a deleted job back; its id. Raises UnknownJob in one sentence, OSError."""
    away = deleted_job(runs_dir, token)
    job_id = token.partition(".")[0]
    os.rename(away.root, runs_dir / FOLDER / job_id)
    return job_id


def deleted_job(runs_dir: Path, token: str) -> JobFolder:
    """A job in the trash. Raises UnknownJob in one sentence."""
    job_id, dot, mark = token.partition(".")
    away = runs_dir / FOLDER / TRASH / token
    if not (dot and re.fullmatch(ID_PATTERN, job_id) and re.fullmatch(r"[0-9a-f]{8}", mark) and away.is_dir()):
        raise UnknownJob("This job cannot be had back any more.")
    return JobFolder(away)


def _read_json(path: Path, most_bytes: int = _MOST_BYTES) -> Any:
    try:
        if path.stat().st_size > most_bytes:
            return None
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


__all__ = ["ConfigError", "JobFolder", "JobStatus", "JobView", "UnknownJob", "job_folders", "new_job", "open_job"]

"""`torchrun -m gan_core train`: several processes that train one run. Rank 0 leads, the others follow."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import torch
import torch.distributed as dist

from gan_core.cli.configure import config_from
from gan_core.cli.terminal.errors import CommandError
from gan_core.cli.terminal.signals import SIGNALS
from gan_core.config.codec import ConfigError, to_dict
from gan_core.config.files import write_atomically
from gan_core.config.own_version import own_version
from gan_core.runs import RunManager, RunView
from gan_core.runs.engine.device.slots import cores
from gan_core.runs.engine.following import follow_rank_zero
from gan_core.training import resolve_device
from gan_core.training.together.leading import END
from gan_core.training.together.ranks import NO_NCCL, Ranks, RanksLost

COMING_SECONDS = 300  # so long is waited for the other processes when they start
LAST_SECONDS = 20  # after a signal: within these rank 0 has stopped its run, or is stuck and ends itself
SAID_SECONDS = 1.0  # rank 0 says what is wrong; the others give it time, since torchrun ends all with the first


@dataclass(frozen=True)
class Launched:
    """What torchrun says of this process: its number among all, and among those on this machine."""

    rank: int
    count: int
    local_rank: int
    local_count: int
    restarts: int
    most_restarts: int


def launched() -> Launched | None:
    """None where this is the only process."""
    said = os.environ
    try:
        count = int(said.get("WORLD_SIZE", "1"))
        if count < 2 or "RANK" not in said or "MASTER_ADDR" not in said:
            return None
        restarts, most = (int(said.get(f"TORCHELASTIC_{name}", "0")) for name in ("RESTART_COUNT", "MAX_RESTARTS"))
        local = int(said.get("LOCAL_RANK", said["RANK"])), int(said.get("LOCAL_WORLD_SIZE", count))
        return Launched(int(said["RANK"]), count, *local, restarts, most)
    except ValueError:
        raise CommandError("WORLD_SIZE, RANK and their like are no whole numbers; let torchrun set them.") from None


def together(arguments: argparse.Namespace, lead: Callable[[argparse.Namespace, Ranks | None], int]) -> int:
    """`lead` with what it needs of the other processes; in those, what it tells them. Returns the exit status."""
    place = launched()
    if place is None and arguments.processes > 1:
        become_torchrun(arguments)
    if place is None:
        return lead(arguments, None)
    ranks = _join(place, arguments)
    try:
        if ranks.rank == 0:
            return lead(arguments, ranks)
        for number in SIGNALS:  # rank 0 hears them too, and says when it is over
            signal.signal(number, signal.SIG_IGN)
        follow_rank_zero(ranks, arguments.data_dir, resolve_device(arguments.device))
        return 0
    except RanksLost as lost:
        raise CommandError(str(lost)) from None
    except RuntimeError as error:  # of torch, in a rank that follows: what goes wrong in rank 0 its run says
        raise CommandError(f"Rank {ranks.rank} could not go on: {error}".rstrip(".") + ".") from error
    finally:
        if ranks.rank == 0:
            with contextlib.suppress(RanksLost):
                ranks.tell(END)
        ranks.leave()


def become_torchrun(arguments: argparse.Namespace) -> NoReturn:
    """`--processes N`: this process becomes torchrun with the same command. Raises CommandError where it cannot."""
    if not dist.is_available():
        raise CommandError("This build of torch has no torch.distributed; leave --processes out.")
    if arguments.processes > max(cores(), torch.cuda.device_count()):
        raise CommandError(f"--processes is {arguments.processes}, and this machine has {cores()} processor cores.")
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={arguments.processes}"]
    words = _without_processes(sys.argv[1:])
    os.environ.setdefault("OMP_NUM_THREADS", str(arguments.threads or max(1, cores() // arguments.processes)))
    os.execv(sys.executable, [sys.executable, *launcher, "-m", "gan_core", *words])


def _without_processes(words: list[str]) -> list[str]:
    found, rest = [], iter(words)
    for word in rest:
        if word == "--processes":
            next(rest, "")
        elif not word.startswith("--processes="):
            found.append(word)
    return found


def end_in_time(asked: threading.Event) -> None:
    """From a thread of its own: after a signal this process ends, also where it waits for one that is gone."""

    def wait() -> None:
        asked.wait()
        time.sleep(LAST_SECONDS)
        os._exit(2)  # the run then shows as interrupted, with its last checkpoint

    threading.Thread(target=wait, name="end-in-time", daemon=True).start()


# --- finding each other


def _join(place: Launched, arguments: argparse.Namespace) -> Ranks:
    """With all others, once they agree on what is to be done. Raises CommandError, in rank 0; the others exit."""
    if not dist.is_available():
        raise CommandError("This build of torch has no torch.distributed; start one process, without torchrun.")
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    if place.local_count == place.count and "GLOO_SOCKET_IFNAME" not in os.environ:
        inner = [name for _, name in socket.if_nameindex() if name.startswith("lo")]
        os.environ.update({"GLOO_SOCKET_IFNAME": inner[0]} if inner else {})
    said = {"problem": "", "torch": str(torch.__version__), "GANscope": own_version(), "device": "", "settings": {}}
    try:
        _take_device(place, arguments)
        said |= {"device": arguments.device, "settings": _settings(arguments)}
    except (ValueError, OSError) as error:
        said["problem"] = str(error)
    with _coming():
        everywhere, _, _ = next(rendezvous("env://", timeout=timedelta(seconds=COMING_SECONDS)))
        store = PrefixStore(f"try {place.restarts}", everywhere)  # what the try before said may still be there
        store.set(f"gan_core/{place.rank}", json.dumps(said))
        everybody = [json.loads(store.get(f"gan_core/{rank}")) for rank in range(place.count)]
    if problem := _disagreement(everybody):
        if place.rank == 0:
            raise CommandError(problem)
        time.sleep(SAID_SECONDS)
        sys.exit(2)
    with _coming():
        return Ranks(store, place.rank, place.count, torch.device(arguments.device), arguments.threads)


@contextlib.contextmanager
def _coming() -> Iterator[None]:
    try:
        yield
    except RuntimeError:
        words = f"The processes that torchrun started did not all find each other within {COMING_SECONDS} seconds"
        raise CommandError(f"{words}; look at what the others say, and whether they reach each other.") from None


def _take_device(place: Launched, arguments: argparse.Namespace) -> None:
    """Puts into the arguments what this process trains on, and its share of the processors. Raises ConfigError."""
    arguments.threads = arguments.threads or max(1, cores() // place.local_count)
    if arguments.device == "mps":
        raise ConfigError('device is "mps", of which a machine has one; several processes train on "cpu" or "cuda".')
    gpus = torch.cuda.device_count()
    if arguments.device == "cpu" or (arguments.device == "auto" and not gpus):
        arguments.device = "cpu"
        return
    if gpus and gpus < place.local_count:
        there = "one GPU" if gpus == 1 else f"{gpus} GPUs"
        raise ConfigError(
            f"torchrun started {place.local_count} processes on a machine with {there}; start one for each, "
            "or give --device cpu."
        )
    if gpus:  # each sees its own alone, whichever thread asks
        seen = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(gpus)))
        os.environ["CUDA_VISIBLE_DEVICES"] = seen.split(",")[place.local_rank]
    arguments.device = resolve_device("cuda").type
    if not dist.is_nccl_available():
        raise ConfigError(NO_NCCL)


def _settings(arguments: argparse.Namespace) -> dict[str, str]:
    """What all processes must have been given alike: option or field -> value."""
    own = {"parser", "command", "runs_dir", "data_dir", "verbose", "json", "config", "sets", "device", "processes"}
    found = {name: value for name, value in vars(arguments).items() if name not in own}
    if arguments.command == "train":
        found |= _flat(to_dict(config_from(arguments)[0]))
    return {name: str(value) for name, value in found.items()}


def _flat(settings: dict[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value, f"{above}{name}.") if isinstance(value, dict) else {f"{above}{name}": value}
    return found


def _disagreement(everybody: list[dict[str, Any]]) -> str:
    """Why these processes cannot train a run together, in a sentence; "" where they can."""
    first = everybody[0]
    for rank, other in enumerate(everybody):
        if other["problem"]:
            return str(other["problem"])
        for name in ("torch", "GANscope"):
            if other[name] != first[name]:
                versions = f"rank {rank} has {name} {other[name]} and rank 0 has {first[name]}"
                return f"The processes have unequal versions: {versions}; install the same everywhere."
        if other["device"] != first["device"]:
            devices = f"rank {rank} trains on {other['device']} and rank 0 on {first['device']}"
            return f"The processes have unlike devices: {devices}; give all the same --device."
        for name in sorted({*first["settings"], *other["settings"]}):
            ours, theirs = (settings.get(name, "nothing") for settings in (first["settings"], other["settings"]))
            if ours != theirs:
                words = f"{name} is {theirs} on rank {rank} and {ours} on rank 0"
                return f"The processes were given different settings: {words}; start all with the same command."
    return ""


# --- torchrun's restart


def begun_before_restart(manager: RunManager) -> str | None:
    """The run that an earlier try of this torchrun has begun, on its way again; None where there is none."""
    place = launched()
    if place is None:
        return None
    note = _note(manager)
    if not place.restarts:
        with contextlib.suppress(OSError):  # of another torchrun, of which this one has the number
            note.unlink()
    if not note.is_file():
        return None
    run = note.read_text(encoding="utf-8")
    if manager.view(run).state != "finished":
        manager.resume(run)
    return run


def note_for_restart(manager: RunManager, run: str) -> None:
    """So that torchrun's next try goes on with this run."""
    place = launched()
    if place is not None and place.restarts < place.most_restarts:
        write_atomically(_note(manager), run.encode())


def forget_restarts(manager: RunManager, view: RunView) -> None:
    """Once the run has come to its end, or no try is left."""
    place = launched()
    if place is not None and (view.state in ("finished", "stopped") or place.restarts >= place.most_restarts):
        _note(manager).unlink(missing_ok=True)


def _note(manager: RunManager) -> Path:
    """One for each torchrun, whose processes all have it as their parent."""
    return manager.runs_dir / f".torchrun-{socket.gethostname()}-{os.getppid()}"

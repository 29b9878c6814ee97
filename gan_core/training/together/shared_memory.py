"""Sums over the processes of one machine, through memory that they share.

gloo, which torch has for processors, sends every number through sockets. Here each process writes its own into a
place of its own, tells the others by a byte, and adds all places up itself, in one order, so that all have the same
bits. There are two sets of places, used in turn: who has come to an exchange has read what the one before it brought.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

MEMORY = Path("/dev/shm")  # a folder in memory, where the system has one
PLACE_BYTES = 4 * 2**20  # a container often has 64 MiB of such memory for all


class SharedMemory:
    """What one of `count` processes has of it. others: a socket to each; places: uint8 [2, count, PLACE_BYTES]."""

    def __init__(self, rank: int, places: Tensor, others: list[socket.socket]) -> None:
        self._rank, self._places, self._others = rank, places, others
        self._set = 0

    def sum_up(self, x: Tensor) -> None:
        """In its place the sum over all processes. Raises OSError where another has gone."""
        for part in torch.split(x.view(-1), PLACE_BYTES // x.element_size()):
            self._added(self._exchange(part), part)

    @staticmethod
    def _added(places: Tensor, into: Tensor) -> Tensor:
        first, second, *rest = places
        torch.add(first, second, out=into)
        for other in rest:
            into.add_(other)
        return into

    def total(self, parts: Sequence[Tensor]) -> Tensor:
        """All numbers of these, one after another [N], summed over all processes. Raises OSError as `sum_up`."""
        count = sum(part.numel() for part in parts)
        if count * parts[0].element_size() > PLACE_BYTES:
            self.sum_up(whole := torch.cat([part.reshape(-1) for part in parts]))
            return whole
        places = self._places_for(parts[0], count)
        torch.cat([part.reshape(-1) for part in parts], out=places[self._rank])
        self.wait()
        return self._added(places, parts[0].new_empty(count))

    def gather(self, x: Tensor) -> Tensor:
        """[count, ...]: what each process has. Raises OSError where another has gone."""
        flat, size = x.reshape(-1), PLACE_BYTES // x.element_size()
        found = flat.new_empty(self._places.shape[1], flat.numel())
        for whole, part in zip(torch.split(found, size, dim=1), torch.split(flat, size), strict=True):
            whole.copy_(self._exchange(part))
        return found.view(-1, *x.shape)

    def _exchange(self, part: Tensor) -> Tensor:
        """[count, N] of each process's [N], until the next exchange."""
        places = self._places_for(part, part.numel())
        places[self._rank].copy_(part)
        self.wait()
        return places

    def _places_for(self, like: Tensor, numbers: int) -> Tensor:
        """[count, numbers], to be written at this rank before `wait`, and read after it."""
        self._set ^= 1
        return self._places[self._set, :, : numbers * like.element_size()].view(like.dtype)

    def wait(self) -> None:
        """Until all have come here. Raises OSError where another has gone, or does not come."""
        for other in self._others:
            other.send(b".")
        for other in self._others:
            if not other.recv(1):
                raise ConnectionError("Another process has ended.")

    def tell(self, words: bytes) -> None:
        """For rank 0, while the others `hear`. Raises OSError where another has gone."""
        for other in self._others:
            other.sendall(words)

    def hear(self, size: int) -> bytes:
        """So many bytes that rank 0 tells, however long that takes. Raises OSError where it has gone."""
        first = self._others[0]
        timeout = first.gettimeout()
        first.settimeout(None)
        found = first.recv(size, socket.MSG_WAITALL)
        first.settimeout(timeout)
        if len(found) < size:
            raise ConnectionError("Rank 0 has ended.")
        return found

    def close(self) -> None:
        for other in self._others:
            other.close()


def shared_memory(
    rank: int, count: int, everybodys: Callable[[Any], list[Any]], timeout_seconds: float
) -> SharedMemory | None:
    """None where the processes are not on one machine, or where that has too little of such memory.

    everybodys: tells each what all say. timeout_seconds: to wait for another. Raises what that raises, and OSError.
    """
    folder = str(everybodys(_make_room(count) if rank == 0 else "")[0])
    listener: socket.socket | None = None
    try:
        with contextlib.suppress(OSError, RuntimeError):
            places = _opened(folder, count)
            listener = _listening(Path(folder) / str(rank), count)
        if not all(everybodys(listener is not None)) or listener is None:
            return None
        found = SharedMemory(rank, places, _connected(Path(folder), rank, count, listener, timeout_seconds))
        found.wait()
        return found
    finally:
        if listener is not None:
            listener.close()
        if rank == 0 and folder:
            shutil.rmtree(folder, ignore_errors=True)


def _make_room(count: int) -> str:
    """A new folder with the places in it; "" where there can be none."""
    folder = ""
    try:
        folder = tempfile.mkdtemp(prefix="ganscope-", dir=MEMORY)
        with (Path(folder) / "places").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 2 * count * PLACE_BYTES)  # now, not in the middle of a step
    except (OSError, AttributeError):  # no such folder, no memory; a system without
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        return ""
    return folder


def _opened(folder: str, count: int) -> Tensor:
    """Raises OSError or RuntimeError where it is not there."""
    if not folder or not (place := Path(folder) / "places").is_file():
        raise FileNotFoundError(folder)
    size = 2 * count * PLACE_BYTES
    return torch.from_file(str(place), shared=True, size=size, dtype=torch.uint8).view(2, count, PLACE_BYTES)


def _listening(path: Path, count: int) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(path))
        listener.listen(count)
    except BaseException:
        listener.close()
        raise
    return listener


def _connected(
    folder: Path, rank: int, count: int, listener: socket.socket, timeout_seconds: float
) -> list[socket.socket]:
    """To each of the others, all of which listen. Raises OSError."""
    found = []
    for other in range(rank):
        found.append(socket.socket(socket.AF_UNIX))
        found[-1].connect(str(folder / str(other)))
    listener.settimeout(timeout_seconds)
    found += [listener.accept()[0] for _ in range(rank + 1, count)]
    for each in found:
        each.settimeout(timeout_seconds)
    return found

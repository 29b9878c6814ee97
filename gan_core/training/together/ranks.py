"""Several processes that train one run, each a share of every batch, by torch.distributed.

Rank 0 leads: it tells the others what to do next (`leading`), and alone writes. All have the same weights, moments
and random streams, to the last bit: gradients are summed in one order everywhere, and random numbers are drawn for
the whole batch, of which each takes its part. So a checkpoint of rank 0 is one of all, whatever their count.
"""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import torch
import torch.distributed as dist
from torch import Tensor

from gan_core.training.together.shared_batch import SharedStream
from gan_core.training.together.shared_memory import shared_memory

if TYPE_CHECKING:  # a torch that was built without them trains in one process
    from torch.distributed import ProcessGroup, Store  # type: ignore[attr-defined]

STEP_TIMEOUT = timedelta(seconds=120)  # within a step all are as far as the slowest
MESSAGE_TIMEOUT = timedelta(days=365)  # a pause lasts as long as somebody likes
_HEAD = struct.Struct("<3q")  # of a message: word, number, bytes of its body


NO_NCCL = (
    "This build of torch has no NCCL, by which processes on GPUs work together; install one that has, "
    "or train on the processor."
)


class RanksLost(RuntimeError):
    """Another process that trains this run has ended or does not answer, said in one sentence."""


class Ranks:
    """This process, `rank` of `count`; made by all of them at once. Losses, gradients: as of the whole batch.

    store: what they found each other by. threads: of this process, at most. device: where it trains.
    Raises RanksLost where another does not come.
    """

    def __init__(self, store: Store, rank: int, count: int, device: torch.device, threads: int) -> None:
        self.rank, self.count, self.device, self.threads = rank, count, device, threads
        self.is_alone = False  # what follows concerns this process only
        with _lost():
            backend = "nccl" if device.type == "cuda" else "gloo"
            dist.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=STEP_TIMEOUT)
            group = dist.new_group(backend="gloo", timeout=MESSAGE_TIMEOUT)
            self._messages = cast("ProcessGroup", group)
            on_processors = backend == "gloo" and count > 1
            seconds = STEP_TIMEOUT.total_seconds()
            self._memory = shared_memory(rank, count, self.everybodys, seconds) if on_processors else None

    def __deepcopy__(self, memo: dict[int, Any]) -> Ranks:
        return self

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """In the block the networks take batches that are here as a whole."""
        self.is_alone = True
        try:
            yield
        finally:
            self.is_alone = False

    # --- a batch and its parts

    def part(self, whole: Tensor) -> Tensor:
        """The rows of this rank: [count * N, ...] -> [N, ...]."""
        size = whole.shape[0] // self.count
        return whole[self.rank * size : (self.rank + 1) * size]

    def gather(self, x: Tensor) -> Tensor:
        """[count, ...]: what each rank has; differentiable any number of times, for the sum of all ranks' losses."""
        if not torch.is_grad_enabled():
            return self.each(x)
        found: Tensor = _Gather.apply(x, self)
        return found

    def deviation(self, x: Tensor) -> Tensor:
        """The standard deviation of all numbers of all ranks."""
        means = self.gather(torch.stack([x.mean(), x.var(unbiased=False)]))
        return (means[:, 1].mean() + means[:, 0].var(unbiased=False)).sqrt()

    def average(
        self, grads: Sequence[Tensor], scalars: Sequence[Tensor], logits: Sequence[Tensor]
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Gradients and scalars as means over the ranks, logits [N] as those of the whole batch [count * N].

        One all-reduce: each rank adds its logits to zeros in the others' places.
        """
        slots = grads[0].new_zeros(len(logits), self.count, logits[0].numel() if logits else 0)
        for slot, own in zip(slots, logits, strict=True):
            slot[self.rank] = own.detach()
        means = [*grads, *(scalar.detach() for scalar in scalars)]
        flat = self._total([*means, slots])
        sizes = [t.numel() for t in means]
        numbers, every = torch.split(flat, [sum(sizes), slots.numel()])
        parts = torch.split(numbers.div_(self.count), sizes)
        found = [part.view(t.shape) for part, t in zip(parts, means, strict=True)]
        return found[: len(grads)], found[len(grads) :], list(every.view(len(logits), -1)) if logits else []

    def sum_up(self, x: Tensor) -> None:
        """In its place the sum over all ranks, the same to the last bit on each; x: contiguous. Raises RanksLost."""
        with _lost():
            if self._memory is None:
                dist.all_reduce(x)
            else:
                self._memory.sum_up(x)

    def _total(self, parts: Sequence[Tensor]) -> Tensor:
        """All numbers of these [N], summed over all ranks."""
        if self._memory is not None:
            with _lost():
                return self._memory.total(parts)
        flat = torch.cat([part.reshape(-1) for part in parts])
        self.sum_up(flat)
        return flat

    def each(self, x: Tensor) -> Tensor:
        """[count, ...]: what each rank has, without gradients. Raises RanksLost."""
        with _lost():
            if self._memory is not None:
                return self._memory.gather(x)
            parts = [torch.empty_like(x, memory_format=torch.contiguous_format) for _ in range(self.count)]
            dist.all_gather(parts, x.contiguous())
        return torch.stack(parts)

    def stream(self, seed: int) -> SharedStream:
        """A random stream of batches that all share."""
        stream = SharedStream(self.device)
        stream.manual_seed(seed)
        stream.ranks = self
        return stream

    # --- words between them

    def tell(self, word: int, number: int = 0, body: bytes = b"") -> None:
        """Rank 0 to all others; they `hear` it. Raises RanksLost."""
        with _lost():
            if self._memory is not None:
                self._memory.tell(_HEAD.pack(word, number, len(body)))
            else:
                dist.broadcast(torch.tensor([word, number, len(body)]), 0, group=self._messages)
            if body:
                dist.broadcast(torch.frombuffer(bytearray(body), dtype=torch.uint8), 0, group=self._messages)

    def hear(self) -> tuple[int, int, bytes]:
        """What rank 0 tells next, however long that takes. Raises RanksLost."""
        with _lost():
            if self._memory is not None:
                word, number, size = _HEAD.unpack(self._memory.hear(_HEAD.size))
            else:
                head = torch.zeros(3, dtype=torch.int64)
                dist.broadcast(head, 0, group=self._messages)
                word, number, size = (int(n) for n in head)
            body = torch.zeros(size, dtype=torch.uint8)
            if size:
                dist.broadcast(body, 0, group=self._messages)
        return word, number, body.numpy().tobytes()

    def everybodys(self, said: Any) -> list[Any]:
        """What each rank says here, as JSON has it; all have to be asked. Raises RanksLost."""
        text = torch.frombuffer(bytearray(json.dumps(said).encode()), dtype=torch.uint8)
        sizes = [torch.zeros(1, dtype=torch.int64) for _ in range(self.count)]
        with _lost():
            dist.all_gather(sizes, torch.tensor([len(text)]), group=self._messages)
            padded = torch.zeros(max(int(size) for size in sizes), dtype=torch.uint8)
            padded[: len(text)] = text
            found = [torch.zeros_like(padded) for _ in range(self.count)]
            dist.all_gather(found, padded, group=self._messages)
        return [json.loads(t[: int(n)].numpy().tobytes()) for t, n in zip(found, sizes, strict=True)]

    def leave(self) -> None:
        """At the end of all, when nobody waits for anybody."""
        if self._memory is not None:
            self._memory.close()
        with contextlib.suppress(RuntimeError):
            dist.destroy_process_group()


class _Gather(torch.autograd.Function):
    """[...] of each rank -> [count, ...] on each. Backward: what all ranks' losses want of this one's."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, ranks: Ranks) -> Tensor:
        ctx.ranks = ranks
        return ranks.each(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return _Sum.apply(grads[0], ctx.ranks)[ctx.ranks.rank], None


class _Sum(torch.autograd.Function):
    """[...] -> the sum over all ranks, on each."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, ranks: Ranks) -> Tensor:
        ctx.ranks = ranks
        total = x.clone(memory_format=torch.contiguous_format)
        ranks.sum_up(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return _Sum.apply(grads[0], ctx.ranks), None


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    """What is raised where another process has gone, as a sentence."""
    try:
        yield
    except RanksLost:
        raise
    except (RuntimeError, OSError) as error:
        words = "Another process that trained this run has ended or does not answer any more"
        raise RanksLost(f"{words}; it goes on from its last checkpoint.") from error

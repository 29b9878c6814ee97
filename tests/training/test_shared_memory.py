"""Numbers exchanged through memory, between threads here as between processes elsewhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.training.together import shared_memory as module
from gan_core.training.together.shared_memory import SharedMemory, shared_memory

COUNT = 3
pytestmark = pytest.mark.skipif(not module.MEMORY.is_dir(), reason="a system without such memory")


class Words:
    """What all ranks say, told to each: as `Ranks.everybodys`."""

    def __init__(self) -> None:
        self._said: list[Any] = [None] * COUNT
        self._barrier = threading.Barrier(COUNT, timeout=30)

    def of(self, rank: int) -> Callable[[Any], list[Any]]:
        def everybodys(said: Any) -> list[Any]:
            self._said[rank] = said
            self._barrier.wait()
            found = json.loads(json.dumps(self._said))
            self._barrier.wait()
            return list(found)

        return everybodys


def in_ranks(work: Callable[[int, SharedMemory | None], Any]) -> list[Any]:
    words = Words()

    def one(rank: int) -> Any:
        memory = shared_memory(rank, COUNT, words.of(rank), timeout_seconds=30)
        try:
            return work(rank, memory)
        finally:
            if memory is not None:
                memory.close()

    with ThreadPoolExecutor(COUNT) as pool:
        return list(pool.map(one, range(COUNT)))


def test_sums_of_any_size_are_the_same_bits_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "MEMORY", tmp_path)  # any folder that processes share
    monkeypatch.setattr(module, "PLACE_BYTES", 64)  # 16 numbers: most of these go in pieces
    torch.manual_seed(0)
    given = [[torch.randn(size) for size in (1, 7, 16, 17, 100)] for _ in range(COUNT)]

    def work(rank: int, memory: SharedMemory | None) -> list[torch.Tensor]:
        assert memory is not None
        found = [memory.gather(given[rank][3].view(1, 17)), memory.total(given[rank][:2]), memory.total(given[rank])]
        for x in given[rank]:
            memory.sum_up(mine := x.clone())
            found.append(mine)
        return found

    found = in_ranks(work)
    whole = [torch.stack([given[rank][at] for rank in range(COUNT)]) for at in range(5)]
    sums = [(x[0] + x[1]) + x[2] for x in whole]
    wanted = [whole[3].view(COUNT, 1, 17), torch.cat(sums[:2]), torch.cat(sums), *sums]
    for of_rank in found:
        assert [torch.equal(a, b) for a, b in zip(of_rank, wanted, strict=True)] == [True] * len(wanted)
    assert not [*tmp_path.iterdir()], "nothing stays behind"


def test_words_of_rank_0_are_heard_and_its_end_and_anothers_are_seen() -> None:
    def work(rank: int, memory: SharedMemory | None) -> str:
        assert memory is not None
        if rank == 0:
            memory.tell(b"four")
        else:
            assert memory.hear(4) == b"four"
        memory.wait()
        if rank == 2:
            return "has left"
        with pytest.raises(OSError, match="has ended|Broken pipe|reset"):
            memory.wait()
        return "has seen it"

    assert in_ranks(work) == ["has seen it", "has seen it", "has left"]


def test_without_such_memory_all_know_that_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "MEMORY", tmp_path / "nowhere")
    assert in_ranks(lambda rank, memory: memory) == [None] * COUNT

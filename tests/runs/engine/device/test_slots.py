"""What GANSCOPE_DEVICES means, and real runs side by side on shares of the processor."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gan_core.config.codec import ConfigError
from gan_core.runs import RunManager, RunView, StateChanged, Stop
from gan_core.runs.engine.device.budget import Budget, Room
from gan_core.runs.engine.device.slots import devices_text, slots_of
from gan_core.training.thread_count import use_threads
from tests.runs.engine.device.test_turns_of_runs import LONG, begin
from tests.runs.helpers import at_rest, fingerprint, quick, straight, until, until_state


def test_one_device_is_as_it_was() -> None:
    assert devices_text({}) == "auto"
    assert devices_text({"GANSCOPE_DEVICE": "cpu"}) == "cpu"
    assert devices_text({"GANSCOPE_DEVICE": "mps", "GANSCOPE_DEVICES": "cpu:2"}) == "cpu:2"
    assert [(slot.device, slot.name) for slot in slots_of("cpu")] == [(torch.device("cpu"), "")]
    assert [slot.name for slot in slots_of("cpu:1")] == [""]


def test_shares_of_the_processor_and_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [slot.name for slot in slots_of("cpu:2")] == [
        "share 1 of 2 of the processor", "share 2 of 2 of the processor",
    ]  # fmt: skip
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert [(slot.device, slot.name) for slot in slots_of("cuda:0, cuda:3")] == [
        (torch.device("cuda", 0), "cuda:0"), (torch.device("cuda", 3), "cuda:3"),
    ]  # fmt: skip
    assert [slot.name for slot in slots_of("cuda:2")] == [""]


@pytest.mark.parametrize(
    ("text", "gpus", "words"),
    [
        (
            "gpu",
            0,
            'it must list devices, such as "cuda:0,cuda:1", or "cpu:2" for two runs at once on the processor.',
        ),
        ("cpu:two", 0, "it must list devices"),
        ("cpu:2,", 0, "it must list devices"),
        ("mps:1", 0, "it must list devices"),
        ("cpu:0", 0, 'the number behind "cpu:" says how many runs train at once, from 1 to 64.'),
        ("cpu,cpu", 0, 'write "cpu:2" for 2 runs.'),
        ("cuda:0", 0, 'PyTorch finds no GPU here; "cpu:2" would train two runs at once on the processor.'),
        ("cuda:0,cuda:2", 2, "there is no cuda:2, this machine has cuda:0 to cuda:1."),
        ("cuda:0,cuda:1", 1, "there is no cuda:1, this machine has cuda:0 alone."),
        ("cuda:1,cuda:1", 2, "name each GPU once."),
        ("cuda:0,cpu", 1, "all of its devices must be of one kind."),
    ],
)
def test_a_wrong_value_is_told_what_would_be_right(
    text: str, gpus: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    with pytest.raises(ConfigError) as refused:
        slots_of(devices_text({"GANSCOPE_DEVICES": text}))
    assert str(refused.value).startswith(f'GANSCOPE_DEVICES is "{text}"')
    assert str(refused.value).endswith(words) or words == "it must list devices"
    assert words in str(refused.value)


def test_what_each_run_may_need_is_its_slot_s_share() -> None:
    cpu = torch.device("cpu")
    room = Room(Budget(memory=100), [cpu, cpu], lambda name: {"a": 0, "b": 0, "c": 1}.get(name, -1))
    assert room.obstacle("", 50) == ""
    assert "each run that trains beside others here has 5e-05 MB" in room.obstacle("", 51)
    for name in "abc":
        room.hold(name, "", 40, cpu, stays=False)
    assert [room.crowded(name) for name in "abc"] == [False, False, True]
    assert room.held() == 120


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RunManager]:
    """Two shares of one thread each."""
    made = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu:2", threads=2)
    yield made
    made.close(timeout_seconds=60.0)


def test_two_runs_train_at_once_with_the_bits_of_each_alone(lab: RunManager, tmp_path: Path) -> None:
    assert lab.threads == 1
    configs = [quick(steps=600, every=50, seed=seed) for seed in (1, 2)]
    seen: list[RunView] = []
    runs = [begin(lab, config, "") for config in configs]
    for run in runs:
        lab.subscribe(run, lambda event: seen.append(event.view) if isinstance(event, StateChanged) else None)
    third = begin(lab, quick(steps=4), "")
    until(lambda: "all 2 devices are taken" in lab.view(third).queue_words)
    until(lambda: all(lab.view(run).step > 0 and lab.view(run).state == "running" for run in runs))
    slots = {lab.view(run).slot for run in runs}
    assert slots == {"share 1 of 2 of the processor", "share 2 of 2 of the processor"}
    other = RunManager(lab.runs_dir, lab.data_dir, device="cpu", threads=1)  # as `python -m gan_core runs` looks
    assert {other.view(run).slot for run in runs} == slots
    assert other.view(runs[0]).words.startswith("training on share ")
    other.close()
    for run, config, name in zip(runs, configs, "ab", strict=True):
        assert at_rest(lab, run).state == "finished"
        assert lab.view(run).slot == ""
        assert fingerprint(lab, run) == straight(tmp_path / name, config)
    assert at_rest(lab, third).state == "finished"


def test_a_run_resumed_beside_another_is_the_same_to_the_last_bit(lab: RunManager, tmp_path: Path) -> None:
    other, config = begin(lab, LONG, "ada"), quick(steps=60, seed=7)
    run = lab.start(config, stop_at_step=30)
    assert at_rest(lab, run).state == "finished"
    third = begin(lab, LONG, "")  # has the slot that the run had
    until_state(lab, third, "running")
    lab.send(other, Stop())
    at_rest(lab, other)
    lab.resume(run)
    assert at_rest(lab, run).state == "finished"
    assert fingerprint(lab, run) == straight(tmp_path / "alone", config)
    lab.send(third, Stop())


def test_each_thread_has_its_own_count_of_torch_s_threads() -> None:
    """What shares of the processor stand on; torch alone gives both what was set last, at their first operation."""
    found: dict[int, int] = {}
    both = threading.Barrier(2)

    def work(count: int) -> None:
        use_threads(count)
        both.wait()
        torch.ones(300, 300) @ torch.ones(300, 300)
        found[count] = torch.get_num_threads()

    threads = [threading.Thread(target=work, args=(count,)) for count in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {1: 1, 2: 2}

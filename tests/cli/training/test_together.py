"""`torchrun -m gan_core train`: steered from elsewhere, killed rank by rank, restarted; what cannot go together."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.cli.training import together
from gan_core.config.codec import ConfigError
from gan_core.runs import RunManager, RunView
from gan_core.runs.commands import Change, Pause, Resume, StepOnce
from gan_core.training import preset, problems
from tests.cli.conftest import SMALL, Cli

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 240  # for what a busy machine may take; nothing below waits so long on an idle one
END_SECONDS = 240  # after the death of a rank

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc for the ranks' processes")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


@contextlib.contextmanager
def _torchrun(folder: Path, *words: str, restarts: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Two processes on a small run, under way."""
    folders = ["--runs-dir", str(folder / "runs"), "--data-dir", str(folder / "data"), "--device", "cpu"]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    started = subprocess.Popen(
        [*command, f"--max-restarts={restarts}", "-m", "gan_core", *words, *folders],
        env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        yield started
    finally:
        for rank in _ranks(started).values():
            os.kill(rank, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.communicate()


def _ranks(started: subprocess.Popen[str]) -> dict[int, int]:
    """The processes of this torchrun: rank -> id."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            said = dict(pair.partition("=")[::2] for pair in (place / "environ").read_text().split("\0"))
            if parent == started.pid and "RANK" in said:
                found[int(said["RANK"])] = int(place.name)
    return found


def _until(asked: Callable[[], Any], started: subprocess.Popen[str]) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := asked()):
        assert started.poll() is None, started.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[RunManager]:
    manager = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1)
    yield manager
    manager.close()


def _view(manager: RunManager) -> RunView | None:
    views = manager.views()
    return views[0] if views else None


LONG = ["train", *SMALL, "--set", "record.checkpoint_images=1000", "--steps", "1000000"]


@pytest.mark.parametrize("rank", [0, pytest.param(1, marks=pytest.mark.long)])
def test_a_rank_that_dies_ends_the_run_which_goes_on_from_its_checkpoint(
    rank: int, tmp_path: Path, manager: RunManager
) -> None:
    with _torchrun(tmp_path, *LONG) as started:
        view = _until(
            lambda: (v := _view(manager)) and v.state == "running" and manager.takes_commands(v.id) and v, started
        )
        manager.send(view.id, Pause())
        paused = _until(lambda: (v := manager.view(view.id)).state == "paused" and v, started)
        manager.send(view.id, Change("g_optimizer.lr", 0.001))
        manager.send(view.id, StepOnce())
        _until(lambda: (v := manager.view(view.id)).state == "paused" and v.step == paused.step + 1, started)
        assert manager.config(view.id).g_optimizer.lr == 0.001
        manager.send(view.id, Resume())
        kept = _until(lambda: manager.view(view.id).checkpoints, started)[-1]
        os.kill(_ranks(started)[rank], signal.SIGKILL)
        status = started.wait(END_SECONDS)
        assert status != 0
        assert manager.view(view.id).state == "interrupted"
    assert manager.view(view.id).checkpoints[-1] >= kept
    assert not manager.takes_commands(view.id)
    at = manager.view(view.id).checkpoints[-1]
    manager.resume(view.id, stop_at_step=at + 2)
    after = manager.wait(view.id)
    assert (after.state, after.step) == ("finished", at + 2)
    assert any(f"From step {at:,} on it trained in 1 processes, before in 2" in words for words in after.warnings)


@pytest.mark.long  # a rank that dies, and the run that goes on: above
def test_torchruns_restart_goes_on_with_the_same_run_from_its_checkpoint(tmp_path: Path, manager: RunManager) -> None:
    words = ["train", *SMALL, "--set", "record.checkpoint_images=1000", "--steps", "300", "--json"]
    with _torchrun(tmp_path, *words, restarts=1) as started:
        view = _until(lambda: (v := _view(manager)) and v.checkpoints and v, started)
        before = _ranks(started)
        os.kill(before[0], signal.SIGKILL)
        said = started.communicate(timeout=PATIENCE_SECONDS)[0]
        assert started.returncode == 0, said
    (only,) = manager.views()
    assert (only.id, only.state, only.step) == (view.id, "finished", 300)
    assert list((tmp_path / "runs").glob(".torchrun*")) == []


def test_ranks_with_other_settings_say_so_and_end(tmp_path: Path) -> None:
    folders = ["--runs-dir", str(tmp_path / "runs"), "--data-dir", str(tmp_path / "data"), "--device", "cpu"]
    port = str(20_000 + os.getpid() % 20_000)
    said = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": port}
    ranks = [
        subprocess.Popen(
            [sys.executable, "-m", "gan_core", "train", *SMALL[:-4], "--set", f"seed={7 + rank}", *folders],
            env=_environment() | said | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    answers = [rank.communicate(timeout=PATIENCE_SECONDS) for rank in ranks]
    assert [rank.returncode for rank in ranks] == [2, 2]
    assert "seed is 8 on rank 1 and 7 on rank 0; start all with the same command." in answers[0][1]
    assert answers[0][1].count("\n") == 1
    assert not any((tmp_path / "runs").glob("*"))


def test_other_commands_are_not_for_torchrun(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("WORLD_SIZE", "2")
    sentence = cli("runs").sentence()
    assert sentence == "torchrun is for train and resume; start runs by itself: python -m gan_core runs."


def _said(**other: Any) -> dict[str, Any]:
    same = {"problem": "", "torch": "2.15.0", "GANscope": "abc", "device": "cpu", "settings": {"seed": "1"}}
    return same | other


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"torch": "2.14.0"}, "rank 1 has torch 2.14.0 and rank 0 has 2.15.0"),
        ({"GANscope": "def"}, "rank 1 has GANscope def and rank 0 has abc"),
        ({"device": "cuda"}, "rank 1 trains on cuda and rank 0 on cpu"),
        ({"settings": {"seed": "2"}}, "seed is 2 on rank 1 and 1 on rank 0"),
        ({"problem": "There is no GPU."}, "There is no GPU."),
    ],
)
def test_ranks_that_do_not_go_together(other: dict[str, Any], words: str) -> None:
    assert together._disagreement([_said(), _said()]) == ""
    sentence = together._disagreement([_said(), _said(**other)])
    assert words in sentence
    assert sentence.endswith(".")


def _taken(monkeypatch: pytest.MonkeyPatch, device: str, gpus: int, *, nccl: bool = True) -> str:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(together.dist, "is_nccl_available", lambda: nccl)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    arguments = argparse.Namespace(device=device, threads=None)
    together._take_device(together.Launched(1, 2, 1, 2, 0, 0), arguments)
    return str(arguments.device)


def test_each_process_takes_its_own_device(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _taken(monkeypatch, "auto", 0) == "cpu"
    assert _taken(monkeypatch, "cpu", 2) == "cpu"
    assert _taken(monkeypatch, "auto", 2) == "cuda"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "5"
    with pytest.raises(
        ConfigError, match="torchrun started 2 processes on a machine with one GPU; start one for each"
    ):
        _taken(monkeypatch, "cuda", 1)
    with pytest.raises(ConfigError, match='device is "cuda", which this machine does not have'):
        _taken(monkeypatch, "cuda", 0)
    with pytest.raises(ConfigError, match="This build of torch has no NCCL"):
        _taken(monkeypatch, "cuda", 2, nccl=False)
    with pytest.raises(ConfigError, match='device is "mps", of which a machine has one'):
        _taken(monkeypatch, "mps", 0)


def test_a_batch_that_cannot_be_shared_equally(tmp_path: Path) -> None:
    config = preset("fashion-fast").config
    info = config.data.info(tmp_path)
    assert problems(config, info, processes=4) == []
    (sentence,) = problems(config, info, processes=3)
    assert sentence == "batch_size is 64, which 3 processes cannot share equally; make it a multiple of 3."

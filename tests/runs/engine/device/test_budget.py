"""What runs may take of memory and disk: said before it is reached, and refused beyond."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gan_core.config.codec import ConfigError
from gan_core.runs import RunManager
from gan_core.runs.engine.context import StopCondition
from gan_core.runs.engine.device.budget import Budget, gigabytes, machine_memory, turn_seconds
from gan_core.runs.engine.device.device_queue import TURN_SECONDS
from gan_core.runs.storage.disk_use import DiskMeter
from tests.runs.helpers import at_rest, quick


def test_settings_are_read_from_the_environment() -> None:
    assert Budget.from_environment({}) == Budget()
    told = {"GANSCOPE_MEMORY_GB": "8", "GANSCOPE_MEMORY_GB_EACH": "0.5", "GANSCOPE_DISK_GB": "20",
            "GANSCOPE_DISK_GB_EACH": " 1.5 "}  # fmt: skip
    assert Budget.from_environment(told) == Budget(8 * 10**9, 5 * 10**8, 20 * 10**9, 15 * 10**8)
    assert turn_seconds({}) == TURN_SECONDS
    assert turn_seconds({"GANSCOPE_TURN_SECONDS": "20"}) == 20


@pytest.mark.parametrize("text", ["much", "0", "-1", "nan", "inf"])
def test_a_setting_that_is_no_amount_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ConfigError, match="GANSCOPE_DISK_GB is .* it must be a number above 0"):
        Budget.from_environment({"GANSCOPE_DISK_GB": text})
    with pytest.raises(ConfigError, match="GANSCOPE_TURN_SECONDS"):
        turn_seconds({"GANSCOPE_TURN_SECONDS": text})


def test_without_a_setting_it_is_half_of_the_machine_s_memory(tmp_path: Path) -> None:
    manager = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1)
    have = machine_memory(torch.device("cpu"))
    assert 10**8 < have < 2**50
    assert manager.launcher.context.room.total == have // 2
    assert manager.budget_cautions(quick(steps=4), "ada") == []
    manager.close()


def test_what_lies_on_the_disk_is_counted_by_whose_it_is(tmp_path: Path) -> None:
    def lay(path: str, size: int) -> None:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"{" + f'"owner": "{path[0]}"'.encode() + b"}" if path.endswith(".json") else b"x" * size)

    for path, size in (("a1/config.json", 0), ("a1/metrics.db", 1000), ("a1/checkpoints/1.pt", 500),
                       ("b1/config.json", 0), ("b1/samples/x.png", 70), (".trash/a2/config.json", 0),
                       (".trash/a2/big", 9000), ("jobs/a3/job.json", 0), ("stray.zip", 40)):  # fmt: skip
        lay(path, size)
    (tmp_path / "jobs/a3/job.json").write_text('{"owner": "a"}')
    (tmp_path / "jobs/a3/result").mkdir()
    (tmp_path / "jobs/a3/result/film.gif").write_bytes(b"x" * 300)
    meter = DiskMeter(tmp_path)
    size = {
        name: (tmp_path / name).stat().st_size for name in ("a1/config.json", "b1/config.json", "jobs/a3/job.json")
    }
    use = meter.use()
    assert use.by_owner == {
        "a": 1500 + 300 + size["a1/config.json"] + size["jobs/a3/job.json"], "b": 70 + size["b1/config.json"],
    }  # fmt: skip
    assert use.total == sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    (tmp_path / "b1/samples/y.png").write_bytes(b"x" * 1000)
    (tmp_path / "a1/metrics.db").write_bytes(b"x" * 2000)
    assert meter.use() == use, "so soon after, the answer is the same"
    meter.forget()
    assert meter.use().total == use.total + 2000
    assert meter.use().by_owner["b"] == use.by_owner["b"] + 1000
    (tmp_path / "b1").rename(tmp_path / ".trash/b1")
    assert "b" not in meter.use().by_owner, "deleting makes room at once"
    (tmp_path / ".trash/b1").rename(tmp_path / "b1")
    assert meter.use().by_owner["b"] == use.by_owner["b"] + 1000


def test_beyond_the_disk_budget_nothing_new_begins_and_before_it_is_said(tmp_path: Path) -> None:
    manager = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1)
    launcher = manager.launcher
    run = launcher.make(launcher.configs.resolved(quick(steps=4)), "", "", StopCondition(), owner="ada")
    launcher.launch(run)
    at_rest(manager, run.manifest.id)
    launcher.disk.meter.forget()
    used = launcher.disk.meter.use()
    assert used.by_owner == {"ada": used.total}

    def limited(disk: float | None, each: float | None) -> RunManager:
        whole = [None if one is None else int(one * used.total) for one in (disk, each)]
        launcher.disk.limits = Budget(disk=whole[0], disk_each=whole[1])
        return manager

    words = [f"Runs take {gigabytes(used.total)} of the "]
    assert [s[: len(words[0])] for s in limited(1.1, None).budget_cautions(quick(steps=4))] == words
    assert "each person has" in limited(None, 1.1).budget_cautions(quick(steps=4), "ada")[0]
    assert limited(None, 1.1).budget_cautions(quick(steps=4), "bob") == []
    assert limited(2.0, 2.0).budget_cautions(quick(steps=4), "ada") == []
    with pytest.raises(ConfigError, match="of disk is what they have on this server; delete some"):
        limited(0.9, None).start(quick(steps=4))
    begin = limited(None, 0.9).launcher.make
    with pytest.raises(ConfigError, match="of disk is what each person has; delete some"):
        begin(quick(steps=4), "", "", StopCondition(), owner="ada")
    begin(quick(steps=4), "", "", StopCondition(), owner="bob").lock.release()
    begin(quick(steps=4), "", "", StopCondition()).lock.release()  # whoever sits at the machine has no share
    manager.close()


def test_networks_beyond_the_memory_budget_are_refused_and_nearly_so_are_said(tmp_path: Path) -> None:
    budget = Budget(memory=4_000_000, memory_each=1_700_000)
    manager = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1, budget=budget)
    wide = quick(steps=4, generator__hidden="512", discriminator__hidden="512")
    assert "of the 1.7 MB of memory that each person's runs have" in manager.budget_cautions(quick(steps=4), "ada")[0]
    assert manager.budget_cautions(quick(steps=4)) == []
    with pytest.raises(ConfigError, match="all runs of this server have 4 MB; narrower networks fit"):
        manager.start(wide)
    with pytest.raises(ConfigError, match="each person's runs have 1.7 MB"):
        manager.launcher.make(
            quick(steps=4, generator__hidden="32"), "", "", StopCondition(), owner="ada"
        )  # fmt: skip
    assert manager.views() == []
    manager.close()

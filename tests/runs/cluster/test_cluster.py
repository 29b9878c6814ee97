"""What can be said of a cluster without one: what is missing there, runs that travel, what the sweep's file holds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from gan_core.runs import RunManager
from gan_core.runs.cluster.carrying import packed, put_in_place
from gan_core.runs.cluster.connecting import Cluster, ClusterProblem, _reach
from gan_core.runs.cluster.driver import SweepDriver
from gan_core.runs.cluster.making import make_sweep
from gan_core.runs.cluster.node_member import NodeMember, Task, mark_of, versions
from gan_core.runs.groups.sweep_beginning import Beginning, read_beginning, write_beginning
from gan_core.runs.groups.sweep_file import OnCluster, read_sweep
from gan_core.runs.groups.sweep_plan import Plan, read_axis
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.storage.labels import Labels, read_labels, write_labels
from gan_core.runs.storage.shared.lock import RunLock, is_held
from gan_core.training import PRESETS
from tests.runs.groups.test_sweeps import ring
from tests.runs.helpers import fingerprint, folder_of, straight


def test_where_nobody_listens_is_said_at_once() -> None:
    with pytest.raises(ClusterProblem, match=r"127\.0\.0\.1:1 cannot be reached \(connection refused\)"):
        _reach("ray://127.0.0.1:1")


def test_what_is_asked_for_and_what_is_there_is_said() -> None:
    cluster = Cluster.__new__(Cluster)
    nodes = [{"Alive": True, "Resources": {"CPU": 4.0}}, {"Alive": False, "Resources": {"CPU": 8.0, "GPU": 1.0}}]
    cluster.ray, cluster._on = SimpleNamespace(nodes=lambda: nodes), OnCluster(cpus=2, gpus=1.0)
    says = "asks for 2 processors and 1 GPU, which no node of the Ray cluster has: it has 1 node with 4 processors"
    with pytest.raises(ClusterProblem, match=says):
        cluster.refuse_without_room()
    cluster._on = OnCluster(cpus=4)
    cluster.refuse_without_room()


def test_a_node_of_another_version_is_refused() -> None:
    driver = SweepDriver.__new__(SweepDriver)
    driver._versions = versions()
    told = {"node": "b", "problem": "", "shares": True, "versions": {**versions(), "torch": "1.0"}}
    with pytest.raises(ClusterProblem, match=r"The node b has torch 1\.0 and this machine has"):
        driver._refuse_unlike(told)
    driver._refuse_unlike({**told, "versions": versions()})


def test_a_run_trains_where_the_folder_is_not_shared_and_comes_back(manager: RunManager, tmp_path: Path) -> None:
    plan = Plan(ring(steps=40), (), seeds=(3, 4))
    sweep = make_sweep(manager, Beginning(plan, OnCluster(), "ring", "Far", owner="ann"))
    run = sweep.members[0].run
    before = manager.view(run)
    write_labels(folder_of(manager, run).root, Labels(tags=("mine",)))
    task = Task(
        sweep.id, run, str(tmp_path / "elsewhere"), str(tmp_path / "data"), mark_of(manager.runs_dir, sweep.id), 1,
        False, "",
    )  # fmt: skip
    node = NodeMember(task)
    assert node.about()["shares"] is False
    told = node.train(packed(manager.runs_dir, run))
    assert (told["state"], told["step"]) == ("finished", 40)
    lock = RunLock(folder_of(manager, run).lock, run)
    lock.acquire()
    lock = put_in_place(manager.runs_dir, run, told["archive"], lock)
    assert is_held(folder_of(manager, run).lock)
    lock.release()
    after = manager.view(run)
    assert (after.state, after.owner, after.sweep, after.order) == ("finished", "ann", sweep.id, before.order)
    assert read_labels(folder_of(manager, run).root).tags == ("mine",)
    assert fingerprint(manager, run) == straight(tmp_path / "here", plan.configs()[0])
    assert not list(manager.runs_dir.glob(".new-*"))


def test_a_node_that_shares_the_folder_trains_there(manager: RunManager, tmp_path: Path) -> None:
    sweep = make_sweep(manager, Beginning(Plan(ring(steps=10), (), seeds=(3, 4)), OnCluster()))
    run, mark = sweep.members[1].run, mark_of(manager.runs_dir, sweep.id)
    node = NodeMember(Task(sweep.id, run, str(manager.runs_dir), str(tmp_path), mark, 1, False, "sliced_wasserstein"))
    assert node.about()["shares"] is True
    assert node.train(None)["archive"] is None
    assert manager.view(run).state == "finished"
    (step, value), *_ = node.news(-1)["measured"]
    assert (step % 5, value > 0) == (0, True)


def test_what_a_page_asks_for_is_read_as_it_was_meant(tmp_path: Path) -> None:
    base = PRESETS["ring"].config
    plan = Plan(base, (read_axis(base, "g_optimizer.lr=1e-4..1e-2"),), (1, 2), 4, 7, 300)
    asked = Beginning(plan, OnCluster("ray://h:10001", 2, 0.5, "modes_covered", 3, 30), "ring", "T", "ann", 300)
    write_beginning(tmp_path / "plan.json", asked)
    assert read_beginning(tmp_path / "plan.json") == asked
    (tmp_path / "plan.json").write_text('{"base": 3}')
    with pytest.raises(ValueError, match="its file is damaged"):
        read_beginning(tmp_path / "plan.json")


def test_a_sweep_of_before_there_were_clusters_still_opens(manager: RunManager) -> None:
    made = make_sweep(manager, Beginning(Plan(ring(steps=10), (), seeds=(3, 4)), OnCluster(gpus=0.5)))
    path = manager.runs_dir / ".sweeps" / f"{made.id}.json"
    assert read_sweep(path) == made
    data = json.loads(path.read_text())
    del data["cluster"]
    path.write_text(json.dumps(data))
    assert read_sweep(path) == replace(made, cluster=None)
    for wrong in ({"address": "http://h"}, {**data, "address": "ray"}, 3, {"address": "ray", "cpus": 10**9}):
        path.write_text(json.dumps({**data, "cluster": wrong}))
        assert Sweeps(manager).all() == []

"""A run as one file: what goes out comes back, whole, and can go on."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gan_core.data.sets.points import PointDataset
from gan_core.runs import UnknownRun
from gan_core.runs.catalog.thumbnails import SIDE, thumbnail
from gan_core.runs.evaluation_record import Evaluation
from gan_core.runs.storage.archives.archive import MANIFEST, export_run
from gan_core.runs.storage.archives.reading import import_run
from gan_core.runs.storage.labels import label, read_labels
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.lock import is_held
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig, preset
from tests.runs.exported import members
from tests.runs.helpers import at_rest, fingerprint, open_manager, quick, straight, until


def shortened(config: RunConfig, steps: int) -> RunConfig:
    return replace(config, total_images=max(100, steps * config.batch_size * config.k_d), precision="float32")


def carry(source: Path, run: str, target: Path, **options: str) -> str:
    out = source.parent / "carried.zip"
    export_run(source, run, out, **options)  # type: ignore[arg-type]
    with open(out, "rb") as file:
        return import_run(target, file, "carried.zip").run


def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    here, there = open_manager(tmp_path / "here"), open_manager(tmp_path / "there")
    config = quick(steps=150)
    run = here.start(config, preset="first-gan", title="Mine")
    at_rest(here, run)
    folder = RunFolder(here.runs_dir / run)
    label(here.runs_dir, run, tags=["baseline"], notes="As it should be.")
    writer = RunWriter(folder)
    writer.add_evaluation(
        Evaluation(150, 2400, 1.0, "pixel features", 60, {"fid": 3.5}, {"fid": 0.5}, cost_seconds=0.1)
    )
    writer.close()
    assert carry(here.runs_dir, run, there.runs_dir) == run
    assert there.view(run) == here.view(run)
    assert fingerprint(there, run) == fingerprint(here, run)
    assert there.evaluations(run) == here.evaluations(run)
    assert there.grids(run) == here.grids(run) != []
    assert all(there.grid(run, step).png == here.grid(run, step).png for step, _ in here.grids(run))
    other = RunFolder(there.runs_dir / run)
    assert other.checkpoints() == folder.checkpoints()
    assert len(folder.checkpoints()) > 1
    assert read_labels(other.root) == read_labels(folder.root)
    assert not is_held(other.lock)
    here.close()
    there.close()


def test_an_imported_run_goes_on_as_it_would_have(tmp_path: Path) -> None:
    whole = straight(tmp_path / "whole", quick(steps=150))
    here, there = open_manager(tmp_path / "here"), open_manager(tmp_path / "there")
    run = here.start(quick(steps=150), stop_at_step=120)
    assert at_rest(here, run).step == 120
    carry(here.runs_dir, run, there.runs_dir, checkpoints="newest")
    there.resume(run)
    assert at_rest(there, run).state == "finished"
    found = fingerprint(there, run)
    assert (found.metrics, found.state) == (whole.metrics, whole.state)
    here.close()
    there.close()


def test_a_run_of_points_has_its_scenes_and_its_small_picture(tmp_path: Path) -> None:
    here, there = open_manager(tmp_path / "here"), open_manager(tmp_path / "there")
    config = shortened(preset("ring").config, 8)
    assert isinstance(config.data, PointDataset)
    run = here.start(config, preset="ring")
    at_rest(here, run)
    carry(here.runs_dir, run, there.runs_dir)
    step = there.grids(run)[-1][0]
    assert there.grid(run, step).is_scene
    assert np.array_equal(there.records(run)["mmd"], here.records(run)["mmd"], equal_nan=True)
    png = thumbnail(there, run, step)
    assert png == thumbnail(here, run, step)
    assert png[16:24] == SIDE.to_bytes(4, "big") * 2
    here.close()
    there.close()


def test_no_run_is_overwritten(tmp_path: Path) -> None:
    manager = open_manager(tmp_path)
    run = manager.start(quick(steps=4))
    at_rest(manager, run)
    before = sorted((p, p.stat().st_mtime_ns) for p in (manager.runs_dir / run).rglob("*") if p.is_file())
    again = carry(manager.runs_dir, run, manager.runs_dir)
    assert again.startswith(run)
    assert again != run
    assert manager.manifest(again).id == again
    assert sorted((p, p.stat().st_mtime_ns) for p in (manager.runs_dir / run).rglob("*") if p.is_file()) == before
    assert {view.id for view in manager.views()} == {run, again}
    manager.close()


@pytest.mark.parametrize(("wanted", "left"), [("all", "all"), ("newest", "two"), ("none", "none")])
def test_checkpoints_come_along_as_asked(tmp_path: Path, wanted: str, left: str) -> None:
    manager = open_manager(tmp_path)
    run = manager.start(quick(steps=260))
    at_rest(manager, run)
    folder = RunFolder(manager.runs_dir / run)
    steps = [row.step for row in folder.checkpoints()]
    assert len(steps) >= 4
    writer = RunWriter(folder)
    for step, distance in ((steps[1], 1.0), (steps[-1], 2.0)):
        writer.add_evaluation(Evaluation(step, step * 16, 1.0, "pixel features", 60, {"fid": distance}, {}))
    writer.close()
    expected = {"all": steps, "two": [steps[1], steps[-1]], "none": []}[left]
    again = carry(manager.runs_dir, run, manager.runs_dir, checkpoints=wanted)
    assert [row.step for row in RunFolder(manager.runs_dir / again).checkpoints()] == expected
    assert manager.view(again).checkpoints == tuple(expected)
    assert len(list((manager.runs_dir / again / "checkpoints").iterdir())) == 2 * len(expected)
    assert [row.step for row in folder.checkpoints()] == steps, "the run itself lost something"
    manager.close()


def test_the_file_is_a_plain_zip_that_tells_what_it_holds(tmp_path: Path) -> None:
    manager = open_manager(tmp_path)
    run = manager.start(quick(steps=4))
    at_rest(manager, run)
    sizes = [export_run(manager.runs_dir, run, tmp_path / name) for name in ("a.zip", "b.zip")]
    data = (tmp_path / "a.zip").read_bytes()
    assert sizes == [len(data)] * 2
    assert data == (tmp_path / "b.zip").read_bytes()
    found = members(data)
    manifest = json.loads(found.pop(MANIFEST))
    assert manifest["run"] == run
    assert manifest["files"] == {
        name: {"size": len(part), "sha256": hashlib.sha256(part).hexdigest()} for name, part in found.items()
    }
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
    assert {"config.json", "metrics.db"} < set(found)
    assert "run.lock" not in found
    manager.close()


def test_a_run_can_be_exported_while_it_trains(tmp_path: Path) -> None:
    manager = open_manager(tmp_path)
    run = manager.start(quick(steps=100_000))
    until(lambda: len(manager.view(run).checkpoints) > 1)
    again = carry(manager.runs_dir, run, manager.runs_dir)
    view = manager.view(again)
    assert view.state == "interrupted"
    assert view.checkpoints
    assert manager.view(run).state == "running"
    manager.close()


def test_what_is_no_run_cannot_be_exported(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(UnknownRun):
        export_run(tmp_path / "runs", "../etc", tmp_path / "out.zip")


def test_an_export_does_not_say_whose_it_was_and_who_imports_it_owns_it(tmp_path: Path) -> None:
    manager = open_manager(tmp_path)
    try:
        run = manager.start(quick(steps=40), owner="somebody-in-the-class")
        at_rest(manager, run)
        export_run(manager.runs_dir, run, out := tmp_path / "run.zip")
        assert b"somebody-in-the-class" not in out.read_bytes()
        with out.open("rb") as file:
            made = import_run(manager.runs_dir, file, "run.zip", "somebody-else").run
        assert (manager.view(run).owner, manager.view(made).owner) == ("somebody-in-the-class", "somebody-else")
        branch = manager.branch(run, 8, owner="a-third")
        assert manager.manifest(branch).owner == "a-third"
        at_rest(manager, branch)
        manager.resume(run, total_images=100_000, stop_at_step=60)
        at_rest(manager, run)
        assert manager.manifest(run).owner == "somebody-in-the-class", "whoever resumes it"
    finally:
        manager.close()

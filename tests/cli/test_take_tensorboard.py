"""`export --to tensorboard`: a whole run, read back by TensorBoard's own reader."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_core.runs import RunManager
from gan_core.runs.catalog.tensorboard_log import log_archive

from .conftest import SMALL, Answer

Cli = Callable[..., Answer]


def test_a_run_s_curves_and_grids_are_there(cli: Cli, tmp_path: Path) -> None:
    run = cli("train", *SMALL, "--set", "record.grid_growth=0", "--steps", "6", "--json").json()["run"]
    logs = tmp_path / "logs"
    assert cli("export", run, "--to", "tensorboard", "--out", str(logs)).status == 0
    cli("export", run, "--to", "csv", "--out", str(tmp_path / "a.csv"))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text())))
    known = EventAccumulator(str(logs / run), size_guidance={"scalars": 0, "images": 0})
    known.Reload()
    for tag, column in (("loss/g_loss", "g_loss"), ("accuracy/d_accuracy_real", "d_accuracy_real")):
        wanted = [(int(row["step"]), float(row[column])) for row in rows]
        found = [(e.step, e.value) for e in known.Scalars(tag)]  # float32, as TensorBoard keeps them
        assert [step for step, _ in found] == [step for step, _ in wanted]
        assert [value for _, value in found] == pytest.approx([value for _, value in wanted], rel=1e-6)
    kept = sorted((tmp_path / "runs" / run / "samples").glob("*.png"))
    assert [e.encoded_image_string for e in known.Images("samples")] == [path.read_bytes() for path in kept]
    assert [e.step for e in known.Images("samples")] == [int(path.stem) for path in kept]


@pytest.mark.long  # the same of pictures: above
def test_a_run_of_points_has_pictures_of_the_plane(cli: Cli, tmp_path: Path) -> None:
    run = cli("train", "--preset", "ring", "--steps", "60", "--set", "record.every_steps=5", "--json").json()["run"]
    assert cli("export", run, "--to", "tensorboard", "--out", str(tmp_path / "logs")).status == 0
    known = EventAccumulator(str(tmp_path / "logs" / run), size_guidance={"images": 0})
    known.Reload()
    assert {(e.width, e.height) for e in known.Images("samples")} == {(480, 480)}
    assert "quality/sliced_wasserstein" in known.Tags()["scalars"]


def test_a_file_in_the_folder_s_place_is_refused_in_a_sentence(cli: Cli, tmp_path: Path) -> None:
    run = cli("train", *SMALL, "--steps", "2", "--json").json()["run"]
    (tmp_path / "taken").write_text("mine")
    said = cli("export", run, "--to", "tensorboard", "--out", str(tmp_path / "taken")).sentence()
    assert "taken" in said
    assert "folder" in said
    assert (tmp_path / "taken").read_text() == "mine"


def test_many_runs_come_in_one_archive(cli: Cli, tmp_path: Path) -> None:
    runs = [cli("train", *SMALL, "--steps", str(steps), "--json").json()["run"] for steps in (2, 4)]
    manager = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1)
    with zipfile.ZipFile(io.BytesIO(log_archive(manager, runs))) as archive:
        archive.extractall(tmp_path / "logs")
    manager.close()
    for run, last in zip(runs, (2, 4), strict=True):
        known = EventAccumulator(str(tmp_path / "logs" / run))
        known.Reload()
        assert known.Scalars("loss/d_loss")[-1].step == last

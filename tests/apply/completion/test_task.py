"""The task as a job: every way to hide a part, its files, what is said of it, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_core.apply.completion.masks import made_mask
from gan_core.apply.completion.task import FillPicture
from gan_core.config.codec import ConfigError
from gan_core.data import FashionMnist
from gan_core.runs import RunManager
from gan_core.runs.jobs import JobFolder, JobManager

QUICK = FillPicture(
    model="fashion", source="held-out", index=3, hiding="half", count=3, restarts=8, iterations=12, pool=128
)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobManager]:
    folder = tmp_path_factory.mktemp("jobs")
    manager = RunManager(folder / "runs", folder / "data", device="cpu", threads=1)
    made = JobManager(manager)
    yield made
    made.close()
    manager.close()


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(out, "PNG")
    return out.getvalue()


def done(jobs: JobManager, task: FillPicture, inputs: dict[str, bytes] | None = None) -> tuple[JobFolder, dict]:
    job = jobs.start(task, inputs)
    view = jobs.wait(job, 120)
    assert view.state == "done", view.status.problem
    outcome = jobs.folder(job).outcome()
    assert outcome is not None
    return jobs.folder(job), outcome


def refused(jobs: JobManager, task: FillPicture, inputs: dict[str, bytes] | None = None) -> str:
    view = jobs.wait(jobs.start(task, inputs), 120)
    assert view.state == "failed"
    assert view.status.problem.endswith(".")
    return view.status.problem


def picture(folder: JobFolder, name: str) -> np.ndarray:
    return np.asarray(Image.open(folder.result / f"{name}.png"))


def test_a_held_out_picture_is_completed_and_scored(jobs: JobManager) -> None:
    folder, outcome = done(jobs, QUICK)
    real = FashionMnist().load(28, Path("data")).held_out[3, 0].numpy()
    hidden = made_mask("half", 28)
    np.testing.assert_array_equal(picture(folder, "truth"), real)
    np.testing.assert_array_equal(picture(folder, "mask") == 255, hidden)
    assert len(outcome["completions"]) == 3
    for i, one in enumerate(outcome["completions"], 1):
        filled = picture(folder, f"completion-{i}")
        np.testing.assert_array_equal(filled[~hidden], real[~hidden])
        off = filled[hidden].astype(float) - real[hidden]
        assert one["l1"] == pytest.approx(np.abs(off).mean())
        assert one["psnr"] == pytest.approx(10 * np.log10(255**2 / np.mean(off**2)))
    for name in ("mean", "nearest", "smooth"):
        np.testing.assert_array_equal(picture(folder, name)[~hidden], real[~hidden])
        assert outcome["simple"][name]["psnr"] > 0
    rows = list(csv.DictReader(io.StringIO((folder.result / "scores.csv").read_text())))
    assert [row["picture"] for row in rows] == [f"completion-{i}" for i in (1, 2, 3)] + ["mean", "nearest", "smooth"]
    with np.load(folder.result / "latents.npz") as kept:
        assert kept["latents"].shape == (3, 16)
        assert str(kept["space"]) == "z"
        assert kept["generated"].shape == (3, 28, 28, 1)
    assert "On the known part the generator's nearest picture is off by" in outcome["verdict"]
    steps = [values["step"] for name, values in folder.live()]
    assert steps[-1] == 12
    assert json.dumps(outcome)


def test_the_simple_ways_are_what_they_are_called(jobs: JobManager) -> None:
    folder, outcome = done(jobs, QUICK)
    images = FashionMnist().load(28, Path("data")).images[:, 0].numpy()
    hidden, truth = made_mask("half", 28), picture(folder, "truth").astype(float)
    known = images[:, ~hidden].astype(float)
    nearest = int(((known - truth[~hidden]) ** 2).sum(1).argmin())
    np.testing.assert_array_equal(picture(folder, "nearest")[hidden], images[nearest][hidden])
    assert f"training image {nearest:,}" in outcome["simple"]["nearest"]["words"]
    mean = images.astype(float).mean(0)
    np.testing.assert_allclose(picture(folder, "mean")[hidden], mean[hidden], atol=0.51)


def test_a_picture_and_a_mask_of_ones_own(jobs: JobManager) -> None:
    rng = np.random.default_rng(0)
    own, hidden = rng.integers(0, 256, (28, 28), np.uint8), made_mask("pixels", 28, share=0.4)
    inputs = {"picture": png(own), "mask": png(np.where(hidden, 255, 0).astype(np.uint8))}
    task = replace(QUICK, source="upload", hiding="mask")
    folder, outcome = done(jobs, task, inputs)
    np.testing.assert_array_equal(picture(folder, "completion-1")[~hidden], own[~hidden])
    assert outcome["truth"] == "truth.png"
    assert "cannot make such a picture" in outcome["verdict"]  # noise
    _, outcome = done(jobs, replace(task, truth=False), inputs)
    assert outcome["truth"] is None
    assert "psnr" not in outcome["completions"][0]
    assert "psnr" not in outcome["simple"]["mean"]
    assert outcome["completions"][0]["error"] > 0


def test_transparent_parts_and_low_resolution(jobs: JobManager) -> None:
    pixels = np.full((28, 28, 4), 255, np.uint8)
    pixels[5:15, 5:15, 3] = 0
    _, outcome = done(jobs, replace(QUICK, source="upload", hiding="transparent"), {"picture": png(pixels)})
    assert outcome["hidden_share"] == pytest.approx(100 / 784)
    assert outcome["truth"] is None
    folder, outcome = done(jobs, replace(QUICK, hiding="low-resolution", factor=4))
    filled, truth = (picture(folder, name).reshape(7, 4, 7, 4).mean((1, 3)) for name in ("completion-1", "truth"))
    assert np.abs(filled - truth).max() <= 0.51
    assert outcome["simple"]["smooth"]["words"] == "bicubic interpolation"


def test_a_class_and_styles_can_be_asked_for(jobs: JobManager) -> None:
    _, outcome = done(jobs, replace(QUICK, model="fashion-classes", label=1))
    assert {one["class"] for one in outcome["completions"]} == {"Trouser"}
    _, outcome = done(jobs, replace(QUICK, model="fashion-style"))
    assert outcome["space"] == "w"


def test_what_cannot_begin_is_refused_at_once(jobs: JobManager) -> None:
    for task, words in (
        (replace(QUICK, source="upload"), "There is no picture"),
        (replace(QUICK, hiding="mask"), "There is no mask"),
        (replace(QUICK, hiding="transparent"), "Only a picture of your own"),
    ):
        with pytest.raises(ConfigError, match=words):
            jobs.start(task)


def test_what_cannot_be_done_is_a_sentence(jobs: JobManager) -> None:
    own = png(np.zeros((28, 28), np.uint8))
    upload = replace(QUICK, source="upload", hiding="mask")
    for task, inputs, words in (
        (upload, {"picture": own, "mask": own}, "The mask hides nothing"),
        (upload, {"picture": own, "mask": png(np.full((28, 28), 255, np.uint8))}, "The mask hides everything"),
        (upload, {"picture": own, "mask": png(np.zeros((30, 60), np.uint8))}, "The mask is 60 x 30 pixels"),
        (upload, {"picture": b"\x00" * 99, "mask": own}, "The picture cannot be read"),
        (replace(upload, hiding="transparent"), {"picture": own}, "has no transparent parts"),
        (replace(QUICK, model="nobody"), None, "There is no model called 'nobody'"),
        (replace(QUICK, hiding="low-resolution", factor=8), None, "choose one of 2, 4, 7"),
        (replace(QUICK, space="w"), None, 'space is "w"'),
        (replace(QUICK, label=3), None, "label is 3; this generator has 0 classes"),
    ):
        assert words in refused(jobs, task, inputs)


def test_a_stopped_job_comes_to_the_same_when_it_goes_on(jobs: JobManager) -> None:
    long = replace(QUICK, iterations=150)
    job = jobs.start(long)
    while not jobs.folder(job).live():
        jobs.wait(job, 0.02)
    jobs.cancel(job)
    assert jobs.wait(job, 180).state == "cancelled"
    assert jobs.folder(job).files() == []  # nothing half written
    assert jobs.folder(job).outcome() is None
    jobs.resume(job)
    assert jobs.wait(job, 120).state == "done"
    straight, _ = done(jobs, long)
    again = jobs.folder(job)
    assert [path.name for path in again.files()] == [path.name for path in straight.files()]
    for path in again.files():
        if path.suffix == ".png":
            assert path.read_bytes() == (straight.result / path.name).read_bytes()

"""`augment`: the last line in JSON, the table for people, refusals in a sentence, stopping and going on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_core.apply.augmentation import classifier
from gan_core.cli.apply.augment import task_from
from gan_core.cli.parser import build_parser
from gan_core.config.codec import ConfigError
from gan_core.data import OwnImages, Shapes
from gan_core.runs.jobs import JobManager
from tests.cli.conftest import SMALL, Answer

Cli = Callable[..., Answer]
TINY = [
    "--data", "shapes", "--set", "data.count=1000", "--per-class", "5", "--seeds", "2", "--ways", "synthetic,classic",
    "--set", "gan_images=640", "--set", "classifier_steps=10", "--threads", "1", "--device", "cpu",
]  # fmt: skip


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A classifier's step on 16 images takes an eighth of the time."""
    monkeypatch.setattr(classifier, "BATCH", 16)


def test_the_last_line_has_ways_verdict_and_job(cli: Cli, tmp_path: Path) -> None:
    told = cli("augment", *TINY, "--json").json()
    assert list(told["ways"]) == ["real", "synthetic", "classic"]
    for way in told["ways"].values():
        assert 0.0 <= way["low"] <= way["mean"] <= way["high"] <= 1.0
    assert told["verdict"].endswith(".")
    result = tmp_path / "runs/jobs" / told["job"] / "result"
    assert (result / "report.html").is_file()
    assert (result / "synthetic.zip").is_file()


def test_people_get_a_table_and_the_sentence(cli: Cli) -> None:
    answer = cli("augment", *TINY, "--ways", "classic", "--seeds", "1")
    assert answer.status == 0
    titles, real, classic, *rest = answer.out.splitlines()
    assert titles.split()[0] == "way"
    assert real.split()[0] == "real"
    assert classic.split()[0] == "classic"
    assert any(line.startswith("Synthetic images were not tried with 5 images a class") for line in rest)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--per-class", "20000"], "20,000 images of each of 10 classes were asked for"),
        (["--per-class", "9000"], 'Of "T-shirt/top" there are 6,000 images to learn from'),
        (["--ways", "fake"], 'There is no way called "fake"'),
        (["--ratio", "1,x"], 'The ratio "x" is none'),
        (["--data", "nothing"], 'data is "nothing"; it must be one of'),
        (["--data", "ring"], "is of points in the plane"),
        (["--data", "images/none-such"], "none-such"),
        (["--set", "seeds"], '--set is "seeds"; it must be FIELD=VALUE'),
        (["--run", "no-such-run"], "There is no model called 'no-such-run'"),
        (["--run", "fashion"], "cannot be asked for a class"),
        (["--run", "fashion-classes", "--data", "shapes", "--set", "data.count=1000"], "learned from Fashion-MNIST"),
        (["--run", "fashion-classes", "--set", "held_out=drawn"], "may have seen the images that are held out"),
    ],
)
def test_what_cannot_be_is_one_sentence(cli: Cli, words: list[str], sentence: str) -> None:
    assert sentence in cli("augment", *words).sentence()


def test_a_run_that_has_not_seen_what_is_held_out_is_taken(cli: Cli) -> None:
    shapes = ["--set", "data=shapes", "--set", "data.count=1000", "--set", "size=32", "--set", "conditional=true"]
    run = cli("train", *SMALL, *shapes, "--steps", "2", "--json").json()["run"]
    told = cli("augment", *TINY, "--run", run, "--json").json()
    assert any("which learned from 1,000 images, where the real ones here are 30" in note for note in told["notes"])
    assert "the generator had learned from 1,000 images" in told["verdict"]
    assert told["gan"]["seeds"] == [{}, {}]


def test_a_stop_keeps_what_is_done_and_jobs_goes_on(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Ctrl-C does it: the bar's loop sees that a stop is asked for once the first classifier is there."""
    first = threading.Event()
    waited = JobManager.wait

    def wait(jobs: JobManager, job: str, seconds: float | None = None) -> object:
        if not first.is_set() and list((jobs.folder(job).root / "parts").glob("fit-*.json")):
            first.set()
            jobs.cancel(job)
        return waited(jobs, job, seconds)

    monkeypatch.setattr(JobManager, "wait", wait)
    said = cli("augment", *TINY).sentence()
    assert "what is finished is kept: python -m gan_core jobs --resume " in said
    job = said.partition("--resume ")[2].split()[0]
    told = cli("jobs", "--resume", job, "--threads", "1", "--device", "cpu", "--json").json()
    assert told["job"] == job
    assert list(told["ways"]) == ["real", "synthetic", "classic"]


def test_words_become_a_task() -> None:
    def task(*words: str) -> object:
        return task_from(build_parser().parse_args(["augment", *words]))

    asked = task("--data", "images/cats", "--per-class", "20", "--seconds", "5", "--set", "flips=no")
    assert (asked.data, asked.per_class, asked.seconds, asked.flips) == (OwnImages("cats"), 20, 5.0, "no")  # type: ignore[attr-defined]
    assert task("--data", "shapes", "--set", "data.count=600").data == Shapes(600)  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="seeds is 99"):
        task("--set", "seeds=99")

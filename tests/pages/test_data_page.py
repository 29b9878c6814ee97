"""The data page: what is there, what becomes of an upload, delete and undo, and the way to the Lab."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from gan_core.data import datasets, list_own
from pages.ui.home import Home
from pages.ui.jobs import Job, Jobs
from tests.pages.fake_manager import FakeManager

PAGE = Path(__file__).parents[2] / "pages" / "data" / "page.py"


def picture(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def archive(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for i in range(count):
            file.writestr(f"{i}.png", picture(i))
        file.writestr("notes.png", b"this is no picture")
    return out.getvalue()


def open_page() -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert not app.exception, app.exception
    return app


@pytest.fixture
def with_a_set(home: Home, manager: FakeManager) -> AppTest:
    app = open_page()
    app.file_uploader(key="upload:0").set_value([("drawings.zip", archive(12), "application/zip")]).run()
    app.text_input(key="upload-title").set_value("My drawings").run()
    app.button(key="read").click().run()
    assert not app.exception, app.exception
    return app


def test_every_dataset_has_its_card_and_its_one_action(home: Home) -> None:
    shown = {b.key for b in open_page().button}
    for entry in datasets:
        if entry.name != "images":
            assert len(shown & {f"use-{entry.name}", f"fetch-{entry.name}"}) == 1, entry.name


def test_an_upload_is_read_reported_and_listed(with_a_set: AppTest, manager: FakeManager) -> None:
    (success,) = with_a_set.success
    assert "12 read, 1 refused" in success.value
    assert any("notes.png" in t.value for t in with_a_set.text)
    (own,) = list_own(manager.data_dir)
    assert (own.title, own.count) == ("My drawings", 12)
    assert "use-own-my-drawings" in {b.key for b in with_a_set.button}


def test_nothing_readable_is_said_and_keeps_nothing(home: Home, manager: FakeManager) -> None:
    app = open_page()
    app.file_uploader(key="upload:0").set_value([("fake.png", b"<html>", "image/png")]).run()
    app.button(key="read").click().run()
    assert not app.exception
    (error,) = app.error
    assert "0 read, 1 refused" in error.value
    assert list_own(manager.data_dir) == ()


def test_delete_can_be_undone(with_a_set: AppTest, manager: FakeManager) -> None:
    with_a_set.button(key="delete-my-drawings").click().run()
    assert list_own(manager.data_dir) == ()
    with_a_set.button(key="undo").click().run()
    assert not with_a_set.exception
    assert [s.slug for s in list_own(manager.data_dir)] == ["my-drawings"]


def test_a_fetch_shows_how_far_it_is_and_can_be_stopped() -> None:
    jobs = Jobs()

    def work(job: Job) -> None:
        for i in range(1000):
            job.progress(i / 1000, "fetching")
            time.sleep(0.01)

    job = jobs.start("mnist", "MNIST", work)
    assert jobs.start("mnist", "MNIST", work) is job, "started twice"
    end = time.monotonic() + 60
    while job.fraction == 0 and time.monotonic() < end:
        time.sleep(0.01)
    assert job.words == "fetching"
    job.cancel()
    while not job.done and time.monotonic() < end:
        time.sleep(0.01)
    assert job.done
    assert job.problem == "MNIST: stopped, nothing was kept."


def test_a_failed_fetch_ends_with_its_sentence() -> None:
    def work(job: Job) -> None:
        raise ValueError("No network.")

    job = Jobs().start("svhn", "SVHN", work)
    end = time.monotonic() + 60
    while not job.done and time.monotonic() < end:
        time.sleep(0.01)
    assert job.problem == "No network."

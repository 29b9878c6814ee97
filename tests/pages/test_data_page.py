"""The data page: what is there, what becomes of an upload, delete and undo, and the way to the Lab."""

from __future__ import annotations

import io
import re
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from gan_core.data import OwnImages, datasets, delete_own, list_own
from gan_core.data.own.saving import save_own
from gan_core.training import PRESETS
from pages.server.app_state import AppState
from pages.server.atlas import atlas_png
from pages.server.jobs import Job, Jobs
from pages.ui.preset_match import as_preset, matching_preset
from tests.pages.fake_manager import FakeManager
from tests.runs.helpers import until

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
    app = AppTest.from_file(str(PAGE), default_timeout=180).run()
    assert not app.exception, app.exception
    return app


@pytest.fixture
def with_a_set(home: AppState, manager: FakeManager) -> AppTest:
    app = open_page()
    app.file_uploader(key="upload:0").set_value([("drawings.zip", archive(12), "application/zip")]).run()
    app.text_input(key="upload-title").set_value("My drawings").run()
    app.button(key="read").click().run()
    assert not app.exception, app.exception
    assert list_own(manager.data_dir) == (), "kept before anybody said so"
    app.button(key="keep").click().run()
    assert not app.exception, app.exception
    return app


def test_every_dataset_has_its_card_and_its_one_action(home: AppState) -> None:
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


def test_nothing_readable_is_said_and_keeps_nothing(home: AppState, manager: FakeManager) -> None:
    app = open_page()
    app.file_uploader(key="upload:0").set_value([("fake.png", b"<html>", "image/png")]).run()
    app.button(key="read").click().run()
    assert not app.exception
    assert any("0 pictures read, 1 refused" in m.value for m in app.markdown)
    (error,) = app.error
    assert "nothing can be kept" in error.value
    assert "keep" not in {b.key for b in app.button}
    app.button(key="discard").click().run()
    assert list_own(manager.data_dir) == ()
    assert app.error == []


@pytest.mark.parametrize("channels", [1, 3])
def test_one_sees_through_a_sheet_where_there_are_too_few_pictures(channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, channels, 8, 8), np.uint8)
    sheet = Image.open(io.BytesIO(atlas_png(images, 2, 2)))
    assert np.array_equal(np.asarray(sheet)[:8, 8:, :channels], images[1].transpose(1, 2, 0))
    assert np.array_equal(np.asarray(sheet.getchannel("A")), np.kron([[255, 255], [255, 0]], np.ones((8, 8))))
    full = Image.open(io.BytesIO(atlas_png(images[:2], 2, 1)))
    assert full.mode == ("L" if channels == 1 else "RGB")


def test_delete_can_be_undone(with_a_set: AppTest, manager: FakeManager) -> None:
    with_a_set.button(key="delete-my-drawings").click().run()
    assert list_own(manager.data_dir) == ()
    with_a_set.button(key="undo").click().run()
    assert not with_a_set.exception
    assert [s.slug for s in list_own(manager.data_dir)] == ["my-drawings"]


def pets(*more: str) -> bytes:
    """Two class folders, ten pictures each, and other names."""
    out = io.BytesIO()
    names = [f"pets/{kind}/{n}.png" for n in range(10) for kind in ("cats", "*dogs*")]
    with zipfile.ZipFile(out, "w") as file:
        for i, name in enumerate([*names, *more]):
            file.writestr(name, picture(i))
    return out.getvalue()


def upload(app: AppTest, content: bytes, name: str = "pets.zip") -> AppTest:
    turn = app.session_state["upload-turn"]
    app.file_uploader(key=f"upload:{turn}").set_value([(name, content, "application/zip")]).run()
    app.button(key="read").click().run()
    assert not app.exception, app.exception
    return app


def all_words(app: AppTest) -> str:
    return "\n".join(str(e.value) for kind in ("markdown", "text", "caption") for e in app.get(kind)) + "\n".join(
        e.proto.body for e in app.get("html")
    )


def test_the_report_says_what_was_understood_and_what_is_chosen_is_kept(home: AppState, manager: FakeManager) -> None:
    app = upload(open_page(), pets("pets/cover.png"))
    words = all_words(app)
    assert "1 picture has no class folder" in words
    assert "18 pictures to train on: too few" in words
    assert '<th scope="row">*dogs*</th><td>9</td><td>1</td>' in words
    app.selectbox(key="draft:strays").set_value("own class").run()
    assert not app.exception, app.exception
    assert '<th scope="row">other</th>' in all_words(app)
    app.button(key="keep").click().run()
    (own,) = list_own(manager.data_dir)
    assert own.classes == ("*dogs*", "cats", "other")
    assert own.count == 21


HOSTILE = [
    "![x](http://evil.example/a.png)",
    "<img src=http://evil.example/b.png onerror=alert(1)>",
    ":red[x]",
    "$x$",
]


def test_names_from_outside_are_shown_letter_by_letter(home: AppState, manager: FakeManager) -> None:
    """As class folders, stray pictures, repeats, refused files, rows of a table, and the set's own title."""
    out = io.BytesIO()
    safe = [name.replace("/", "\u2215") for name in HOSTILE]
    with zipfile.ZipFile(out, "w") as file:
        for i in range(40):
            file.writestr(f"{safe[i % 4]}/{i}.png", picture(i))
        for i, name in enumerate(safe):
            file.writestr(f"{name}.png", picture(100 + i))
            file.writestr(f"{safe[0]}/again {name}.png", picture(0))
            file.writestr(f"{safe[1]}/too {name}.png", picture(0))
            file.writestr(f"{name} text.png", b"no picture")
        file.writestr(f"{safe[0]}.csv", "\n".join(f"{name} gone.png,{name}" for name in HOSTILE))
    app = upload(open_page(), out.getvalue(), "![t](x).zip")
    for after in ("", "keep", "open-t-x"):
        if after:
            app.button(key=after).click().run()
        assert not app.exception, app.exception
        shown = [
            str(e.value) for kind in ("markdown", "caption", "success", "warning", "error") for e in app.get(kind)
        ]
        shown += [e.label for kind in ("button", "selectbox", "expander") for e in app.get(kind)]
        assert not [words for words in shown if re.search(r"(?<!\\)(!\[|<img|:red\[|\$x)", words)], after
        assert not [e for e in app.get("html") if "<img src=http" in e.proto.body], after
    assert [own.title for own in list_own(manager.data_dir)] == ["![t](x)"]


def test_pressing_the_wrong_things_keeps_or_loses_nothing(home: AppState, manager: FakeManager) -> None:
    app = upload(open_page(), b"filename,label\na.png,b\n", "labels.csv")
    assert any("nothing can be kept" in e.value for e in app.error)
    app.button(key="discard").click().run()
    upload(app, pets())
    upload(app, pets("pets/more.png"), "second.zip")  # another upload while the first report is open
    app.selectbox(key="draft:classes").set_value("none").run()
    app.button(key="keep").click().run()
    assert [(s.title, s.count, s.classes) for s in list_own(manager.data_dir)] == [("second", 21, ())]
    app.button(key="open-second").click().run()
    app.button(key="browse-add").click().run()
    app.button(key="delete-second").click().run()
    assert not app.exception, app.exception
    assert not any("Adding to" in m.value for m in app.markdown)
    upload(app, pets(), "third.zip")
    app.button(key="undo").click().run()
    app.button(key="keep").click().run()
    assert not app.exception, app.exception
    assert {s.title for s in list_own(manager.data_dir)} == {"second", "third"}


def test_discarding_keeps_nothing(home: AppState, manager: FakeManager) -> None:
    app = upload(open_page(), pets())
    app.button(key="discard").click().run()
    assert not app.exception, app.exception
    assert list_own(manager.data_dir) == ()
    assert "draft" not in app.session_state


def test_a_set_is_looked_through_by_class_and_grows_by_the_same_report(home: AppState, manager: FakeManager) -> None:
    app = upload(open_page(), pets())
    app.button(key="keep").click().run()
    app.button(key="open-pets").click().run()
    assert not app.exception, app.exception
    assert app.selectbox(key="browse-class").options == ["All", "*dogs*", "cats", "Held out"]
    app.selectbox(key="browse-class").set_value("cats").run()
    assert not app.exception, app.exception
    app.button(key="browse-add").click().run()
    assert any("Adding to **pets**" in m.value for m in app.markdown)
    upload(app, picture(77), "new.png")
    assert "With those of the set: 19 pictures to train on" in all_words(app)
    app.selectbox(key="as-class").set_value("cats").run()
    app.button(key="keep").click().run()
    assert [t.value for t in app.toast] == ["Added to pets: 1 read, 0 refused, 1 class."]
    assert not app.exception, app.exception
    assert list_own(manager.data_dir)[0].count == 21
    assert any("1 picture was added." in t.value for t in app.text)
    app.button(key="open-pets").click().run()  # what can be undone is in the set now, and no longer beside it
    assert not app.exception, app.exception
    assert [t.value for t in app.text if "added" in t.value] == ["1 picture was added."]
    app.button(key="undo-pictures").click().run()
    assert not app.exception, app.exception
    assert (list_own(manager.data_dir)[0].count, list_own(manager.data_dir)[0].dropped) == (20, 1)
    upload(app, pets(), "again.zip")
    assert len(list_own(manager.data_dir)) == 1


def test_a_set_that_somebody_else_deleted_while_it_is_open_is_said(home: AppState, manager: FakeManager) -> None:
    app = upload(open_page(), pets())
    app.button(key="keep").click().run()
    app.button(key="open-pets").click().run()
    delete_own(manager.data_dir, "pets")
    app.selectbox(key="browse-class").set_value("cats").run()
    assert not app.exception, app.exception
    assert any("There is no image set" in w.value for w in app.warning)


def test_train_on_this_takes_size_and_words_from_the_set(with_a_set: AppTest, manager: FakeManager) -> None:
    name, config = matching_preset(OwnImages("my-drawings"), manager.data_dir)
    assert (name, config.size, config.data) == ("few-images", 32, OwnImages("my-drawings"))  # they were 40 px
    slug = save_own(manager.data_dir, "Photos", np.zeros((12, 3, 64, 64), np.uint8), (), (), {}, source_side=900)
    _, config = matching_preset(OwnImages(slug), manager.data_dir)
    assert config.size == 64
    assert as_preset("few-images", config, manager.data_dir) == config
    assert as_preset("emoji", config, manager.data_dir).data == OwnImages(slug)
    assert "Emoji" not in PRESETS[name].label + PRESETS[name].help


def test_a_fetch_shows_how_far_it_is_and_can_be_stopped() -> None:
    jobs = Jobs()

    def work(job: Job) -> None:
        for i in range(1000):
            job.progress(i / 1000, "fetching")
            time.sleep(0.01)

    job = jobs.start("mnist", "MNIST", work)
    assert jobs.start("mnist", "MNIST", work) is job, "started twice"
    until(lambda: job.fraction > 0)
    assert job.words == "fetching"
    job.cancel()
    until(lambda: job.done)
    assert job.problem == "MNIST: stopped, nothing was kept."


def test_a_failed_fetch_ends_with_its_sentence() -> None:
    def work(job: Job) -> None:
        raise ValueError("No network.")

    job = Jobs().start("svhn", "SVHN", work)
    until(lambda: job.done)
    assert job.problem == "No network."

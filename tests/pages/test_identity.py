"""Previews and answers go by what a set holds: at once, in every tab, also for files that change on disk."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from gan_core.config.codec import to_dict
from gan_core.data import DataUnavailable, OwnImages, bring_back, delete_own, drop_pictures
from gan_core.data.own.edit import add_to_own
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from pages.compare import settings
from pages.explore.ops import inversion, maps
from pages.lab.page import preview_of
from pages.server.app_state import AppState
from pages.server.atlas import Previews
from pages.server.live.operations import OperationContext
from pages.server.preview import preview_key
from tests.data.discs import BLUE, RED, discs, keep
from tests.pages.fake_manager import FakeManager
from tests.pages.server.serving import served
from tests.runs.helpers import at_rest, open_manager, quick

PAGE = Path(__file__).parents[2] / "pages" / "data" / "page.py"


def ink(png: bytes) -> str:
    """Which colour the discs of an atlas have."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).reshape(-1, 3).astype(int)
    return "red" if pixels[:, 0].sum() > pixels[:, 2].sum() else "blue"


def shown(home: AppState, app: AppTest) -> list[str]:
    """The colours of the previews of own sets, as the page has them now."""
    keys = [key for html in app.main.get("html") for key in re.findall(r"preview/([0-9a-f]+)\.png", html.proto.body)]
    atlases = {key: home.previews.get(key) for key in keys}
    own = {preview_key(home.previews, OwnImages(s), 64, home.manager().data_dir, 8, 3) for s in ("my-drawings",)}
    return [ink(png) for key, png in atlases.items() if key in own]


def test_a_set_of_the_same_name_is_shown_at_once_in_every_tab(home: AppState, manager: FakeManager) -> None:
    keep(manager.data_dir, discs(RED))
    first, second = (AppTest.from_file(str(PAGE), default_timeout=180).run() for _ in range(2))
    assert shown(home, first) == shown(home, second) == ["red"]
    first.button(key="delete-my-drawings").click().run()
    keep(manager.data_dir, discs(BLUE))
    for tab in (first, second):
        tab.run()
        assert not tab.exception
        assert shown(home, tab) == ["blue"]


def test_pictures_left_out_and_brought_back_are_shown_at_once_in_every_tab(
    home: AppState, manager: FakeManager
) -> None:
    slug = keep(manager.data_dir, np.concatenate([discs(RED), discs(BLUE, 60, seed=1)]))
    lab = replace(quick(steps=4), data=OwnImages(slug), size=28)
    tabs = [AppTest.from_file(str(PAGE), default_timeout=180).run() for _ in range(2)]

    def colours() -> set[str]:
        seen = {ink(home.previews.get(known["key"])) for known in [preview_of(lab)] if known}
        for tab in tabs:
            tab.run()
            assert not tab.exception
            seen |= set(shown(home, tab))
        return seen

    before = preview_of(lab)
    assert colours() == {"red"}
    drop_pictures(manager.data_dir, slug, range(40))
    assert colours() == {"blue"}
    bring_back(manager.data_dir, slug, range(40))
    assert colours() == {"red"}
    assert before is not None
    assert preview_of(lab) == before
    drop_pictures(manager.data_dir, slug, range(40, 100))
    few = preview_of(lab)
    add_to_own(manager.data_dir, slug, discs(BLUE, 30, seed=2), [], [], {}, held_out=np.zeros(30, bool))
    assert preview_of(lab) != few


def test_files_that_change_on_disk_are_shown_at_once(tmp_path: Path) -> None:
    previews, own = Previews(), tmp_path / "own"
    slug, other = keep(tmp_path, discs(RED)), keep(tmp_path, discs(BLUE), "Other")
    assert ink(previews.get(preview_key(previews, OwnImages(slug), 28, tmp_path))) == "red"
    shutil.rmtree(own / slug)
    shutil.copytree(own / other, own / slug)
    assert ink(previews.get(preview_key(previews, OwnImages(slug), 28, tmp_path))) == "blue"


def test_a_file_that_was_damaged_is_not_shown_as_it_was(tmp_path: Path) -> None:
    previews, slug = Previews(), keep(tmp_path, discs(RED))
    preview_key(previews, OwnImages(slug), 28, tmp_path)
    path = tmp_path / "own" / slug / "images.npy"
    path.write_bytes(path.read_bytes()[::-1])
    with pytest.raises(DataUnavailable, match="is damaged"):
        preview_key(previews, OwnImages(slug), 28, tmp_path)


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[RunManager, str]]:
    """A run of red discs with the real engine."""
    manager = open_manager(tmp_path)
    monkeypatch.setattr(inversion, "data_dir", lambda: manager.data_dir)
    keep(manager.data_dir, discs(RED))
    config = replace(quick(steps=40), data=OwnImages("my-drawings"), size=28)
    run = manager.start(config, stop_at_step=4)
    assert at_rest(manager, run).state == "finished"
    yield manager, run
    manager.close()


def test_is_it_copying_is_asked_of_the_runs_own_pictures(trained: tuple[RunManager, str]) -> None:
    manager, run = trained
    context = OperationContext(ModelCatalog(manager))
    asked = {"model": f"run:{run}", "look": {"where": {"seed": 1}}}
    assert maps.nearest(context, asked, []).header["verdict"]
    delete_own(manager.data_dir, "my-drawings")
    keep(manager.data_dir, discs(BLUE))
    for act in (
        lambda: maps.nearest(context, asked, []),
        lambda: inversion.target(context, {"model": f"run:{run}", "source": "real"}, []),
    ):
        with pytest.raises(ValueError, match='"My drawings" has 40 other pictures than this run was trained on'):
            act()
    delete_own(manager.data_dir, "my-drawings")
    with pytest.raises(ValueError, match='"My drawings" that this run was trained on is missing'):
        maps.nearest(context, asked, [])
    keep(manager.data_dir, discs(RED))
    assert maps.nearest(context, asked, []).header["verdict"]


def test_real_images_of_a_run_are_its_own(trained: tuple[RunManager, str]) -> None:
    from starlette.applications import Starlette

    from pages.server.http.routes import routes

    manager, run = trained
    home = AppState(manager)
    with served(Starlette(routes=routes(home))) as client:
        real = client.get(f"/live/{run}/real.png?token={home.token}")
        assert ink(real.content) == "red"
        assert "immutable" in real.headers["cache-control"]
        delete_own(manager.data_dir, "my-drawings")
        keep(manager.data_dir, discs(BLUE))
        changed = client.get(f"/live/{run}/real.png?token={home.token}")
        assert changed.status_code == 404
        assert "40 other pictures" in changed.text


def test_the_lab_shows_what_the_next_run_will_learn_from(home: AppState, manager: FakeManager) -> None:
    keep(manager.data_dir, discs(RED))
    config = replace(quick(steps=4), data=OwnImages("my-drawings"), size=28)
    before = preview_of(config)
    delete_own(manager.data_dir, "my-drawings")
    assert preview_of(config) is None
    keep(manager.data_dir, discs(BLUE))
    after = preview_of(config)
    assert before is not None
    assert after is not None
    assert before["key"] != after["key"]
    assert (ink(home.previews.get(before["key"])), ink(home.previews.get(after["key"]))) == ("red", "blue")
    assert to_dict(config)["data"]["slug"] == "my-drawings"


def test_compared_runs_of_one_name_tell_what_it_held(
    trained: tuple[RunManager, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    manager, red = trained
    monkeypatch.setattr(settings, "manager", lambda: manager)
    delete_own(manager.data_dir, "my-drawings")
    keep(manager.data_dir, discs(BLUE))
    blue = manager.start(manager.config(red), stop_at_step=4)
    assert at_rest(manager, blue).state == "finished"
    row = settings.content_row([manager.view(run) for run in (red, blue)], 2)
    assert row is not None
    assert row["differs"]
    assert [cell.split(" (")[0] for cell in row["cells"]] == ["40 pictures"] * 2
    alone = settings.content_row([manager.view(red)], 2)  # against its preset
    assert alone is not None
    assert (alone["differs"], alone["cells"][1]) == (False, "–")
    assert settings.content_row([], 1) is None

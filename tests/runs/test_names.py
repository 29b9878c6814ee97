"""What runs are called: names sort as they were given, also many in one millisecond and from many threads."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gan_core.data import Drawn, Moons, OwnImages
from gan_core.data.own.saving import save_own
from gan_core.runs import RunManager, names
from gan_core.runs.groups.sweep_plan import Plan
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.storage.archives.archive import export_run
from gan_core.runs.storage.archives.reading import import_run
from gan_core.training import RunConfig, preset

from .helpers import at_rest, edit_config_json, folder_of, open_manager, quick


def test_names_sort_as_they_were_given(tmp_path: Path) -> None:
    given = [names.free_id(tmp_path, "ring") for _ in range(200)]
    assert given == sorted(given)
    with ThreadPoolExecutor(4) as pool:
        stamps = [name[:18] for name in pool.map(lambda _: names.free_id(tmp_path, "ring"), range(200))]
    assert len(set(stamps)) == 200


def test_a_name_says_the_preset_in_plain_letters_and_is_of_no_other_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["aaaa", "bbbb"])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(drawn))
    monkeypatch.setattr(names, "_later_moment", lambda: names.datetime(2026, 1, 2, 3, 4, 5, 678_000, names.UTC))
    (tmp_path / "20260102-030405678-my-run-aaaa").mkdir()
    assert names.free_id(tmp_path, "My/Run!") == "20260102-030405678-my-run-bbbb"
    monkeypatch.setattr(secrets, "token_hex", lambda _: "cccc")
    assert names.free_id(tmp_path, "") == "20260102-030405678-run-cccc"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[RunManager, RunConfig]]:
    """A manager, and a quick run's configuration that learns from a set called "Our owls"."""
    manager = open_manager(tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 64, 64), dtype=np.uint8)
    slug = save_own(manager.data_dir, "Our owls", images, (), (), {})
    yield manager, replace(quick(steps=2), data=OwnImages(slug))
    manager.close()


def test_a_run_of_ones_own_images_is_called_after_them(own: tuple[RunManager, RunConfig]) -> None:
    manager, config = own
    run = manager.start(config, preset="few-images", stop_at_step=1)
    assert run[18:].startswith("-our-owls-")
    assert manager.view(run).title == "Our owls"
    titled = manager.start(config, preset="few-images", title="Second try", stop_at_step=1)
    assert manager.view(titled).title == "Second try"
    at_rest(manager, run)
    at_rest(manager, titled)


def test_a_run_on_other_data_than_its_presets_is_called_after_them(own: tuple[RunManager, RunConfig]) -> None:
    manager, _ = own
    config = preset("ring").config
    for data, name, title in (
        (config.data, "ring", ""),
        (Moons(), "moons", "Two moons"),
        (Drawn(), "drawn", "Own drawing"),
    ):
        run = manager.start(replace(config, data=data), preset="ring", stop_at_step=1)
        assert run[18:].startswith(f"-{name}-")
        assert manager.view(run).title == title
        at_rest(manager, run)


def test_twins_and_sweeps_of_ones_own_images_are_called_after_them(own: tuple[RunManager, RunConfig]) -> None:
    manager, config = own
    first, second = manager.start_twins(config, {"seed": 5}, preset="few-images", stop_at_step=1)
    assert all("-our-owls-" in run for run in (first, second))
    assert manager.view(second).title == "Our owls"
    at_rest(manager, first)
    at_rest(manager, second)
    sweep = Sweeps(manager).start(Plan(config, (), seeds=(1, 2)), preset="few-images", stop_at_step=1)
    assert "-sweep-our-owls-" in sweep
    members = [view.id for view in manager.views() if view.id not in (first, second)]
    assert len(members) == 2
    for run in members:
        assert "-our-owls-" in run
        at_rest(manager, run)


def test_the_newest_run_is_the_one_made_last_whatever_the_clock_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = open_manager(tmp_path)

    def made() -> str:
        run = manager.start(quick(steps=2))
        at_rest(manager, run)
        return run

    early = made()
    with monkeypatch.context() as clock:
        clock.setattr(names, "_later_moment", lambda: names.datetime(2031, 1, 1, tzinfo=names.UTC))
        ahead = made()
    assert ahead.startswith("2031")
    late = made()
    assert late < ahead
    with (tmp_path / "run.zip").open("wb+") as file:
        export_run(manager.runs_dir, ahead, tmp_path / "run.zip", "all")
        brought = import_run(manager.runs_dir, file, "run.zip").run  # from now on a run of this folder
    after = made()
    manager.close()
    assert [view.id for view in open_manager(tmp_path).views()] == [after, brought, late, ahead, early]


def test_runs_of_earlier_versions_came_before_and_sort_by_name(tmp_path: Path) -> None:
    manager = open_manager(tmp_path)
    runs = [manager.start(quick(steps=2)) for _ in range(3)]
    for run in runs:
        at_rest(manager, run)
        edit_config_json(folder_of(manager, run), order=0)
    manager.close()
    other = open_manager(tmp_path)
    assert [view.id for view in other.views()] == runs[::-1]
    newest = other.start(quick(steps=2))
    at_rest(other, newest)
    assert other.views()[0].id == newest
    other.close()

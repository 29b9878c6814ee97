"""What there is to explore, opened: against the files and the runs themselves."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, load_file, save

from gan_core.data.sets.points import Ring
from gan_core.export import generator_file
from gan_core.latent import Explorable, check_look, render
from gan_core.runs import LIVE, CheckpointNow, Pause, Resume, RunManager, Stop, UnknownRun
from gan_core.runs.catalog import generator_files, model_catalog
from gan_core.runs.catalog.generator_files import UnknownModel
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.runs.storage.weights.checkpoints import read_checkpoint
from gan_core.runs.storage.weights.foreign_weights import read_header
from tests.latent.conftest import small_config, small_model
from tests.pages.explore.explore_shelf import CONDITIONAL, PLAIN, STYLED, make_shelf, model_of, write_asset
from tests.runs.helpers import at_rest, folder_of, open_manager, quick, until, until_state


class World:
    """One manager with a finished run, a conditional one and one of points, shared by tests that change nothing."""

    def __init__(self, folder: Path) -> None:
        self.manager = open_manager(folder)
        self.run = self.manager.start(quick(steps=130), title="My shapes")
        self.conditional = self.manager.start(quick(steps=4, conditional=True))
        points = replace(quick(steps=4), data=Ring())
        self.points = self.manager.start(points)
        for run in (self.run, self.conditional, self.points):
            assert at_rest(self.manager, run).state == "finished"
        self.shelf = make_shelf(folder, self.manager)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    patch = pytest.MonkeyPatch()
    patch.setattr("gan_core.runs.engine.recorder.CHECKPOINT_PAUSE_SECONDS", 0.0)
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.manager.close()
    patch.undo()


@pytest.fixture
def exported(world: World) -> bytes:
    manager, run = world.manager, world.conditional
    about = manager.manifest(run)
    return generator_file(
        manager.checkpoint_generator(run), run=run, step=4, config=manager.view(run).config, channels=about.channels,
        classes=about.classes,
    )  # fmt: skip


def pictures(model: Explorable) -> np.ndarray[Any, Any]:
    return render(model, [check_look(model, {"where": {"seed": seed}}) for seed in range(4)])


def same_weights(model: Explorable, file: Path) -> bool:
    """Against what the safetensors library reads, tensor by tensor."""
    ours, theirs = model.generator.state_dict(), load_file(file)
    return ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in theirs)


def test_models_are_assets_then_runs_the_newest_first_without_points(world: World) -> None:
    ids = [card.id for card in world.shelf.models()]
    assert ids == [PLAIN, CONDITIONAL, STYLED, f"run:{world.conditional}", f"run:{world.run}"]


def test_cards_say_what_a_model_is(world: World) -> None:
    card = world.shelf.entry(f"run:{world.conditional}")
    assert (card.kind, card.data, card.channels, card.size, card.dim) == ("run", "shapes", 3, 28, 64)
    assert card.classes == world.manager.manifest(world.conditional).classes
    assert (card.spaces, card.style_layers, card.has_discriminator, card.live) == (("z",), 0, True, False)
    assert world.shelf.entry(f"run:{world.run}").label == "My shapes"
    styled = world.shelf.entry(STYLED)
    assert styled.spaces == ("z", "w")
    assert (styled.style_layers, styled.style_dim) == (model_of(STYLED).style_layers, model_of(STYLED).style_dim)
    assert world.shelf.entry(PLAIN).classes == ()
    assert not world.shelf.entry(CONDITIONAL).has_discriminator
    assert json.loads(json.dumps(card.json()))["id"] == card.id


def test_the_cards_of_the_list_are_those_of_the_opened_models_as_far_as_they_go(world: World) -> None:
    for light in world.shelf.models():
        full = world.shelf.entry(light.id).json()
        for key in ("id", "label", "kind", "data", "channels", "size", "dim", "classes", "step", "steps", "details"):
            assert light.json()[key] == full[key], (light.id, key)


def test_an_asset_is_the_network_that_was_written(world: World) -> None:
    for model_id in (PLAIN, CONDITIONAL, STYLED):
        opened, original = world.shelf.open(model_id), model_of(model_id)
        np.testing.assert_array_equal(pictures(opened), pictures(original))
        assert (opened.step, opened.images, opened.classes) == (original.step, original.images, original.classes)
    x = torch.randn(3, 1, 28, 28)
    plain, original = world.shelf.open(PLAIN), model_of(PLAIN)
    assert plain.discriminator is not None
    assert original.discriminator is not None
    torch.testing.assert_close(plain.discriminator(x), original.discriminator(x))


def test_a_run_is_opened_at_any_of_its_checkpoints(world: World) -> None:
    model_id, folder = f"run:{world.run}", folder_of(world.manager, world.run)
    rows = folder.checkpoints()
    assert world.shelf.steps(model_id) == [row.step for row in rows]
    assert len(rows) >= 2
    newest = world.shelf.open(model_id)
    assert (newest.step, newest.images) == (rows[-1].step, rows[-1].images)
    for row in rows:
        model = world.shelf.open(model_id, row.step)
        assert model.step == row.step
        assert same_weights(model, folder.generator(row.step))
        state = read_checkpoint(folder, row)["discriminator"]
        assert model.discriminator is not None
        assert all(torch.equal(v, state[k]) for k, v in model.discriminator.state_dict().items())
    assert world.shelf.open(model_id, rows[-1].step - 1).step == rows[-2].step  # the newest not after it
    with pytest.raises(ValueError, match="has no checkpoint up to step 1"):
        world.shelf.open(model_id, 1)


def test_an_opened_model_is_detached(world: World) -> None:
    model = world.shelf.open(f"run:{world.run}")
    for net in (model.generator, model.discriminator):
        assert net is not None
        assert not net.training
        assert not any(p.requires_grad for p in net.parameters())
    assert world.shelf.open(f"run:{world.run}") is model


def test_opening_draws_nothing_from_the_global_random_state(world: World) -> None:
    before = torch.get_rng_state()
    ModelCatalog(world.manager).open(f"run:{world.run}")
    assert torch.equal(torch.get_rng_state(), before)


def test_points_cannot_be_explored(world: World) -> None:
    with pytest.raises(ValueError, match="makes points in the plane"):
        world.shelf.open(f"run:{world.points}")


def test_a_damaged_newest_checkpoint_is_passed_over(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.manager.runs_dir / world.run, tmp_path / "runs" / world.run)
    manager = open_manager(tmp_path)
    folder = folder_of(manager, world.run)
    rows = folder.checkpoints()
    path = folder.generator(rows[-1].step)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert ModelCatalog(manager).open(f"run:{world.run}").step == rows[-2].step
    folder.checkpoint(rows[-2].step).unlink()  # the resume state, with the discriminator
    lone = ModelCatalog(manager).open(f"run:{world.run}")
    assert (lone.step, lone.discriminator) == (rows[-2].step, None)
    for row in rows:
        folder.generator(row.step).unlink(missing_ok=True)
    with pytest.raises(ValueError, match="has no checkpoint yet that can be explored"):
        ModelCatalog(manager).open(f"run:{world.run}")


def test_a_checkpoint_in_use_stays_although_its_files_are_thinned_out(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.manager.runs_dir / world.run, tmp_path / "runs" / world.run)
    manager = open_manager(tmp_path)
    here, folder = ModelCatalog(manager), folder_of(manager, world.run)
    *_, before, newest = folder.checkpoints()
    model = here.open(f"run:{world.run}", newest.step)
    folder.generator(newest.step).unlink()
    assert here.open(f"run:{world.run}", newest.step) is model
    assert ModelCatalog(manager).open(f"run:{world.run}", newest.step).step == before.step


def test_a_run_that_trains_is_followed(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_catalog, "LOOK_AGAIN_SECONDS", 0.0)
    run = manager.start(quick(steps=100_000))
    here = ModelCatalog(manager)
    until(lambda: bool(manager.view(run).checkpoints))
    manager.send(run, Pause())
    until_state(manager, run, "paused")
    first = here.open(f"run:{run}")
    assert here.entry(f"run:{run}").live
    assert here.models()[-1].live
    before = pictures(first)
    manager.send(run, Resume())
    until(lambda: manager.view(run).checkpoints[-1] > first.step)
    assert here.open(f"run:{run}").step > first.step
    np.testing.assert_array_equal(pictures(first), before)  # weights of its own: training does not move them
    manager.send(run, Stop())
    assert at_rest(manager, run).state not in LIVE


def test_a_run_that_another_process_trains_can_be_explored(manager: RunManager) -> None:
    run = manager.start(quick(steps=100_000))
    until(lambda: bool(manager.view(run).checkpoints))
    manager.send(run, CheckpointNow())
    other = RunManager(manager.runs_dir, manager.data_dir, device="cpu", threads=1)  # holds none of its locks
    assert not other.trains_here(run)
    model = ModelCatalog(other).open(f"run:{run}")
    assert model.step in manager.view(run).checkpoints
    kept = ModelCatalog(other).bookmark_store(f"run:{run}")
    kept.bookmarks.add(name="here", look={"where": {"seed": 1}}, thumbnail="", step=model.step)
    assert (manager.runs_dir / run / "explore" / "bookmarks.json").is_file()
    manager.send(run, Stop())
    at_rest(manager, run)


def test_a_deleted_run_is_one_sentence(manager: RunManager) -> None:
    run = manager.start(quick(steps=4))
    at_rest(manager, run)
    here = ModelCatalog(manager)
    here.open(f"run:{run}")
    shutil.rmtree(manager.runs_dir / run)
    for ask in (here.open, here.bookmark_store, here.entry):
        with pytest.raises(UnknownRun, match="There is no run called"):
            ask(f"run:{run}")


@pytest.mark.parametrize(
    "model_id",
    ["", "asset:", "asset:none", "asset:../../etc/passwd", "asset:small-plain/../small-plain", "asset:.", "run:../x",
     "run:", "file:../../../etc/passwd", "file:" + "0" * 64, "file:0", "zip:x", "small-plain", "asset:small-plain\n",
     "asset:small-plain-discriminator", "asset:SMALL-PLAIN", "asset:small-plain.safetensors", "\0", "run:\ud800"],
)  # fmt: skip
def test_what_is_no_model_is_one_sentence(world: World, model_id: str) -> None:
    for ask in (world.shelf.open, world.shelf.bookmark_store, world.shelf.entry, world.shelf.steps):
        with pytest.raises(ValueError, match=r"^There is no (model|run) called .*\.$"):
            ask(model_id)


def test_a_link_is_no_asset(world: World, tmp_path: Path) -> None:
    secret = tmp_path / "secret.safetensors"
    assets = tmp_path / "assets"
    write_asset(tmp_path, "secret", model_of(PLAIN))
    assets.mkdir()
    (assets / "linked.safetensors").symlink_to(secret)
    here = ModelCatalog(world.manager, assets)
    assert "asset:linked" not in [card.id for card in here.models()]
    with pytest.raises(UnknownModel):
        here.open("asset:linked")


def test_without_assets_there_are_still_runs(world: World, tmp_path: Path) -> None:
    ids = [card.id for card in ModelCatalog(world.manager, tmp_path / "none").models()]
    assert ids == [f"run:{world.conditional}", f"run:{world.run}"]


def test_a_file_is_brought_and_found_again(world: World, exported: bytes) -> None:
    model_id = world.shelf.bring(exported, "theirs/../friend.safetensors")
    again = make_shelf(world.manager.runs_dir.parent, world.manager)  # as after a new start
    card = again.models()[-1]
    assert (card.id, card.kind, card.label) == (model_id, "file", "theirs/../friend.safetensors")
    original = world.shelf.open(f"run:{world.conditional}")
    opened = again.open(model_id)
    assert opened.classes == original.classes
    np.testing.assert_array_equal(pictures(opened), pictures(original))
    assert world.shelf.bring(exported, "once more") == model_id  # the same file is the same model
    place = world.manager.data_dir / "explore" / "files" / f"{model_id.removeprefix('file:')}.safetensors"
    assert place.read_bytes() == exported
    place.write_bytes(exported[:-4] + b"\0\0\0\0")
    with pytest.raises(ValueError, match="once more is damaged; bring it again"):
        make_shelf(world.manager.runs_dir.parent, world.manager).open(model_id)
    shutil.rmtree(place.parent)


def test_a_brought_file_is_taken_away_and_brought_back(
    world: World, exported: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ModelCatalog(open_manager(tmp_path), tmp_path / "none")
    monkeypatch.setattr(generator_files, "MOST_BROUGHT", 1)
    model_id = here.bring(exported, "a.safetensors")
    here.bookmark_store(model_id).bookmarks.add(name="here", look={"where": {"seed": 1}}, thumbnail="", step=0)
    here.bring(exported, "a.safetensors")
    with pytest.raises(ValueError, match="1 files have been brought already; take one of them away first"):
        here.bring(exported_with_note(exported), "b.safetensors")
    here.take_away(model_id)
    assert here.models() == []
    with pytest.raises(UnknownModel):
        here.open(model_id)
    here.bring_back(model_id)
    assert [bookmark.name for bookmark in here.bookmark_store(model_id).bookmarks.all()] == ["here"]
    assert [card.id for card in here.models()] == [model_id]
    for wrong in ("file:" + "0" * 64, PLAIN, f"run:{world.run}"):
        for act in (here.take_away, here.bring_back):
            with pytest.raises(ValueError, match=r"\.$"):
                act(wrong)


def exported_with_note(data: bytes) -> bytes:
    """The same generator in another file."""
    metadata, _ = read_header(data, "x")
    return save(load(data), {**metadata, "note": "another"})


def test_few_models_stay_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    here = make_shelf(world.manager.runs_dir.parent, world.manager)
    first = here.open(PLAIN)
    assert here.open(PLAIN) is first
    monkeypatch.setattr(model_catalog, "MOST_WEIGHTS_BYTES", 1)  # one is always kept
    here.open(STYLED)
    assert here.open(STYLED) is here.open(STYLED)
    assert here.open(PLAIN) is not first
    monkeypatch.undo()
    monkeypatch.setattr(model_catalog, "KEEP_OPEN", 2)
    second = here.open(PLAIN)
    here.open(STYLED)
    assert here.open(PLAIN) is second
    here.open(CONDITIONAL)  # the one that was not used for longest goes
    assert here.open(PLAIN) is second


def test_an_asset_that_changed_is_read_anew(world: World, tmp_path: Path) -> None:
    here = make_shelf(tmp_path, world.manager)
    before = pictures(here.open(PLAIN))
    other = small_model(replace(small_config(), seed=9), label="small-plain")
    write_asset(tmp_path / "assets", "small-plain", other)
    assert (pictures(here.open(PLAIN)) != before).any()


def test_opening_an_open_model_is_quick(world: World) -> None:
    world.shelf.open(f"run:{world.run}")
    begin = time.process_time()
    for _ in range(200):
        world.shelf.open(f"run:{world.run}")
        world.shelf.open(PLAIN)
    assert time.process_time() - begin < 1.0  # 0.5 ms each; measured 0.03


def test_a_slow_opening_keeps_nobody_else_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    here = make_shelf(world.manager.runs_dir.parent, world.manager)
    here.open(PLAIN)
    entered, go_on, made = threading.Event(), threading.Event(), list[Explorable]()
    original = ModelCatalog._open_file

    def slow(*arguments: Any) -> Explorable:
        entered.set()
        assert go_on.wait(180)
        return original(*arguments)

    monkeypatch.setattr(ModelCatalog, "_open_file", slow)
    threads = [threading.Thread(target=lambda: made.append(here.open(STYLED))) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert entered.wait(180)
    assert here.open(PLAIN).label == "small-plain"  # would wait for ever
    go_on.set()
    for thread in threads:
        thread.join()
    assert made[0] is made[1]

"""A run is trained on, and held against, the pictures it began with, whatever bears their name by now."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_core.config.codec import ConfigError
from gan_core.data import OwnImages, bring_back, delete_own, drop_pictures, list_own, restore_own
from gan_core.data.identity import DataChanged
from gan_core.data.own.content import content_of
from gan_core.runs import RunManager
from gan_core.runs.catalog.handed_out import safetensors_bytes
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.runs.commands import Pause, Resume, Stop
from gan_core.runs.dataset_cache import DatasetCache
from gan_core.runs.evaluation.diagnosis import Diagnoser
from gan_core.runs.groups.sweep_plan import Axis, Plan
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.storage.archives.archive import export_run
from gan_core.runs.storage.archives.reading import import_run
from gan_core.training import RunConfig
from gan_core.training.batches import Batches
from tests.data.discs import BLUE, RED, discs, keep
from tests.runs.helpers import at_rest, edit_config_json, fingerprint, folder_of, open_manager, quick, until_state

OTHERS = (
    '"My drawings" has 40 other pictures than this run was trained on; bring the old ones back or start a new run.'
)
STEPS = 12


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[RunManager]:
    found = open_manager(tmp_path)
    yield found
    found.close()


def config_of(slug: str = "my-drawings", *, steps: int = 40, **changes: object) -> RunConfig:
    return replace(quick(steps=steps, **changes), data=OwnImages(slug), size=28)


def trained(manager: RunManager, config: RunConfig | None = None, stop: int = STEPS) -> str:
    """A run with something left to do."""
    run = manager.start(config or config_of(), stop_at_step=stop)
    assert at_rest(manager, run).state == "finished", manager.view(run).error
    return run


def change_colour(manager: RunManager) -> str:
    """Delete the red discs and bring in blue ones under their name; the token that undoes the first."""
    token = delete_own(manager.data_dir, "my-drawings")
    assert keep(manager.data_dir, discs(BLUE)) == "my-drawings"
    return token


# --- red and blue


def test_a_run_does_not_go_on_on_other_pictures_of_the_same_name(manager: RunManager, tmp_path: Path) -> None:
    keep(manager.data_dir, discs(RED))
    run = trained(manager)
    token = change_colour(manager)
    again = open_manager(tmp_path)
    for one in (manager, again):  # with the red ones in memory, and as after a restart
        with pytest.raises(DataChanged, match="40 other pictures") as refused:
            one.resume(run)
        assert str(refused.value) == OTHERS
        for act in (
            lambda m: m.evaluate(run, samples=100),
            lambda m: m.branch(run),
            lambda m: m.branch(run, changes={"g_optimizer.lr": 0.0001}),
            lambda m: m.real_grid(run),
            lambda m: m.config_on_data(run),
        ):
            with pytest.raises(ValueError, match="40 other pictures than this run was trained on"):
                act(one)
    again.close()
    assert manager.evaluations(run) == []
    delete_own(manager.data_dir, "my-drawings")
    assert restore_own(manager.data_dir, token) == "my-drawings"
    manager.resume(run, stop_at_step=2 * STEPS)
    view = at_rest(manager, run)
    assert (view.state, view.step, view.warnings) == ("finished", 2 * STEPS, ())


def test_a_new_run_learns_from_the_new_pictures_and_is_measured_against_them(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED))
    red = trained(manager)
    of_red = manager.evaluate(red, samples=100)
    before = manager.real_grid(red)
    change_colour(manager)
    blue = trained(manager)
    of_blue = manager.evaluate(blue, samples=100)
    trained_images = manager.launcher.context.load_data(manager.config(blue), manager.manifest(blue)).images
    assert float(trained_images[:, 2].float().mean()) > float(trained_images[:, 0].float().mean())
    assert manager.real_grid(blue) != before
    assert of_blue.floor != of_red.floor
    assert of_blue.values["fid"] != of_red.values["fid"]
    fresh = open_manager(manager.runs_dir.parent)
    try:  # another process says the same
        assert fresh.evaluate(blue, samples=100).floor["fid"] == pytest.approx(of_blue.floor["fid"], rel=1e-4)
    finally:
        fresh.close()


def test_a_missing_set_is_called_missing(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED))
    run = trained(manager)
    delete_own(manager.data_dir, "my-drawings")
    with pytest.raises(
        ConfigError, match=r'^There is no image set "my-drawings" in .*; upload one or choose another\.$'
    ):
        manager.start(config_of())
    assert not any("0 images" in sentence for sentence in manager.problems(config_of(conditional=True)))
    missing = 'The image set "My drawings" that this run was trained on is missing; bring it back or start a new run.'
    for act in (lambda: manager.resume(run), lambda: manager.evaluate(run, samples=100), lambda: manager.branch(run)):
        with pytest.raises(DataChanged) as refused:
            act()
        assert str(refused.value) == missing


def test_files_that_change_on_disk_are_noticed_by_a_program_that_runs(manager: RunManager) -> None:
    slug = keep(manager.data_dir, discs(RED))
    library = DatasetCache(manager.data_dir)
    before = library.load(OwnImages(slug), 28)
    assert library.load(OwnImages(slug), 28) is before
    own = manager.data_dir / "own"
    other = keep(manager.data_dir, discs(BLUE), "other")
    for name in ("images.npy", "about.json"):
        shutil.copyfile(own / other / name, own / slug / name)
    after = library.load(OwnImages(slug), 28)
    assert after.content != before.content
    assert not np.array_equal(after.images.numpy(), before.images.numpy())


# --- the same pictures


def test_a_set_is_known_again_under_another_name(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED))
    straight = trained(manager, stop=2 * STEPS)
    run = trained(manager)
    token = change_colour(manager)
    assert restore_own(manager.data_dir, token) == "my-drawings-2"  # its name has been taken
    manager.resume(run, stop_at_step=2 * STEPS)
    at_rest(manager, run)
    assert fingerprint(manager, run) == fingerprint(manager, straight)
    assert manager.evaluate(run, samples=100).step == 2 * STEPS
    branch = manager.branch(run, STEPS, {"g_optimizer.lr": 0.0001})
    manager.send(branch, Stop())
    assert at_rest(manager, branch).state == "stopped"
    assert manager.config(branch).data == OwnImages("my-drawings-2")


def test_the_same_pictures_brought_in_again_are_the_same_set(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED), classes=("a", "b"))
    run = trained(manager)
    delete_own(manager.data_dir, "my-drawings")
    keep(manager.data_dir, discs(RED), "A new title", classes=("a", "b"))
    manager.resume(run, stop_at_step=2 * STEPS)
    assert at_rest(manager, run).state == "finished"


def test_in_another_order_other_pictures_are_held_out(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED))
    run = trained(manager)
    delete_own(manager.data_dir, "my-drawings")
    keep(manager.data_dir, discs(RED)[::-1])
    with pytest.raises(DataChanged, match="has its 40 pictures in another order than when this run was trained"):
        manager.resume(run)


def test_another_size_of_the_same_pictures_is_the_same_content(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED))
    small, large = trained(manager), trained(manager, replace(config_of(), size=32))
    assert manager.manifest(small).trained_on == manager.manifest(large).trained_on
    library = DatasetCache(manager.data_dir)
    assert library.load(OwnImages("my-drawings"), 28).size == 28
    assert library.load(OwnImages("my-drawings"), 32).size == 32


def test_pictures_dropped_while_a_run_is_paused(manager: RunManager, tmp_path: Path) -> None:
    keep(manager.data_dir, discs(RED))
    run = manager.start(config_of(steps=100_000))
    until_state(manager, run, "running")
    manager.send(run, Pause())
    until_state(manager, run, "paused")
    delete_own(manager.data_dir, "my-drawings")
    keep(manager.data_dir, discs(RED)[2:])
    manager.send(run, Resume())  # it has its pictures in memory
    until_state(manager, run, "running")
    manager.send(run, Stop())
    assert at_rest(manager, run).state == "stopped"
    with pytest.raises(DataChanged, match="has 38 pictures now, and had 40 when this run was trained"):
        manager.resume(run)


def test_a_set_that_is_edited_gives_new_runs_what_it_holds_and_old_ones_theirs_when_it_is_undone(
    manager: RunManager,
) -> None:
    keep(manager.data_dir, np.concatenate([discs(RED), discs(BLUE)]))
    whole = trained(manager)
    drop_pictures(manager.data_dir, "my-drawings", range(30))
    with pytest.raises(DataChanged, match="has 50 pictures now, and had 80 when this run was trained"):
        manager.resume(whole)
    blue = trained(manager)
    assert manager.manifest(blue).trained_on["images/my-drawings"].count == 50
    images = manager.launcher.context.load_data(manager.config(blue), manager.manifest(blue)).images.float()
    assert float(images[:, 2].mean()) > float(images[:, 0].mean())
    bring_back(manager.data_dir, "my-drawings", range(30))
    with pytest.raises(DataChanged, match="has 80 pictures now, and had 50 when this run was trained"):
        manager.resume(blue)
    manager.resume(whole, stop_at_step=STEPS + 4)
    view = at_rest(manager, whole)
    assert (view.state, view.step, view.warnings) == ("finished", STEPS + 4, ())


# --- classes


def test_labels_of_other_classes_are_refused_in_words(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED), classes=("cat", "dog"))
    run = trained(manager, config_of(conditional=True))
    delete_own(manager.data_dir, "my-drawings")
    keep(manager.data_dir, discs(RED), classes=("owl", "pig"))
    words = '"My drawings" has the classes owl and pig, and this run was trained on the classes cat and dog'
    with pytest.raises(DataChanged, match=words):
        manager.resume(run)
    delete_own(manager.data_dir, "my-drawings")
    keep(manager.data_dir, discs(RED), classes=("cat", "dog", "emu"))
    words = "has the classes cat, dog and emu, and this run was trained on the classes cat and dog"
    with pytest.raises(DataChanged, match=words):
        manager.evaluate(run, samples=100)


def test_a_branch_of_a_conditional_run_keeps_its_classes(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED), classes=("cat", "dog"))
    other = keep(manager.data_dir, discs(BLUE), "Birds", classes=("owl", "pig"))
    same = keep(manager.data_dir, discs(BLUE), "Pets", classes=("cat", "dog"))
    run = trained(manager, config_of(conditional=True))
    manager.evaluate(run, samples=100)
    with pytest.raises(ConfigError, match="the classes owl and pig, and this run was trained on the classes cat and"):
        manager.branch(run, changes={"data.slug": other})
    branch = manager.branch(run, changes={"data.slug": same})
    assert at_rest(manager, branch).state == "finished", manager.view(branch).error
    assert {"images/my-drawings", "images/pets"} == manager.manifest(branch).trained_on.keys()
    assert 100 not in {one.samples for one in manager.evaluations(branch)}  # its parent's are against other pictures


# --- runs that go together


def test_twins_go_on_together_or_not_at_all(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED))
    other = keep(manager.data_dir, discs(BLUE), "Blue")
    first, second = manager.start_twins(config_of(), {"data.slug": other}, stop_at_step=STEPS)
    assert {at_rest(manager, run).state for run in (first, second)} == {"finished"}
    delete_own(manager.data_dir, other)
    keep(manager.data_dir, discs(RED, seed=1), "Blue")
    for _ in range(2):  # and no lock is left behind
        for run in (first, second):
            with pytest.raises(DataChanged, match='"Blue" has 40 other pictures'):
                manager.resume(run)


@pytest.mark.parametrize("together", [True, False])
def test_a_sweep_across_a_change_goes_on_with_none_of_its_members(manager: RunManager, together: bool) -> None:
    keep(manager.data_dir, discs(RED))
    sweeps = Sweeps(manager)
    plan = Plan(config_of(steps=1_000_000), (Axis("g_optimizer.lr", ("0.001", "0.0001")),))
    sweep = sweeps.start(plan, together=together)
    members = [member.run for member in sweeps.sweep(sweep).members]
    until_state(manager, members[0], "running")
    sweeps.stop(sweep)
    assert {at_rest(manager, run).state for run in members} == {"stopped"}
    steps = [manager.view(run).step for run in members]
    change_colour(manager)
    with pytest.raises(DataChanged) as refused:
        sweeps.go_on(sweep)
    assert str(refused.value) == OTHERS
    assert [manager.view(run).step for run in members] == steps
    fresh = [member.run for member in sweeps.sweep(sweeps.start(plan, stop_at_step=STEPS)).members]
    assert {at_rest(manager, run).state for run in fresh} == {"finished"}
    assert {c.digest for run in fresh for c in manager.manifest(run).trained_on.values()} == {
        content_of(manager.data_dir, "my-drawings").digest
    }


def test_a_member_that_waits_while_its_set_changes_says_so(manager: RunManager, tmp_path: Path) -> None:
    keep(manager.data_dir, discs(RED))
    first = manager.start(quick(steps=1_000_000))
    until_state(manager, first, "running")
    waiting = manager.start(config_of(), stop_at_step=STEPS)
    token = change_colour(manager)
    manager.send(first, Stop())
    view = at_rest(manager, waiting)
    assert (view.state, view.error) == ("failed", OTHERS)
    delete_own(manager.data_dir, "my-drawings")
    restore_own(manager.data_dir, token)
    manager.resume(waiting, stop_at_step=STEPS)
    assert (at_rest(manager, waiting).state, manager.view(waiting).step) == ("finished", STEPS)


def test_a_branch_that_is_not_itself_yet_needs_its_parents_pictures(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED))
    other = keep(manager.data_dir, discs(BLUE), "Blue")
    run = trained(manager)
    first = manager.start(quick(steps=1_000_000))
    until_state(manager, first, "running")
    branch = manager.branch(run, STEPS - 5, {"data.slug": other})
    manager.send(branch, Stop())
    assert at_rest(manager, branch).step == 0
    token = change_colour(manager)
    with pytest.raises(DataChanged) as refused:
        manager.resume(branch)
    assert str(refused.value) == OTHERS
    delete_own(manager.data_dir, "my-drawings")
    restore_own(manager.data_dir, token)
    manager.send(first, Stop())
    manager.resume(branch, stop_at_step=2 * STEPS)
    assert at_rest(manager, branch).step == 2 * STEPS


# --- runs that came from elsewhere, and from before


def exported(manager: RunManager, run: str, to: Path) -> io.BytesIO:
    export_run(manager.runs_dir, run, to / "run.zip")
    return io.BytesIO((to / "run.zip").read_bytes())


def test_an_imported_run_does_not_train_on_a_set_that_has_its_name_here(manager: RunManager, tmp_path: Path) -> None:
    there = open_manager(tmp_path / "there")
    keep(there.data_dir, discs(RED))
    archive = exported(there, trained(there), tmp_path)
    there.close()
    keep(manager.data_dir, discs(BLUE))
    run = import_run(manager.runs_dir, archive, "run.zip").run
    for act in (lambda: manager.resume(run), lambda: manager.evaluate(run, samples=100)):
        with pytest.raises(DataChanged, match="40 other pictures than this run was trained on"):
            act()
    keep(manager.data_dir, discs(RED), "The red ones")
    manager.resume(run, stop_at_step=2 * STEPS)
    assert at_rest(manager, run).state == "finished"


def test_an_imported_run_whose_record_is_no_record_is_refused(manager: RunManager, tmp_path: Path) -> None:
    keep(manager.data_dir, discs(RED))
    run = trained(manager)
    known = asdict(manager.manifest(run).trained_on["images/my-drawings"])
    for wrong in ({"digest": "x"}, {"count": -1}, {"title": "a\nb"}, {"classes": "ab"}, {"more": 1}, {"pictures": 7}):
        edit_config_json(folder_of(manager, run), trained_on={"images/my-drawings": {**known, **wrong}})
        with pytest.raises(ValueError, match="config.json"):
            import_run(manager.runs_dir, exported(manager, run, tmp_path), "run.zip")


def as_before(manager: RunManager, run: str) -> None:
    """As an earlier version wrote it."""
    path = folder_of(manager, run).root / "config.json"
    known = json.loads(path.read_text())
    del known["trained_on"]
    path.write_text(json.dumps(known))


def test_an_earlier_versions_run_opens_is_measured_and_learns_what_it_is_trained_on(
    manager: RunManager, tmp_path: Path
) -> None:
    keep(manager.data_dir, discs(RED))
    run = trained(manager)
    as_before(manager, run)
    assert manager.manifest(run).trained_on == {}
    (note,) = import_run(manager.runs_dir, exported(manager, run, tmp_path), "run.zip").notes
    assert note == 'It does not say which pictures "my-drawings" held; see that the set of that name here is the one.'
    assert manager.evaluate(run, samples=100).step == STEPS
    manager.resume(run, stop_at_step=2 * STEPS)
    view = at_rest(manager, run)
    assert (view.state, view.warnings) == ("finished", ())
    assert manager.manifest(run).trained_on == {"images/my-drawings": content_of(manager.data_dir, "my-drawings")}
    change_colour(manager)
    with pytest.raises(DataChanged, match="40 other pictures"):
        manager.resume(run)


def test_an_earlier_versions_run_says_what_is_not_known(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED))
    run = trained(manager)
    as_before(manager, run)
    edit_config_json(folder_of(manager, run), created="2020-01-01T00:00:00Z")
    manager.resume(run, stop_at_step=2 * STEPS)
    view = at_rest(manager, run)
    assert view.state == "finished"
    assert view.warnings == (
        'It is not known which pictures this run was trained on so far: "My drawings" was brought in after it began, '
        "and an earlier version of the program kept no record.",
    )


def test_what_an_earlier_versions_run_can_tell_is_asked(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED), classes=("cat", "dog"))
    run = trained(manager, config_of(conditional=True))
    as_before(manager, run)
    for images, classes, words in (
        (
            discs(BLUE),
            ("owl", "pig"),
            "has the classes owl and pig, and this run was trained on the classes cat and dog",
        ),
        (discs(BLUE), ("cat", "dog", "emu"), "has the classes cat, dog and emu"),
        (discs((90, 90, 90)), ("cat", "dog"), "has grey pictures, and this run was trained on colour ones"),
    ):
        delete_own(manager.data_dir, "my-drawings")
        keep(manager.data_dir, images, classes=classes)
        for act in (lambda: manager.resume(run), lambda: manager.evaluate(run, samples=100)):
            with pytest.raises(DataChanged, match=words):
                act()
    delete_own(manager.data_dir, "my-drawings")
    keep(manager.data_dir, discs(RED, 60), classes=("cat", "dog"))
    for _ in range(2):
        with pytest.raises(DataChanged, match="has 54 images to train on, and this run was trained on 36"):
            manager.resume(run)
    assert manager.manifest(run).trained_on == {}


# --- looking into it


def test_a_generator_file_and_a_run_are_compared_with_their_own_pictures(manager: RunManager) -> None:
    from gan_core.latent.targets import training_images

    keep(manager.data_dir, discs(RED))
    run = trained(manager)
    shelf = ModelCatalog(manager)
    models = [shelf.open(f"run:{run}"), shelf.open(shelf.bring(safetensors_bytes(manager, run), "red.safetensors"))]
    digests = {training_images(model, manager.data_dir).content for model in models}
    assert digests == {content_of(manager.data_dir, "my-drawings").digest}
    change_colour(manager)
    for model in models:
        with pytest.raises(DataChanged, match="40 other pictures"):
            training_images(model, manager.data_dir)


def test_a_diagnosis_is_by_the_runs_own_pictures(manager: RunManager) -> None:
    keep(manager.data_dir, discs(RED))
    red = trained(manager)
    change_colour(manager)
    blue = trained(manager)
    diagnoser = Diagnoser(DatasetCache(manager.data_dir))
    assert diagnoser.evidence(manager, blue)
    with pytest.raises(DataChanged, match="40 other pictures"):
        diagnoser.evidence(manager, red)


def test_nothing_is_said_of_sets_that_have_not_changed(manager: RunManager) -> None:
    """Those that come along or are drawn have a content too, which stays."""
    run = trained(manager, quick(steps=400))
    assert manager.manifest(run).trained_on.keys() == {"shapes"}
    assert list_own(manager.data_dir) == ()
    manager.resume(run, stop_at_step=2 * STEPS)
    assert at_rest(manager, run).state == "finished"
    edit_config_json(folder_of(manager, run), trained_on={"shapes": {"digest": "0" * 64, "title": "Shapes"}})
    with pytest.raises(DataChanged, match="Shapes is not what it was when this run was trained on it"):
        manager.resume(run)


def test_a_checkpoint_knows_the_images_of_its_batches(manager: RunManager) -> None:
    """Also where nothing above it asked: as many others are not the same."""
    cpu = torch.device("cpu")
    sets = [OwnImages(keep(manager.data_dir, discs(colour))) for colour in (RED, BLUE)]
    red, blue = (DatasetCache(manager.data_dir).load(data, 28) for data in sets)
    state = Batches(red, 8, 1, cpu).state()
    Batches(red, 8, 1, cpu).load_state(state)
    with pytest.raises(ValueError, match="has other images than the run was trained on"):
        Batches(blue, 8, 1, cpu).load_state(state)
    Batches(blue, 8, 1, cpu).load_state(state, other_data=True)  # a branch that learns from something else
    del state["content"]  # of an earlier version
    Batches(blue, 8, 1, cpu).load_state(state)

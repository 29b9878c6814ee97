"""The referee's words on evidence that is made up, so that what is right is known from how it was made."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gan_core.config.codec import apply_sets, replace_at
from gan_core.data import Ring
from gan_core.measure.referee.evidence import Changed, Evidence, window
from gan_core.measure.referee.eye import LOOKS
from gan_core.measure.referee.findings import HEALTHY, KINDS, LIVE_CHANGE, TROUBLES, changed, diagnose, thresholds
from gan_core.measure.referee.words import CAUSES, STILL_FAR, TITLES, number_words, suggestion
from gan_core.nets import MlpDiscriminator, MlpGenerator
from gan_core.runs.lineage.branches import FIXED
from gan_core.training import PRESETS, RunConfig
from gan_core.training.configuration.gallery import GALLERY
from gan_core.training.optimizers import Cosine

COUNT = 40
STEPS = np.arange(COUNT, dtype=np.float64) * 100
FALL = np.exp(-np.linspace(0.0, 4.0, COUNT))  # of a run that learns
WELL_CURVES = {
    "d_loss": 1.2, "g_loss": 0.9, "d_real": 0.6, "d_fake": 0.4, "d_accuracy_real": 0.7, "d_accuracy_fake": 0.7,
    "d_grad_norm": 1.0, "g_grad_norm": 1.0, "d_held_out": np.nan,
}  # fmt: skip
WELL_LOOKS = {
    "spread": 1.0, "twins": 1.0, "distance": FALL, "movement": FALL, "copied": 1.0, "even_modes": 0.95, "radius": 1.0
}  # fmt: skip
IMAGES = RunConfig(generator=MlpGenerator(), discriminator=MlpDiscriminator())
PLANE = replace(IMAGES, data=Ring())


def run(config: RunConfig = PLANE, changes: tuple[Changed, ...] = (), **values: Any) -> Evidence:
    """A run that is well but for `values`: a column's name -> a number, or [COUNT] of them."""
    where = {"step": STEPS, "images": STEPS * 64}

    def table(names: dict[str, Any]) -> dict[str, Any]:
        return where | {k: np.broadcast_to(np.float64(values.get(k, v)), COUNT).copy() for k, v in names.items()}

    looks = table(WELL_LOOKS)
    if config is IMAGES:
        looks["even_modes"][:] = np.nan
    return Evidence(table(WELL_CURVES), looks, config, changes=changes)


def kinds(evidence: Evidence) -> list[str]:
    return [finding.kind for finding in diagnose(evidence)]


BLOWN = np.geomspace(1.0, 1e4, COUNT)
RAISED = (Changed(2_000, "g_optimizer.lr", 0.001, 0.3),)
BROKEN = np.where(STEPS > 2_000, 9.0, 0.9)
ILL: dict[str, dict[str, Any]] = {
    "live change": {"g_loss": BROKEN, "changes": RAISED},
    "diverging": {"radius": np.linspace(0.1, 40.0, COUNT)},
    "exploding gradient": {"d_grad_norm": BLOWN, "g_grad_norm": BLOWN, "distance": 0.6},
    "vanishing gradient": {"g_grad_norm": 1e-6, "distance": 1.0},
    "D wins": {"d_accuracy_real": 1.0, "d_accuracy_fake": 1.0, "distance": 0.95, "movement": 0.01},
    "G wins": {"d_accuracy_real": 0.9, "d_accuracy_fake": 0.0, "distance": 1.2},
    "mode collapse": {"even_modes": 0.125, "twins": 0.01, "spread": 0.02},
    "memorising": {"d_real": 0.9, "d_fake": 0.1, "d_held_out": 0.15, "copied": 0.05},
    "oscillation": {"distance": 0.6, "movement": 1.2},
    "plateau": {"distance": np.r_[1.0, np.full(COUNT - 1, 0.05)], "movement": 0.01},
}
"""Kind -> what is wrong with a run that has it."""


def test_every_kind_is_tried() -> None:
    assert set(ILL) | {HEALTHY} == set(KINDS)
    assert set(TITLES) == set(CAUSES) == set(KINDS) == set(thresholds()) | {HEALTHY}


@pytest.mark.parametrize("config", [PLANE, IMAGES], ids=["plane", "images"])
@pytest.mark.parametrize("kind", ILL)
def test_a_run_with_one_trouble_has_it_found(kind: str, config: RunConfig) -> None:
    assert kind in kinds(run(config, **ILL[kind]))


@pytest.mark.parametrize("config", [PLANE, IMAGES], ids=["plane", "images"])
def test_a_run_that_learns_is_healthy(config: RunConfig) -> None:
    assert kinds(run(config)) == [HEALTHY]


def test_of_a_run_that_has_far_to_go_it_is_said_that_it_is_early() -> None:
    """As a length: a quarter of an energy distance, which is a squared one, is half of the way."""
    (near,) = diagnose(run(distance=np.linspace(1.0, 0.05, COUNT)))
    (far,) = diagnose(run(distance=np.linspace(1.0, 0.2, COUNT)))
    assert (near.kind, near.title) == (HEALTHY, TITLES[HEALTHY])
    assert (far.kind, far.title) == (HEALTHY, STILL_FAR)
    assert near.words.startswith("The samples are about halfway")
    (near,) = diagnose(run(IMAGES))  # by the pixels of a few small pictures
    assert near.words.startswith("Nothing that is measured looks like trouble")


def test_no_trouble_is_said_of_a_network_that_has_arrived() -> None:
    """A gradient near 0 and a sure discriminator are no trouble where the samples are as real ones."""
    evidence = run(g_grad_norm=1e-6, distance=np.r_[1.0, np.full(COUNT - 1, 0.02)], movement=FALL)
    assert not any(finding.trouble for finding in diagnose(evidence))


def test_a_sure_discriminator_accuses_nobody_while_the_generator_comes_nearer() -> None:
    assert "D wins" not in kinds(run(IMAGES, d_accuracy_real=1.0, d_accuracy_fake=1.0))


def test_a_run_that_stopped_itself_is_diverging_however_short_it_was() -> None:
    (finding, *_) = diagnose(replace(run().until(200), diverged=True))
    assert finding.kind == "diverging"
    assert "stopped itself" in finding.words


@pytest.mark.parametrize(("share", "final_factor", "said"), [(0.1, 0.0, False), (0.5, 0.3, False), (0.95, 0.2, True),
                                                             (0.1, 0.9, True)])  # fmt: skip
def test_no_plateau_is_said_while_the_schedule_will_still_lower_the_rates(
    share: float, final_factor: float, said: bool
) -> None:
    total = round(STEPS[-1] * 64 / share)
    config = replace(PLANE, schedule=Cosine(final_factor=final_factor), total_images=total)
    assert kinds(run(config, **ILL["plateau"])) == (["plateau"] if said else [HEALTHY])


@pytest.mark.parametrize(("movement", "falls", "said"), [(1.0, True, True), (0.2, True, False), (0.2, False, True)])
def test_movement_that_the_schedule_will_halve_is_counted_half(movement: float, falls: bool, said: bool) -> None:
    schedule = Cosine(final_factor=0.0 if falls else 1.0)
    config = replace(PLANE, schedule=schedule, total_images=round(STEPS[-1] * 64 / 0.1))
    assert kinds(run(config, distance=0.6, movement=movement)) == (["oscillation"] if said else [HEALTHY])


def test_too_little_is_too_early() -> None:
    assert diagnose(run(even_modes=0.1).until(300)) == ()


@pytest.mark.parametrize(("each_step", "said"), [(64, True), (2, False)])
def test_nothing_is_said_of_a_generator_that_has_seen_few_images(each_step: int, said: bool) -> None:
    """Forty points and looks, of which the last was after 2,496 or 249,600 images."""
    evidence = run(IMAGES, twins=0.0, spread=0.0)
    images = evidence.curves["step"] * each_step / 2
    curves, looks = ({**table, "images": images} for table in (evidence.curves, evidence.looks))
    assert ("mode collapse" in kinds(replace(evidence, curves=curves, looks=looks))) == said


def test_only_what_was_known_at_a_step_counts() -> None:
    trouble = np.where(STEPS > 2_000, 0.125, 0.95)
    evidence = run(even_modes=trouble)
    assert kinds(evidence.until(2_000)) == [HEALTHY]
    (finding,) = [f for f in diagnose(evidence) if f.kind == "mode collapse"]
    assert 2_000 < finding.step <= 3_900


def test_windows_are_shares_of_the_images_and_leave_out_what_is_unknown() -> None:
    table = {"images": np.array([0.0, 25, 50, 75, 100]), "x": np.array([1.0, 2, np.nan, 4, 5])}
    assert window(table, "x", 0.5).tolist() == [4.0, 5.0]
    assert window(table, "x", 0.0, 0.5).tolist() == [1.0, 2.0]
    assert window(table, "y", 0.0).tolist() == []


@pytest.mark.parametrize("kind", [kind for kind in TROUBLES if kind != LIVE_CHANGE])
@pytest.mark.parametrize("config", [*(p.config for p in PRESETS.values()), *(s.config for s in GALLERY.values())])
def test_every_suggestion_changes_something_that_a_branch_may_change(config: RunConfig, kind: str) -> None:
    changes, words = suggestion(kind, config)
    assert changes
    assert words.endswith(".")
    assert not {path.split(".")[0] for path in changes} & set(FIXED)
    new = changed(config, changes)
    assert new != config
    for path, value in changes.items():
        assert replace_at(config, path, value) != config, path


@pytest.mark.parametrize(
    ("g_lr", "d_lr", "lowered", "said"),
    [
        (0.3, 1e-6, {"g_optimizer.lr": 0.001}, "Lower the generator's learning rate to 0.001."),
        (0.0001, 0.3, {"d_optimizer.lr": 0.001}, "Lower the discriminator's learning rate to 0.001."),
        (
            0.3,
            0.004,
            dict.fromkeys(("g_optimizer.lr", "d_optimizer.lr"), 0.001),
            "Lower both learning rates to 0.001.",
        ),
        (0.0025, 0.001, dict.fromkeys(("g_optimizer.lr", "d_optimizer.lr"), 0.00025), None),
    ],
)
def test_only_a_rate_that_is_high_is_lowered_where_a_run_diverges(
    g_lr: float, d_lr: float, lowered: dict[str, float], said: str | None
) -> None:
    config = apply_sets(PLANE, {"g_optimizer.lr": str(g_lr), "d_optimizer.lr": str(d_lr)})
    changes, words = suggestion("diverging", config)
    assert changes == lowered
    assert words == (said or "Lower both learning rates to 0.00025.")


def test_a_finding_says_the_same_in_json_and_as_pairs() -> None:
    evidence = run(replace(PLANE, g_optimizer=replace(PLANE.g_optimizer, lr=0.01)), even_modes=0.125)
    (finding,) = diagnose(evidence)
    said = json.loads(json.dumps(finding.as_json(evidence.config)))
    assert set(said) >= {"kind", "step", "evidence", "suggestion"}
    pairs = dict(pair.split("=") for pair in said["suggestion"])
    assert apply_sets(evidence.config, pairs) == changed(evidence.config, finding.suggestion)
    assert said["evidence"]["effective_share_of_modes"] == pytest.approx(0.125)
    assert "13%" in said["words"] or "12%" in said["words"]


def test_looks_are_those_that_evidence_is_made_of() -> None:
    assert set(WELL_LOOKS) == set(LOOKS)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.01234, "0.0123"), (1234.0, "1,230"), (1.2e-5, "1.2e-05"), (float("nan"), "unknown")],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number_words(value) == text


@pytest.mark.parametrize("config", [PLANE, IMAGES], ids=["plane", "images"])
def test_what_is_not_known_is_not_spoken_of(config: RunConfig) -> None:
    """The first look is as near to the real samples as they are to each other, so there is no way to have gone."""
    (healthy,) = diagnose(run(config, distance=0.0))
    assert healthy.kind == HEALTHY
    wild = next(f for f in diagnose(run(config, radius=np.nan, d_loss=5e3, g_loss=5e3)) if f.kind == "diverging")
    far = next(f for f in diagnose(run(config, radius=90.0, d_loss=np.nan, g_loss=np.nan)) if f.kind == "diverging")
    for words in (healthy.words, wild.words, far.words):
        assert "nan" not in words
        assert "unknown" not in words
        assert words[0].isupper()
        assert words.endswith(".")
    assert "5,000" in wild.words
    assert "90 times" in far.words

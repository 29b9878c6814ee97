"""`diagnose` on the command line."""

from __future__ import annotations

from gan_core.config.codec import apply_sets
from gan_core.measure.referee.findings import KINDS
from gan_core.training import preset
from tests.cli.conftest import Cli

BLIND = ("--preset", "ring-collapse", "--set", "d_optimizer.lr=1e-6", "--set", "g_optimizer.lr=0.001", "--set",
         "batch_size=128", "--set", "record.evaluate_images=0")  # fmt: skip


def test_findings_come_with_kind_step_evidence_and_a_suggestion_that_can_be_typed(cli: Cli) -> None:
    assert cli("train", *BLIND, "--steps", "600").status == 0
    said = cli("diagnose", "last", "--json").json()
    assert said["step"] == 600
    assert said["findings"]
    for finding in said["findings"]:
        assert finding["kind"] in KINDS
        assert 0 <= finding["step"] <= 600
        assert all(isinstance(value, float | type(None)) for value in finding["evidence"].values())
        apply_sets(preset("ring-collapse").config, dict(pair.split("=") for pair in finding["suggestion"]))
    (wins,) = [finding for finding in said["findings"] if finding["kind"] == "G wins"]
    assert wins["suggestion"] == ["d_optimizer.lr=0.001"]
    assert wins["evidence"]["d_accuracy_fake"] < 0.1
    words = cli("diagnose", "last").out
    assert "--set d_optimizer.lr=0.001" in words
    assert wins["cause"] in words


def test_a_run_that_is_not_there_is_said_in_a_sentence(cli: Cli) -> None:
    assert "nothing" in cli("diagnose", "nothing").sentence()


def test_it_may_be_too_early(cli: Cli) -> None:
    assert cli("train", *BLIND, "--steps", "100").status == 0
    assert cli("diagnose", "last", "--json").json()["findings"] == []
    assert "too early" in cli("diagnose", "last").out

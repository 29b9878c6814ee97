"""`diagnose`: what is going wrong in a run, and what might help."""

from __future__ import annotations

import argparse
import math

from gan_core.cli.show import open_manager, run_named
from gan_core.cli.terminal.streams import json_text
from gan_core.measure.referee.findings import LIVE_CHANGE, Finding
from gan_core.measure.referee.words import number_words
from gan_core.runs.dataset_cache import DatasetCache
from gan_core.runs.evaluation.diagnosis import Diagnoser
from gan_core.training import RunConfig

TOO_EARLY = "It is too early to say anything: there are too few points of the curves and sample grids."


def diagnose(arguments: argparse.Namespace) -> int:
    """Print the referee's findings of a run, the most urgent first; status 0 whatever they are."""
    manager = open_manager(arguments)
    try:
        run = run_named(manager, arguments.run)
        config, view = manager.config(run), manager.view(run)
        findings = Diagnoser(DatasetCache(manager.data_dir)).diagnose(manager, run)
    finally:
        manager.close(timeout_seconds=None)
    if arguments.json:
        said = [finding.as_json(config) for finding in findings]
        print(json_text({"run": run, "state": view.state, "step": view.step, "findings": said}))
        return 0
    print(f"{run} at step {view.step:,}:")
    print("\n\n".join(_words(finding, config) for finding in findings) or TOO_EARLY)
    return 0


def _words(finding: Finding, config: RunConfig) -> str:
    since = f" (first seen at step {finding.step:,})" if finding.trouble and finding.kind != LIVE_CHANGE else ""
    lines = [f"{finding.title}{since}. {finding.words}", f"  Likely cause: {finding.cause}"]
    lines.append(f"  Suggestion: {finding.suggestion_words}")
    if sets := finding.sets(config):
        lines.append("    " + " ".join(f"--set {pair}" for pair in sets))
    numbers = {name: value for name, value in finding.evidence.items() if math.isfinite(value)}
    if numbers:
        lines.append("  Evidence: " + ", ".join(f"{name} {number_words(value)}" for name, value in numbers.items()))
    return "\n".join(lines)

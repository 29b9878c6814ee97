"""The table of docs/referee.md, from the results of a trial; what was not run is said, not filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.referee_scenarios import BAD, HEALTHY, Scenario
from gan_core.config.files import write_atomically
from gan_core.measure.referee import KINDS

DOCUMENT = Path("docs/referee.md")
START, END = "<!-- trial: start -->", "<!-- trial: end -->"


def write_table(found: dict[str, Any]) -> None:
    """Put the table between its two marks."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(START)
    _, after = rest.split(END)
    write_atomically(DOCUMENT, f"{before}{START}\n\n{table(found)}\n{END}{after}".encode())


def table(found: dict[str, Any]) -> str:
    """Markdown: the two figures, then a row a scenario with how many of its runs each finding was made of."""
    fit, report = found["fit_seeds"], found["report_seeds"]
    lines = [
        f"{found['date']}, {found['machine']}. Thresholds fitted on seeds {_listed(fit)}; "
        f"the table is of seeds {_listed(report)} alone.",
        "",
        f"- **Ill runs found: {_share(found['bad_found'], found['bad_runs'])}** (on the seeds of the fit: "
        f"{_share(found['fit_bad_found'], found['fit_bad_runs'])}).",
        f"- With the very finding that the scenario aims at, and not another that is right for it too: "
        f"{_share(found['aimed_found'], found['bad_runs'])}.",
        f"- **Healthy runs accused: {_share(found['healthy_accused'], found['healthy_runs'])}** (on the seeds of the "
        f"fit: {_share(found['fit_healthy_accused'], found['fit_healthy_runs'])}).",
        f"- Healthy runs of which a plateau was said: {_share(found['healthy_on_plateau'], found['healthy_runs'])}.",
        "",
        "| scenario | right | " + " | ".join(KINDS) + " |",
        "|---|---|" + "---|" * len(KINDS),
    ]
    for scenario in (*BAD, *HEALTHY):
        runs = {seed: found["verdicts"].get(scenario.name, {}).get(str(seed)) for seed in report}
        lines.append(_row(scenario, [kinds for kinds in runs.values() if kinds is not None], len(report)))
    missing = found["not_run"]
    listed = "; ".join(f"{name} (seed {', '.join(map(str, seeds))})" for name, seeds in missing.items())
    lines += ["", f"Not run: {listed}." if missing else "Every run of the suite was made.", ""]
    return "\n".join(lines)


def _row(scenario: Scenario, runs: list[list[str]], wanted: int) -> str:
    if not runs:
        return f"| {scenario.name} | not run |" + " |" * len(KINDS)
    troubles = [set(kinds) - {"plateau"} for kinds in runs]
    right = sum(bool(set(kinds) & set(scenario.kinds)) for kinds in runs) if scenario.kinds else troubles.count(set())
    counts = {kind: sum(kind in kinds for kinds in runs) for kind in KINDS}
    counts["healthy"] = sum(not kinds for kinds in runs)
    short = "" if len(runs) == wanted else f" ({wanted - len(runs)} not run)"
    cells = []
    for kind in KINDS:
        aimed = kind in scenario.kinds or (kind == "healthy" and not scenario.kinds)
        cells.append(
            (f"**{counts[kind]}**" if aimed else str(counts[kind])) if counts[kind] else "·" if aimed else ""
        )
    return f"| {scenario.name} | {right} of {len(runs)}{short} | " + " | ".join(cells) + " |"


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.0f}%)" if whole else "not run"


def _listed(seeds: list[int]) -> str:
    return f"{', '.join(map(str, seeds[:-1]))} and {seeds[-1]}"

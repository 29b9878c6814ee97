"""The table of docs/referee.md, from the results of a trial; what was not run is said, not filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.referee.live import LIVE_BAD, LIVE_HEALTHY
from benchmarks.referee.scenarios import BAD, HEALTHY, Scenario
from gan_core.config.files import write_atomically
from gan_core.measure.referee.findings import KINDS

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
        f"{found['date']}, {found['machine']}. Thresholds fitted on {_fitted_on(found)}; "
        f"the table is of {_run_of(found, report)} alone.",
        "",
        f"- **Ill runs found: {_share(found['bad_found'], found['bad_runs'])}** (on the seeds of the fit: "
        f"{_share(found['fit_bad_found'], found['fit_bad_runs'])}).",
        f"- With the very finding that the scenario aims at, and not another that is right for it too: "
        f"{_share(found['aimed_found'], found['bad_runs'])}.",
        f"- **Healthy runs accused: {_share(found['healthy_accused'], found['healthy_runs'])}** (on the seeds of the "
        f"fit: {_share(found['fit_healthy_accused'], found['fit_healthy_runs'])}).",
        f"- Healthy runs of which a plateau was said: {_share(found['healthy_on_plateau'], found['healthy_runs'])}.",
        f"- Live changes that broke a run, named within 100 steps: {_share(*found['named_soon'])}.",
        "",
        "| asked at | ill runs found just then | healthy runs accused just then | too early to speak |",
        "|---|---|---|---|",
        *(
            f"| {row['share']:.0%} | {_share(row['ill_found'], row['ill'])} | "
            f"{_share(row['healthy_accused'], row['healthy'])} | {row['too_early']} |"
            for row in found["by_moment"]
        ),
        "",
        "| scenario | right | " + " | ".join(KINDS) + " |",
        "|---|---|" + "---|" * len(KINDS),
    ]
    scenarios = (*BAD, *LIVE_BAD, *HEALTHY, *LIVE_HEALTHY)
    for scenario in scenarios:
        runs = {seed: found["verdicts"].get(scenario.name, {}).get(str(seed)) for seed in report}
        lines.append(_row(scenario, [kinds for kinds in runs.values() if kinds is not None], len(report)))
    missing = found["not_run"]
    count, whole = sum(map(len, missing.values())), len(scenarios) * len([*fit, *report])
    said = f"{count} of the suite's {whole} runs were not made, for want of time; the table says which of its own."
    lines += ["", said if missing else "Every run of the suite was made.", ""]
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
    return f"{part} of {whole} ({100 * part / whole:.0f}%)" if whole else "none"


def _fitted_on(found: dict[str, Any]) -> str:
    about = found["fitted_on"]
    return f"{about['runs']} runs of seeds {', '.join(map(str, about['seeds']))}"


def _run_of(found: dict[str, Any], seeds: list[int]) -> str:
    """Those of the planned seeds of which any run was made."""
    made = {int(seed) for by in found["verdicts"].values() for seed in by}
    return f"seeds {', '.join(str(seed) for seed in seeds if seed in made)} (planned: {', '.join(map(str, seeds))})"

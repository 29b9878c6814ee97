"""The referee on trial: runs whose trouble is known, thresholds fitted to some seeds, and a verdict on the others.

python -m benchmarks.referee               train what is not recorded yet, fit, and write the table
python -m benchmarks.referee --no-training fit and write the table from what is recorded
python -m benchmarks.referee --no-fit      judge by the thresholds as they are, without what they were fitted on
python -m benchmarks.referee --add         likewise, beside the runs of results.json whose records are gone

Records lie under build/referee, one file a run, so that it may be stopped and started again. Written are
gan_core/measure/referee/thresholds.json, benchmarks/referee/results.json and the table in docs/referee.md.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import describe
from benchmarks.referee.live import LIVE_BAD, LIVE_HEALTHY
from benchmarks.referee.record import Recorder, load, save
from benchmarks.referee.scenarios import BAD as PLAIN_BAD
from benchmarks.referee.scenarios import FIT_SEEDS, REPORT_SEEDS, Scenario
from benchmarks.referee.scenarios import HEALTHY as PLAIN_HEALTHY
from benchmarks.referee.table import write_table
from gan_core.config.files import write_atomically
from gan_core.measure.referee.basis import MOST, enough
from gan_core.measure.referee.findings import (
    LIVE_CHANGE,
    THRESHOLDS_FILE,
    Evidence,
    Thresholds,
    findings_by,
    thresholds,
)
from gan_core.measure.referee.scores import SCORES

BAD, HEALTHY = PLAIN_BAD + LIVE_BAD, PLAIN_HEALTHY + LIVE_HEALTHY
SCENARIOS = BAD + HEALTHY
MOMENTS = (0.01, 0.05, 0.1, 0.2, 0.5, 0.75, 1.0)  # shares of a run at which the referee is asked
SOON = 100  # steps after a live change, within which it is asked at every point of the curves too
RESULTS = Path("benchmarks/referee/results.json")
LEAST = {
    "live change": 0.6,
    "diverging": 0.8, "exploding gradient": 0.8, "vanishing gradient": 1.5, "D wins": 0.9, "G wins": 0.9,
    "mode collapse": 0.6, "memorising": 0.4, "oscillation": 0.1, "plateau": 0.8,
}  # fmt: skip
"""What each word means at the least, whatever the runs say: nobody would call it so below that."""

Record = tuple[Evidence, float]


def record_file(folder: Path, scenario: Scenario, seed: int) -> Path:
    return folder / f"{re.sub('[^a-z0-9.]+', '-', scenario.name.lower())}-{seed}.json"


def kept(path: Path, scenario: Scenario, seed: int) -> Record | None:
    """What was recorded of a run, if it is still this configuration."""
    if not path.exists():
        return None
    record = load(path)
    same = record[0].config == scenario.config_at_end(seed)
    made = tuple((one.step, one.path, one.after) for one in record[0].changes)
    return record if same and made == scenario.planned else None


def record_missing(folder: Path, seeds: Iterable[int], match: str = "") -> None:
    """Train what is not recorded yet, seed by seed."""
    recorder = Recorder()
    for seed in seeds:
        for scenario in SCENARIOS:
            path = record_file(folder, scenario, seed)
            if match in scenario.name and kept(path, scenario, seed) is None:
                evidence, seconds = recorder.record(scenario.config(seed), scenario.planned)
                save(path, evidence, seconds)
                print(f"seed {seed}, {scenario.name}: {seconds:.1f} s", flush=True)


def recorded(folder: Path) -> dict[tuple[str, int], Record]:
    """(scenario, seed) -> what was recorded of it, for every run that is there and is still this configuration."""
    found = {}
    for scenario in SCENARIOS:
        for seed in (*FIT_SEEDS, *REPORT_SEEDS):
            if (record := kept(record_file(folder, scenario, seed), scenario, seed)) is not None:
                found[scenario.name, seed] = record
    return found


def moments(evidence: Evidence) -> list[Evidence]:
    """What was known at each moment, where there was enough to say anything."""
    steps = {int(evidence.step * share) for share in MOMENTS}
    steps |= {step for one in evidence.changes for step in soon_after(evidence, one.step)}
    cuts = [evidence.until(step) for step in sorted(steps)]
    return [cut for cut in cuts if cut.diverged or enough(cut)]


def soon_after(evidence: Evidence, changed_at: int) -> list[int]:
    """The points of the curves within SOON steps after a live change."""
    return [int(step) for step in evidence.curves["step"] if changed_at < step <= changed_at + SOON]


def fit(records: dict[tuple[str, int], Record]) -> Thresholds:
    """For points and for images: halfway between the healthy runs' highest and the ill ones' lowest score.

    Only FIT_SEEDS are looked at. A scenario teaches the kind that it aims at, by its highest score at any moment.
    """
    found: Thresholds = {}
    for kind, score in SCORES.items():
        found[kind] = {}
        for where, images in (("plane", False), ("images", True)):
            best: dict[bool, list[float]] = {True: [], False: []}
            for scenario in SCENARIOS:
                if scenario.images != images or (scenario.kinds and scenario.kinds[0] != kind):
                    continue
                runs = [records[scenario.name, seed][0] for seed in FIT_SEEDS if (scenario.name, seed) in records]
                best[bool(scenario.kinds)] += [
                    max((score(cut).value for cut in moments(run)), default=-MOST) for run in runs
                ]
            if kind == "plateau":  # which healthy runs come to as well
                best[False] = []
            if kind == LIVE_CHANGE:  # to be named soon: half as much again as a change that does no harm
                best[True] = []
            found[kind][where] = _between(best[False], best[True], LEAST[kind])
    return found


def _between(healthy: list[float], ill: list[float], least: float) -> float:
    """Halfway, never below `least`; where none was ill, half as much again as any healthy one."""
    known = [value for value in healthy if value > -MOST]
    high = max(known, default=least / 2)
    if not ill:
        return round(max(least, 1.5 * high), 3)
    return round(max(least, (high + min(min(ill), 3 * max(high, least))) / 2), 3)


def verdicts(records: dict[tuple[str, int], Record], limits: Thresholds) -> dict[str, dict[int, list[str]]]:
    """Scenario -> seed -> every kind that was found at any of the moments; "too early" where nothing was said."""
    found: dict[str, dict[int, list[str]]] = {}
    for (name, seed), (evidence, _) in records.items():
        cuts = moments(evidence)
        kinds = [kind for cut in cuts for kind in findings_by(cut, limits)]
        found.setdefault(name, {})[seed] = list(dict.fromkeys(kinds)) if cuts else ["too early"]
    return found


def by_moment(records: dict[tuple[str, int], Record], limits: Thresholds) -> list[dict[str, float]]:
    """Of REPORT_SEEDS, at each look: ill runs found and healthy ones accused just then, and of how many it spoke."""
    found = []
    for share in MOMENTS:
        row = {"share": share, "ill": 0, "ill_found": 0, "healthy": 0, "healthy_accused": 0, "too_early": 0}
        for scenario in SCENARIOS:
            for seed in REPORT_SEEDS:
                if (record := records.get((scenario.name, seed))) is None:
                    continue
                cut = record[0].until(int(record[0].step * share))
                if not enough(cut) and not cut.diverged:
                    row["too_early"] += 1
                    continue
                kinds = set(findings_by(cut, limits))
                row["ill" if scenario.kinds else "healthy"] += 1
                row["ill_found"] += bool(kinds & set(scenario.kinds))
                row["healthy_accused"] += not scenario.kinds and bool(kinds - {"plateau"})
        found.append(row)
    return found


def named_soon(records: dict[tuple[str, int], Record], limits: Thresholds) -> tuple[int, int]:
    """Of REPORT_SEEDS: live changes that broke a run and were named within SOON steps, and how many there were."""
    runs = [(records[s.name, n][0], s.changed_at) for s in LIVE_BAD for n in REPORT_SEEDS if (s.name, n) in records]
    said = [
        any(LIVE_CHANGE in findings_by(run.until(step), limits) for step in soon_after(run, changed_at))
        for run, changed_at in runs
    ]
    return sum(said), len(said)


def judge(
    scenarios: Iterable[Scenario], verdict: dict[str, dict[int, list[str]]], seeds: Iterable[int]
) -> list[bool]:
    """For each recorded run: whether one of its scenario's kinds was found, or (healthy) no trouble at all."""
    judged = []
    for scenario in scenarios:
        for seed in seeds:
            if (kinds := verdict.get(scenario.name, {}).get(seed)) is None:
                continue
            troubles = set(kinds) - {"plateau"}
            judged.append(bool(set(kinds) & set(scenario.kinds)) if scenario.kinds else not troubles)
    return judged


def results(records: dict[tuple[str, int], Record], limits: Thresholds) -> dict[str, Any]:
    """Everything that the table is made of."""
    verdict = verdicts(records, limits)
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": describe(),
        "fit_seeds": FIT_SEEDS,
        "report_seeds": REPORT_SEEDS,
        "fitted_on": json.loads(THRESHOLDS_FILE.read_bytes())["fitted_on"],
        "moments": MOMENTS,
        "by_moment": by_moment(records, limits),
        "named_soon": named_soon(records, limits),
        **figures(verdict),
        "verdicts": {name: {str(seed): kinds for seed, kinds in by.items()} for name, by in verdict.items()},
        "seconds": {_run_name(name, seed): seconds for (name, seed), (_, seconds) in records.items()},
    }


def _run_name(scenario: str, seed: int) -> str:
    return f"{scenario}, seed {seed}"


def figures(verdict: dict[str, dict[int, list[str]]]) -> dict[str, Any]:
    """What is counted of verdicts, and which runs have none."""
    bad, well = judge(BAD, verdict, REPORT_SEEDS), judge(HEALTHY, verdict, REPORT_SEEDS)
    fit_bad, fit_well = judge(BAD, verdict, FIT_SEEDS), judge(HEALTHY, verdict, FIT_SEEDS)
    missing: dict[str, list[int]] = {}
    for scenario in SCENARIOS:
        for seed in (*FIT_SEEDS, *REPORT_SEEDS):
            if seed not in verdict.get(scenario.name, {}):
                missing.setdefault(scenario.name, []).append(seed)
    return {
        "bad_found": sum(bad),
        "aimed_found": sum(
            scenario.kinds[0] in verdict.get(scenario.name, {}).get(seed, [])
            for scenario in BAD
            for seed in REPORT_SEEDS
        ),
        "healthy_on_plateau": sum(
            "plateau" in verdict.get(scenario.name, {}).get(seed, []) for scenario in HEALTHY for seed in REPORT_SEEDS
        ),
        "bad_runs": len(bad),
        "healthy_accused": well.count(False),
        "healthy_runs": len(well),
        "fit_bad_found": sum(fit_bad),
        "fit_bad_runs": len(fit_bad),
        "fit_healthy_accused": fit_well.count(False),
        "fit_healthy_runs": len(fit_well),
        "not_run": missing,
    }


def added(
    before: dict[str, Any], records: dict[tuple[str, int], Record], limits: Thresholds
) -> dict[str, Any]:  # fmt: skip
    """Results with what was recorded since on top of `before`, whose records may be gone: its verdicts stand."""
    new = {key: record for key, record in records.items() if _run_name(*key) not in before["seconds"]}
    found = results(new, limits)
    names = {**before["verdicts"], **found["verdicts"]}
    found["verdicts"] = {name: before["verdicts"].get(name, {}) | found["verdicts"].get(name, {}) for name in names}
    found["seconds"] = before["seconds"] | found["seconds"]
    for row, was in zip(found["by_moment"], before["by_moment"], strict=True):
        row |= {name: row[name] + was[name] for name in row if name != "share"}
    found["named_soon"] = [sum(pair) for pair in zip(found["named_soon"], before["named_soon"], strict=True)]
    verdict = {name: {int(seed): kinds for seed, kinds in by.items()} for name, by in found["verdicts"].items()}
    return found | figures(verdict)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, default=Path("build/referee"), help="where runs are recorded")
    parser.add_argument("--no-training", action="store_true", help="use what is recorded")
    parser.add_argument("--no-fit", action="store_true", help="leave the thresholds as they are")
    parser.add_argument("--add", action="store_true", help="as --no-fit, and what is in the results already stands")
    parser.add_argument("--only-training", action="store_true", help="record, and leave the table as it is")
    parser.add_argument("--match", default="", help="only scenarios with this in their name are trained")
    seeds = [seed for pair in zip(FIT_SEEDS, REPORT_SEEDS, strict=True) for seed in pair]
    parser.add_argument("--seeds", type=int, nargs="+", default=seeds, help="which are trained, in this order")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if not arguments.no_training:
        record_missing(arguments.records, arguments.seeds, arguments.match)
    if arguments.only_training:
        return
    records = recorded(arguments.records)
    limits = thresholds() if arguments.no_fit or arguments.add else fit(records)
    if not (arguments.no_fit or arguments.add):
        made = [seed for _, seed in records if seed in FIT_SEEDS]
        about = {"seeds": sorted(set(made)), "runs": len(made)}
        kept_thresholds = {"fitted_on": about, "thresholds": limits}
        write_atomically(THRESHOLDS_FILE, (json.dumps(kept_thresholds, indent=1) + "\n").encode())
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if arguments.add else None
    found = added(known, records, limits) if known else results(records, limits)
    write_atomically(RESULTS, (json.dumps(found, indent=1) + "\n").encode())
    write_table(found)
    print(f"found {found['bad_found']} of {found['bad_runs']} ill runs, accused {found['healthy_accused']} of "
          f"{found['healthy_runs']} healthy ones; scenarios with runs missing: {len(found['not_run'])}")  # fmt: skip

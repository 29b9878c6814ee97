"""The measures by which members of a sweep are compared: newest values, taken on the same features for all."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable

from gan_core.config.codec import ConfigError
from gan_core.measure import IMAGE_MEASURES, PLANE_MEASURES
from gan_core.runs.evaluation_record import Evaluation, read_evaluations
from gan_core.runs.manager import RunManager
from gan_core.runs.states import LIVE
from gan_core.runs.storage.run_folder import RunFolder, UnknownRun, UnreadableRun, open_run

SAMPLES = 1_000  # of an evaluation on demand: enough to tell members of a sweep apart, in seconds each


def measured(manager: RunManager, runs: Iterable[str]) -> dict[str, dict[str, float]]:
    """Run -> measure -> its newest value; what was not measured is left out.

    Measures of images depend on the features and on how many samples were taken, so all are of the kind that most
    runs have, of the more samples where two are as common.
    """
    curves: dict[str, dict[str, float]] = {}
    evaluations: dict[str, list[Evaluation]] = {}
    for run in runs:
        curves[run], evaluations[run] = _read(manager, run)
    kinds = Counter(kind for found in evaluations.values() for kind in {one.kind for one in found})
    usual = max(kinds, key=lambda kind: (kinds[kind], kind[1]), default=None)
    for run, found in evaluations.items():
        for one in found:  # in order of steps
            if one.kind == usual:
                curves[run] |= {n: v for n, v in one.values.items() if math.isfinite(v)}
    return curves


def _read(manager: RunManager, run: str) -> tuple[dict[str, float], list[Evaluation]]:
    """Of points the newest measured values of their curve; and the evaluations of later steps than these."""
    found: dict[str, float] = {}
    try:
        with open_run(manager.runs_dir, run).read() as db:
            newest = 0
            for measure in PLANE_MEASURES:
                known = f"FROM points WHERE {measure.name} IS NOT NULL ORDER BY step DESC LIMIT 1"
                row = db.execute(f"SELECT {measure.name}, step {known}").fetchone()
                if row is not None:
                    found[measure.name], newest = float(row[0]), max(newest, int(row[1]))
            return found, [one for one in read_evaluations(db) if one.step > newest]
    except (UnknownRun, UnreadableRun):
        return {}, []


def unmeasured(manager: RunManager, runs: Iterable[str]) -> list[str]:
    """Those at rest whose newest checkpoint has no evaluation of SAMPLES images; none of runs of points."""
    found = []
    for run in runs:
        try:
            view = manager.view(run)
            if (
                view.state in LIVE
                or not view.checkpoints
                or manager.config(run).data.info(manager.data_dir).native_size == 1
            ):
                continue
            known = {one.step for one in manager.evaluations(run) if one.samples == SAMPLES}
        except (UnknownRun, UnreadableRun):
            continue
        if view.checkpoints[-1] not in known:
            found.append(run)
    return found


def measure(manager: RunManager, runs: list[str], progress: Callable[[float, str], None]) -> None:
    """Evaluate the newest checkpoint of each; `progress` may raise to stop. Raises as `RunManager.evaluate`."""
    for done, run in enumerate(runs):
        progress(done / len(runs), f"measuring run {done + 1} of {len(runs)}")
        manager.evaluate(
            run, samples=SAMPLES,
            progress=lambda share, _, done=done: progress(  # type: ignore[misc]
                (done + share) / len(runs), f"measuring run {done + 1} of {len(runs)}"
            ),
        )  # fmt: skip


def measure_of(name: str) -> tuple[str, str, bool | None]:
    """Label, unit and whether higher is better (None: neither) of a measure."""
    for one in (*PLANE_MEASURES, *IMAGE_MEASURES):
        if one.name == name:
            return one.label, one.unit, one.higher_is_better
    raise ConfigError(f'There is no measure called "{name}".')


def best(values: dict[str, float], name: str) -> str | None:
    """The key with the best value of this measure; None where neither end is the good one, or nothing is known."""
    higher = measure_of(name)[2]
    if higher is None or not values:
        return None
    return (max if higher else min)(values, key=lambda key: values[key])


def measured_on_the_way(folder: RunFolder, name: str) -> list[tuple[int, float]]:
    """(step, value) of a measure as the run has taken it while it trained, oldest first; on one kind of sample.

    Raises UnreadableRun.
    """
    with folder.read() as db:
        if any(name == one.name for one in PLANE_MEASURES):
            rows = db.execute(f"SELECT step, {name} FROM points WHERE step > 0 AND {name} IS NOT NULL ORDER BY step")
            found = [(int(step), float(value)) for step, value in rows]
            if found:
                return found
        evaluations = [one for one in read_evaluations(db) if one.step > 0 and name in one.values]
    kinds = Counter(one.kind for one in evaluations)
    usual = max(kinds, key=lambda kind: (kinds[kind], kind[1]), default=None)
    return [
        (one.step, one.values[name]) for one in evaluations if one.kind == usual and math.isfinite(one.values[name])
    ]

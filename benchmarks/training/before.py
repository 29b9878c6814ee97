"""One run on one device as it trains now, against a commit before: images a second, in pairs.

    python -m benchmarks.training.before [--commit C] [--preset P] [--pairs 4] [--seconds 10] [--threads 1]
        [--set FIELD=VALUE]

Without --commit it is the one before the first that knew of several devices or processes. Its files are laid out
beside these by `git worktree`. Each run is a process of its own; what is timed begins once it trains. On a machine
that others use too, look at the processor seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import describe, paired, told

ROOT = Path(__file__).parents[2]
BEFORE_SEVERAL_DEVICES = "c68c615"  # the parent of f91968b, the first in `git log -- gan_core/training/ranks.py`
GOAL = 0.97
RUN = """
import json, sys, time
from pathlib import Path
from gan_core.config.codec import apply_sets
from gan_core.runs import LIVE, RunManager
from gan_core.training import preset
name, sets, seconds, threads, folder, data = json.loads(sys.argv[1])
manager = RunManager(Path(folder), Path(data), device="cpu", threads=threads)
config = manager.resolved(apply_sets(preset(name).config, dict(sets)))
manager.prepare(config)
run = manager.start(config, stop_after_seconds=seconds)
while manager.view(run).step < 1:
    time.sleep(0.02)
begin, before = manager.view(run), time.process_time()
while manager.view(run).state in LIVE:
    time.sleep(0.05)
view, took = manager.view(run), time.process_time() - before
manager.close()
images = view.images - begin.images
print(json.dumps([images / (view.elapsed_seconds - begin.elapsed_seconds), images / took]))
"""


def rates(name: str, program: Path, asked: argparse.Namespace, data: Path) -> tuple[float, float]:
    """Images a second, and images a second of processor time, of a run by the files in a folder."""
    with tempfile.TemporaryDirectory() as folder:
        sets = [one.partition("=")[::2] for one in asked.set]
        words = json.dumps([asked.preset, sets, asked.seconds, asked.threads, f"{folder}/runs", str(data)])
        environment = {**os.environ, "PYTHONPATH": str(program), "OMP_NUM_THREADS": str(asked.threads)}
        found = subprocess.run(
            [sys.executable, "-c", RUN, words],
            cwd=program,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if found.returncode:
        raise SystemExit(f"The run by {program} failed:\n{found.stderr[-2000:]}")
    rate, per_cpu = json.loads(found.stdout.splitlines()[-1])
    print(
        f"  {name}: {rate:,.0f} images/s, {per_cpu:,.0f} images a processor second; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return rate, per_cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commit", default=BEFORE_SEVERAL_DEVICES)
    parser.add_argument("--preset", default="fashion-fast")
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--set", action="append", default=[])
    asked = parser.parse_args()
    print(describe())
    of_cpu: dict[str, list[float]] = {"now": [], "before": []}
    with tempfile.TemporaryDirectory() as folder:
        data, before = Path(folder) / "data", Path(folder) / "before"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", str(before), asked.commit], check=True, capture_output=True)
        try:

            def measured(name: str, program: Path) -> float:
                rate, per_cpu = rates(name, program, asked, data)
                of_cpu[name].append(per_cpu)
                return rate

            _, _, ratio, ratios = paired(
                lambda: measured("now", ROOT), lambda: measured("before", before), asked.pairs
            )  # fmt: skip
        finally:
            subprocess.run([*git, "remove", "--force", str(before)], check=False, capture_output=True)
    each = [a / b for a, b in zip(of_cpu["now"], of_cpu["before"], strict=True)]
    print(told(f"images/s, now / {asked.commit}", ratio, GOAL, ratios))
    print(told(f"images a processor second, now / {asked.commit}", statistics.median(each), GOAL, each))


if __name__ == "__main__":
    main()

"""Two processes of one thread each on one run, against one process of two threads: images a second, in pairs.

    python -m benchmarks.ranks [--preset P] [--pairs 4] [--seconds 20] [--processes 2] [--set FIELD=VALUE]

Both are the command line as a user types it, torchrun before one of them, and train the same configuration. The rate
is a run's own, of its training alone: what starting costs is told apart.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import describe, paired, told

GOAL = 0.9


def images_per_second(words: list[str], folder: Path, processes: int, threads: int) -> float:
    """Of one run; prints what it took to start."""
    launcher = (
        ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    )
    folders = ["--runs-dir", str(folder / "runs"), "--data-dir", str(folder / "data")]
    command = [sys.executable, *launcher, "-m", "gan_core", "train", *words, "--threads", str(threads), *folders]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, "--device", "cpu", "--json"],
        env={**os.environ, "OMP_NUM_THREADS": str(threads)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    took = time.perf_counter() - start
    found = next(json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    rate = float(found["images_per_second"])
    print(
        f"  {processes} x {threads} threads: {rate:,.0f} images/s; {took - found['seconds']:.1f} s besides training, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    assert found["threads"] == threads, "the run's steps are too small for so many threads"
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="fashion-fast")
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], dest="sets")
    asked = parser.parse_args()
    print(describe())
    sets = ["precision=float32", "backend=reference", "record.evaluate_images=0", *asked.sets]
    words = ["--preset", asked.preset, "--seconds", str(asked.seconds), *(w for one in sets for w in ("--set", one))]
    with tempfile.TemporaryDirectory() as folder:
        together, alone, ratio, ratios = paired(
            lambda: images_per_second(words, Path(folder), asked.processes, 1),
            lambda: images_per_second(words, Path(folder), 1, asked.processes),
            asked.pairs,
        )
    ways = f"{together:,.0f} images/s in {asked.processes} processes, {alone:,.0f} in one of as many threads"
    print(f"{asked.preset}: {ways}")
    print(told("processes / threads", ratio, GOAL, ratios))


if __name__ == "__main__":
    main()

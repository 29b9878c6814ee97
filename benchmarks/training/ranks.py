"""Two processes of one thread each on one run, against one process of two threads: images a second, in pairs.

    python -m benchmarks.training.ranks [--preset P] [--pairs 4] [--seconds 20] [--processes 2] [--set FIELD=VALUE]

Both are the command line as a user types it, torchrun before one of them, and train the same configuration. The rate
is a run's own, of its training alone. On a machine that others use too, look at the processor time: a process that
waits for another takes none, threads that wait for each other do.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import describe, paired, told
from gan_core.runs import RunManager

GOAL = 0.9
WARM_STEPS = 20


def rates(words: list[str], processes: int, threads: int, seconds: float) -> tuple[float, float]:
    """Images a second, and images a second of processor time, of one run over so long; it is ended afterwards."""
    launcher = (
        ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    )
    with tempfile.TemporaryDirectory() as folder:
        places = ["--runs-dir", f"{folder}/runs", "--data-dir", f"{folder}/data", "--device", "cpu"]
        started = subprocess.Popen(
            [sys.executable, *launcher, "-m", "gan_core", "train", *words, "--threads", str(threads), *places],
            env={**os.environ, "OMP_NUM_THREADS": str(threads)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        reader = RunManager(Path(folder) / "runs", Path(folder) / "data", device="cpu", threads=1)
        try:
            while not (views := reader.views()) or views[0].step < WARM_STEPS:
                assert started.poll() is None, "the run did not start"
                time.sleep(0.1)
            assert views[0].threads == threads, "the run's steps are too small for so many threads"
            begin, before = reader.view(views[0].id), cpu_seconds(started.pid)
            time.sleep(seconds)
            end, after = reader.view(views[0].id), cpu_seconds(started.pid)
        finally:
            started.terminate()
            started.wait()
            reader.close()
    images = end.images - begin.images
    found = images / (end.elapsed_seconds - begin.elapsed_seconds), images / (after - before)
    of_cpu = f"{found[1]:,.0f} images a processor second"
    print(
        f"  {processes} x {threads} threads: {found[0]:,.0f} images/s, {of_cpu}; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time so far of a process and those it has started that still run."""
    parents, took = {}, {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parts = (place / "stat").read_text().rpartition(")")[2].split()
            parents[int(place.name)] = int(parts[1])
            took[int(place.name)] = (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
    ours = {pid}
    while more := {child for child, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(took[each] for each in ours)


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
    words = ["--preset", asked.preset, *(word for one in sets for word in ("--set", one))]
    of_cpu: dict[int, list[float]] = {1: [], asked.processes: []}

    def measured(processes: int) -> float:
        rate, per_cpu = rates(words, processes, asked.processes // processes, asked.seconds)
        of_cpu[processes].append(per_cpu)
        return rate

    _, _, ratio, ratios = paired(lambda: measured(asked.processes), lambda: measured(1), asked.pairs)
    each = [a / b for a, b in zip(of_cpu[asked.processes], of_cpu[1], strict=True)]
    print(told("images/s, processes / threads", ratio, GOAL, ratios))
    print(told("images a processor second, processes / threads", statistics.median(each), GOAL, each))


if __name__ == "__main__":
    main()

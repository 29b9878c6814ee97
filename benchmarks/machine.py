"""What a figure was measured on, and how pairs are compared."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable

import torch


def describe() -> str:
    """One line: processor, cores, threads, versions."""
    processor = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            processor = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"machine: {processor}, {os.cpu_count()} cores, load {load:.1f}; Python {platform.python_version()}, "
        f"torch {torch.__version__}, {torch.get_num_threads()} threads"
    )


def matmul_rate(seconds: float = 0.5) -> float:
    """Floating-point operations a second in float32 matrix products of 1024 x 1024, best of many."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    return 2 * 1024**3 / best


def paired(
    one: Callable[[], float], other: Callable[[], float], pairs: int
) -> tuple[float, float, float, list[float]]:
    """Medians of both speeds and of their ratio one / other, taken in turn (A B B A ...); and all ratios."""
    ones, others = [], []
    for i in range(pairs):
        if i % 2:
            b, a = other(), one()
        else:
            a, b = one(), other()
        ones.append(a)
        others.append(b)
    ratios = [a / b for a, b in zip(ones, others, strict=True)]
    return statistics.median(ones), statistics.median(others), statistics.median(ratios), ratios


def told(name: str, ratio: float, goal: float, ratios: list[float]) -> str:
    """A line for a ratio that should be at least `goal`."""
    verdict = "reached" if ratio >= goal else "MISSED"
    spread = ", ".join(f"{r:.3f}" for r in sorted(ratios))
    return f"{name}: {ratio:.3f} (goal at least {goal}: {verdict}; all pairs: {spread})"

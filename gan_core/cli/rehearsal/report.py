"""The rehearsal's two tables: what the class waited for, and what it took of the machine."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from gan_core.cli.rehearsal.meter import Phase, growth

FIRST_PAGE, RERUN, PICTURE, LIVE, SPEED, GROWTH = 5.0, 1.5, 0.25, 0.5, 0.85, 0.5
"""What must hold: seconds at the 95th percentile, the share of its own speed that the run keeps, MB a minute."""
STARVED = 0.2  # of the median number of pictures: who gets fewer waits while others drag


@dataclass(frozen=True)
class Line:
    """One line of the table. p50, p95: in `unit`; of the speed, images a second alone and watched. within: limit."""

    what: str
    p50: float
    p95: float
    within: str
    holds: bool
    count: int
    unit: str = "s"


def report(
    opened: Sequence[float], clicks: Sequence[float], drags: Sequence[Sequence[float]], delays: Sequence[float],
    speeds: Sequence[tuple[float, float]], phases: Sequence[Phase] = (),
) -> list[Line]:  # fmt: skip
    """The table's lines. speeds: of each round images a second alone, and while all follow."""
    counts = [len(one) for one in drags]
    starved = sum(count < STARVED * statistics.median(counts) for count in counts) if counts else 0
    alone, watched = (
        statistics.mean(one) if one else 0.0 for one in ([a for a, _ in speeds], [w for _, w in speeds])
    )
    share = watched / alone if alone else 0.0
    lines = [
        _line("first page", opened, FIRST_PAGE),
        _line("rerun after a click", clicks, RERUN),
        _line("picture under the hand", [took for one in drags for took in one], PICTURE),
        Line(
            "people who wait while others drag", starved, starved, "0", starved == 0 and bool(counts), len(counts), ""
        ),
        _line("live delay", delays, LIVE),
        Line(f"run's speed, {share:.2f} of alone", alone, watched, f"at least {SPEED}", share >= SPEED, 2, "img/s"),
    ]
    if (slope := growth(phases)) is not None:
        at_end = next(phase.memory_mb for phase in reversed(phases) if phase.memory_mb is not None)
        rounds = len({phase.round for phase in phases})
        what = f"server's memory, {at_end:,.0f} MB, grows"
        lines.append(Line(what, slope, slope, f"{GROWTH:g} MB/min", slope <= GROWTH, rounds, "MB/min"))
    return lines


def _line(what: str, seconds: Sequence[float], limit: float) -> Line:
    if not seconds:
        return Line(what, float("nan"), float("nan"), f"{limit:g} s", False, 0)
    p50, p95 = percentile(seconds, 0.5), percentile(seconds, 0.95)
    return Line(what, p50, p95, f"{limit:g} s", p95 <= limit, len(seconds))


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: the smallest value that at least this share of all do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * round(1000 * share) // 1000)
    return ordered[max(0, rank - 1)]


def table(lines: Sequence[Line]) -> str:
    rows: list[tuple[str, ...]] = [("", "p50", "p95", "limit (p95)", "of")]
    digits = {"s": 3, "MB/min": 2}
    for one in lines:
        values = (f"{value:.{digits.get(one.unit, 0)}f} {one.unit}".rstrip() for value in (one.p50, one.p95))
        rows.append((("  " if one.holds else "! ") + one.what, *values, one.within, str(one.count)))
    return _aligned(rows, left=(0, 3))


def load_table(phases: Sequence[Phase], processors: int | None) -> str:
    """What was played when, and the processor time that it took: of one processor, which makes 1.00."""
    rows: list[tuple[str, ...]] = [("  played", "seconds", "server", "students", "memory")]
    for name in dict.fromkeys(phase.name for phase in phases):
        same = [phase for phase in phases if phase.name == name]
        seconds = sum(phase.seconds for phase in same)
        server = [phase.server for phase in same if phase.server is not None]
        memory = [phase.memory_mb for phase in same if phase.memory_mb is not None]
        rows.append((
            f"  {name}", f"{seconds:.0f}", f"{sum(server) / seconds:.2f}" if server else "not told",
            f"{sum(phase.students for phase in same) / seconds:.2f}", f"{memory[-1]:,.0f} MB" if memory else "",
        ))  # fmt: skip
    of = f" of {processors}" if processors else ""
    return (
        f"{_aligned(rows, left=(0,))}\n  (server, students: processors{of} kept busy; the students are this program)"
    )


def _aligned(rows: Sequence[tuple[str, ...]], left: Sequence[int]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(w) if i in left else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )

"""Synthetic rows beside columns drawn apart and rows held out, on three tables: a table of docs/imputation.md.

    python -m benchmarks.apply.synthetic [--datasets credit breast wine] [--seeds 3]
        [--ways gan independent real library] [--epochs 300] [--folder FOLDER] [--set FIELD=VALUE ...] [--write]

What is finished is kept in FOLDER (default: runs/synthetic), and the command goes on from there. The way `library` is
the library ctgan where it is installed, after --epochs. --set tries other settings of the GAN, as pac=10, in a folder
of their own. --write puts all that is kept between the marks of the page.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from benchmarks.machine import describe
from gan_core.apply.tables.comparing.datasets import built_in
from gan_core.apply.tables.encoded import Encoded
from gan_core.apply.tables.synthetic import TableGan, library, measures, report
from gan_core.config.codec import apply_sets

PAGE = Path("docs/imputation.md")
BEGIN, END = "<!-- synthetic: begin -->", "<!-- synthetic: end -->"
DATASETS = ("credit", "breast", "wine")
WAYS = {
    "gan": "This GAN", "library": "The library ctgan", "independent": "Columns drawn apart", "real": "Held-out rows"
}  # fmt: skip
SCORES = {
    "shapes": "Column shapes", "trends": "Pair trends", "few_trends": "Pair trends, as few rows as held out",
    "model": "Model on held-out rows", "copies": "Copies", "as_near": "As near as 5%", "seconds": "CPU seconds",
}  # fmt: skip
MANY = 10_000  # rows by which shapes and trends are scored, so that chance in the made rows hardly counts
HELD_OUT = 0.2

Floats = NDArray[np.float64]


def whole_table(name: str) -> Encoded:
    """With its target as the last column."""
    found = built_in(name)
    assert found.target is not None
    data = found.data
    return Encoded(
        np.column_stack([data.values, found.target]), (*data.categories, found.target_categories),
        (*data.whole, False), (*data.names, found.target_name),
    )  # fmt: skip


def measured(name: str, way: str, seed: int, gan: TableGan, epochs: int) -> dict[str, float]:
    """One way on one split. epochs: of the library."""
    data = whole_table(name)
    order = np.random.default_rng(seed).permutation(len(data.values))
    tested = order[: round(HELD_OUT * len(order))]
    real, held_out = data.rows(np.sort(order[len(tested) :])), data.values[np.sort(tested)]
    start = time.process_time()
    rows = _rows(way, real, held_out, seed, gan, epochs)
    seconds = time.process_time() - start
    target, few = real.names[-1], rows[: len(held_out)]
    learned = real.values if way == "real" else rows[: 2 * len(real.values)]
    model = report.model_score(real, learned, held_out, target, seed)
    private = measures.privacy(real, held_out, rows[: len(real.values)])
    return {
        "shapes": float(np.mean(list(measures.column_shapes(real, rows).values()))),
        "trends": measures.pair_trends(real, rows) or 0.0,
        "few_trends": measures.pair_trends(real, few) or 0.0,
        "model": float("nan") if model is None else model,
        "copies": float(private["copies"]), "as_near": float(private["as_near"] or 0.0), "seconds": seconds,
    }  # fmt: skip


def _rows(way: str, real: Encoded, held_out: Floats, seed: int, gan: TableGan, epochs: int) -> Floats:
    def tell(fraction: float, words: str) -> None:
        print(f"\r{fraction:4.0%} {words:40}", end="", file=sys.stderr, flush=True)

    ways: dict[str, Callable[[], Floats]] = {
        "gan": lambda: gan.fit(real, seed, tell, lambda series, values: None).sample(MANY, seed),
        "library": lambda: library.library_rows(real, MANY, epochs, seed),
        "independent": lambda: report.independent(real, MANY, seed),
        "real": lambda: held_out,
    }
    return ways[way]()


def told(folder: Path, name: str) -> str:
    """All that is kept of a table, as Markdown."""
    parts: dict[str, list[dict[str, float]]] = {}
    for path in sorted(folder.glob(f"{name}-*.json")):
        _, way, _ = path.stem.split("-")
        parts.setdefault(way, []).append(json.loads(path.read_text("utf-8")))
    lines = [" | ".join(["rows", "seeds", *SCORES.values()]), " | ".join(["---"] * (len(SCORES) + 2))]
    for way in (way for way in WAYS if way in parts):
        cells = [_interval([part[score] for part in parts[way]]) for score in SCORES]
        lines.append(" | ".join([WAYS[way], str(len(parts[way])), *cells]))
    size = whole_table(name).values.shape
    return f"#### {name}: {size[0]:,} rows, {size[1]} columns\n\n" + "\n".join(f"| {line} |" for line in lines)


def _interval(values: list[float]) -> str:
    """Mean, and its 95% t-interval where there are several."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:.3f}"
    half = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return f"{mean:.3f} ± {half:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=DATASETS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=tuple(WAYS), default=("gan", "independent", "real"))
    parser.add_argument("--epochs", type=int, default=300, help="of the library ctgan (default: 300, its own)")
    parser.add_argument("--folder", type=Path, default=Path("runs/synthetic"))
    parser.add_argument("--set", nargs="+", default=[], metavar="FIELD=VALUE", help="of the GAN, instead of its own")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE}")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    gan = apply_sets(TableGan(), dict(pair.partition("=")[::2] for pair in asked.set))
    asked.folder = asked.folder / "-".join(sorted(asked.set)) if asked.set else asked.folder
    asked.folder.mkdir(parents=True, exist_ok=True)
    for name in asked.datasets:
        for seed in range(asked.seeds):
            for way in asked.ways:
                path = asked.folder / f"{name}-{way}-{seed}.json"
                if not path.is_file():
                    path.write_text(json.dumps(measured(name, way, seed, gan, asked.epochs)))
        print("\n" + told(asked.folder, name), flush=True)
    if asked.write and not asked.set:
        text = PAGE.read_text("utf-8")
        before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
        tables = [told(asked.folder, name) for name in DATASETS if list(asked.folder.glob(f"{name}-*.json"))]
        PAGE.write_text("\n\n".join([before, describe(), *tables, after]), "utf-8")


if __name__ == "__main__":
    main()

"""All ways to fill a table beside each other, on five tables: the tables of docs/imputation.md.

    python -m benchmarks.apply.imputation [--datasets breast wine digits diabetes credit] [--missing 0.2]
        [--mechanism mcar] [--seeds 3] [--folder FOLDER] [--write]

What is finished is kept in FOLDER (default: runs/imputation), and the command goes on from there; a dataset as
NAME:SEEDS has a number of seeds of its own. --write puts all tables that FOLDER holds, of this and of earlier calls,
between the two marks of docs/imputation.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import describe
from gan_core.apply.base import Workplace
from gan_core.apply.tables.comparing import BUILT_IN, MECHANISMS, SCORES, CompareImputers

PAGE = Path("docs/imputation.md")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def compare(task: CompareImputers, folder: Path) -> dict[str, Any]:
    for name in ("input", "parts", "result"):
        (folder / name).mkdir(parents=True, exist_ok=True)

    def progress(fraction: float, words: str) -> None:
        print(f"\r{task.dataset} {fraction:4.0%} {words[:70]:70}", end="", file=sys.stderr, flush=True)

    def no_model(name: str) -> Any:
        raise ValueError("No model is needed here.")

    place = Workplace(folder, folder, torch.device("cpu"), progress, lambda series, values: None, no_model)
    return task.work(place)


def told(found: dict[str, Any]) -> str:
    """A table of methods by scores as Markdown, the best of each score in bold, and the sentence."""
    shown = [name for name in SCORES if name in found["winner"]]
    head = ["method", *(SCORES[name].label for name in shown), "fit and fill, s"]
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for method, scores in found["methods"].items():
        cells = [_cell(scores[name], found["winner"][name] == method) for name in shown]
        lines.append(" | ".join([scores["label"], *cells, f"{scores['seconds']['mean']:.1f}"]))
    table = "\n".join(f"| {line} |" for line in lines)
    rows = f"{found['rows']:,} rows, {found['columns']} columns, {found['missing']:.0%} hidden ({found['mechanism']})"
    seeds = "1 seed" if found["seeds"] == 1 else f"{found['seeds']} seeds"
    return f"### {found['dataset']}: {rows}, {seeds}\n\n{table}\n\n{found['verdict']}"


def _cell(scores: dict[str, Any], best: bool) -> str:
    mean, low, high = (scores[key] for key in ("mean", "low", "high"))
    if mean is None:
        return "-"
    mean = f"**{mean:.4f}**" if best else f"{mean:.4f}"
    return mean if low is None else f"{mean} ({low:.4f} to {high:.4f})"


def named(words: str) -> tuple[str, int | None]:
    """ "wine", or "wine:2" for another number of seeds."""
    name, _, seeds = words.partition(":")
    if name not in BUILT_IN or (seeds and not seeds.isdigit()):
        raise argparse.ArgumentTypeError(f"{words!r} is none of {', '.join(BUILT_IN)}, with :SEEDS or without")
    return name, int(seeds) if seeds else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--datasets", nargs="+", type=named, default=[(name, None) for name in BUILT_IN], metavar="NAME"
    )
    parser.add_argument("--missing", type=float, default=0.2)
    parser.add_argument("--mechanism", nargs="+", choices=MECHANISMS, default=["mcar"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("runs/imputation"))
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE}")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for mechanism in asked.mechanism:
        for name, seeds in asked.datasets:
            task = CompareImputers(
                dataset=name, missing=asked.missing, mechanism=mechanism, seeds=seeds or asked.seeds
            )
            folder = asked.folder / f"{name}-{mechanism}-{asked.missing:g}"
            found = compare(task, folder)
            (folder / "result.json").write_text(json.dumps(found))
            print("\n" + told(found), flush=True)
    if asked.write:
        kept = [
            asked.folder / f"{name}-{mechanism}-{asked.missing:g}" / "result.json"
            for mechanism in MECHANISMS
            for name in BUILT_IN
        ]
        made = [describe(), *(told(json.loads(path.read_text())) for path in kept if path.is_file())]
        text = PAGE.read_text("utf-8")
        before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
        PAGE.write_text("\n\n".join([before, *made, after]), "utf-8")


if __name__ == "__main__":
    main()

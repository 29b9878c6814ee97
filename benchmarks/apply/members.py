"""How GAIN's error falls with the pairs of networks whose fills are averaged: a table of docs/imputation.md.

    python -m benchmarks.apply.members [--dataset breast] [--members 1 3 6 12 24] [--seeds 5] [--write]

For each seed one GAIN of the most members is trained, with all else as it comes, and fills by its first 1, 3, ...
members, which are trained apart from each other. Nothing is chosen: averaging more can only lower the expected error,
and costs as much more time. What is finished is kept in runs/members, and the command goes on from there.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import describe
from gan_core.apply.tables.comparing import BUILT_IN
from gan_core.apply.tables.comparing.datasets import built_in
from gan_core.apply.tables.comparing.hiding import hide
from gan_core.apply.tables.comparing.scores import rmse
from gan_core.apply.tables.comparing.summary import interval
from gan_core.apply.tables.gain import FittedGain, Gain
from gan_core.apply.tables.gain.networks import StackedDense
from gan_core.apply.tables.gain.training import Players
from gan_core.config.files import write_atomically

PAGE = Path("docs/imputation.md")
BEGIN, END = "<!-- members: begin -->", "<!-- members: end -->"
MISSING = 0.2


def first(fitted: FittedGain, members: int) -> FittedGain:
    """Of the same networks the first ones alone."""
    whole = fitted.players.generator
    state = {key: value[:members] for key, value in whole.state_dict().items()}
    inputs, width, outputs = whole.weights[0].shape[1], whole.weights[0].shape[2], whole.weights[-1].shape[2]
    fewer = StackedDense.empty(members, inputs, width, outputs).requires_grad_(False)
    fewer.load_state_dict(state)
    return FittedGain(
        Players(fewer, fitted.players.features), fitted.residuals, fitted.noise_scale, fitted.averaged, fitted.spread
    )


def measure(dataset: str, counts: list[int], seed: int) -> dict[str, Any]:
    """RMSE of hidden numbers on the scale of 0 to 1 by number of members, and processor seconds."""
    subject, began = built_in(dataset), time.process_time()
    mask = hide(subject.data, MISSING, "mcar", seed)
    data = subject.data.hidden(mask)
    fitted = replace(Gain(), members=max(counts)).fit(data, seed, lambda *_: None, lambda *_: None)
    seconds = time.process_time() - began
    found = {str(count): rmse(subject.data, mask, first(fitted, count).fill(data)) for count in counts}
    return {"rmse": found, "seconds": seconds}


def told(dataset: str, parts: list[dict[str, Any]], counts: list[int]) -> str:
    lines = ["| members | RMSE of numbers |", "|---|---|"]
    for count in counts:
        spread = interval([part["rmse"][str(count)] for part in parts])
        span = "" if spread["low"] is None else f" ({spread['low']:.4f} to {spread['high']:.4f})"
        lines.append(f"| {count} | {spread['mean']:.4f}{span} |")
    seconds = sum(part["seconds"] for part in parts) / len(parts)
    each = ", ".join(f"{part['rmse'][str(max(counts))]:.4f}" for part in parts)
    lines += [
        "",
        f"By seed, with {max(counts)}: {each}. Training {max(counts)} takes {seconds:.0f} processor seconds.",
    ]
    return f"`{dataset}`, {MISSING:.0%} hidden (mcar), {len(parts)} seeds; {describe()}:\n\n" + "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=BUILT_IN, default="breast")
    parser.add_argument("--members", nargs="+", type=int, default=[1, 3, 6, 12, 24])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE}")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    folder = Path("runs/members")
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for seed in range(asked.seeds):
        path = folder / f"{asked.dataset}-{'-'.join(map(str, asked.members))}-{seed}.json"
        if not path.is_file():
            write_atomically(path, json.dumps(measure(asked.dataset, asked.members, seed)).encode())
        parts.append(json.loads(path.read_text()))
        print(f"seed {seed}: {parts[-1]}", flush=True)
    table = told(asked.dataset, parts, asked.members)
    print(table)
    if asked.write:
        text = PAGE.read_text("utf-8")
        before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
        PAGE.write_text(f"{before}\n\n{table}\n\n{after}", "utf-8")


if __name__ == "__main__":
    main()

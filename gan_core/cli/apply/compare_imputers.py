"""`impute --compare`: all ways to fill a table beside each other, on cells hidden on purpose."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from gan_core.apply.tables import files
from gan_core.apply.tables.comparing import SCORES, CompareImputers
from gan_core.apply.tables.files.table import MOST_BYTES
from gan_core.cli.apply import work
from gan_core.cli.show import table
from gan_core.cli.terminal.errors import CommandError
from gan_core.config.codec import from_dict


def compare_imputers(arguments: argparse.Namespace) -> int:
    """Compare on FILE or --dataset, print a table and who wins by what; the job that does it is kept.

    Raises CommandError, ConfigError in one sentence.
    """
    file: Path | None = arguments.file
    if (file is None) == (arguments.dataset is None):
        raise CommandError("Either a table or --dataset is needed, as in: impute --compare FILE.")
    asked = {
        "dataset": arguments.dataset or "", "missing": arguments.missing, "mechanism": arguments.mechanism,
        "seeds": arguments.seeds, "target": arguments.target, "kinds": arguments.kinds,
        "markers": arguments.markers,
    }  # fmt: skip
    job, outcome = work(arguments, from_dict(CompareImputers, asked), {} if file is None else _read(file))
    for note in outcome["notes"]:
        print(" ".join(note.split()), file=sys.stderr)
    if arguments.json:
        print(json.dumps({"job": job.id, **outcome}))
        return 0
    print(table(_rows(outcome)))
    print("* the best by this score" + ("" if outcome["seeds"] > 1 else "; one seed gives no intervals"))
    print(outcome["verdict"])
    return 0


def _read(file: Path) -> dict[str, bytes]:
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise CommandError(f"{file} has {size / 1e6:,.0f} MB; at most {MOST_BYTES // 1_000_000:,} MB can be used.")
    content = file.read_bytes()
    return {f"table{files.suffix_of(content)}": content}


def _rows(outcome: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "method": found["label"],
            **{
                name: _interval(found[name]) + (" *" if outcome["winner"][name] == method else "")
                for name in SCORES
                if name in outcome["winner"]
            },
        }
        for method, found in outcome["methods"].items()
    ]


def _interval(found: dict[str, float | None]) -> str:
    mean, low, high = (found[key] for key in ("mean", "low", "high"))
    if mean is None:
        return "-"
    return f"{mean:.4f}" if low is None or high is None else f"{mean:.4f} ({low:.4f} to {high:.4f})"

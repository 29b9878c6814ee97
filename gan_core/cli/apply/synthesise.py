"""`synthesise`: a table learned, and whole rows like it written."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from gan_core.apply.tables import files
from gan_core.apply.tables.files.table import MOST_BYTES
from gan_core.apply.tables.synthetic import Synthesise
from gan_core.cli.apply import work
from gan_core.cli.show import table
from gan_core.cli.terminal.errors import CommandError
from gan_core.config.codec import apply_sets, from_dict
from gan_core.config.files import check_folder, output_path


def synthesise(arguments: argparse.Namespace) -> int:
    """Learn FILE, write --rows rows to --out and say how like the real ones they are; the job is kept."""
    size = arguments.file.stat().st_size
    if size > MOST_BYTES:
        raise CommandError(
            f"{arguments.file} has {size / 1e6:,.0f} MB; at most {MOST_BYTES // 1_000_000:,} MB can be used."
        )
    check_folder(arguments.out)  # before the work, which takes minutes
    content = arguments.file.read_bytes()
    asked = {key: getattr(arguments, key) for key in ("rows", "target", "kinds", "markers", "seed")}
    pairs = dict(pair.partition("=")[::2] for pair in arguments.sets)
    task = apply_sets(from_dict(Synthesise, asked), pairs)
    job, outcome = work(arguments, task, {f"table{files.suffix_of(content)}": content})
    with output_path(arguments.out) as temporary:
        temporary.write_bytes((job.result / outcome["file"]).read_bytes())
    for note in outcome["notes"]:
        print(" ".join(note.split()), file=sys.stderr)
    if arguments.json:
        print(json.dumps({"job": job.id, **outcome, "written": str(arguments.out)}))
        return 0
    print(table([_row(way) for way in outcome["ways"].values()]))
    print(outcome["verdict"])
    print(outcome["privacy"])
    return 0


def _row(way: dict[str, Any]) -> dict[str, str]:
    kept = way["categories"]
    return {
        "rows": way["label"],
        "column shapes": _number(way["shapes"]),
        "pair trends": _number(way["trends"]),
        "model": _number(way["model"]),
        "categories": f"{kept['kept']} of {kept['of']}",
        "nearest record": _number(way["privacy"]["median"]),
        "copies": f"{way['privacy']['copies']:.1%}",
    }


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"

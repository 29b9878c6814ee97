"""`impute`: a table filled, or all methods compared on it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from gan_core.apply.tables import files
from gan_core.apply.tables.encoded import imputers
from gan_core.apply.tables.files.table import MOST_BYTES
from gan_core.apply.tables.task import IMPUTED, MASK, MODEL, ImputeTable
from gan_core.cli.apply import work
from gan_core.cli.apply.compare_imputers import compare_imputers
from gan_core.cli.terminal.errors import CommandError
from gan_core.config.codec import apply_sets, from_dict
from gan_core.config.files import check_folder, output_path

_MODEL_BYTES = 1_000_000_000
_SAME = {".csv": "text", ".tsv": "text", ".txt": "text", ".parquet": "parquet", ".xlsx": "xlsx"}


def impute(arguments: argparse.Namespace) -> int:
    """Fill FILE into --out, or compare all methods; the job that does it is kept."""
    return compare_imputers(arguments) if arguments.compare else _fill(arguments)


def _fill(arguments: argparse.Namespace) -> int:
    if arguments.file is None or arguments.out is None:
        raise CommandError("A table and --out are needed, as in: impute FILE --out FILLED.")
    content = _table(arguments.file)
    _check_out(arguments.out, content)
    for out in (arguments.out, arguments.mask, arguments.save):
        if out is not None:
            check_folder(out)  # before the work, which may take minutes
    inputs = {f"table{files.suffix_of(content)}": content}
    if arguments.model is not None:
        inputs[MODEL] = _read(arguments.model, _MODEL_BYTES)
    job, outcome = work(arguments, _task(arguments), inputs)
    wanted = {
        outcome["file"]: arguments.out,
        MASK: arguments.mask,
        MODEL: arguments.save,
        IMPUTED: arguments.out.with_name(f"{arguments.out.stem}-imputed.zip") if arguments.draws else None,
    }
    for name, out in wanted.items():
        if out is not None:
            _write(out, (job.result / name).read_bytes())
    for note in outcome["notes"]:
        print(" ".join(note.split()), file=sys.stderr)
    if arguments.json:
        written = {name: str(out) for name, out in wanted.items() if out is not None}
        print(json.dumps({"job": job.id, **outcome, "written": written}))
    else:
        label = imputers.get(outcome["method"]).label
        cells = "1 cell" if outcome["filled"] == 1 else f"{outcome['filled']:,} cells"
        were = "was" if outcome["filled"] == 1 else "were"
        print(f"{cells} of {outcome['rows']:,} rows {were} filled ({label}): {arguments.out}")
    return 0


def _task(arguments: argparse.Namespace) -> ImputeTable:
    """Raises ConfigError."""
    task = from_dict(
        ImputeTable,
        {
            "method": arguments.method,
            "kinds": arguments.kinds,
            "missing": arguments.markers,
            "draws": arguments.draws,
            "uncertainty": arguments.uncertainty,
            "seed": arguments.seed,
            "called": arguments.file.name[:120],
        },
    )
    pairs = dict(pair.partition("=")[::2] for pair in arguments.sets)
    return apply_sets(task, pairs)


def _table(source: Path) -> bytes:
    return _read(source, MOST_BYTES)


def _read(source: Path, most: int) -> bytes:
    size = source.stat().st_size
    if size > most:
        raise CommandError(f"{source} has {size / 1e6:,.0f} MB; at most {most // 1_000_000:,} MB can be used.")
    return source.read_bytes()


def _check_out(out: Path, content: bytes) -> None:
    """The table is written in the format that it has; a name that says another is a slip."""
    asked, made = _SAME.get(out.suffix.lower()), _SAME[files.suffix_of(content)]
    if asked is not None and asked != made:
        end = {"text": ".csv", "parquet": ".parquet", "xlsx": ".xlsx"}[made]
        raise CommandError(f"The table is written in the format that it has; {out} should end with {end}.")


def _write(out: Path, content: bytes) -> None:
    with output_path(out) as temporary:
        temporary.write_bytes(content)

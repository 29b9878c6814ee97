"""The task that learns a brought table and writes whole rows like it, with what can be said of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.base import Task, Workplace, tasks
from gan_core.apply.one_thread import one_blas_thread
from gan_core.apply.tables.encoded import Encoded
from gan_core.apply.tables.encoding import encode
from gan_core.apply.tables.files import BadTable, read_table
from gan_core.apply.tables.files.formulas import neutral
from gan_core.apply.tables.kinds import parse_kinds, parse_markers, understand
from gan_core.apply.tables.kinds.schema import ColumnSchema
from gan_core.apply.tables.synthetic import library, report
from gan_core.apply.tables.synthetic.synthesiser import TableGan
from gan_core.config.fields import flag, integer, section, text
from gan_core.config.files import write_atomically

Floats = NDArray[np.float64]
MOST_LEARNED = 20_000  # rows; more are sampled
HELD_OUT = 0.2
LIBRARY_EPOCHS = 300
ROWS_FILE, REPORT_FILE, ROWS_PART = "synthetic.csv", "report.json", "rows.npy"
LEAST_ROWS = 20


@tasks.register("synthesise", label="Synthetic rows", source="Xu et al. 2019, arXiv:1907.00503")
@dataclass(frozen=True)
class Synthesise(Task):
    """Learns a table and writes made-up rows like it; a fifth of the real rows is held out to judge them by."""

    rows: int = integer(1000, low=1, high=1_000_000, scale="log", label="Rows", help="So many are written.")
    target: str = text(
        "", max_length=200, label="Column to predict", help="A model learns it from made rows; or none."
    )
    kinds: str = text(
        "", max_length=20_000, label="Kinds", help="Of columns where the guess is wrong: a=category,b=integer."
    )
    markers: str = text("", max_length=1000, label="Also missing", help="Texts that mean missing, as -999,unknown.")
    seed: int = integer(0, low=0, high=2**31 - 1, label="Seed", help="Of chance.")
    beside: bool = flag(True, label="Beside ctgan", help="Also by the library ctgan, where it is installed.")
    gan: TableGan = section(TableGan, help="The networks and how they are trained.")

    def title(self) -> str:
        return f"{self.rows:,} synthetic rows"

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        return [] if len(inputs) == 1 else ["Bring one table, from which rows are to be learned."]

    @one_blas_thread()
    def work(self, place: Workplace) -> dict[str, Any]:
        place.progress(0.0, "reading")
        data, schemas, notes = self._read(place)
        order = np.random.default_rng(self.seed).permutation(len(data.values))
        tested = order[: round(HELD_OUT * len(order))]
        real, held_out = data.rows(np.sort(order[len(tested) :])), data.values[np.sort(tested)]
        made = self._made(real, place)
        ways: dict[str, Any] = {}
        sources: list[tuple[str, Callable[[], Floats]]] = [
            ("ctgan", lambda: made),
            ("independent", lambda: report.independent(real, len(real.values), self.seed)),
            ("real", lambda: held_out),
        ]
        if self.beside and library.is_there():
            sources.insert(1, ("library", lambda: library.library_rows(real, self.rows, LIBRARY_EPOCHS, self.seed)))
        elif self.beside:
            notes = (*notes, library.MISSING)
        for i, (name, rows) in enumerate(sources):
            place.progress(0.85 + 0.1 * i / len(sources), f"measuring: {report.LABELS[name]}")
            ways[name] = self._measured(place, name, real, held_out, rows)
        _write_rows(place.result / ROWS_FILE, schemas, made)
        found = {
            "rows": self.rows, "learned": len(real.values), "held_out": len(held_out), "columns": list(real.names),
            "target": self.target, "ways": ways, "privacy": ways["ctgan"]["privacy"]["words"],
            "verdict": report.verdict(ways), "notes": list(notes), "file": ROWS_FILE,
        }  # fmt: skip
        write_atomically(place.result / REPORT_FILE, json.dumps(found, ensure_ascii=False, indent=1).encode())
        return found

    def _measured(
        self, place: Workplace, name: str, real: Encoded, held_out: Floats, rows: Callable[[], Floats]
    ) -> dict[str, Any]:
        return place.part(
            f"measured-{name}", lambda: report.measure(name, real, held_out, rows(), self.target, self.seed)
        )

    def _made(self, real: Encoded, place: Workplace) -> Floats:
        """The rows: those of before a stop, or made now and kept."""
        kept = place.parts / ROWS_PART
        if kept.is_file():
            return np.asarray(np.load(kept, allow_pickle=False), np.float64)
        fitted = self.gan.fit(
            real, self.seed, lambda fraction, words: place.progress(0.8 * fraction, words), place.record
        )
        place.progress(0.82, "drawing rows")
        content = io.BytesIO()
        np.save(content, made := fitted.sample(self.rows, self.seed), allow_pickle=False)
        write_atomically(kept, content.getvalue())
        return made

    def _read(self, place: Workplace) -> tuple[Encoded, tuple[ColumnSchema, ...], tuple[str, ...]]:
        """Raises BadTable, ConfigError."""
        files = sorted(place.input.iterdir())
        if len(files) != 1:
            raise ValueError("The table that was brought is not there any more.")
        table, markers = read_table(files[0].read_bytes()), parse_markers(self.markers)
        guesses = understand(table, parse_kinds(self.kinds, table.names), markers)
        if problems := [guess.problem for guess in guesses if guess.problem]:
            raise BadTable(problems[0])
        coded = encode(table, [guess.schema for guess in guesses], markers)
        data, notes = coded.data, (*table.notes, *coded.notes)
        if len(data.values) < LEAST_ROWS:
            raise BadTable(
                f"The table has {len(data.values)} rows; to learn from it, {LEAST_ROWS} or more are needed."
            )
        if self.target and self.target not in data.names:
            raise BadTable(f"There is no column called {self.target[:80]!r} that a model could predict.")
        if left := [guess.schema.name for guess in guesses if guess.schema.name not in data.names]:
            notes = (*notes, f"Left out, as identifiers, constants or empty: {', '.join(left[:12])}.")
        if len(data.values) > MOST_LEARNED:
            rows = np.random.default_rng(self.seed).permutation(len(data.values))[:MOST_LEARNED]
            notes = (*notes, f"{MOST_LEARNED:,} of {len(data.values):,} rows, drawn at random, are learned from.")
            data = data.rows(np.sort(rows))
        return data, coded.schemas, notes


def _write_rows(path: Path, schemas: tuple[ColumnSchema, ...], made: Floats) -> None:
    """As CSV: values as the table writes them, gaps empty; what a spreadsheet would run as a formula is harmless."""
    content = io.StringIO(newline="")
    writer = csv.writer(content)
    writer.writerow([neutral(schema.name) for schema in schemas])
    for row in made:
        pairs = zip(schemas, row, strict=True)
        writer.writerow(["" if np.isnan(v) else neutral(schema.text(float(v))) for schema, v in pairs])
    write_atomically(path, content.getvalue().encode())

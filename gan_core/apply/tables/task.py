"""The task that fills a table: a file comes along, and the same file comes back without gaps."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.base import Task, Workplace, tasks
from gan_core.apply.one_thread import one_blas_thread
from gan_core.apply.tables.encoded import Imputer, LongImputer, Memory, imputers
from gan_core.apply.tables.files import read_table
from gan_core.apply.tables.files.table import Table
from gan_core.apply.tables.filling import UNCERTAINTY_DRAWS, Filling, learn, mask_csv, reuse, uncertainty
from gan_core.apply.tables.methods.iterative import Iterative
from gan_core.apply.tables.methods.refitted import Refitted
from gan_core.apply.tables.saved import SavedImputer
from gan_core.config.fields import flag, integer, one_of, text
from gan_core.config.files import write_atomically

MODEL, MASK, IMPUTED = "model.safetensors", "mask.csv", "imputed.zip"
_LEARNED = "learning.pt"  # among the parts: how far a method that learns for long is
_PREVIEW_ROWS, _PREVIEW_COLUMNS = 30, 30
_LEARNING, _FILLING = 0.6, 0.8  # how far it is when it has learned, and when it has filled


def table_file(folder: Path) -> Path:
    """The table that came along. Raises ValueError in one sentence."""
    found = sorted(folder.glob("table.*"))
    if not found:
        raise ValueError("There is no table; a file called table.csv, .tsv, .parquet or .xlsx has to come along.")
    return found[0]


@tasks.register("impute", label="Fill a table")
@dataclass(frozen=True)
class ImputeTable(Task):
    """Fills the missing cells of a table, by a method that learns from the others or has learned before."""

    method: Imputer = one_of(imputers, Iterative, label="Method", help="What guesses the missing cells.")
    kinds: str = text(
        "", max_length=200_000, help="What columns hold where the guess is wrong: a=category,b=integer."
    )
    missing: str = text("", max_length=2_000, help="What means missing beside empty, NA, NaN, NULL, None, ?: -999,x.")
    draws: int = integer(0, low=0, high=100, label="Imputed tables", help="As many tables that could have been.")
    uncertainty: bool = flag(
        False, label="Uncertainty", help="A column beside each that was filled: how unsure it is."
    )
    seed: int = integer(0, low=0, high=2**31 - 1, help="Of all chance; the same seed fills the same.")
    called: str = text("table", max_length=120, help="What the file was called, for lists.")

    def title(self) -> str:
        return f"{self.called}, {imputers.get(imputers.name_of(self.method)).label.lower()}"

    def keeps(self) -> str:
        return "Fill with what it has learned" if isinstance(self.method, LongImputer) else ""

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        tables = [name for name in inputs if name.startswith("table.")]
        return [] if len(tables) == 1 else ["One table has to come along, as CSV, TSV, Parquet or XLSX."]

    @one_blas_thread()
    def work(self, place: Workplace) -> dict[str, Any]:
        place.progress(0.0, "reading")
        table = read_table(table_file(place.input).read_bytes())
        place.progress(0.01, "looking at its columns")
        filling = self._learned(table, place)
        values = filling.values(lambda fraction, words: place.progress(_LEARNING + 0.2 * fraction, words))
        spread = self._drawn(filling, place)
        added = {}
        if self.uncertainty:
            added = uncertainty(filling, values, spread, lambda fraction, words: place.progress(0.97, words))
        cells, mask = filling.cells(values), filling.mask()
        place.progress(0.98, "writing")
        write_atomically(place.result / f"filled.{table.format}", table.source.write(cells, added))
        write_atomically(place.result / MASK, mask_csv(table.names, mask))
        write_atomically(place.result / MODEL, filling.saved.to_bytes())
        return {
            "rows": table.rows,
            "columns": len(table.names),
            "filled": int(mask.sum()),
            "filled_by_column": {name: int(mask[:, j].sum()) for j, name in enumerate(table.names)},
            "file": f"filled.{table.format}",
            "method": filling.saved.method,
            "kinds": {schema.name: schema.kind for schema in filling.saved.schemas},
            "notes": [*self._notes(filling, mask), *self._early(place)],
            "preview": preview(table, filling, values, mask),
        }

    def _learned(self, table: Table, place: Workplace) -> Filling:
        """By what came along, by what was learned before a stop, or anew."""
        brought, kept = place.input / MODEL, place.parts / MODEL
        if brought.is_file():
            return reuse(table, SavedImputer.from_bytes(brought.read_bytes()), self.missing)
        if kept.is_file():
            return reuse(table, SavedImputer.from_bytes(kept.read_bytes()), self.missing, self.method)
        filling = learn(
            table, self.kinds, self.missing, self.method, self.seed,
            lambda fraction, words: place.progress(0.02 + (_LEARNING - 0.02) * fraction, words), place.record,
            _Learning(place),
        )  # fmt: skip
        if not isinstance(filling.fitted, Refitted):  # which would only learn again when it is opened
            write_atomically(kept, filling.saved.to_bytes())
        (place.parts / _LEARNED).unlink(missing_ok=True)
        return filling

    def _drawn(self, filling: Filling, place: Workplace) -> NDArray[np.float64]:
        """Write the imputed tables; how much the draws differ in each cell, (n, d)."""
        shape = filling.coded.data.values.shape
        count = self.draws or (UNCERTAINTY_DRAWS if self.uncertainty else 0)
        total, squares = np.zeros(shape), np.zeros(shape)
        start = np.zeros(shape)  # sums of differences to the first draw, which lose no digits
        path = place.parts / IMPUTED
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for i in range(count):
                done = _FILLING + 0.15 * i / count
                words = f"imputed table {i + 1} of {count}"
                values = filling.drawn(
                    self.seed * 1_000_003 + i + 1,
                    lambda fraction, more, done=done: place.progress(done, more),  # type: ignore[misc]
                    words,
                )
                start = values if not i else start
                total += values - start
                squares += (values - start) ** 2
                if self.draws:
                    name = f"imputed-{i + 1:0{len(str(count))}}.{filling.table.format}"
                    archive.writestr(name, filling.table.source.write(filling.cells(values), {}))
        if self.draws:
            path.replace(place.result / IMPUTED)
        else:
            path.unlink()
        return np.sqrt(np.maximum(0.0, squares - total**2 / max(1, count)) / max(1, count - 1))

    def _notes(self, filling: Filling, mask: NDArray[np.bool_]) -> list[str]:
        notes = [*filling.table.notes, *filling.notes, *filling.coded.notes]
        if filling.sampled and filling.sampled < filling.table.rows:
            notes.append(
                f"The table has {filling.table.rows:,} rows; the method learned from {filling.sampled:,} of them, "
                "drawn at random, and filled all."
            )
        if not mask.any():
            notes.append("No cell is missing in the columns that can be filled.")
        return notes

    def _early(self, place: Workplace) -> list[str]:
        if not (place.enough() and self.keeps()):
            return []
        return ["Learning was ended early; the cells were filled with what had been learned by then."]


class _Learning(Memory):
    """In the job's folder."""

    def __init__(self, place: Workplace) -> None:
        self.path, self.enough_now = place.parts / _LEARNED, place.enough

    def read(self) -> bytes | None:
        return self.path.read_bytes() if self.path.is_file() else None

    def write(self, state: bytes) -> None:
        write_atomically(self.path, state)

    def enough(self) -> bool:
        return self.enough_now()


def preview(table: Table, filling: Filling, values: NDArray[np.float64], mask: NDArray[np.bool_]) -> dict[str, Any]:
    """The first rows in which something was filled, as texts: names, and of each row its number in the file, cells
    and which of them were filled.
    """
    rows = np.flatnonzero(mask.any(axis=1))[:_PREVIEW_ROWS].tolist()
    cells = filling.cells(values)
    columns = range(min(_PREVIEW_COLUMNS, len(table.names)))
    return {
        "names": [table.names[j] for j in columns],
        "rows": [
            {
                "row": row + 2,
                "cells": [
                    cells[j].texts[row] if j in cells and row in cells[j].texts else table.columns[j][row][:200]
                    for j in columns
                ],
                "filled": [bool(mask[row, j]) for j in columns],
            }
            for row in rows
        ],
    }

"""The task that hides cells on purpose and lets every method fill them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_core.apply.base import Task, Workplace, tasks
from gan_core.apply.one_thread import one_blas_thread
from gan_core.apply.tables.comparing.datasets import BUILT_IN, Subject, brought, built_in
from gan_core.apply.tables.comparing.hiding import MECHANISMS, hide
from gan_core.apply.tables.comparing.scores import SCORES
from gan_core.apply.tables.comparing.summary import GAN, simplest_first, summarise
from gan_core.apply.tables.comparing.trial import try_once
from gan_core.apply.tables.encoded import imputers
from gan_core.apply.tables.gain.training import SEEN
from gan_core.config.fields import choice, integer, number, text


@tasks.register("impute-compare", label="Ways to fill a table, compared")
@dataclass(frozen=True)
class CompareImputers(Task):
    """Hides known cells, lets every method fill them, and scores each on what it never saw."""

    dataset: str = choice(
        "", ("", *BUILT_IN), label="Table", help="One that comes along; empty for the table that is brought."
    )
    missing: float = number(0.2, low=0.01, high=0.9, label="Hidden", help="Share of the known cells that are hidden.")
    mechanism: str = choice(
        "mcar", MECHANISMS, label="By what",
        help="mcar: completely at random; mar: depending on another column; mnar: depending on the cell itself.",
    )  # fmt: skip
    seeds: int = integer(
        3, low=1, high=20, label="Seeds", help="So often everything is done; intervals need 2 or more."
    )
    target: str = text("", max_length=200, label="Column to predict", help="Of a brought table; empty for none.")
    kinds: str = text(
        "", max_length=20_000, label="Kinds", help="Of columns where the guess is wrong: a=category,b=integer."
    )
    markers: str = text("", max_length=1000, label="Also missing", help="Texts that mean missing, as -999,unknown.")

    def title(self) -> str:
        return f"Imputers on {self.dataset or 'a table'}, {self.missing:.0%} hidden ({self.mechanism})"

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        if self.dataset and inputs:
            return ["Name a dataset or bring a table, not both."]
        if not self.dataset and len(inputs) != 1:
            return [f"Bring one table, or name one of {', '.join(BUILT_IN)}."]
        if self.dataset and self.target:
            return ["The tables that come along have a column to predict of their own; name none."]
        return []

    @one_blas_thread()
    def work(self, place: Workplace) -> dict[str, Any]:
        place.progress(0.0, "reading")
        subject = self._subject(place)
        methods = [imputers.get(name) for name in simplest_first(imputers.names())]
        parts = {entry.name: list[dict[str, Any]]() for entry in methods}
        total, done = len(methods) * self.seeds, 0
        for seed in range(self.seeds):
            mask = hide(subject.data, self.missing, self.mechanism, seed)  # type: ignore[arg-type]  # one of the choices
            for entry in methods:
                words, before = f"{entry.label}, seed {seed + 1} of {self.seeds}", done / total

                def tell(fraction: float, doing: str, words: str = words, before: float = before) -> None:
                    place.progress(min(before + fraction / total, 1.0), f"{words}: {doing}")

                def record(
                    series: str, values: Any, label: str = f"{entry.label}, seed {seed + 1}", name: str = entry.name
                ) -> None:
                    if name == GAN and series != SEEN:
                        place.record(f"{label}: {series}", values)

                tell(0.0, "fitting")
                parts[entry.name].append(
                    place.part(
                        f"{entry.name}-{seed}",
                        lambda entry=entry, mask=mask, seed=seed, tell=tell, record=record: try_once(  # type: ignore[misc]
                            entry.cls(), subject, mask, seed, tell, record, place.clock
                        ),
                    )
                )
                done += 1
        found = summarise(parts) | self._about(subject)
        _write_csv(place.result / "scores.csv", found)
        return found

    def _subject(self, place: Workplace) -> Subject:
        if self.dataset:
            return built_in(self.dataset)
        files = sorted(place.input.iterdir())
        if len(files) != 1:
            raise ValueError("The table that was brought is not there any more.")
        return brought(files[0].read_bytes(), self.kinds, self.markers, self.target)

    def _about(self, subject: Subject) -> dict[str, Any]:
        n, d = subject.data.values.shape
        return {
            "dataset": subject.name, "rows": n, "columns": d, "missing": self.missing, "mechanism": self.mechanism,
            "seeds": self.seeds, "target": subject.target_name, "notes": list(subject.notes),
        }  # fmt: skip


def _write_csv(path: Path, found: dict[str, Any]) -> None:
    """A row for each method and score, with the interval and whether it won."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("method", "score", "mean", "low", "high", "winner"))
        for name, scores in found["methods"].items():
            for score in SCORES:
                cells = [scores[score][key] for key in ("mean", "low", "high")]
                if cells[0] is not None:
                    won = found["winner"][score] == name
                    writer.writerow(
                        (name, score, *("" if c is None else f"{c:.6g}" for c in cells), "yes" if won else "")
                    )

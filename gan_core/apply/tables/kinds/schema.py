"""What one column of a table holds, as plain data that is kept with a fitted method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.files.table import Value
from gan_core.apply.tables.kinds import dates, numbers
from gan_core.apply.tables.kinds.words import KINDS, LEFT, Kind


@dataclass(frozen=True)
class ColumnSchema:
    """labels: of categories, in the order of their codes. pattern: of dates. decimals: that numbers are written with,
    -1 for as many as they need; decimal: the sign before them. constant: the one text that all known cells hold.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...] = ()
    pattern: str = ""
    decimals: int = 0
    decimal: str = "."
    constant: str | None = None

    @property
    def used(self) -> bool:
        """Whether methods see it: constants are filled without one, identifiers are left as they are."""
        return self.kind not in LEFT and self.constant is None

    @property
    def categories(self) -> int:
        return len(self.labels) if self.kind in ("category", "boolean") else 0

    @property
    def whole(self) -> bool:
        return self.kind in ("integer", "date")

    def codes(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(n,) numbers of these texts, NaN for one that the column cannot hold."""
        read = self._reader()
        known: dict[str, float] = {}
        for text in set(texts):
            value = read(text)
            known[text] = np.nan if value is None or not np.isfinite(value) else value
        return np.array([known[text] for text in texts], np.float64)

    def _reader(self) -> Any:
        if self.categories:
            positions: Mapping[str, float] = {label: float(i) for i, label in enumerate(self.labels)}
            return positions.get
        if self.kind == "date":

            def read(text: str) -> float | None:
                moment = dates.parse(text, self.pattern)
                return None if moment is None else dates.to_number(moment, self.pattern)

            return read
        return numbers.reader(self.decimal)

    def text(self, code: float) -> str:
        """How a text file writes a number of this column."""
        if self.categories:
            return self.labels[int(code)]
        if self.kind == "date":
            return dates.written(dates.to_moment(code, self.pattern), self.pattern)
        return numbers.written(code, self.decimals, self.decimal)

    def value(self, code: float) -> Value:
        """The same as a typed value: a label, a moment, a number."""
        if self.categories:
            return self.labels[int(code)]
        if self.kind == "date":
            return dates.to_moment(code, self.pattern)
        return int(code) if self.kind == "integer" else float(code)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(found: Mapping[str, Any]) -> ColumnSchema:
        """Raises ValueError in one sentence."""
        try:
            kind = next(kind for kind in KINDS if kind == found["kind"])
            constant, decimal = found["constant"], str(found["decimal"])
            labels = tuple(str(label) for label in found["labels"])
            if decimal not in (".", ",") or not -1 <= int(found["decimals"]) <= 400:
                raise ValueError
            return ColumnSchema(
                str(found["name"]), kind, labels, str(found["pattern"]), int(found["decimals"]), decimal,
                None if constant is None else str(constant),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, StopIteration):
            raise ValueError("The fitted method does not say what its columns hold; fit it again.") from None

"""Tables to compare on: those that come along with scikit-learn, made-up credits, and brought ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.credit import CATEGORIES, WHOLE, make_credit
from gan_core.apply.tables.encoded import Encoded
from gan_core.apply.tables.encoding import encode
from gan_core.apply.tables.files import read_table
from gan_core.apply.tables.kinds import parse_kinds, parse_markers, understand

BUILT_IN = ("breast", "wine", "digits", "diabetes", "credit")
MOST_ROWS = 5000  # more are sampled


@dataclass(frozen=True, eq=False)
class Subject:
    """What is compared on. target: (n,) of the column that a model is to predict, apart from `data`; None without.

    target_categories: how many codes it has, 0 for numbers. notes: a sentence each.
    """

    name: str
    data: Encoded
    target: NDArray[np.float64] | None
    target_name: str
    target_categories: int
    notes: tuple[str, ...] = ()


def built_in(name: str) -> Subject:
    """One of BUILT_IN; each has a target of its own. Nothing is downloaded."""
    if name == "credit":
        columns = make_credit()
        target = columns.pop("default")
        categories = tuple(len(CATEGORIES.get(column, ())) for column in columns)
        data = Encoded(
            np.stack(list(columns.values()), axis=1), categories, tuple(column in WHOLE for column in columns),
            tuple(columns),
        )  # fmt: skip
        return Subject(name, data, target, "default", 2)
    from sklearn import datasets  # type: ignore[import-untyped]

    if name == "diabetes":
        found = datasets.load_diabetes(scaled=False)
    else:
        load = {"breast": datasets.load_breast_cancer, "wine": datasets.load_wine, "digits": datasets.load_digits}
        found = load[name]()
    values = np.asarray(found.data, np.float64)
    whole = tuple(bool(w) for w in (values == np.rint(values)).all(axis=0))
    names = tuple(str(one) for one in found.feature_names)
    target = np.asarray(found.target, np.float64)
    count = 0 if name == "diabetes" else len(np.unique(target))
    return Subject(name, Encoded(values, (0,) * values.shape[1], whole, names), target, "target", count)


def brought(content: bytes, kinds: str, missing: str, target: str) -> Subject:
    """A table from a file. Raises ValueError in one sentence, with column and row, where it cannot be used."""
    table = read_table(content)
    markers = parse_markers(missing)
    guesses = understand(table, parse_kinds(kinds, table.names), markers)
    if problems := [guess.problem for guess in guesses if guess.problem]:
        raise ValueError(problems[0])
    if target and target not in table.names:
        raise ValueError(f"There is no column called {target[:80]!r} to predict; the table has none of this name.")
    coded = encode(table, [guess.schema for guess in guesses], markers)
    data, notes = coded.data, (*table.notes, *coded.notes)
    if len(data.values) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).permutation(len(data.values))[:MOST_ROWS])
        notes = (*notes, f"{MOST_ROWS:,} of {len(data.values):,} rows, drawn at random, are compared on.")
        data = data.rows(rows)
    if not target:
        return Subject("table", data, None, "", 0, notes)
    if target not in data.names:
        raise ValueError(f"The column {target[:80]!r} cannot be predicted: it is an identifier, constant or empty.")
    j = data.names.index(target)
    column, kept = data.values[:, j], [i for i in range(len(data.names)) if i != j]
    if not kept:
        raise ValueError("Beside the column to predict there is none to fill.")
    return Subject("table", _columns(data, kept), column, target, data.categories[j], notes)


def _columns(data: Encoded, kept: list[int]) -> Encoded:
    none = np.empty(0)
    return replace(
        data, values=data.values[:, kept], categories=tuple(data.categories[i] for i in kept),
        whole=tuple(data.whole[i] for i in kept), names=tuple(data.names[i] for i in kept), low=none, high=none,
    )  # fmt: skip

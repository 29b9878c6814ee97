"""The kinds of columns, and what somebody says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from gan_core.apply.tables.files.table import shown
from gan_core.config.codec import ConfigError

Kind = Literal["number", "integer", "category", "boolean", "date", "identifier", "ignored"]
KINDS: tuple[Kind, ...] = get_args(Kind)

LEFT = ("identifier", "ignored")  # these are neither learned from nor filled


def parse_kinds(text: str, names: Sequence[str]) -> dict[str, Kind]:
    """`a=category,b=integer`, or the same as a JSON object (for names with a comma), by column name.

    Raises ConfigError in one sentence.
    """
    kinds: dict[str, Kind] = {}
    for name, word in _pairs(text).items():
        if name not in names:
            raise ConfigError(
                f"There is no column {shown(name)}; the columns are {', '.join(shown(n) for n in names[:12])}"
                f"{' and others' if len(names) > 12 else ''}."
            )
        if word not in KINDS:
            raise ConfigError(
                f"Column {shown(name)} cannot be of the kind {shown(word)}; it can be {', '.join(KINDS)}."
            )
        kinds[name] = next(kind for kind in KINDS if kind == word)
    return kinds


def _pairs(text: str) -> Mapping[str, str]:
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise ConfigError('Kinds must be as a=category,b=integer, or JSON as {"a": "category"}.') from None
        return {str(name): str(word) for name, word in found.items()}
    pairs = {}
    for pair in text.split(",") if text.strip() else []:
        name, equals, word = pair.rpartition("=")
        if not equals:
            raise ConfigError(f"Kinds must be as a=category,b=integer, and {shown(pair.strip())} is not.")
        pairs[name.strip()] = word.strip().lower()
    return pairs

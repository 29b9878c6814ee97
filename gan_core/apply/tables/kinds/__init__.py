"""What the columns of a table hold: guessed, shown, changed, and turned into numbers and back."""

from gan_core.apply.tables.kinds.guessing import ColumnGuess, understand
from gan_core.apply.tables.kinds.missing import MARKERS, Markers, parse_markers
from gan_core.apply.tables.kinds.words import KINDS, Kind, parse_kinds

__all__ = ["KINDS", "MARKERS", "ColumnGuess", "Kind", "Markers", "parse_kinds", "parse_markers", "understand"]

"""Whole rows like a table's, by a conditional tabular GAN, and how like them they are."""

from gan_core.apply.tables.synthetic.synthesiser import FittedTableGan, TableGan
from gan_core.apply.tables.synthetic.task import Synthesise

__all__ = ["FittedTableGan", "Synthesise", "TableGan"]

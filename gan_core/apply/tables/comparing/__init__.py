"""Ways to fill a table compared: cells hidden on purpose, all methods beside each other, the winner named."""

from gan_core.apply.tables.comparing.datasets import BUILT_IN, Subject, brought, built_in
from gan_core.apply.tables.comparing.hiding import MECHANISMS, hide
from gan_core.apply.tables.comparing.scores import SCORES
from gan_core.apply.tables.comparing.summary import summarise
from gan_core.apply.tables.comparing.task import CompareImputers
from gan_core.apply.tables.comparing.trial import try_once

__all__ = [
    "BUILT_IN", "MECHANISMS", "SCORES", "CompareImputers", "Subject", "brought", "built_in", "hide", "summarise",
    "try_once",
]  # fmt: skip

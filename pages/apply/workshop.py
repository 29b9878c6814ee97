"""What a workshop of the Apply page is: a file in `pages/apply/workshops` that holds one as WORKSHOP."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import pages.apply.workshops
from pages.apply.job_list import DrawOutcome, DrawWork


@dataclass(frozen=True)
class Workshop:
    """key: in the address. icon: a Material name. order: among the others. words: one sentence on what it does.

    draw: puts its form on the page. tasks: whose jobs stand beside it; draw_outcome: shows what came of one;
    draw_work: what is to be seen of one that is at work or was stopped.
    """

    key: str
    title: str
    icon: str
    order: int
    words: str
    draw: Callable[[], None]
    tasks: tuple[str, ...]
    draw_outcome: DrawOutcome
    draw_work: DrawWork | None = None


def workshops() -> list[Workshop]:
    """All there are, in their order."""
    home = pages.apply.workshops
    modules = [
        importlib.import_module(f"{home.__name__}.{found.name}") for found in pkgutil.iter_modules(home.__path__)
    ]
    found = [module.WORKSHOP for module in modules if isinstance(getattr(module, "WORKSHOP", None), Workshop)]
    return sorted(found, key=lambda workshop: workshop.order)

"""What the Explore page can ask for: a register of operations, and the context that each of them works in.

An operation is a function of the context, what was asked (a JSON object) and the bytes that came along:

    @operation("look", lane="quick")
    def look(context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply: ...

Lane "quick": one thread for the whole server, for what answers within milliseconds. Lane "long": a thread of its own,
which tells how far it is through `context.progress` and ends there when nobody wants it any more. A ValueError
becomes the one sentence that the page shows. Pictures travel as raw RGBA bytes, row by row, never as PNG.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pages.server.security import roll
from pages.server.security.people import OWNER_OF_THE_MACHINE, Person, class_server
from pages.server.security.rights import demand, may

if TYPE_CHECKING:
    from gan_core.latent.model import Explorable
    from gan_core.runs.catalog.model_catalog import ModelCatalog

Lane = Literal["quick", "long"]
Page = Literal["explore", "apply"]
OPEN_SECONDS = 2.0  # so long a model that was asked for is not looked up again
MOST_OPEN = 4
Tell = Callable[[float, str, Mapping[str, Any], Sequence[bytes]], None]


class Cancelled(Exception):
    """Nobody waits for this any more."""


@dataclass(frozen=True)
class Reply:
    """What goes back: a JSON object without NaN or infinity, and bytes."""

    header: Mapping[str, Any] = field(default_factory=dict)
    blobs: Sequence[bytes] = ()


@dataclass(frozen=True)
class Operation:
    """page: whose it is; who may not open that page may not ask for it either."""

    name: str
    lane: Lane
    run: Run
    page: Page = "explore"


OPERATIONS: dict[str, Operation] = {}


def operation(name: str, *, lane: Lane = "quick", page: Page = "explore") -> Callable[[Run], Run]:
    """Register a function as what answers `{"do": name}`."""

    def register(function: Run) -> Run:
        if name in OPERATIONS:
            raise ValueError(f'The operation "{name}" is there already.')
        OPERATIONS[name] = Operation(name, lane, function, page)
        return function

    return register


def _nobody(_fraction: float, _words: str, _extra: Mapping[str, Any], _blobs: Sequence[bytes]) -> None:
    """Without a page there is nobody to tell."""


class OperationContext:
    """What an operation works with: the catalog of models, and a way to say how far it is."""

    def __init__(
        self,
        catalog: ModelCatalog,
        tell: Tell = _nobody,
        asked: Mapping[str, Any] | None = None,
        opened: dict[tuple[str, int | None], tuple[float, Explorable]] | None = None,
        person: Person = OWNER_OF_THE_MACHINE,
    ) -> None:
        """asked: the request. opened: what was opened last and when, of all contexts of one server.

        person: who asks.
        """
        self.catalog = catalog
        self.person = person
        self._tell = tell
        self._asked = asked or {}
        self._opened = {} if opened is None else opened

    def model(self, model_id: object, step: object = None) -> Explorable:
        """The opened model, an `Explorable`; at the request's own "step" where it is the request's own model.

        Raises ValueError where there is none of this id (and step).
        """
        if step is None and model_id == self._asked.get("model"):
            step = self._asked.get("step")
        if not isinstance(model_id, str) or not 0 < len(model_id) <= 200:
            raise ValueError("A request names its model in words of at most 200 letters.")
        if step is not None and (type(step) is not int or not 0 <= step < 2**53):
            raise ValueError("A checkpoint's step is a whole number from 0 on.")
        now, key = time.monotonic(), (model_id, step)
        at, model = self._opened.get(key, (-math.inf, None))
        if model is None or now - at > OPEN_SECONDS:
            model = self.catalog.open(model_id, step)
            while len(self._opened) >= MOST_OPEN and key not in self._opened:
                self._opened.pop(next(iter(self._opened)), None)
            self._opened[key] = now, model
        return model

    def refused(self, kind: str, name: str) -> str:
        """Why who asks may not change a thing of this kind (see `roll.owner_of`); "" where they may."""
        return may(self.person, "delete", roll.owner_of(class_server().folder, kind, name))

    def demand(self, action: str, kind: str, name: str) -> None:
        """Raises Refused where who asks may not do this to such a thing."""
        demand(self.person, action, roll.owner_of(class_server().folder, kind, name), f"{kind} {name}")

    def note_owner(self, kind: str, name: str) -> None:
        """A new thing is theirs who asked for it."""
        roll.note_owner(class_server().folder, kind, name, self.person.id)

    def progress(
        self,
        fraction: float,
        words: str = "",
        extra: Mapping[str, Any] | None = None,
        blobs: Sequence[bytes] = (),
    ) -> None:
        """Tell how far this is, from 0 to 1. Raises Cancelled when nobody waits for it any more.

        Of what waits to be sent, only the newest without blobs is kept.
        """
        self._tell(min(1.0, max(0.0, fraction)), words, extra or {}, blobs)


Run = Callable[[OperationContext, dict[str, Any], list[bytes]], Reply]


def number(asked: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    """The number called `name` in a request. Raises ValueError, naming it and what would be right."""
    found = asked.get(name, default)
    if isinstance(found, bool) or not isinstance(found, int | float) or not low <= found <= high:  # nor NaN
        raise ValueError(f'"{name}" must be a number from {low:g} to {high:g}.')
    return float(found)


def whole(asked: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    """Likewise, a whole number."""
    found = number(asked, name, default, low, high)
    if found != int(found):
        raise ValueError(f'"{name}" is {found:g}; it must be a whole number from {low} to {high}.')
    return int(found)


def words(asked: Mapping[str, Any], name: str, most: int, default: str | None = None) -> str:
    """Likewise, a text without line breaks, of 1 to `most` letters."""
    found = asked.get(name, default)
    if not isinstance(found, str) or not found.strip() or len(found.strip()) > most or not found.isprintable():
        raise ValueError(f'"{name}" must be a text of 1 to {most} letters in one line.')
    return found.strip()

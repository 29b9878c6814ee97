"""Real or fake? The twenty pictures of a seed, and how many of them each one in the room judged rightly."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import asdict
from typing import Any

from gan_core.latent.quiz import PICTURES, make_quiz, marks
from pages.explore.ops.inversion import data_of
from pages.explore.ops.picture import atlas
from pages.server.live.operations import OperationContext, Reply, operation, whole

_COLUMNS = 5
_MOST_GAMES, _MOST_PLAYERS = 100, 1_000  # kept in memory; a class is one game
_PLAYER = re.compile(r"[0-9a-f]{32}")

Game = tuple[str, int, int]
"""Model, step, seed."""
_games: OrderedDict[Game, dict[str, int]] = OrderedDict()
"""Game -> player -> how many pictures that one judged rightly, at the first try."""
_guard = threading.Lock()


def _game(context: OperationContext, asked: dict[str, Any]) -> Game:
    model = context.model(asked.get("model"), asked.get("step"))
    return model.id, model.step, whole(asked, "seed", 0, 0, 2**31 - 1)


@operation("quiz", lane="long")
def quiz(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The pictures of a "seed" as an atlas (RGBA), "real" for each, and what the discriminator takes for real.

    Header: "real" and "judged" (null without a discriminator) lists of 0 and 1, "marks" of the discriminator.
    """
    _, _, seed = _game(context, asked)
    model = context.model(asked.get("model"), asked.get("step"))
    context.progress(0.0, "Shuffling the pictures")
    found = make_quiz(model, data_of(model), seed)
    header, blob = atlas(found.images, _COLUMNS)
    judged = found.judged_real
    return Reply(
        {
            **header,
            "count": PICTURES,
            "real": found.real.astype(int).tolist(),
            "held_out": found.held_out,
            "judged": None if judged is None else judged.astype(int).tolist(),
            "marks": None if judged is None else asdict(marks(found.real, judged)),
        },
        [blob],
    )


@operation("quiz-done")
def quiz_done(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """A "player" (32 random hex digits, no name) judged "right" pictures rightly; the first time counts."""
    game, right = _game(context, asked), whole(asked, "right", 0, 0, PICTURES)
    player = asked.get("player")
    if not isinstance(player, str) or not _PLAYER.fullmatch(player):
        raise ValueError('"player" must be 32 digits of 0-9 and a-f.')
    with _guard:
        room = _games.setdefault(game, {})
        _games.move_to_end(game)
        if len(room) < _MOST_PLAYERS:
            room.setdefault(player, right)
        while len(_games) > _MOST_GAMES:
            _games.popitem(last=False)
    return _room(game)


@operation("quiz-room")
def quiz_room(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """How many players judged 0, 1, … of the pictures rightly: "histogram", a list; nobody is named."""
    return _room(_game(context, asked))


def _room(game: Game) -> Reply:
    with _guard:
        found = list(_games.get(game, {}).values())
    return Reply({"histogram": [found.count(right) for right in range(PICTURES + 1)]})

"""The quiz as a page asks for it, and the room in which nobody has a name."""

from __future__ import annotations

from typing import Any

import pytest

from gan_core.latent.quiz import PICTURES
from pages.explore.ops import quiz as ops
from pages.server.live.operations import OperationContext
from tests.latent.conftest import small_config, small_model
from tests.latent.test_quiz import data_of
from tests.pages.explore.test_explore_inside import SmallShelf


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> OperationContext:
    monkeypatch.setattr(ops, "data_of", data_of)
    monkeypatch.setattr(ops, "_games", type(ops._games)())
    return OperationContext(SmallShelf(small_model(small_config())))


def asked(**more: Any) -> dict[str, Any]:
    return {"model": "m", "seed": 7, **more}


def test_the_pictures_come_with_what_is_real_and_what_the_discriminator_took_for_real(
    context: OperationContext,
) -> None:
    reply = ops.quiz(context, asked(), [])
    assert len(reply.blobs[0]) == reply.header["columns"] * reply.header["rows"] * reply.header["size"] ** 2 * 4
    assert len(reply.header["real"]) == len(reply.header["judged"]) == reply.header["count"] == PICTURES
    right = sum(a == b for a, b in zip(reply.header["real"], reply.header["judged"], strict=True))
    assert reply.header["marks"]["accuracy"] == pytest.approx(right / PICTURES)
    assert ops.quiz(context, asked(), []).header == reply.header


def test_answers_of_two_people_are_two_and_of_one_the_first(context: OperationContext) -> None:
    ops.quiz_done(context, asked(player="a" * 32, right=12), [])
    ops.quiz_done(context, asked(player="b" * 32, right=12), [])
    ops.quiz_done(context, asked(player="b" * 32, right=20), [])
    ops.quiz_done(context, asked(seed=8, player="c" * 32, right=3), [])
    histogram = ops.quiz_room(context, asked(), []).header["histogram"]
    assert (len(histogram), histogram[12], sum(histogram)) == (PICTURES + 1, 2, 2)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 2**31}, "seed"),
        ({"player": "somebody"}, "player"),
        ({"player": None}, "player"),
        ({"right": 21}, "right"),
    ],
)
def test_what_a_page_may_not_say_is_refused_in_words(
    context: OperationContext, wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        ops.quiz_done(context, asked(**{"player": "a" * 32, "right": 1, **wrong}), [])


def test_the_room_is_bounded(context: OperationContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops, "_MOST_GAMES", 3)
    monkeypatch.setattr(ops, "_MOST_PLAYERS", 2)
    for seed in range(5):
        for player in "abc":
            ops.quiz_done(context, asked(seed=seed, player=player * 32, right=1), [])
    assert [game[2] for game in ops._games] == [2, 3, 4]
    assert all(len(room) == 2 for room in ops._games.values())

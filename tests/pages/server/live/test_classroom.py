"""The class's socket: one frame for all, odd messages, forged ones, answers without names, and a sign of life."""

from __future__ import annotations

import asyncio
import json
import logging
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.server.live import class_relay, heartbeat
from pages.server.live.class_messages import OF_TEACHERS, read_message
from pages.server.live.classroom import MOST_CHOICES, MOST_PLAYERS, MOST_QUESTIONS, ClassHub, ClassMember
from pages.server.live.wire import pack, unpack
from pages.server.security.people import Person

TEACHER, STUDENT = Person("t", "", True), Person("s", "", False)
VIEW = {
    "address": "explore?tool=pad",
    "step": 12,
    "plane": [0.0, 1.5, 2.0],
    "scope": [12, 3],
    "scroll": 0.25,
    "clean": False,
    "opened": [["downloads", "Download"]],
    "title": "T",
}
PLAYER = "0123456789abcdef" * 2
PNG = b"\x89PNG\r\n\x1a\n and so on"
ADDRESSES = ["", "explore?x=1", "//evil.example", "https://evil.example", "a/../b", "explore?a b", "#x"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def in_class(check: Callable[[ClassHub], None]) -> None:
    """Seats need a running loop."""

    async def run() -> None:
        check(ClassHub("token"))

    asyncio.run(run())


def joined(hub: ClassHub, person: Person) -> ClassMember:
    member = ClassMember(len(hub.members) + 1, person)
    hub._welcome(member)
    return member


def say(hub: ClassHub, member: ClassMember, **what: Any) -> None:
    hub.hear(member, {"type": "websocket.receive", "text": json.dumps(what)})


def waiting(member: ClassMember) -> dict[str, dict[str, Any]]:
    """What has been offered and not sent: kind -> header."""
    return {kind: unpack(frame)[0] for kind, frame in member._waiting.items()}


def test_one_frame_serves_everybody_and_whoever_comes_later() -> None:
    def check(hub: ClassHub) -> None:
        teacher, students = joined(hub, TEACHER), [joined(hub, STUDENT) for _ in range(30)]
        say(hub, teacher, do="show", view=VIEW)
        assert hub.encoded == 1
        assert len({id(member._waiting["view"]) for member in students}) == 1  # the very same bytes
        late = joined(hub, STUDENT)
        assert waiting(late)["view"]["view"] == VIEW
        assert waiting(late)["class"] == {"type": "class", "you": late.number, "teacher": False, "blobs": []}

    in_class(check)


def test_of_each_kind_only_the_newest_waits_for_a_slow_page() -> None:
    def check(hub: ClassHub) -> None:
        teacher, student = joined(hub, TEACHER), joined(hub, STUDENT)
        for step in range(200):
            say(hub, teacher, do="show", view={**VIEW, "step": step})
            say(hub, teacher, do="pointer", at=["film", 0, step / 200, 0.5])
        assert set(student._waiting) == {"class", "view", "pointer"}
        assert waiting(student)["view"]["view"]["step"] == 199

    in_class(check)


@pytest.mark.parametrize("do", OF_TEACHERS)
def test_a_students_forged_message_is_refused_and_logged(do: str, caplog: pytest.LogCaptureFixture) -> None:
    frame = pack(
        {"do": do, "view": VIEW, "screen": "black", "at": None, "on": True}, [PNG] if do == "picture" else []
    )

    def check(hub: ClassHub) -> None:
        student, other = joined(hub, STUDENT), joined(hub, STUDENT)
        hub.hear(student, {"type": "websocket.receive", "bytes": frame})
        assert waiting(student)["refused"]["why"] == "Only a teacher may show something to the class."
        assert set(waiting(other)) == {"class"}

    with caplog.at_level(logging.WARNING):
        in_class(check)
    assert f"refused to a student in the class: {do}" in caplog.text


def test_answers_are_counted_once_a_person_and_shown_when_the_teacher_says_so() -> None:
    def check(hub: ClassHub) -> None:
        teacher = joined(hub, TEACHER)
        for n in range(3):
            student = joined(hub, Person(f"s{n}", f"Name {n}", False))
            for answer in (2, n):  # who thinks again is counted once
                say(hub, student, do="answer", question="check.before.q1", answer=answer, player=PLAYER)
        told = waiting(teacher)["results"]
        assert told["results"] == [
            {"question": "check.before.q1", "people": 3, "counted": [[0.0, 1], [1.0, 1], [2.0, 1]]}
        ]
        assert "Name" not in json.dumps(told)
        assert PLAYER not in json.dumps(told)
        assert "results" not in waiting(student)
        say(hub, teacher, do="results", on=True)
        assert waiting(student)["results"]["results"] == told["results"]
        say(hub, teacher, do="results", on=False)
        assert waiting(student)["results"]["results"] == []

    in_class(check)


def test_what_is_kept_has_an_end() -> None:
    def check(hub: ClassHub) -> None:
        student = joined(hub, Person("", "", False))
        for n in range(MOST_QUESTIONS + 20):
            say(hub, student, do="answer", question=f"q{n}", answer=1, player=PLAYER)
        for n in range(MOST_PLAYERS + 20):
            say(hub, student, do="answer", question="many", answer=n, player=f"{n:032x}")
        assert len(hub._answers) == MOST_QUESTIONS
        assert len(hub._answers["many"]) == MOST_PLAYERS
        _, told = "", unpack(hub._results())[0]["results"]
        assert all(len(one["counted"]) <= MOST_CHOICES for one in told)

    in_class(check)


def test_the_end_takes_everything_away() -> None:
    def check(hub: ClassHub) -> None:
        teacher, student = joined(hub, TEACHER), joined(hub, STUDENT)
        say(hub, teacher, do="show", view=VIEW)
        say(hub, teacher, do="screen", screen="black")
        say(hub, teacher, do="end")
        assert waiting(student)["view"]["view"] is None
        assert waiting(student)["screen"]["screen"] == ""
        assert set(waiting(joined(hub, STUDENT))) == {"class"}

    in_class(check)


@given(
    asked=st.dictionaries(st.sampled_from(["do", "view", "at", "on", "screen", "question", "answer", "player"]), JSON)
)
def test_odd_messages_are_a_sentence_and_never_shown(asked: dict[str, Any]) -> None:
    def check(hub: ClassHub) -> None:
        teacher, student = joined(hub, TEACHER), joined(hub, STUDENT)
        hub.hear(teacher, {"type": "websocket.receive", "text": json.dumps(asked)})
        assert set(waiting(student)) == {"class"}
        why = waiting(teacher)["refused"]["why"]
        assert why.endswith(".")
        assert "\n" not in why

    in_class(check)


@given(
    view=st.fixed_dictionaries({
        "address": st.sampled_from(ADDRESSES) | st.text(max_size=30),
        "step": JSON, "plane": JSON, "scope": JSON, "scroll": JSON, "opened": JSON, "title": JSON,
    })
)  # fmt: skip
def test_a_view_leads_nowhere_but_to_a_page_of_this_server(view: dict[str, Any]) -> None:
    try:
        _, found, _ = read_message({"text": json.dumps({"do": "show", "view": view})})
    except ValueError:
        return  # a sentence, see above
    page, _, query = found["address"].partition("?")
    assert page == "" or page.isalpha()
    assert not set("#\\ \n") & set(page)
    assert all("!" <= letter <= "~" for letter in query)
    assert found["step"] is None or 0 <= found["step"] < 2**53
    assert len(found["opened"]) <= 24
    assert all(len(key) <= 200 and len(label) <= 80 for key, label in found["opened"])
    assert found["scope"] is None or len([part for part in found["scope"] if 0 <= part < 2**53]) == 2
    assert 0 <= found["scroll"] <= 1
    json.dumps(found, allow_nan=False)


@given(frame=st.binary(max_size=60) | st.binary(max_size=40).map(lambda b: struct.pack("<I", len(b)) + b))
def test_odd_bytes_are_a_sentence(frame: bytes) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        read_message({"bytes": frame})


def test_who_hears_nothing_is_told_that_the_server_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)

    async def run() -> None:
        member = ClassMember(1, STUDENT)
        assert unpack(await member.next())[0]["type"] == "beat"
        member.offer("view", pack({"type": "view"}))
        assert unpack(await member.next())[0]["type"] == "view"

    asyncio.run(run())


def test_two_servers_of_one_folder_have_one_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_relay, "BEAT_SECONDS", 0.0)

    async def play() -> None:
        left, right = ClassHub("token"), ClassHub("token")
        for hub in (left, right):
            hub.join_others(tmp_path)
            assert hub.relay is not None

        async def told() -> None:
            for _ in range(3):  # the second sign of life is the first that changed; what is heard then is answered
                for hub in (left, right):
                    assert hub.relay is not None
                    await hub.relay.exchange()

        teacher, student = seat_at(left, 7, TEACHER), seat_at(right, 8, STUDENT)
        say(left, teacher, do="show", view=VIEW)
        say(right, student, do="answer", question="q", answer=2, player=PLAYER)
        say(left, seat_at(left, 9, Person("u", "", False)), do="answer", question="q", answer=1, player=PLAYER)
        say(right, student, do="follow", on=True)
        await told()
        assert waiting(student)["view"]["view"] == VIEW
        assert waiting(student)["view"]["by"] == 7
        assert waiting(teacher)["here"] == {"type": "here", "pages": 3, "following": 1, "blobs": []}
        counted = {"question": "q", "people": 2, "counted": [[1.0, 1], [2.0, 1]]}
        assert waiting(teacher)["results"]["results"] == [counted]
        assert "results" not in waiting(student)
        say(left, teacher, do="results", on=True)
        await told()
        assert waiting(student)["results"]["results"][0]["people"] == 2
        late = seat_at(right, 10, STUDENT)
        assert waiting(late)["view"]["view"] == VIEW
        other_teacher = seat_at(right, 11, TEACHER)  # who moves to the other server goes on there
        say(right, other_teacher, do="clear")
        say(right, other_teacher, do="end")
        await told()
        assert waiting(teacher)["view"]["view"] is None
        assert waiting(teacher)["results"]["results"] == []
        assert "view" not in waiting(seat_at(left, 12, STUDENT))
        fresh = ClassHub("token")  # after the lesson: what servers that ended left is nobody's
        fresh.join_others(tmp_path)
        assert fresh.relay is not None
        for _ in range(3):
            await fresh.relay.exchange()
        assert fresh._shown == {}

    def seat_at(hub: ClassHub, number: int, person: Person) -> ClassMember:
        member = ClassMember(number, person)
        hub.members.add(member)  # without the task of a real page: the test says when servers hear each other
        hub.relay, relay = None, hub.relay
        hub._welcome(member)
        hub.relay = relay
        return member

    asyncio.run(play())

"""The line for the device as a simulation with a clock of its own: people take turns, and nobody starves."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gan_core.runs.engine.device.device_queue import LEAST_TURN_SECONDS, ROUND_SECONDS, DeviceQueue
from gan_core.runs.engine.device.outlook import Outlook, Waiting, about, outlooks

STEP = 0.5  # seconds of the clock that a step of any run takes
TURN = 10.0


@dataclass
class Class:
    """Devices that train what holds them, a step after another. history: who had a device, a name a step."""

    turn: float = TURN
    slots: int = 1
    now: float = 0.0
    left: dict[str, float] = field(default_factory=dict)  # seconds of training
    owners: dict[str, str] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.line = DeviceQueue(self.turn, lambda: self.now, slots=self.slots)

    def press(self, name: str, owner: str, seconds: float, need: int = 1, only: int | None = None) -> None:
        self.left[name], self.owners[name] = seconds, owner
        self.line.join(name, owner=owner, need=need, only=only)

    def holders(self) -> list[str]:
        """No slot is held twice, and all that is asked for is had."""
        holding = (name for name in self.left if self.line.holds(name))
        names = list(itertools.islice(holding, self.slots))
        held = [slot for name in names for slot in self.line.held(name)]
        assert len(held) == len(set(held)) <= self.slots
        return names

    def holder(self) -> str | None:
        return next(iter(self.holders()), None)

    def step(self) -> str | None:
        """Each device takes one."""
        names = self.holders()
        for name in names:
            self.line.begin(name)
        self.now += STEP
        for name in names:
            self.left[name] -= STEP
            self.history.append(name)
        for name in names:
            if self.left[name] <= 0:
                self.line.leave(name)
                del self.left[name]
            elif self.line.over(name):
                self.line.step_aside(name)
        return names[0] if names else None

    def to_the_end(self) -> None:
        while self.left:
            assert self.step() is not None, "somebody waits, and nobody has the device"

    def turns(self) -> list[tuple[str, float]]:
        """Who had the device in a row, and for how long."""
        found: list[tuple[str, float]] = []
        for name in self.history:
            if found and found[-1][0] == name:
                found[-1] = name, found[-1][1] + STEP
            else:
                found.append((name, STEP))
        return found


def test_where_nobody_else_waits_runs_go_one_after_another() -> None:
    alone = Class()
    for name, seconds in (("a", 100.0), ("b", 30.0), ("c", 5.0)):
        alone.press(name, "ada", seconds)
    alone.to_the_end()
    assert alone.turns() == [("a", 100.0), ("b", 30.0), ("c", 5.0)]


def test_everybodys_second_comes_before_anybodys_third() -> None:
    """Also where it is an earlier run that stepped aside: what counts is how many devices a person has."""
    four = Class(slots=4)
    for name, owner, seconds in (("a1", "ada", 30.0), ("b1", "bob", 30.0), ("a2", "ada", 30.0), ("a3", "ada", 30.0)):
        four.press(name, owner, seconds)
    assert four.holders() == ["a1", "b1", "a2", "a3"]
    four.press("c", "cleo", 1.0)
    four.press("b2", "bob", 1.0)
    while "c" in four.left:
        four.step()
    assert four.now < 5
    assert "b2" in four.holders()


def test_two_people_take_turns_and_each_has_but_one_run_in_them() -> None:
    two = Class()
    two.press("a1", "ada", 25.0)
    two.press("a2", "ada", 5.0)
    two.press("b1", "bob", 25.0)
    two.to_the_end()
    assert two.turns() == [
        ("a1", 10.0), ("b1", 10.0), ("a1", 10.0), ("b1", 10.0), ("a1", 5.0), ("b1", 5.0), ("a2", 5.0),
    ]  # fmt: skip


def test_who_had_the_device_for_long_lets_a_newcomer_go_at_once() -> None:
    two = Class()
    two.press("a", "ada", 500.0)
    while two.now < 200:
        two.step()
    two.press("b", "bob", 5.0)
    two.step()
    assert two.step() == "b", "the step under way is taken to its end, and no other"


def test_thirty_who_press_within_a_second_have_each_had_a_turn_in_ten_minutes() -> None:
    """With turns of a minute it would be thirty."""
    room = Class(turn=60.0)
    for i in range(30):
        room.press(f"run{i}", f"student{i}", 600.0)
        room.now += 1 / 30
    first: dict[str, float] = {}
    while len(first) < 30:
        first.setdefault(room.step() or "", room.now)
    assert max(first.values()) <= 600
    assert list(first) == [f"run{i}" for i in range(30)]
    room.to_the_end()
    assert sum(seconds for _, seconds in room.turns()) == 30 * 600


def test_turns_are_shorter_with_more_people_but_never_too_short() -> None:
    line = DeviceQueue(60.0)
    assert [line.turn_seconds(people) for people in (1, 8, 30)] == [60, 60, ROUND_SECONDS / 30]
    assert line.turn_seconds(1000) == LEAST_TURN_SECONDS
    assert DeviceQueue(0.01).turn_seconds(3) == 0.01


def test_a_run_put_first_is_next_and_who_had_the_device_goes_on_later() -> None:
    room = Class()
    for name in "abcd":
        room.press(name, f"owner of {name}", 40.0)
    room.step()
    room.line.first("d")
    assert room.line.over("a")
    room.step()
    assert [room.line.place(name) for name in "dbca"] == [0, 1, 2, 3]
    assert not room.line.over("d"), "it has a turn like any other"
    room.to_the_end()
    assert [name for name, _ in room.turns()][:5] == ["a", "d", "b", "c", "a"]


def test_one_of_ones_own_runs_put_first_goes_before_the_others_of_the_same_person() -> None:
    alone = Class()
    for name in "abc":
        alone.press(name, "", 20.0)
    alone.step()
    alone.line.first("c")
    alone.to_the_end()
    assert [name for name, _ in alone.turns()] == ["a", "c", "a", "b"]


def test_put_first_by_one_who_leaves_again_hurts_nobody() -> None:
    room = Class()
    for name in "abc":
        room.press(name, name, 20.0)
    room.step()
    room.line.first("c")
    room.line.leave("c")
    del room.left["c"]
    assert not room.line.over("a")
    room.line.first("no such run")
    room.line.first("a")
    assert not room.line.over("a"), "it has the device"


def test_who_pauses_and_comes_back_has_no_more_turns_than_who_does_not() -> None:
    room = Class()
    room.press("a", "ada", 1e6)
    room.press("b", "bob", 1e6)
    for _ in range(200):
        if room.step() == "a":  # after each step of its own it lets go, and asks again
            room.line.leave("a")
            room.line.join("a", owner="ada", front=True)
    assert room.history.count("a") <= room.history.count("b")


def test_twins_step_aside_together() -> None:
    now = 0.0
    line = DeviceQueue(TURN, lambda: now)
    line.join("a", owner="ada")
    line.join("a2", owner="ada", beside="a")
    line.join("b", owner="bob")
    line.begin("a")
    now = TURN
    assert line.over("a")
    assert line.over("a2")
    line.step_aside("a")
    assert not line.holds("a")
    assert not line.holds("b"), "the other one is still on its way"
    assert line.over("a2")
    line.step_aside("a2")
    assert line.holds("b")
    line.leave("b")
    assert line.holds("a")
    assert line.holds("a2")


def test_where_the_other_twin_ends_instead_of_stepping_aside_the_device_goes_on_all_the_same() -> None:
    line = DeviceQueue(0.0)
    line.join("a", owner="ada")
    line.join("a2", owner="ada", beside="a")
    line.join("b", owner="bob")
    line.step_aside("a")
    line.leave("a2")
    assert line.holds("b")
    assert line.place("a") == 1


def test_four_devices_train_four_runs_at_once_whoever_pressed() -> None:
    for owners in ("aaaa", "abcd", "aabb"):
        lab = Class(slots=4)
        for i, owner in enumerate(owners):
            lab.press(f"r{i}", owner, 100.0)
        assert [lab.line.held(f"r{i}") for i in range(4)] == [(0,), (1,), (2,), (3,)]
        lab.to_the_end()
        assert lab.now == 100.0, "nobody stepped aside"


def test_with_several_devices_everybody_has_one_before_anybody_has_two() -> None:
    lab = Class(slots=2)
    for name in ("a1", "a2", "a3"):
        lab.press(name, "ada", 100.0)
    lab.step()
    assert sorted(lab.holders()) == ["a1", "a2"]
    lab.press("b", "bob", 30.0)
    lab.step()
    assert sorted(lab.holders()) == ["a1", "b"], "ada's second lets bob go at once, and her first goes on"
    lab.step()
    assert [lab.line.place(name) for name in ("a1", "b", "a2", "a3")] == [0, 0, 1, 2]
    while "b" in lab.left:
        lab.step()
    assert sorted(lab.holders()) == ["a1", "a2"], "there is nothing to wait for any more"
    lab.to_the_end()
    assert lab.now == 200.0, "the third begins where the first ends"


def test_three_people_on_two_devices_have_two_thirds_each_and_do_not_all_move_at_once() -> None:
    lab = Class(slots=2)
    for name in "abc":
        lab.press(name, name, 1e6)
    while lab.now < 30 * TURN:
        before = lab.holders()
        lab.step()
        assert len(set(before) & set(lab.holders())) >= 1, "one at a time"
    assert {name: lab.history.count(name) for name in "abc"} == {
        name: pytest.approx(20 * TURN / STEP, abs=TURN / STEP) for name in "abc"
    }


def test_who_needs_two_devices_gets_them_and_who_names_one_gets_that() -> None:
    lab = Class(slots=2)
    lab.press("a", "ada", 8.0)
    lab.press("two", "bob", 20.0, need=2)
    lab.press("c", "cy", 8.0)
    lab.step()
    assert lab.holders() == ["a"], "what is free is kept for who needs two"
    assert lab.line.outlook("two").words == "a few seconds: it needs 2 devices at once"  # type: ignore[union-attr]
    while "a" in lab.left:
        lab.step()
    assert lab.line.held("two") == (0, 1)
    lab.press("first", "dan", 5.0, only=0)
    lab.press("other", "dan", 5.0)
    while lab.line.holds("two"):
        lab.step()
    assert (lab.now, lab.line.held("c"), lab.line.held("first")) == (18.0, (1,), (0,))
    lab.to_the_end()


def test_a_run_comes_back_to_its_device_or_stays_on_it() -> None:
    lab = Class(slots=2)
    for name in "abc":
        lab.press(name, name, 1e6)
    lab.line.stay("b")
    seen: dict[str, set[int]] = defaultdict(set)
    while lab.now < 20 * TURN:
        for name in lab.holders():
            seen[name] |= set(lab.line.held(name))
        lab.step()
    assert seen["b"] == {1}
    assert {"a", "c"} <= seen.keys()


def test_put_first_on_two_devices_takes_one_of_them() -> None:
    lab = Class(slots=2)
    for name in "abcd":
        lab.press(name, name, 40.0)
    lab.step()
    lab.line.first("d")
    assert (lab.line.place("d"), lab.line.over("a"), lab.line.over("b")) == (1, True, False)
    lab.step()
    assert sorted(lab.holders()) == ["b", "d"]
    assert not lab.line.over("b")
    lab.to_the_end()


presses = st.lists(
    st.tuples(st.integers(0, 5), st.floats(0.0, 40.0), st.floats(0.5, 60.0)), min_size=1, max_size=14
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(presses, st.integers(1, 4))
def test_nobody_starves_whoever_presses_when(pressed: list[tuple[int, float, float]], slots: int) -> None:
    """Between two turns of a person lie at most a turn of each other, and its length is what was asked for."""
    room, todo = Class(slots=slots), sorted(enumerate(pressed), key=lambda one: one[1][1])
    wanted = {f"r{i}": seconds for i, (_, _, seconds) in enumerate(pressed)}
    waited: dict[str, float] = defaultdict(float)  # since its last turn, of each person
    while todo or room.left:
        while todo and todo[0][1][1] <= room.now:
            i, (person, _, seconds) = todo.pop(0)
            room.press(f"r{i}", f"p{person}", seconds)
        before, owners, ran = room.now, {room.owners[name] for name in room.left}, room.holders()
        assert len(ran) == min(slots, len(room.left)), "somebody waits, and a device is free"
        had = [room.owners[name] for name in ran]
        room.step()
        for owner in owners:
            waited[owner] = 0.0 if owner in had else waited[owner] + room.now - before
            people = len({room.owners[name] for name in room.left} | owners)
            assert waited[owner] <= (people + 1) * (TURN + STEP), "a round, with who came or left meanwhile"
    assert {name: math.ceil(seconds / STEP) for name, seconds in wanted.items()} == {
        name: room.history.count(name) for name in wanted
    }
    for owner in set(room.owners.values()) if slots == 1 else ():
        # of one person the earlier run goes first, whoever else has turns between
        own = [name for name in room.history if room.owners[name] == owner]
        assert len({name for name, other in pairwise([*own, ""]) if name != other}) == sum(
            name != other for name, other in pairwise([*own, ""])
        )


@settings(max_examples=200, deadline=None)
@example([(1, 22), (0, 22), (1, 21), (1, 22), (2, 1), (0, 1)], 4)  # what stepped aside would be its person's third
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 60)), min_size=2, max_size=10), st.integers(1, 4))
def test_the_outlook_is_what_comes_about(pressed: list[tuple[int, int]], slots: int) -> None:
    """Where every run's length is known and nobody else comes; an independent count, by the simulation above."""
    told, begins = foreseen_and_seen(pressed, slots)
    for name, outlook in told.items():
        if outlook is None:
            assert begins[name] == 0
        else:
            assert outlook.seconds == pytest.approx(begins[name], abs=1e-6 if slots == 1 else STEP + 2 * TURN)


@pytest.mark.parametrize("slots", [2, 3, 4])
def test_with_several_devices_it_is_mostly_exact(slots: int) -> None:
    """Where not, who gives one up first has hung on less than a step, and all that follows on that."""
    rng, off = random.Random(slots), []
    for _ in range(300):
        pressed = [(rng.randint(0, 4), rng.randint(1, 60)) for _ in range(rng.randint(slots, 10))]
        told, begins = foreseen_and_seen(pressed, slots)
        assert all(begins[name] == 0 for name, outlook in told.items() if outlook is None)
        off += [abs(outlook.seconds - begins[name]) for name, outlook in told.items() if outlook]
    assert sum(one <= STEP + 2 * TURN for one in off) >= 0.99 * len(off)
    assert statistics.median(off) <= TURN / 4


def foreseen_and_seen(
    pressed: list[tuple[int, int]], slots: int
) -> tuple[dict[str, Outlook | None], dict[str, float]]:
    """What each is told when all are in the line (None: it has a device), and when it began."""
    room = Class(slots=slots)
    for i, (person, seconds) in enumerate(pressed):
        room.press(f"r{i}", f"p{person}", float(seconds))
        room.line.expect(f"r{i}", float(seconds))
    told = {name: room.line.outlook(name) for name in room.left}
    places = {name: room.line.place(name) for name in room.left}
    begins: dict[str, float] = {}
    while room.left:
        for name in room.holders():
            begins.setdefault(name, room.now)
        room.step()
    held = min(slots, len(places))
    assert sorted(places.values()) == [0] * held + list(range(1, len(places) - held + 1))
    return told, begins


def test_what_is_said_of_a_wait() -> None:
    line = [[Waiting("a1", had=20.0), Waiting("a2")], [Waiting("b", 5.0)], [Waiting("c")], [Waiting("d")]]
    told = {name: one.words for name, one in outlooks(line, lambda people: 60.0).items()}
    assert told == {
        "b": "about 40 s: 1 other has its turn first",
        "c": "about 45 s: 2 others have their turn first",
        "d": "about 2 min: 3 others have their turn first",
        "a2": "1 run of the same person goes first",
    }
    alone = outlooks([[Waiting("a", 3000.0, 0.0), Waiting("b", 10.0), Waiting("c")]], lambda people: 60.0)
    assert {name: one.words for name, one in alone.items()} == {
        "b": "about 50 min: 1 run goes first", "c": "about 50 min: 2 runs go first",
    }  # fmt: skip
    late = outlooks([[Waiting("job", had=70.0)], [Waiting("b")], [Waiting("c")]], lambda people: 60.0)
    assert late["b"].words == "as soon as the one before it can be interrupted"
    assert late["c"].words == "2 others have their turn first"
    assert Outlook(None, 0, 0, alone=True).words == ""
    lab = [[Waiting("a1", had=20.0), Waiting("a2")], [Waiting("b", had=5.0)], [Waiting("c")], [Waiting("d")]]
    assert {name: one.words for name, one in outlooks(lab, lambda people: 60.0, 2).items()} == {
        "c": "about 40 s: all 2 devices are taken",
        "d": "about 1 min: all 2 devices are taken, 1 other has its turn first",
        "a2": "all 2 devices are taken, 3 others have their turn first",
    }


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.0, "a few seconds"), (11.0, "about 15 s"), (54.0, "about 55 s"), (89.0, "about 1 min"),
     (3400.0, "about 57 min"), (3500.0, "about 1 h"), (5400.0, "about 1.5 h")],
)  # fmt: skip
def test_times_are_told_as_one_says_them(seconds: float | None, words: str) -> None:
    assert about(seconds) == words

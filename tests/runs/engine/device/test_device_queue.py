"""The line for the device."""

from __future__ import annotations

import threading
import time

from gan_core.runs.engine.device.device_queue import DeviceQueue


def never() -> bool:
    return False


def test_first_come_first_served_and_who_paused_comes_right_behind_the_holder() -> None:
    line = DeviceQueue()
    for name in "abc":
        line.join(name)
    line.join("a")  # already there
    assert [line.place(n) for n in "abcd"] == [0, 1, 2, -1]
    line.leave("a")
    line.join("a", front=True)
    assert [line.place(n) for n in "abc"] == [1, 0, 2]
    assert line.holds("b")
    assert not line.holds("a")


def test_in_an_empty_line_the_front_is_the_device() -> None:
    line = DeviceQueue()
    line.join("a", front=True)
    assert line.wait("a", 0.0, never)


def test_a_waiter_wakes_when_the_holder_leaves() -> None:
    line = DeviceQueue()
    line.join("a")
    line.join("b")
    threading.Timer(0.05, line.leave, ("a",)).start()
    assert line.wait("b", 20.0, never)


def test_a_nudge_wakes_a_waiter_for_its_commands() -> None:
    line = DeviceQueue()
    line.join("a")
    line.join("b")
    called = threading.Event()

    def call() -> None:
        called.set()
        line.nudge()

    threading.Timer(0.05, call).start()
    began = time.monotonic()
    assert not line.wait("b", 20.0, called.is_set)
    assert time.monotonic() - began < 10


def test_waiting_ends_after_its_time() -> None:
    line = DeviceQueue()
    line.join("a")
    line.join("b")
    assert not line.wait("b", 0.01, never)

"""A server of a class with people in it: a teacher, Ann, whose the runs are, and Ben, whose they are not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pages.server.security import people
from pages.server.security.access import COOKIE, proof_of
from pages.server.security.people import ClassServer, Person, class_server, install_class_server

CLASS_TOKEN, TEACHER_TOKEN, KEY = "the-class-knows-it", "the-teacher-alone", b"k" * 32
ANN, BEN, TEACHER = Person("a" * 24, "", False), Person("b" * 24, "", False), Person("c" * 24, "", True)


@dataclass
class Classroom:
    """Who sits at the browser: `enter` before a page is drawn, `cookies` with a request."""

    server: ClassServer
    patch: pytest.MonkeyPatch

    def cookies(self, person: Person) -> dict[str, str]:
        token = TEACHER_TOKEN if person.teacher else CLASS_TOKEN
        return {self.server.cookie: self.server.signed(person.id), COOKIE: proof_of(KEY, token)}

    def enter(self, person: Person) -> None:
        self.patch.setattr(people, "browser_cookies", lambda: self.cookies(person))


@contextlib.contextmanager
def a_class(folder: Path, patch: pytest.MonkeyPatch, *, teacher: str = TEACHER_TOKEN) -> Iterator[Classroom]:
    """folder: the runs'. teacher: the teacher's token, "" for none."""
    before = class_server()
    server = install_class_server(ClassServer(CLASS_TOKEN, teacher, KEY, folder))
    try:
        yield Classroom(server, patch)
    finally:
        install_class_server(before)

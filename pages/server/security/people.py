"""Who a browser belongs to: a person with an identity of their own, and whether that is a teacher."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection


@dataclass(frozen=True)
class Person:
    """id: what runs, jobs and scenes say of who made them; "" is whoever sits at the machine. name: for others to
    read, may be "". teacher: may do everything on this server."""

    id: str = ""
    name: str = ""
    teacher: bool = True


def person_of(connection: HTTPConnection) -> Person:
    """Who asks."""
    del connection
    return Person()


def here() -> Person:
    """Whose browser the page is being drawn for; in a script of Streamlit's only."""
    return Person()

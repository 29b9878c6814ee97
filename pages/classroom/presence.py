"""At the end of every page: the tab's place in the class."""

from __future__ import annotations

from pages.classroom.web.mount import desk
from pages.server.app_state import app_state
from pages.server.security.people import here


def draw_presence() -> None:
    desk(token=app_state().token, teacher=here().teacher)

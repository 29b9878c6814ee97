"""Where the next run trains: by this server, or by a job on another machine, where the server was told of a way."""

from __future__ import annotations

from pages.ui.choices import two_ways
from pages.ui.session import Tab, manager

_WORDS = {False: "Here", True: "Cluster"}


def goes_elsewhere(state: Tab) -> bool:
    return state.elsewhere and manager().elsewhere.command is not None


def draw_where(state: Tab) -> None:
    """Nothing where there is only one place."""
    if manager().elsewhere.command is None:
        return

    def turned(elsewhere: bool) -> None:
        state.elsewhere = elsewhere

    words = "Runs on the cluster wait in its own line, and are watched and steered from here."
    two_ways("Where", "where", _WORDS, state.elsewhere, turned, help=words, wide=False)

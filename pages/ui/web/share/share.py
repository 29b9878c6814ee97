"""What every page's Share holds: a link, a short one, a QR code, a scene file, and which controls the scene shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pages.ui.web.component import component

_mount = component("ganscope_share", "ui/web/share/share.js", "ui/web/share/share.css", "ui/web/copy.css")


def share(
    *,
    token: str,
    page: str,
    query: Mapping[str, str] | None = None,
    run: str = "",
    title: str = "",
    controls: Sequence[Mapping[str, Any]] = (),
    only: Sequence[str] = (),
    locked: bool = False,
) -> None:
    """Show it. query: of the Lab what its settings say, None: the page's address says it all.

    run: that is watched, to be opened in place of the settings where somebody wants that. controls: to choose from,
    each {"name", "label", "group"}; only: those that are chosen already; locked: no link leads to the others.
    """
    data = {
        "token": token, "page": page, "query": None if query is None else dict(query), "run": run, "title": title,
        "controls": [dict(one) for one in controls], "only": list(only), "locked": locked,
    }  # fmt: skip
    _mount(key="share-view", data=[data])  # in a list, see component.py

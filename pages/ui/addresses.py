"""Where things of this server are, seen from its pages: the one place in Python that builds an address.

The server may answer below a path: its own (`server.baseUrlPath`), or one that a reverse proxy puts in front and
takes away again, of which the server knows nothing. So pages ask by relative addresses. Every page stands directly
below the base ("" is the Lab, "explore" the next), so that "preview/a.png" is the same file from all of them.
`web/addresses.js` is the same for scripts.
"""

from __future__ import annotations

import posixpath
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st


def address(path: str, **query: str) -> str:
    """The relative address of a path below the base, without its first slash, for a page's HTML."""
    return quote(path) + ("?" + urlencode(query) if query else "")


def base_path() -> str:
    """The path that the server itself answers below: "" or, say, "/lab"."""
    parts = [part for part in (st.get_option("server.baseUrlPath") or "").split("/") if part]
    return "".join(f"/{part}" for part in parts)


def relative(target: str, asked: str) -> str:
    """Where a redirect leads, as seen from the path that was asked for; the way stays on this server.

    A path in a redirect would lead out of the path that a proxy has put in front, and a whole address to a name and a
    scheme that only the proxy's other side knows.
    """
    if target.startswith("."):
        return target  # it is relative already
    parts = urlsplit(target)
    folder, name = posixpath.split("/" + parts.path.lstrip("/\\"))
    way = posixpath.relpath(folder, "/" + posixpath.dirname(asked).lstrip("/"))
    # With "./" in front a colon in the name does not make it a scheme.
    return f"{way}/{name}" + (f"?{parts.query}" if parts.query else "")

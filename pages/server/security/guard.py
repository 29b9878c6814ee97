"""Who may use our own routes, and by which names this server is asked; on these Streamlit checks neither."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

import streamlit as st
from starlette.requests import HTTPConnection


def refusal(connection: HTTPConnection, token: str) -> str:
    """Why this request may not be answered, in one sentence; "" when it may.

    A browser names the page that asks in Origin: it must be this server's own, or one of
    `server.corsAllowedOrigins`. The token is new with every start and only handed to pages that this server drew.
    """
    origin = connection.headers.get("origin")
    if origin is not None and not _same_host(origin, connection.headers.get("host", "")):
        if origin not in st.get_option("server.corsAllowedOrigins"):
            return "This page comes from another site; open GANscope itself."
    if not secrets.compare_digest(connection.query_params.get("token", "").encode(), token.encode()):
        return "This page is from before the server's last start; reload it."
    return ""


def _same_host(origin: str, host: str) -> bool:
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:  # such as "http://["
        return False


def is_readable(origin: str | None) -> bool:
    """Whether an Origin is an address at all; "http://[" is none, at which Streamlit's own socket would break."""
    try:
        return origin is None or urlsplit(origin).netloc is not None
    except ValueError:
        return False


def answers_to(host: str | None) -> bool:
    """Whether a request's Host is one of `server.allowedHosts`; without such a list every name is.

    A site of somebody else may let its own name lead to this machine (DNS rebinding): a browser then takes our
    answers for that site's. Names are as Streamlit's socket takes them: "*" all, "*.a.org" all below a.org.
    """
    allowed: list[str] = st.get_option("server.allowedHosts")
    if not allowed:
        return True
    name = _name(host)
    for pattern in (one.strip().lower().rstrip(".") for one in allowed):
        below = pattern.startswith("*.") and name.endswith(pattern[1:])
        if pattern == "*" or below or (name and name == pattern.strip("[]")):
            return True
    return False


def _name(host: str | None) -> str:
    """The name in a Host header, without port, brackets and a last dot; "" where it is none."""
    try:
        parts = urlsplit(f"//{host or ''}")
        _ = parts.port  # raises where it is not a number in range
        plain = parts.username is None and not (parts.path or parts.query or parts.fragment)
        return (parts.hostname or "").rstrip(".") if plain else ""
    except ValueError:
        return ""

"""Who may use our own routes. Streamlit checks neither Origin nor anything else on them, so they do it themselves."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from streamlit import config


def refusal(connection: HTTPConnection, token: str) -> str:
    """Why this request may not be answered, in one sentence; "" when it may.

    A browser names the page that asks in Origin: it must be this server's own, or one of
    `server.corsAllowedOrigins`. The token is new with every start and only handed to pages that this server drew.
    """
    origin = connection.headers.get("origin")
    if origin is not None and not _same_host(origin, connection.headers.get("host", "")):
        if origin not in config.get_option("server.corsAllowedOrigins"):
            return "This page comes from another site; open GANscope itself."
    if not secrets.compare_digest(connection.query_params.get("token", "").encode(), token.encode()):
        return "This page is from before the server's last start; reload it."
    return ""


def _same_host(origin: str, host: str) -> bool:
    return bool(host) and urlsplit(origin).netloc.lower() == host.lower()

"""A page as it stands after its first run."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

PAGES = Path(__file__).parents[2] / "pages"


def opened(page: str, **query: str) -> AppTest:
    """The page of the folder `page`, with this query, without an error."""
    app = AppTest.from_file(str(PAGES / page / "page.py"), default_timeout=180)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app

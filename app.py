"""GANscope's server. Start it with `streamlit run app.py`, or `make app`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:  # Streamlit adds the folder of the page script only
    sys.path.insert(0, str(ROOT))

from pages.ui.home import Home, open_home  # noqa: E402
from pages.ui.routes import routes  # noqa: E402

home = open_home(Home())


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """The engine's life is the server's: it starts beside it, and every run is stopped and saved at its end."""
    home.start()
    try:
        yield
    finally:
        await asyncio.to_thread(home.close)


app = st.App(ROOT / "pages" / "router.py", lifespan=lifespan, routes=routes(home))

"""GANscope's server. Start it with `streamlit run app.py`, or `make app`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:  # Streamlit adds the folder of the page script only
    sys.path.insert(0, str(ROOT))

from gan_core.config.places import data_dir, runs_dir  # noqa: E402
from pages.server.app_state import AppState, install_app_state  # noqa: E402
from pages.server.http.packed import PackedScripts  # noqa: E402
from pages.server.http.routes import routes  # noqa: E402
from pages.server.http.sending import send_at_once  # noqa: E402
from pages.server.presses import keep_presses  # noqa: E402
from pages.server.security.access import Gate, NotSafe, access_token, cookie_key, teacher_token  # noqa: E402
from pages.server.security.people import ClassServer, Identities, install_class_server  # noqa: E402
from pages.server.security.safe_answers import SafeAnswers  # noqa: E402
from pages.server.shutdown import end_with_status_zero, leave_at_once, running_server  # noqa: E402

try:
    token = access_token(st.get_option("server.address"))
    key = cookie_key(data_dir()) if token else b""
    install_class_server(known := ClassServer(token, teacher_token(token), key, runs_dir()))
    gate = Middleware(Gate, token=token, key=key, teacher=known.teacher)
except NotSafe as problem:
    sys.exit(str(problem))
app_state = install_app_state(AppState())
keep_presses()


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """The engine's life is the server's: it starts beside it, and every run is stopped and saved at its end."""
    server = running_server()
    end_with_status_zero()
    app_state.start()
    sending = asyncio.create_task(send_at_once(server))
    try:
        yield
    finally:
        sending.cancel()
        await asyncio.to_thread(app_state.close)
        leave_at_once()


def on_script_error(_problem: Exception) -> bool:
    """A sentence for the person; the traceback is in the server's log."""
    st.error("Something went wrong on this page; the runs go on. Reload it, or look into the server's log.")
    return True


app = st.App(
    ROOT / "pages" / "router.py",
    lifespan=lifespan,
    routes=routes(app_state),
    middleware=[Middleware(SafeAnswers), gate, Middleware(Identities), Middleware(PackedScripts)],
    on_script_error=on_script_error,
)

"""The page's address: what it says of the view, and what Back and Forward make of the view.

A page reads its query when it is opened, and again when the browser has gone back or forward to it (`browsed`). While
it is looked at, every change of the view is a new address (`write`), so that Back undoes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.ui.learning import carried
from pages.ui.web.address import address_keeper

OF_PICTURE = ("zoom", "layers", "beside", "at")  # `scene_link.LOOKED`, without what that imports
PAGE = "ganscope.page"  # in the session: the path of the page that is open, "" is the Lab; the router sets it
_PAGE = "ganscope.address.page"  # in the session: whose query was written last
_WRITTEN = "ganscope.address.query"  # and that query
_KEPT = "ganscope.address.kept"  # what the address is to say where a link to the page has said nothing


def browsed() -> bool:
    """Whether the page is drawn because the browser went back or forward to its present address."""
    return bool(getattr(get_script_run_ctx(), "is_history_navigation", False))


def write(page: str, query: Mapping[str, str], usual: Mapping[str, str]) -> None:
    """Make the address say `query`; usual: the query of the view that a bare address opens.

    Where a link has just led here, or to the page that is open anyway, the address is bare but the view is not: then
    it is completed in place (`keep`), without another step for Back.
    """
    told = st.query_params.to_dict()
    looked = {name: text for name, text in told.items() if name in OF_PICTURE}  # of the page's own script, left to it
    seen = {name: text for name, text in told.items() if name not in OF_PICTURE}
    wanted = dict(query) | carried(seen)
    led_here = st.session_state.get(_PAGE) != page or st.session_state.get(_WRITTEN) == wanted
    st.session_state[_PAGE], st.session_state[_WRITTEN] = page, wanted
    is_usual = wanted == dict(usual)
    st.session_state[_KEPT] = "" if is_usual or not wanted else f"?{urlencode(wanted)}"
    if seen == wanted or (not seen and (is_usual or led_here)):
        return
    st.query_params.from_dict(wanted | (looked if page == "lab" else {}))


def keep() -> None:
    """At the end of every page: completes a bare address in the browser."""
    kept = st.session_state.pop(_KEPT, None)
    if kept is None:  # a page without an address of its own
        st.session_state[_PAGE] = ""
    address_keeper(kept or "")

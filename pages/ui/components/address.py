"""What completes a bare address in place: Streamlit itself would make a second entry in the browser's history."""

from __future__ import annotations

import streamlit as st

from pages.ui.components.source import script

_mount = st.components.v2.component("ganscope_address", js=script("address.js"), isolate_styles=False)


def address_keeper(query: str) -> None:
    """query: with its question mark, for an address without one; "": leave the address alone."""
    _mount(key="address", data=[query])  # in a list, see copy.py

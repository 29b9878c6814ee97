"""What completes a bare address in place: Streamlit itself would make a second entry in the browser's history."""

from __future__ import annotations

from pages.ui.web.component import component

_mount = component("ganscope_address", "ui/web/address.js")


def address_keeper(query: str) -> None:
    """query: with its question mark, for an address without one; "": leave the address alone."""
    _mount(key="address", data=[query])  # in a list, see component.py

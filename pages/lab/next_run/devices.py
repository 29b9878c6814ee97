"""On what the next run trains: any free device, a certain one, or several processes on a device each."""

from __future__ import annotations

import streamlit as st

from pages.server.security.public import public
from pages.ui.literal import literal
from pages.ui.session import Tab, manager

ANY = "Any free device"
HELP = (
    "Several processes share every batch of one run, each on a device of its own where there are enough. Its losses "
    "are those of one process, but for rounding."
)


def draw_devices(state: Tab) -> None:
    """A menu, where there is anything to choose; what cannot be is grey and says why."""
    names, most = manager().devices, manager().most_processes
    if not names and most < 2:
        return
    with st.popover(_label(state), icon=":material/memory:", key="devices", type="tertiary"):
        _draw_choice(state, ANY if names else "One process", "", 1)
        for name in names if manager().device == "cuda" else ():
            _draw_choice(state, name, name, 1)
        for count in _counts(most):
            _draw_choice(state, _processes(count), "", count)
        st.caption(f"On what the next run trains. {HELP}")


def _counts(most: int) -> list[int]:
    """Two always, then by doubling, and as many as there can be."""
    return sorted({2, *(2**n for n in range(1, most.bit_length()) if 2**n <= most), max(2, most)})


def _processes(count: int) -> str:
    return f"{count} processes together"


def _label(state: Tab) -> str:
    return _processes(state.processes) if state.processes > 1 else state.device or "Devices"


def _draw_choice(state: Tab, label: str, device: str, processes: int) -> None:
    def chosen() -> None:
        state.device, state.processes = device, processes

    alone = manager().problems(state.config)
    refused = (
        [why for why in manager().problems(state.config, processes) if why not in alone] if processes > 1 else []
    )
    st.button(
        label, key=f"devices:{device}:{processes}", on_click=chosen, width="stretch", disabled=bool(refused),
        type="primary" if (state.device, state.processes) == (device, processes) else "secondary",
        help=literal(public(refused[0])) if refused else None,
    )  # fmt: skip

"""Which recorded training the Lab plays where no run is watched."""

from __future__ import annotations

from dataclasses import replace

from gan_core.training import PRESETS
from pages.server.http.recordings import recording_path
from pages.ui.addresses import address
from pages.ui.session import Tab


def recording_of(state: Tab) -> str:
    """The address of the preset's recording, "" where there is none or its settings were changed.

    The seed and the backend do not count: another seed learns the same things, by another way.
    """
    if state.preset not in PRESETS or not (path := recording_path(state.preset)):
        return ""
    own = PRESETS[state.preset].config
    if replace(state.config, seed=own.seed, backend=own.backend, precision=own.precision, record=own.record) != own:
        return ""
    return address(path)

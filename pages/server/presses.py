"""Presses: what one asks for is done before the page looks at the next."""

from __future__ import annotations

import functools

from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequest, ScriptRequests

_MARK = "of_ganscope"


def keep_presses() -> None:
    """Let every press that Streamlit has taken up be carried out to its end. Once for a process.

    Streamlit looks for a newer event wherever a script reaches for its session: also in the moment between taking up
    a press and calling what it calls, and within that. It then goes on with the newer event alone, and the press is
    lost. From here on it looks when the callbacks are through; the newer event has waited, and is not lost either.
    """
    original = ScriptRequests.on_scriptrunner_yield
    if hasattr(original, _MARK):
        return

    @functools.wraps(original)
    def once_callbacks_are_through(requests: ScriptRequests) -> ScriptRequest | None:
        context = get_script_run_ctx(suppress_warning=True)
        if context is not None and not context.has_script_started:
            return None
        return original(requests)

    setattr(once_callbacks_are_through, _MARK, True)
    ScriptRequests.on_scriptrunner_yield = once_callbacks_are_through  # type: ignore[assignment, method-assign]

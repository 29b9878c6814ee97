"""What may be shown to anybody who opens the page: sentences without where on the server's disk things lie."""

from __future__ import annotations

import logging
from pathlib import Path

from gan_core.config.places import data_dir, runs_dir

OUT_OF_RANGE = "A number or a word here is not one that can be used; the server's log says more."
_HERE = Path(__file__).resolve().parents[3]
_log = logging.getLogger(__name__)


def public(problem: Exception | str) -> str:
    """A problem in words for everybody: folders by their last name only, of the system its reason only.

    What Python itself says of a value ("cannot convert float NaN to integer") is for the log.
    """
    if isinstance(problem, OSError) and problem.strerror:
        return f"The server could not read or write a file: {problem.strerror}."
    if isinstance(problem, UnicodeError):
        return "A text here has signs that cannot be written down as UTF-8; write it with other ones."
    text = str(problem)
    if (
        isinstance(problem, Exception)
        and type(problem) in (ValueError, OverflowError)
        and not text.rstrip().endswith((".", "!", "?"))
    ):
        _log.warning("shown in other words: %s", text, exc_info=problem)
        return OUT_OF_RANGE
    for folder in (runs_dir(), data_dir(), _HERE):
        for shown in {str(folder), str(folder.absolute()), str(folder.resolve())}:
            if Path(shown).is_absolute():
                text = text.replace(shown, folder.name)
    return text.encode("utf-8", "replace").decode()  # half of a pair of signs can go over no wire

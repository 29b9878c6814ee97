"""What may be shown to anybody who opens the page: sentences without where on the server's disk things lie."""

from __future__ import annotations

from pathlib import Path

from gan_core.config.places import data_dir, runs_dir

_HERE = Path(__file__).resolve().parents[2]


def public(problem: object) -> str:
    """A problem in words for everybody: folders by their last name only, of the system its reason only."""
    if isinstance(problem, OSError) and problem.strerror:
        return f"The server could not read or write a file: {problem.strerror}."
    text = str(problem)
    for folder in (runs_dir(), data_dir(), _HERE):
        for shown in {str(folder), str(folder.absolute()), str(folder.resolve())}:
            if Path(shown).is_absolute():
                text = text.replace(shown, folder.name)
    return text

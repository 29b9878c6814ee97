"""Texts that a spreadsheet would run as a formula when it opens a text file, made harmless."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[-+]?[\d.,' ]+(?:[eE][-+]?\d+)?%?")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet takes a cell of a text file for a formula that can do something.

    What begins with = or @ (or a tab or a line end before it), and what begins with + or - and calls something.
    """
    bare = text.lstrip("\t\r\n ")
    if bare[:1] in ("=", "@"):
        return len(bare) > 1
    return bare[:1] in ("+", "-") and any(sign in bare for sign in "(|!") and not _NUMBER.fullmatch(bare)


def neutral(text: str) -> str:
    """The text, with an apostrophe before it where `is_formula`: spreadsheets then show it and run nothing."""
    return f"'{text}" if is_formula(text) else text

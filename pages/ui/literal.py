"""Words from outside, shown letter by letter wherever Streamlit reads Markdown: in sentences, labels and help."""

from __future__ import annotations

import re

# Streamlit turns these into links, emoji and arrows only after it has taken the backslashes away: a sign without
# width (U+2060, word joiner) between their parts is what stops it.
_MADE_LATER = re.compile(
    r"(?<=:)(?=//)"  # https://
    r"|(?<=:)(?=[\w+-]+:|material/)"  # :smile: and :material/mood:
    r"|(?<=www)(?=\.)"
    r"|(?=@)"  # an e-mail address
    r"|(?<=(?<!\S)[<>~-])(?=(?:[=>-]|->)(?!\S))",  # -> <- <-> -- >= <= ~=
    re.IGNORECASE,
)
_JOINERS = "\u200c\u200d"  # of letters, and of emoji made of several
_MARKS = re.compile(
    r"[\\`*\[\]<&$~]"  # code, emphasis, links and pictures, HTML, entities, formulas
    r"|(?<![^\W_])_|_(?![^\W_])"  # not within a word, where it is none
    r"|:(?=:|[^\W\d])"  # :red, and what takes a whole block
    r"|^[-+#>=|!](?!\d)"  # what a line may begin with, as the next
)
_NUMBERED = re.compile(r"^(\d+)(?=[.)])")


def literal(words: object) -> str:
    """The words as Markdown that shows exactly them, in one line: no picture, link, HTML, icon, colour or formula.

    For everything that somebody else may have written: names, notes, settings in a link, what is said about a file.
    """
    text = " ".join("".join(sign if sign.isprintable() or sign in _JOINERS else " " for sign in str(words)).split())
    return _NUMBERED.sub(r"\1\\", _MARKS.sub(r"\\\g<0>", _MADE_LATER.sub("\u2060", text)))

"""Which encoding a text file has: what its first bytes say, else UTF-8, else a guess that says it is one."""

from __future__ import annotations

import codecs
import unicodedata

from gan_core.apply.tables.files.table import BadTable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_LOOK_AT = 200_000  # bytes


def decoded(data: bytes) -> tuple[str, str, bytes, str]:
    """The text, Python's name of its encoding, the mark that stood before it, and what is said of it ("" if sure).

    mark + text.encode(encoding) is `data` again, to the byte. Raises BadTable.
    """
    for mark, encoding, words in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), encoding, mark, ""
            except UnicodeDecodeError as error:
                raise BadTable(
                    f"The file says it is {words}, but byte {error.start + len(mark) + 1:,} is none of that; save it "
                    "again as UTF-8."
                ) from None
    if (wide := _wide(data)) is not None:
        text = _exact(data, wide)
        if text is not None:
            return text, wide, b"", "The file is taken for UTF-16 without a mark."
    if (text := _exact(data, "utf-8")) is not None:
        return text, "utf-8", b"", ""
    if (text := _exact(data, "cp932")) is not None and _looks_japanese(text):
        return text, "cp932", b"", "The file is not UTF-8; it is taken for Shift JIS (cp932)."
    if (text := _exact(data, "cp1252")) is not None:
        return text, "cp1252", b"", "The file is not UTF-8; it is taken for Windows' Western encoding (cp1252)."
    return data.decode("latin-1"), "latin-1", b"", "The file is not UTF-8; it is taken for Latin-1."


def _exact(data: bytes, encoding: str) -> str | None:
    """The text, where it can be turned into the same bytes again."""
    try:
        text = data.decode(encoding)
        return text if text.encode(encoding) == data else None
    except UnicodeError:
        return None


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of Western text is 0."""
    part = data[: _LOOK_AT // 2 * 2]
    if len(part) < 8 or len(data) % 2:
        return None
    if part[1::2].count(0) > 0.6 * len(part) / 2 and part[::2].count(0) == 0:
        return "utf-16-le"
    if part[::2].count(0) > 0.6 * len(part) / 2 and part[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def _looks_japanese(text: str) -> bool:
    """Whether what is not ASCII is mostly kana and Chinese characters of full width."""
    foreign = [letter for letter in text[:_LOOK_AT] if letter > "\x7f"]
    wide = [letter for letter in foreign if unicodedata.east_asian_width(letter) == "W"]
    return bool(foreign) and len(wide) > 0.6 * len(foreign)

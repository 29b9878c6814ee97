"""What the door for uploads lets in, and how it says no."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

MEGA = 1_000_000
_SHOWN_LENGTH = 100


class Refused(Exception):
    """One file that is not taken; the reason in a few words that go on from the file's name."""


@dataclass(frozen=True)
class Limits:
    """Caps on what one upload may cost. Bytes are of the file itself, unpacked where it was packed."""

    memory_bytes: int = 600 * MEGA  # to decode one picture, as told from its size and kind
    picture_seconds: float = 10.0  # of a processor, to decode one
    shortest_side: int = 8  # pixels
    file_bytes: int = 64 * MEGA  # of one picture
    archive_bytes: int = 1_000 * MEGA  # of one zip as uploaded
    members: int = 50_000  # of one zip, whatever they are
    total_bytes: int = 4_000 * MEGA  # of all pictures together, unpacked
    total_pixels: int = 20_000 * MEGA  # decoded, of all pictures together
    seconds: float = 60.0  # of a processor, to decode all pictures together,
    seconds_a_megabyte: float = 1.0  # and so many more: a phone's pictures take a twentieth of it, small ones a third
    most_seconds: float = 1_800.0  # but never more than that
    pictures: int = 20_000  # kept


@dataclass
class Budget:
    """What an upload has cost so far; files that are refused half-way count too."""

    limits: Limits
    bytes_read: int = 0
    pixels_decoded: int = 0
    seconds: float = 0.0

    def spent(self) -> str:
        """Why no more is read, or ""."""
        if self.bytes_read >= self.limits.total_bytes:
            return f"an upload unpacks to at most {self.limits.total_bytes // MEGA:,} MB"
        if self.pixels_decoded >= self.limits.total_pixels:
            return f"an upload has at most {self.limits.total_pixels // MEGA:,} megapixels"
        allowed = self.limits.seconds + self.limits.seconds_a_megabyte * self.bytes_read / MEGA
        if self.seconds >= (allowed := min(allowed, self.limits.most_seconds)):
            return f"an upload of this size is decoded for at most {allowed:.0f} seconds"
        return ""


def shown(name: str) -> str:
    """A file's name as it may be shown, never used as a path: no control signs, at most 100 characters."""
    clean = "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c)[0] == "C" else c for c in name[:1_000])
    return clean if len(clean) <= _SHOWN_LENGTH else "..." + clean[3 - _SHOWN_LENGTH :]

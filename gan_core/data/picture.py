"""One untrusted picture to 64 x 64 RGB; behind `intake`, which is the only one to call it.

What a file is, its content says, never its name. Pillow sees only five formats, and only the header before the
pixel cap is checked.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from gan_core.data.limits import MEGA, Budget, Refused

SIDE = 64
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
READ = "PNG, JPEG, WebP, BMP and GIF are read"

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION_TAG = 0x0112
_START_OF_SCAN, _MOST_SCANS = b"\xff\xda", 200  # a few kilobytes of empty scans can keep a decoder busy for hours

_KNOWN_STARTS = (
    (b"PK\x03\x04", f"it is an archive inside an archive; unpack it first ({READ})"),
    (b"\x1f\x8b", f"it is a gzip file; unpack it first ({READ})"),
    (b"7z\xbc\xaf\x27\x1c", f"it is a 7z archive; make it a zip ({READ})"),
    (b"Rar!", f"it is a RAR archive; make it a zip ({READ})"),
    (b"II*\0", f"it is a TIFF; {READ}"),
    (b"MM\0*", f"it is a TIFF; {READ}"),
    (b"%PDF", f"it is a PDF; {READ}"),
    (b"<svg", f"it is an SVG; {READ}"),
    (b"\x89PNG", "it is a damaged PNG"),
    (b"\xff\xd8\xff", "it is a damaged JPEG"),
    (b"GIF8", "it is a damaged GIF"),
    (b"BM", "it is a damaged BMP"),
)


@dataclass(frozen=True)
class Framing:
    """How a picture of any shape becomes a square: fit is "crop", "border" or "stretch"."""

    fit: str = "crop"
    background: tuple[int, int, int] = (255, 255, 255)


@dataclass(frozen=True)
class Picture:
    """pixels: uint8 [3, 64, 64]; changes: what was done to it, in words; size: its own width and height."""

    pixels: np.ndarray[Any, np.dtype[np.uint8]]
    changes: tuple[str, ...]
    size: tuple[int, int] = (SIDE, SIDE)


def read_picture(raw: bytes, framing: Framing, budget: Budget) -> Picture:
    """The picture in `raw`, or Refused with the reason."""
    if not raw:
        raise Refused("it is empty")
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
            return _read(image, raw, framing, budget)
    except Refused:
        raise
    except UnidentifiedImageError:
        raise Refused(_what_else(raw)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(f"it has more than {budget.limits.pixels // MEGA} megapixels") from None
    except MemoryError:
        raise Refused("it needs more memory than there is") from None
    except Exception as error:  # a decoder's complaint of any kind is this file's trouble and no other's
        cut = "truncated" in str(error).lower() or isinstance(error, EOFError)
        raise Refused("it is cut short" if cut else "it is damaged") from None


def _what_else(raw: bytes) -> str:
    for start, words in _KNOWN_STARTS:
        if raw.startswith(start):
            return words
    if raw[4:8] == b"ftyp":
        return f"it is HEIC, AVIF or a film; {READ}"
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "it is a damaged WebP"
    return f"it is not a picture; {READ}"


def _read(image: Image.Image, raw: bytes, framing: Framing, budget: Budget) -> Picture:
    limits = budget.limits
    width, height = image.size
    if width * height > limits.pixels:
        raise Refused(f"it is {width} x {height} pixels; at most {limits.pixels // MEGA} megapixels are read")
    if min(width, height) < limits.shortest_side:
        raise Refused(f"it is {width} x {height} pixels; each side must be at least {limits.shortest_side}")
    changes = []
    if image.format in ("PNG", "WEBP", "GIF") and getattr(image, "is_animated", False):
        image.seek(0)
        changes.append("animated: its first frame was taken")
    if image.format in ("JPEG", "MPO"):
        if raw.count(_START_OF_SCAN) > _MOST_SCANS:
            raise Refused("it is a JPEG of too many scans")
        image.draft(None, (2 * SIDE, 2 * SIDE))  # decodes at a fraction of the size where that is enough
    budget.pixels_decoded += max(image.width * image.height, width * height // 8)
    image.load()
    if raw[:4] == b"\x89PNG" and raw[24:25] == b"\x10":
        changes.append("16 bits a channel: scaled to 8")
    turn = _UPRIGHT.get(_orientation(image))
    plain = _eight_bits(image, changes)
    square = _square(plain, framing)
    if square.mode == "RGBA":
        changes.append("transparent parts: filled with the background")
        flat = Image.new("RGBA", square.size, (*framing.background, 255))
        square = Image.alpha_composite(flat, square)
    if turn is not None:
        square = square.transpose(turn)
        changes.append("turned upright, as its EXIF data says")
    pixels = np.asarray(square.convert("RGB")).transpose(2, 0, 1).copy()
    return Picture(pixels, tuple(changes), (width, height))


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # EXIF data is extra: a broken one does not make the picture unreadable
        return 1
    return value if isinstance(value, int) else 1


def _eight_bits(image: Image.Image, changes: list[str]) -> Image.Image:
    """The image as L, RGB, or RGBA where something is really transparent."""
    mode = image.mode
    if mode.startswith("I"):  # Pillow's own conversion would clip at 255 (v * 255 / 65535 is wanted)
        wide = np.asarray(image).clip(0, 65_535).astype(np.uint32)
        return Image.fromarray(((wide * 255 + 32_767) // 65_535).astype(np.uint8))
    if mode == "CMYK":
        changes.append("CMYK: converted to RGB without its colour profile")
        return image.convert("RGB")
    if mode in ("P", "PA"):
        changes.append("palette: converted to RGB")
    if mode in ("PA", "LA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() == (255, 255):
            return image.convert("RGB")
        return image
    if mode == "1":
        return image.convert("L")
    return image if mode in ("L", "RGB") else image.convert("RGB")


def _square(image: Image.Image, framing: Framing) -> Image.Image:
    width, height = image.size
    side = min(width, height)
    smooth = Image.Resampling.LANCZOS if side > SIDE else Image.Resampling.BICUBIC
    if framing.fit == "stretch":
        return image.resize((SIDE, SIDE), smooth, reducing_gap=3.0)
    if framing.fit == "crop":
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
        return image.resize((SIDE, SIDE), smooth, box=box, reducing_gap=3.0)
    scale = SIDE / max(width, height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    smooth = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC
    small = image.resize(inner, smooth, reducing_gap=3.0)
    if small.mode == "L":
        small = small.convert("RGB")
    background = framing.background if small.mode == "RGB" else (*framing.background, 0)
    canvas = Image.new(small.mode, (SIDE, SIDE), background)
    canvas.paste(small, ((SIDE - inner[0]) // 2, (SIDE - inner[1]) // 2))
    return canvas

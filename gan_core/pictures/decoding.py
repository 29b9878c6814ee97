"""One untrusted picture to a small square of RGB, 64 x 64 as a rule; in `child`, a process that may end at any time.

What a file is, its content says, never its name. Pillow sees only the formats of the list, and only the header before
it is known what the picture takes to decode.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image, UnidentifiedImageError

SIDE = 64
FORMATS, CODED_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"), ("AVIF", "HEIF")
READ = "PNG, JPEG, WebP, AVIF, HEIC, TIFF, BMP and GIF are read"
MEGA = 1_000_000
MOST_SCANS = 64  # of a JPEG; encoders make about ten, and a few kilobytes of empty ones keep a decoder busy for hours

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
_META_BYTES = 1 << 16  # of a HEIC, in which it is described
_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_START_OF_SCAN, _END_OF_IMAGE, _ALONE = 0xDA, 0xD9, range(0xD0, 0xD9)  # alone: without a length

_BYTES_A_PIXEL = 8  # that decoding takes at most: the picture, and another while it is turned into another kind
_BYTES_A_PIXEL_WITH_ALPHA = 14  # which is turned once more
_BYTES_A_PIXEL_OF_HEIC = 12  # HEIC and AVIF keep their planes beside it
_BYTES_A_PIXEL_OF_JPEG = 1  # an eighth of each side is decoded; a progressive one keeps all its coefficients

_KNOWN_STARTS = (
    (b"PK\x03\x04", f"it is an archive inside an archive; unpack it first ({READ})"),
    (b"\x1f\x8b", f"it is a gzip file; unpack it first ({READ})"),
    (b"7z\xbc\xaf\x27\x1c", f"it is a 7z archive; make it a zip ({READ})"),
    (b"Rar!", f"it is a RAR archive; make it a zip ({READ})"),
    (b"%PDF", f"it is a PDF; {READ}"),
    (b"<svg", f"it is an SVG; {READ}"),
    (b"\x89PNG", "it is a damaged PNG"),
    (b"\xff\xd8\xff", "it is a damaged JPEG"),
    (b"GIF8", "it is a damaged GIF"),
    (b"BM", "it is a damaged BMP"),
    (b"II*\0", "it is a damaged TIFF"),
    (b"MM\0*", "it is a damaged TIFF"),
)
_CODED = {b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC", b"avif": "AVIF"}


class NotRead(Exception):
    """A picture that is not taken; the reason in a few words that go on from the file's name."""


@dataclass(frozen=True)
class Framing:
    """How a picture of any shape becomes a square of `side` pixels: fit is "crop", "border" or "stretch".

    One that has this size already keeps every pixel.
    """

    fit: str = "crop"
    background: tuple[int, int, int] = (255, 255, 255)
    side: int = SIDE


@dataclass
class Decoding:
    """One picture: how it is wanted, and what has been found. pixels: what it was charged, set before the work.

    changes: what was done to it, in words. size: its own width and height.
    """

    framing: Framing
    memory_bytes: int
    shortest_side: int
    pixels: int = 0
    changes: list[str] | None = None
    size: tuple[int, int] = (1, 1)

    def decode(self, raw: bytes) -> bytes:
        """RGB, row by row. Raises NotRead with the reason."""
        self.pixels, self.changes = 0, []
        if not raw:
            raise NotRead("it is empty")
        if raw[:4] == b"RIFF" and raw[12:16] == b"VP8X":  # its decoder takes the whole canvas when it is opened
            width, height = (1 + int.from_bytes(raw[at : at + 3], "little") for at in (24, 27))
            _check_size(width, height, _BYTES_A_PIXEL_WITH_ALPHA, self)
        coded = raw[4:8] == b"ftyp"
        if coded:
            _prepare_coded()
        try:
            with Image.open(io.BytesIO(raw), formats=CODED_FORMATS if coded else FORMATS) as image:
                return _read(image, raw, self).tobytes()
        except NotRead:
            raise
        except UnidentifiedImageError:
            raise NotRead(_what_else(raw)) from None
        except MemoryError:
            raise NotRead("it needs more memory than there is") from None
        except Exception as error:  # a decoder's complaint of any kind is this file's trouble and no other's
            cut = "truncated" in str(error).lower() or isinstance(error, EOFError)
            raise NotRead("it is cut short" if cut else "it is damaged") from None


def _prepare_coded() -> None:
    """Have what reads HEIC; one thread each, so that what a picture takes can be told."""
    import pillow_heif
    from PIL import AvifImagePlugin

    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener(thumbnails=False)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def _what_else(raw: bytes) -> str:
    for start, words in _KNOWN_STARTS:
        if raw.startswith(start):
            return words
    if raw[4:8] == b"ftyp":
        kind = _CODED.get(raw[8:12])
        return f"it is a damaged {kind}" if kind else f"it is a film; {READ}"
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "it is a damaged WebP"
    return f"it is not a picture; {READ}"


def _read(image: Image.Image, raw: bytes, asked: Decoding) -> Image.Image:
    changes = asked.changes if asked.changes is not None else []
    asked.size = image.size
    scans = _jpeg_scans(raw) if image.format in ("JPEG", "MPO") else 0
    _check_size(*image.size, _bytes_a_pixel(image), asked)
    if image.format in ("PNG", "WEBP", "GIF", "AVIF") and getattr(image, "is_animated", False):
        image.seek(0)
        changes.append("animated: its first frame was taken")
    if image.format == "TIFF" and _has_more_pages(image):
        changes.append("several pages: the first was taken")
    whole = image.width * image.height
    if scans:
        wanted = 2 * max(SIDE, asked.framing.side)
        image.draft(None, (wanted, wanted))  # decodes at a fraction of the size where that is enough
    asked.pixels = max(image.width * image.height, whole * scans // 8)
    image.load()
    if raw[:4] == b"\x89PNG" and raw[24:25] == b"\x10":
        changes.append("16 bits a channel: scaled to 8")
    turn = _UPRIGHT.get(_orientation(image, raw))
    square = _square(_eight_bits(image, changes), asked.framing)
    if square.mode == "RGBA":
        changes.append("transparent parts: filled with the background")
        flat = Image.new("RGBA", square.size, (*asked.framing.background, 255))
        square = Image.alpha_composite(flat, square)
    if turn is not None:
        square = square.transpose(turn)
        changes.append("turned upright, as its EXIF data says")
    return square.convert("RGB")


def _bytes_a_pixel(image: Image.Image) -> int:
    if image.format in CODED_FORMATS:
        return _BYTES_A_PIXEL_OF_HEIC
    if "A" in image.mode or "transparency" in image.info:
        return _BYTES_A_PIXEL_WITH_ALPHA
    if image.format in ("JPEG", "MPO") and not image.info.get("progressive"):
        return _BYTES_A_PIXEL_OF_JPEG
    return _BYTES_A_PIXEL


def _check_size(width: int, height: int, bytes_a_pixel: int, asked: Decoding) -> None:
    """Refuse what would take too much to decode, and what is too small to be of use."""
    most = asked.memory_bytes // bytes_a_pixel
    if width * height > most:
        raise NotRead(f"it is {width} x {height} pixels; at most {most // MEGA} megapixels of its kind are read")
    if min(width, height) < asked.shortest_side:
        raise NotRead(f"it is {width} x {height} pixels; each side must be at least {asked.shortest_side}")


def _jpeg_scans(raw: bytes) -> int:
    """How often its decoder goes over the picture. What follows its end (a phone's short film) does not count."""
    scans, at = 0, 2
    while found := _JPEG_MARKER.search(raw, at):
        marker, at = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            break
        if marker in _ALONE:
            continue
        scans += marker == _START_OF_SCAN
        if scans > MOST_SCANS:
            raise NotRead("it is a JPEG of too many scans")
        at += int.from_bytes(raw[at : at + 2], "big")
    return max(1, scans)


def _has_more_pages(image: Image.Image) -> bool:
    """Only the next one is looked for: a chain of pages may be endless."""
    try:
        image.seek(1)
    except Exception:  # none, or a damaged one that nobody wants
        found = False
    else:
        found = True
    image.seek(0)
    return found


def _orientation(image: Image.Image, raw: bytes) -> int:
    if image.format == "HEIF":  # its own turn goes before the EXIF data's, and its reader has made it
        has_its_own = any(kind in raw[:_META_BYTES] for kind in (b"irot", b"imir"))
        return 1 if has_its_own else image.info.get("original_orientation") or 1
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # EXIF data is extra: a broken one does not make the picture unreadable
        return 1
    return value if isinstance(value, int) else 1


def _eight_bits(image: Image.Image, changes: list[str]) -> Image.Image:
    """The image as L, RGB, or RGBA where something is really transparent."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        return _scaled(image, changes)
    if mode == "CMYK":
        changes.append("CMYK: converted to RGB without its colour profile")
        return image.convert("RGB")
    if mode == "LAB":
        raise NotRead("its colours are given as L*a*b*; save it as RGB")
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


def _scaled(image: Image.Image, changes: list[str]) -> Image.Image:
    """Grey of more than 8 bits as L. Pillow's own conversion would clip at 255 (v * 255 / 65535 is wanted)."""
    import numpy as np

    low, high = 0.0, 65_535.0
    if image.mode == "F":
        ranges = [(strip.min(), strip.max()) for _, each in _strips(image) if (strip := each[np.isfinite(each)]).size]
        low, high = min((r[0] for r in ranges), default=0.0), max((r[1] for r in ranges), default=1.0)
        if low >= 0.0 and (high <= 1.0 or low == high):
            low, high = 0.0, max(1.0, high)
        changes.append("floating point: its range was scaled to 8 bits")
    elif image.format != "PNG":
        changes.append("16 bits a channel: scaled to 8")
    eight = Image.new("L", image.size)
    for top, strip in _strips(image):
        shares = (strip.clip(low, high) - low) / max(high - low, 1e-300)
        eight.paste(Image.fromarray(np.nan_to_num(shares * 255.0 + 0.5).astype(np.uint8)), (0, top))
    return eight


def _strips(image: Image.Image) -> Iterator[tuple[int, Any]]:
    """(y of its first row, float64 [rows, width]): the numbers on the way are eight times as long as a byte."""
    import numpy as np

    for top in range(0, image.height, 256):
        yield top, np.asarray(image.crop((0, top, image.width, min(top + 256, image.height))), np.float64)


def _square(image: Image.Image, framing: Framing) -> Image.Image:
    width, height = image.size
    side, to = min(width, height), framing.side
    smooth = Image.Resampling.LANCZOS if side > to else Image.Resampling.BICUBIC
    if framing.fit == "stretch":
        return image.resize((to, to), smooth, reducing_gap=3.0)
    if framing.fit == "crop":
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
        return image.resize((to, to), smooth, box=box, reducing_gap=3.0)
    scale = to / max(width, height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    smooth = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC
    small = image.resize(inner, smooth, reducing_gap=3.0)
    if small.mode == "L":
        small = small.convert("RGB")
    background = framing.background if small.mode == "RGB" else (*framing.background, 0)
    canvas = Image.new(small.mode, (to, to), background)
    canvas.paste(small, ((to - inner[0]) // 2, (to - inner[1]) // 2))
    return canvas

"""Files made to harm, for the tests to upload."""

from __future__ import annotations

import struct
import zlib

from PIL import Image

from tests.data.made_files import noise_picture, picture


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def flat_png(width: int, height: int, extra: bytes = b"") -> bytes:
    """A grey PNG of any size in a few kilobytes."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(width + 1)) for _ in range(height)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def png_header(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def many_scans() -> bytes:
    """A progressive JPEG with its last scan repeated again and again."""
    raw = picture(Image.new("RGB", (64, 64)), "JPEG", progressive=True)
    last = raw.rindex(b"\xff\xda")
    return raw[:last] + raw[last:-2] * 500 + raw[-2:]


def webp_canvas(side: int) -> bytes:
    """An animated WebP that claims a huge canvas."""
    frames = [Image.new("RGB", (16, 16), (200 * n, 0, 0)) for n in range(2)]
    raw = bytearray(picture(frames[0], "WEBP", save_all=True, append_images=frames[1:]))
    at = raw.index(b"VP8X") + 12
    raw[at : at + 6] = (side - 1).to_bytes(3, "little") * 2
    return bytes(raw)


def huge_gif() -> bytes:
    """A small frame on a screen that claims 65,535 x 65,535."""
    raw = noise_picture(1, "GIF")
    return raw[:6] + b"\xff" * 4 + raw[10:]

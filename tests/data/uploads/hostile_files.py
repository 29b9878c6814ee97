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


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def boxes(data: bytes) -> dict[bytes, bytes]:
    """Kind -> content of the boxes that lie one after another."""
    found, at = {}, 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found[data[at + 4 : at + 8]] = data[at + 8 : at + size]
        at += size
    return found


def heic_grid(tile: bytes, rows: int, columns: int, width: int, height: int, turns: int = 0) -> bytes:
    """A HEIC picture that is put together of one tile again and again. tile: a HEIC of one picture.

    turns: by how many quarters, against the clock, it is shown turned.
    """
    top = boxes(tile)
    inner = boxes(top[b"meta"][4:])
    shared = inner[b"iprp"]
    props = boxes(shared)[b"ipco"] + box(b"ispe", struct.pack(">III", 0, width, height))
    if turns:
        props += box(b"irot", bytes([turns]))
    kinds = [props[at + 4 : at + 8] for at in _starts(props)]
    of_tile = [kinds.index(kind) + 1 for kind in (b"hvcC", b"ispe")]
    of_whole = [kind + 1 for kind in range(len(kinds)) if kind >= kinds.index(b"ispe", of_tile[1])]
    tiles = range(2, 2 + rows * columns)  # each an item of its own, all of the same bytes
    associations = struct.pack(">IIHB", 0, 1 + len(tiles), 1, len(of_whole)) + bytes(of_whole)
    associations += b"".join(struct.pack(">HBBB", n, 2, 0x80 | of_tile[0], of_tile[1]) for n in tiles)
    entries = [box(b"infe", struct.pack(">IHH4sB", 2 << 24, number, 0, kind, 0))
               for number, kind in ((1, b"grid"), *((n, b"hvc1") for n in tiles))]  # fmt: skip
    refs = box(b"dimg", struct.pack(f">HH{len(tiles)}H", 1, len(tiles), *tiles))
    grid = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)
    pixels = top[b"mdat"]

    def meta(start: int) -> bytes:
        place = struct.pack(">IBBH", 0, 0x44, 0x00, 1 + len(tiles))
        of_tiles = ((n, start + len(grid), len(pixels)) for n in tiles)
        for number, offset, length in ((1, start, len(grid)), *of_tiles):
            place += struct.pack(">HHHII", number, 0, 1, offset, length)
        return box(b"meta", bytes(4) + b"".join((
            box(b"hdlr", inner[b"hdlr"]), box(b"pitm", struct.pack(">IH", 0, 1)), box(b"iloc", place),
            box(b"iinf", struct.pack(">IH", 0, len(entries)) + b"".join(entries)), box(b"iref", bytes(4) + refs),
            box(b"iprp", box(b"ipco", props) + box(b"ipma", associations)),
        )))  # fmt: skip

    start = box(b"ftyp", top[b"ftyp"])
    return start + meta(len(start) + len(meta(0)) + 8) + box(b"mdat", grid + pixels)


def _starts(data: bytes) -> list[int]:
    at, found = 0, []
    while at + 8 <= len(data):
        found.append(at)
        at += int.from_bytes(data[at : at + 4], "big")
    return found

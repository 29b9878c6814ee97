"""What is spoken with a server: Streamlit's messages of a page session, and the frames of GANscope's own sockets.

Only the few fields that a person without a screen needs are written and read, so that the engine's command line needs
no package of the pages. Field numbers are those of Streamlit's BackMsg, ClientState and ForwardMsg.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from typing import Any

_RERUN_SCRIPT, _QUERY_STRING, _WIDGET_STATES, _WIDGETS, _WIDGET_ID, _TRIGGER = 11, 1, 2, 1, 1, 2
_SCRIPT_FINISHED = 6
_TOKEN = re.compile(rb'"token": ?"([\w-]{20,})"')
_RUN = re.compile(rb"[?&]?run=([\w-]+)")
_SCRIPTS = re.compile(rb"module/([0-9a-f]{16})/")
_NEEDED = re.compile(rb"for \(const name of (\[[^\]]*\])\)")


def rerun(query: str, pressed: str = "") -> bytes:
    """Have the page drawn; pressed: the id of a button that is pressed."""
    state = _text(_QUERY_STRING, query)
    if pressed:
        widget = _text(_WIDGET_ID, pressed) + _varint(_TRIGGER << 3) + b"\x01"
        state += _part(_WIDGET_STATES, _part(_WIDGETS, widget))
    return _part(_RERUN_SCRIPT, state)


def is_finished(message: bytes) -> bool:
    """Whether a message of the server says that the page is drawn to its end."""
    return any(number == _SCRIPT_FINISHED for number, _ in _fields(message))


def token_in(messages: bytes) -> str:
    return _first(_TOKEN, messages)


def run_in(messages: bytes) -> str:
    return _first(_RUN, messages)


def button_in(messages: bytes, key: str) -> str:
    """The id of the button with this key; "" where there is none."""
    return _first(re.compile(rb"(\$\$ID-[0-9a-f]{32}-" + re.escape(key.encode()) + rb")(?![\w-])"), messages)


def scripts_in(messages: bytes) -> list[str]:
    """Addresses of the scripts that the components drawn in these messages load."""
    version = _first(_SCRIPTS, messages)
    names = {name for found in _NEEDED.findall(messages) for name in json.loads(found.decode())}
    return [f"module/{version}/{name}" for name in sorted(names)] if version else []


def unpack(frame: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Header and blobs of a frame of GANscope's own sockets."""
    (length,) = struct.unpack_from("<I", frame)
    header = json.loads(frame[4 : 4 + length])
    blobs, at = [], 4 + length
    for size in header.get("blobs", []):
        blobs.append(frame[at : at + size])
        at += size
    return header, blobs


def _first(pattern: re.Pattern[bytes], text: bytes) -> str:
    found = pattern.search(text)
    return found[1].decode() if found else ""


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def _part(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _part(field, text.encode())


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of a protobuf message's fields; of a number its bytes."""
    at = 0
    while at < len(message):
        tag, at = _read(message, at)
        kind, start = tag & 7, at
        if kind == 0:
            _, at = _read(message, at)
        elif kind == 2:
            size, start = _read(message, at)
            at = start + size
        else:
            at += 8 if kind == 1 else 4
        yield tag >> 3, message[start:at]


def _read(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at

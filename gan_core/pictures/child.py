"""The process that decodes: requests come in and answers go out, one at a time, until nobody asks any more.

A request or an answer is four bytes with the length of a JSON object, that object, and bytes whose number it knows.
What a picture can do to it ends with it: it cannot take more memory, more processor time or any of the disk.
"""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import sys
import time
import warnings
from typing import Any, BinaryIO

from PIL import Image

from gan_core.pictures.decoding import Decoding, Framing, NotRead

try:
    import resource
except ImportError:  # not a POSIX system: whoever asks still ends this process when it takes too long
    _HAS_LIMITS = False
else:
    _HAS_LIMITS = True

IDLE_SECONDS = 60.0  # it ends when nothing was asked for so long
_LENGTH = struct.Struct(">I")
_BESIDE_BYTES = 500_000_000  # of addresses: the file itself, the program and its libraries


def main() -> None:
    """Answer what comes on standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that asks; it closes the pipe
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # `Decoding` knows better, by kind
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is not an answer
    while _is_asked() and len(head := asked.read(_LENGTH.size)) == _LENGTH.size:
        request = json.loads(asked.read(_LENGTH.unpack(head)[0]))
        _answer(request, asked.read(request["bytes"]), answers)


def _is_asked() -> bool:
    """False where nothing has been for a while. Every request was read to its end, so none is in a buffer."""
    return os.name == "nt" or bool(select.select([0], [], [], IDLE_SECONDS)[0])


def _answer(request: dict[str, Any], raw: bytes, answers: BinaryIO) -> None:
    confine(request["memory_bytes"], request["seconds"])
    framing = Framing(request["fit"], tuple(request["background"]), request["side"])
    decoding = Decoding(framing, request["memory_bytes"], request["shortest_side"])
    start = time.process_time()
    pixels, reason = b"", ""
    try:
        pixels = decoding.decode(raw)
    except NotRead as problem:
        reason = str(problem)
    found = {
        "reason": reason,
        "changes": decoding.changes or [],
        "size": decoding.size,
        "pixels": decoding.pixels,
        "seconds": time.process_time() - start,
    }
    text = json.dumps(found).encode()
    answers.write(_LENGTH.pack(len(text)) + text + pixels)
    answers.flush()


def confine(memory_bytes: int, seconds: float) -> None:
    """For the next picture. Past its time the system ends this process."""
    if not _HAS_LIMITS:
        return
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes + _BESIDE_BYTES),
        (resource.RLIMIT_CPU, int(time.process_time() + seconds) + 1),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        try:
            resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
        except (ValueError, OSError):  # some systems do not know all of them
            continue


if __name__ == "__main__":
    main()

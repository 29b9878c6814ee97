"""Commands in processes of their own, forked from one with torch imported: lines of JSON, cases in and answers out.

A case: {"words": [...], "how": "plain" | "ignored" | "closed" | "full" | "left" | "ascii" | "cp1252" | "stuck" |
"ignored ascii"}; its answer: {"status", "out", "err"}, with the status as `os.waitpid` gives it, decoded (negative:
killed by that signal).
"""

from __future__ import annotations

import gc
import io
import json
import os
import runpy
import signal
import sys
import tempfile
import threading
import time

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def keep_signalling() -> None:
    """Send this process everything that its caller has ignored, all the time."""

    def work() -> None:
        while True:
            for number in SIGNALS:
                os.kill(os.getpid(), number)
            time.sleep(0.005)

    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=work, daemon=True).start()


def prepare(how: str, out: int, err: int) -> None:
    """The standard streams as a caller may leave them."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    encoding = next((name for name in ("ascii", "cp1252") if name in how), "utf-8")
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding, "strict", write_through=True)
    if "ignored" in how:
        keep_signalling()
    elif how == "closed":
        os.close(1)
        os.close(2)
        sys.stdout = sys.stderr = None  # type: ignore[assignment]
    elif how == "full":
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    elif how == "left":  # who read it has gone
        read, write = os.pipe()
        os.dup2(write, 1)
        os.dup2(write, 2)
        os.close(read)
    elif how == "stuck":  # who reads it does not read on, and has made it return at once
        read, write = os.pipe()
        os.set_blocking(write, False)
        while True:
            try:
                os.write(write, bytes(4096))
            except BlockingIOError:
                break
        os.dup2(write, 2)
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), write_through=True)


def carry_out(words: list[str], how: str) -> dict[str, object]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            prepare(how, out.fileno(), err.fileno())
            sys.argv = ["gan_core", *words]
            runpy.run_module("gan_core", run_name="__main__")
        _, status = os.waitpid(child, 0)
        out.seek(0)
        err.seek(0)
        said = (file.read().decode("utf-8", errors="replace") for file in (out, err))
        return {"status": os.waitstatus_to_exitcode(status), **dict(zip(("out", "err"), said, strict=True))}


if __name__ == "__main__":
    from gan_core.cli.commands import command, names

    for name in names():
        command(name)  # imported once for all of them
    gc.collect()
    gc.freeze()  # else each process looks through all that it got from this one as it ends: half a second
    for line in sys.stdin:
        answers = [carry_out(**case) for case in json.loads(line)]
        print(json.dumps(answers), flush=True)
    os._exit(0)

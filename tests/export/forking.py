"""Scripts in processes of their own, forked from one that has imported torch, which takes longer than they do.

That one is isolated (`python -I`) and imports nothing that torch does not: what a script leaves out is missing.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


class Python:
    """`python -I -W error` for scripts that import torch."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-W", "error", __file__], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={"PATH": "", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def close(self) -> None:
        self._process.communicate()

    def run(self, folder: Path, *words: str) -> dict[str, Any]:
        """`python words` in a folder: its status (negative: killed by that signal), and what it wrote where."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([str(folder), *words]), file=self._process.stdin, flush=True)
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found


def _carry_out(folder: str, *words: str) -> dict[str, Any]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os.chdir(folder)
            sys.argv = list(words)
            runpy.run_path(words[0], run_name="__main__")
            sys.exit()
        _, status = os.waitpid(child, 0)
        out.seek(0)
        err.seek(0)
        return {"status": os.waitstatus_to_exitcode(status), "out": out.read().decode(), "err": err.read().decode()}


if __name__ == "__main__":
    import torch  # noqa: F401

    gc.collect()
    gc.freeze()  # else each process looks through all that it got from this one as it ends: half a second
    for line in sys.stdin:
        print(json.dumps(_carry_out(*json.loads(line))), flush=True)

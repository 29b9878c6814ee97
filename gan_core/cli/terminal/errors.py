"""What goes wrong, as one sentence."""

from __future__ import annotations

import errno
import os


class CommandError(ValueError):
    """A command that cannot be carried out, said in one sentence."""


def os_sentence(error: OSError) -> str:
    """An operating-system error as a sentence that names the file and what to do."""
    where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else "The file"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: there was no room left for {_lower(where)}; free some space and try again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{where} cannot be written or read here ({_words(error)}); choose another place."
    if error.errno == errno.ENOENT:
        return f"{where} does not exist; check the path."
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return f"{where} is in the way ({_words(error)}); choose another place."
    return f"{where} could not be used ({_words(error)})."


def _words(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()


def _lower(where: str) -> str:
    return "the file" if where == "The file" else where

"""Tells the C library to keep freed memory: the next step needs the same amount again."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of glibc's malloc.h
_KEPT_BYTES = 512 * 2**20
_LARGEST_KEPT_BYTES = 32 * 2**20


def keep_freed_memory() -> bool:
    """Raise glibc's thresholds for the whole process; False where there is no glibc, and nothing changes.

    By default every step of a small network gave memory back and asked for it again: up to 50 page faults, a fifth of
    its time. One arena for all threads, since those of other threads than the main one are made of pieces that are
    given back whatever the thresholds say: 2 to 6 page faults a step.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    settings = ((_M_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES), (_M_TRIM_THRESHOLD, _KEPT_BYTES), (_M_ARENA_MAX, 1))
    return all(mallopt(name, value) for name, value in settings)

"""NumPy's .npy files of a shape that is known before; nothing is made of the size that a header claims."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def read_npy(raw: bytes, shape: tuple[int, ...], kind: str) -> Array:
    """The array in a file, which can be written to. Raises ValueError where it is not just of this shape and type.

    `numpy.load` would make an array as large as the header claims, whatever the file holds.
    """
    file, wanted = io.BytesIO(raw), np.dtype(kind)
    version = np.lib.format.read_magic(file)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in read_header:
        raise ValueError("an .npy file of another version")
    found, fortran_order, dtype = read_header[version](file)
    count = int(np.prod(shape, dtype=np.int64))
    if found != shape or dtype != wanted or (fortran_order and len(shape) > 1):
        raise ValueError("an .npy file of another shape or type")
    if len(raw) - file.tell() != count * wanted.itemsize:
        raise ValueError("an .npy file of another length")
    return np.frombuffer(raw, wanted, count, file.tell()).reshape(shape).copy()

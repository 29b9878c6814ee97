"""Files of numbers whose headers claim more than they hold: nothing is made of the size that is claimed."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import scipy.io

from gan_core.data import DataUnavailable
from gan_core.data.files import matlab
from gan_core.data.files.idx import parse_idx
from gan_core.data.files.matlab import read_mat
from gan_core.data.files.npy import read_npy


def npy(array: np.ndarray, **changes: str) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    raw = buffer.getvalue()
    for old, new in changes.values():  # of one length
        raw = raw.replace(old.encode(), new.encode())
    return raw


def test_an_array_comes_back_as_it_was_kept() -> None:
    for array in (np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.arange(5, dtype=np.int64)):
        found = read_npy(npy(array), array.shape, array.dtype.name)
        assert np.array_equal(found, array)
        assert found.flags.writeable


@pytest.mark.parametrize("raw", [
    b"", b"\x93NUMPY", b"\x93NUMPY\x03\0" + bytes(100), npy(np.arange(6, dtype=np.uint8)[None]),
    npy(np.arange(6, dtype=np.int8)), npy(np.arange(7, dtype=np.uint8)), npy(np.array([{}], object)),
    npy(np.arange(6, dtype=np.uint8))[:-1], npy(np.arange(6, dtype=np.uint8)) + b"\0",
    npy(np.arange(6, dtype=np.uint8), shape=("(6,), }           ", "(6000000000000,), }")),
    b"\x93NUMPY\x01\0\xff\xff" + b"[" * 70_000,
])  # fmt: skip
def test_an_array_is_what_is_expected_or_refused_before_it_is_made(raw: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(ValueError, match="."):
        read_npy(raw, (6,), "uint8")
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("shape", [(2**32 - 1,) * 4, (0,) + (2**32 - 1,) * 200, (), (3, 3, 3)])
def test_an_idx_header_is_compared_with_the_bytes(shape: tuple[int, ...]) -> None:
    raw = struct.pack(">BBBB", 0, 0, 8, len(shape)) + struct.pack(f">{len(shape)}I", *shape) + bytes(10)
    with pytest.raises(DataUnavailable, match="original file"):
        parse_idx(raw, "x")


def test_the_arrays_of_a_matlab_file_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {f"a{i}": np.zeros((100, 100), np.uint8) for i in range(8)}, do_compression=True)
    assert len(read_mat(buffer.getvalue())) == 8
    monkeypatch.setattr(matlab, "_MOST_BYTES", 50_000)
    with pytest.raises(ValueError, match="more than 1 GB"):
        read_mat(buffer.getvalue())
    bomb = zlib.compress(bytes(100_000_000))
    raw = buffer.getvalue()[:128] + struct.pack("<II", 15, len(bomb)) + bomb
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than 1 GB"):
        read_mat(raw)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()

"""Checks a resume state before it is loaded: its sizes, its strides and what it would build.

The file is torch's: a zip of the tensors' numbers and a list (a pickle) that says what to build of them. The list is
gone through here with signs in the tensors' places, by the few operations that a state of ours needs. What torch then
loads is packed anew from the members that were looked at, so that another way of reading zips finds nothing else.
"""

from __future__ import annotations

import io
import math
import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import torch

from gan_core.data.uploads.archive import open_zip
from gan_core.data.uploads.limits import Refused, shown

MOST_MEMBERS = 5_000
MOST_LIST_BYTES = 500_000  # the largest networks' have a tenth; it is read in a quarter of a second
MOST_DIMENSIONS = 8
MOST_TIMES_SEEN = 4  # how often a number may stand in tensors: weights that are tied stand in more than one
_MEMBER = re.compile(r"[A-Za-z0-9_-]{1,100}/(data\.pkl|byteorder|version|data/[0-9]{1,6})")
_BYTES = {
    "BFloat16Storage": 2, "BoolStorage": 1, "ByteStorage": 1, "CharStorage": 1, "DoubleStorage": 8, "FloatStorage": 4,
    "HalfStorage": 2, "IntStorage": 4, "LongStorage": 8, "ShortStorage": 2,
}  # fmt: skip
"""Kinds of plain numbers -> bytes of one."""


class NotAState(ValueError):
    """reason: goes on from the file's name. list_bytes: what is known of it."""


def load_state_file(data: bytes) -> Any:
    """What the file holds, on the CPU. Raises NotAState, or what torch makes of a file that is sound so far."""
    members = _looked_at(io.BytesIO(data))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    members.clear()
    packed.seek(0)
    return torch.load(packed, map_location="cpu", weights_only=True)


def check_state_file(file: BinaryIO) -> int:
    """How many bytes its list has; of the numbers themselves nothing is read. Raises NotAState."""
    try:
        with _open(file) as archive:
            return _check(archive, _sizes(archive))
    except NotAState:
        raise
    except Exception as error:  # whatever a file made to do harm makes of the readers
        raise NotAState("is not a resume state of this program") from error


def _looked_at(file: BinaryIO) -> dict[str, bytes]:
    """The members that count, once they are found to agree."""
    try:
        with _open(file) as archive:
            sizes = _sizes(archive)
            _check(archive, sizes)
            return {name: archive.read(name) for name in sizes}
    except NotAState:
        raise
    except Exception as error:
        raise NotAState("is not a resume state of this program") from error


def _open(file: BinaryIO) -> zipfile.ZipFile:
    try:
        return open_zip(file, MOST_MEMBERS)
    except Refused as problem:
        raise NotAState("is not a resume state of this program") from problem


def _sizes(archive: zipfile.ZipFile) -> dict[str, int]:
    """Name -> bytes of the members that count, each stored as it is; all together they fit into the file."""
    sizes, infos = dict[str, int](), archive.infolist()
    if min((info.header_offset for info in infos), default=1) != 0:  # something else stands before them
        raise NotAState("is packed in a way that a resume state never is")
    for info in infos:
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.file_size != info.compress_size:
            raise NotAState("is packed in a way that a resume state never is")
        if info.filename in sizes:
            raise NotAState("holds a file twice")
        if _MEMBER.fullmatch(info.orig_filename):
            sizes[info.filename] = info.file_size
    if sum(info.file_size for info in infos) > archive.start_dir:
        raise NotAState("holds files that overlap")
    return sizes


def _check(archive: zipfile.ZipFile, sizes: dict[str, int]) -> int:
    lists = [name for name in sizes if name.endswith("/data.pkl")]
    if len(lists) != 1 or len({name.partition("/")[0] for name in sizes}) != 1:
        raise NotAState("is not a resume state of this program")
    if sizes[lists[0]] > MOST_LIST_BYTES:
        raise NotAState(f"has a list of {sizes[lists[0]]:,} bytes; a resume state has at most {MOST_LIST_BYTES:,}")
    top = lists[0].removesuffix("data.pkl")
    numbers = {name.removeprefix(f"{top}data/"): size for name, size in sizes.items() if f"{top}data/" in name}
    builder = _Builder(archive.read(lists[0]), numbers)
    if not isinstance(builder.load(), dict):
        raise NotAState("does not hold a state")
    return sizes[lists[0]]


# --- the list


@dataclass(frozen=True)
class _Kind:
    """Stands for a kind of storage."""

    name: str


@dataclass(frozen=True)
class _Storage:
    """Stands for the numbers of a member; count: how many, as the member's size says too."""

    count: int
    number_bytes: int


class _Tensor:
    """Stands for a tensor, whose place in its storage has been found right."""


def _rebuild_tensor(*_: Any) -> _Tensor:
    """Stands for torch's function of that purpose; `_Builder` sees to it by itself."""
    raise AssertionError("is never called")


_Pure: Any = pickle._Unpickler  # in Python: its `dispatch` says what each operation does


class _Builder(_Pure):  # type: ignore[misc]
    """Goes through the list; whatever is not in a state of ours raises something."""

    def __init__(self, text: bytes, numbers: dict[str, int]) -> None:
        super().__init__(io.BytesIO(text))
        self._numbers = numbers
        self._left = MOST_TIMES_SEEN * sum(numbers.values())

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _BYTES:
            return _Kind(name)
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        raise NotAState(f"would run code: {shown(f'{module} {name}')}")

    def persistent_load(self, claim: Any) -> _Storage:
        what, kind, key, place, count = claim
        number_bytes = _BYTES[kind.name]
        if what != "storage" or not isinstance(place, str) or not _is_count(count):
            raise NotAState("holds something else than numbers")
        if self._numbers.get(key) != count * number_bytes:
            raise NotAState(f"claims {count:,} numbers where it has another count of them")
        return _Storage(count, number_bytes)

    def _tensor(self, storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> _Tensor:
        """Refuses one that reaches beyond its numbers, and one that has more numbers than are kept for it."""
        counts = (offset, *size, *stride)
        if not isinstance(storage, _Storage) or type(size) is not tuple or type(stride) is not tuple:
            raise NotAState("holds something else than tensors")
        if len(size) != len(stride) or len(size) > MOST_DIMENSIONS or not all(map(_is_count, counts)):
            raise NotAState("holds a tensor of no possible shape")
        numbers = math.prod(size)
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if numbers and (last >= storage.count or numbers > storage.count - offset):
            raise NotAState(f"claims a tensor of {numbers:,} numbers where it keeps {storage.count:,}")
        self._left -= numbers * storage.number_bytes
        if self._left < 0:
            raise NotAState("shows the same numbers again and again")
        return _Tensor()

    def _reduce(self) -> None:
        arguments = self.stack.pop()
        what = self.stack[-1]
        if what is _rebuild_tensor:
            self.stack[-1] = self._tensor(*arguments)
        elif what is OrderedDict and arguments == ():
            self.stack[-1] = OrderedDict()
        else:
            raise NotAState("would run code")

    def _set_up(self) -> None:
        """What a dictionary of weights keeps beside them (which versions its layers have)."""
        more = self.stack.pop()
        if not isinstance(self.stack[-1], OrderedDict) or not isinstance(more, dict):
            raise NotAState("would run code")

    def _refuse(self) -> None:
        raise NotAState("would run code")

    dispatch: dict[int, Callable[[Any], Any]] = {
        operation[0]: _Pure.dispatch[operation[0]] for operation in (
            pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE,
            pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1, pickle.BINFLOAT, pickle.BINUNICODE,
            pickle.SHORT_BINUNICODE, pickle.EMPTY_DICT, pickle.SETITEM, pickle.SETITEMS, pickle.EMPTY_LIST,
            pickle.APPEND, pickle.APPENDS, pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2,
            pickle.TUPLE3, pickle.BINPUT, pickle.LONG_BINPUT, pickle.BINGET, pickle.LONG_BINGET, pickle.MEMOIZE,
            pickle.GLOBAL, pickle.BINPERSID,
        )
    } | dict.fromkeys(
        b"".join((pickle.STACK_GLOBAL, pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.EXT1,
                  pickle.EXT2, pickle.EXT4)), _refuse
    ) | {pickle.REDUCE[0]: _reduce, pickle.BUILD[0]: _set_up}  # fmt: skip


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**40

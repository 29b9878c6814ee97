"""Reads a network's weights from a safetensors file, which is not trusted.

What a file claims is checked before anything is made of it: its length, its header, the configuration in its
metadata, and that its tensors are just those of the network which that describes. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from gan_core.config.codec import ConfigError, from_dict
from gan_core.data.content import Content, read_content
from gan_core.data.uploads.limits import shown
from gan_core.nets.base import ImageShape
from gan_core.training import RunConfig

MOST_BYTES = 200_000_000
MOST_HEADER_BYTES = 1_000_000  # ours have ten thousand
HEAD_BYTES = MOST_HEADER_BYTES + 8
MOST_ELEMENTS = 50_000_000
MOST_TENSORS = 2_000
MOST_CLASSES, MOST_CLASS_LENGTH = 1_000, 200
_SPARE_ELEMENTS = 1_000_000  # what a network makes on the way, beside what it keeps in a file
_TYPES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_RANDOM = {"normal_", "uniform_", "trunc_normal_", "orthogonal_", "kaiming_uniform_", "kaiming_normal_",
           "xavier_uniform_", "xavier_normal_", "bernoulli_", "exponential_"}  # fmt: skip

Net = TypeVar("Net", bound=nn.Module)
Shapes = dict[str, tuple[int, ...]]


class NotAGenerator(ValueError):
    """A file that cannot be explored, said in one sentence that begins with its name."""


@dataclass(frozen=True)
class Description:
    """What a file's metadata says of its network. classes: of its data, whether or not it can be asked for one.

    trained_on: what its data held; None where it does not say that.
    """

    config: RunConfig
    shape: ImageShape
    classes: tuple[str, ...]
    run: str
    step: int
    trained_on: Content | None = None

    @property
    def class_count(self) -> int:
        """How many classes the networks were built for: 0 of an unconditional run."""
        return len(self.classes) if self.config.conditional else 0


def describe(data: bytes, name: str, size: int | None = None) -> Description:
    """What an exported generator says of itself; of its tensors nothing is read. Raises NotAGenerator.

    data: of a file of `size` bytes at least the first HEAD_BYTES; without a size, all of it.
    """
    metadata, _ = read_header(data, name, size)
    said = shown(name)
    if metadata.get("network", "generator") != "generator":
        raise NotAGenerator(f"{said} holds a {shown(metadata['network'])}; bring the generator.")
    if "config" not in metadata:
        raise NotAGenerator(
            f"{said} does not say in its metadata which network it holds (config); bring a file that a run gave away."
        )
    try:
        config = from_dict(RunConfig, json.loads(metadata["config"]))
    except ConfigError as error:
        raise NotAGenerator(f"{said} has a configuration that cannot be used: {error}") from None
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise NotAGenerator(f"{said} has a configuration that is not readable JSON.") from None
    channels = _json_of(metadata, "channels")
    if channels == 2:
        raise NotAGenerator(f"{said} makes points in the plane; only generators of pictures can be explored.")
    if channels not in (1, 3) or isinstance(channels, bool):
        raise NotAGenerator(f"{said} must say in its metadata how many channels its pictures have: 1 or 3.")
    classes = _json_of(metadata, "classes")
    if not _are_classes(classes) or (config.conditional and len(classes) < 2):
        raise NotAGenerator(f"{said} must say in its metadata what its classes are, as a list of names.")
    step = metadata.get("step", "0")
    return Description(
        config=config,
        shape=ImageShape(channels, config.size),
        classes=tuple(classes),
        run=shown(metadata.get("run", "")),
        step=int(step) if step.isascii() and step.isdigit() and len(step) < 16 else 0,
        trained_on=_content(metadata),
    )


def _content(metadata: Mapping[str, str]) -> Content | None:
    try:
        found = read_content(_json_of(metadata, "trained_on"))
    except (TypeError, ValueError):  # an earlier version's file, or a damaged word: it is not known
        return None
    return replace(found, title=shown(found.title), classes=tuple(map(shown, found.classes)))


def _json_of(metadata: Mapping[str, str], key: str) -> Any:
    try:
        return json.loads(metadata.get(key, "null"))
    except (ValueError, RecursionError):
        return None


def _are_classes(classes: Any) -> bool:
    return (
        isinstance(classes, list)
        and len(classes) <= MOST_CLASSES
        and all(isinstance(c, str) and len(c) <= MOST_CLASS_LENGTH and c.isprintable() for c in classes)
    )


def read_header(data: bytes, name: str, size: int | None = None) -> tuple[dict[str, str], Shapes]:
    """Metadata, and the shape of every tensor, of a safetensors file (see `describe`). Raises NotAGenerator."""
    said, size = shown(name), len(data) if size is None else size
    _refuse_other_kinds(data, said, size)
    (length,) = struct.unpack("<Q", data[:8])
    if length > min(MOST_HEADER_BYTES, len(data) - 8):
        raise NotAGenerator(
            f"{said} is not a whole safetensors file: its header would have {length:,} bytes, of {size:,} in all."
        )
    try:
        header = json.loads(data[8 : 8 + length].decode("utf-8"))
        metadata = header.pop("__metadata__", {})
        if not all(isinstance(k, str) and isinstance(v, str) for k, v in metadata.items()):
            raise TypeError("metadata")
        sizes = {k: (tuple(v["shape"]), str(v["dtype"]), v["data_offsets"]) for k, v in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise NotAGenerator(f"{said} is not a safetensors file: its header cannot be read.") from None
    if len(sizes) > MOST_TENSORS:
        raise NotAGenerator(f"{said} has {len(sizes):,} tensors; at most {MOST_TENSORS:,} are taken.")
    elements = 0
    for key, (shape, kind, offsets) in sizes.items():
        numbers = math.prod(shape) if len(shape) <= 8 and all(type(n) is int and n >= 0 for n in shape) else -1
        if kind not in _TYPES or numbers < 0 or not _spans(offsets, numbers * _TYPES[kind], size - 8 - length):
            raise NotAGenerator(f"{said} is damaged: the place of the tensor '{shown(key)}' in it is wrong.")
        elements += numbers
    if elements > MOST_ELEMENTS:
        raise NotAGenerator(f"{said} holds {elements:,} numbers; at most {MOST_ELEMENTS:,} are taken.")
    return metadata, {key: shape for key, (shape, _, _) in sizes.items()}


def _spans(offsets: Any, size: int, available: int) -> bool:
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(n) is int for n in offsets):
        return False
    first, last = offsets
    return bool(0 <= first <= last <= available and last - first == size)


def _refuse_other_kinds(data: bytes, said: str, size: int) -> None:
    right = "bring the .safetensors file that a run gives away"
    if size > MOST_BYTES:
        raise NotAGenerator(f"{said} has {size:,} bytes; at most {MOST_BYTES:,} are taken.")
    if data[:4] == b"PK\x03\x04":
        raise NotAGenerator(f"{said} is a zip or a PyTorch checkpoint, which can hold code; {right}.")
    if data[:1] == b"\x80" and data[1:2] <= b"\x05" and data[2:8] != bytes(6):
        raise NotAGenerator(f"{said} is a Python pickle, which can hold code; {right}.")
    if len(data) < 8:
        raise NotAGenerator(f"{said} has only {len(data)} bytes; {right}.")


def open_weights(data: bytes, name: str, build: Callable[[], Net]) -> Net:
    """The network of `build` with the tensors of a safetensors file: in eval mode, without gradients.

    Raises NotAGenerator where they are another network's, not finite or cut short. Nothing random is drawn, so
    networks may be built elsewhere at the same time.
    """
    _, shapes = read_header(data, name)
    net = _built(build, sum(math.prod(shape) for shape in shapes.values()), len(shapes), name)
    _compare(shapes, _shapes(net.state_dict()), name)
    try:
        tensors = load(data)
    except SafetensorError:
        raise NotAGenerator(f"{shown(name)} is damaged or cut short.") from None
    return with_weights(net, tensors, name)


def with_weights(net: Net, tensors: Mapping[str, Tensor], name: str) -> Net:
    """`net` with these tensors. Raises NotAGenerator."""
    _compare(_shapes(tensors), _shapes(net.state_dict()), name)
    for key, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise NotAGenerator(f"{shown(name)} holds numbers that are not finite, in '{shown(key)}'.")
    net.load_state_dict(dict(tensors))
    return net.eval().requires_grad_(False)


def _shapes(tensors: Mapping[str, Tensor]) -> Shapes:
    return {key: tuple(tensor.shape) for key, tensor in tensors.items()}


def _compare(found: Shapes, wanted: Shapes, name: str) -> None:
    """Raises NotAGenerator with the first difference."""
    said = f"{shown(name)} holds {len(found)} tensors of another network"
    for key, shape in wanted.items():
        if key not in found:
            raise NotAGenerator(f"{said}: it lacks '{key}', which is {list(shape)} where the configuration says so.")
        if found[key] != shape:
            raise NotAGenerator(f"{said}: '{key}' is {list(found[key])} where the configuration says {list(shape)}.")
    if extra := [key for key in found if key not in wanted]:
        raise NotAGenerator(f"{said}: the configuration knows no '{shown(extra[0])}'.")


def undrawn(build: Callable[[], Net], elements: int = MOST_ELEMENTS) -> Net:
    """A network whose initial weights are not drawn. Raises TooLarge where it has more numbers than `elements`."""
    with _Undrawn(elements + _SPARE_ELEMENTS):
        return build()


def _built(build: Callable[[], Net], elements: int, tensors: int, name: str) -> Net:
    try:
        return undrawn(build, elements)
    except TooLarge:
        raise NotAGenerator(
            f"{shown(name)} holds {tensors} tensors of another network: of {elements:,} numbers, where the "
            "configuration describes one of more."
        ) from None


class TooLarge(NotAGenerator):
    """A network has more numbers than there are for it."""


class _Undrawn(TorchFunctionMode):
    """Within it layers are made without drawing their initial weights, and of so many numbers at most."""

    def __init__(self, elements: int) -> None:
        super().__init__()
        self._left = elements

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in _RANDOM:
            return args[0] if args else kwargs["tensor"]
        if name in ("randn", "rand"):
            func = torch.zeros
        elif name in ("randn_like", "rand_like"):
            func = torch.zeros_like
        if name in ("empty", "zeros", "ones", "full", "randn", "rand"):
            sizes = args[0] if args and isinstance(args[0], tuple | list) else [n for n in args if type(n) is int]
            self._left -= math.prod(sizes)
            if self._left < 0:
                raise TooLarge("The configuration describes a network that is too large.")
        return func(*args, **kwargs)

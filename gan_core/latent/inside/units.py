"""The units of a generator (channels of its convolutions, units of its dense layers): found, watched and scaled.

Nothing is asked of a network but that it runs: a copy makes one picture, every module and every function on the way
is noted, and each weight's output is followed through normalisation and activation to where its units are whole.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from gan_core.nets.base import GeneratorNet
from gan_core.nets.layers import LABEL_FEATURES, LatentWithLabel

MOST_SCALE = 8.0

# What keeps units apart, one value or map each. The first kind commutes with a factor of 0 or more on a unit, so a
# factor before it is the same as one after it; the second does not.
_HOMOGENEOUS = {"relu", "leaky_relu", "mul", "rmul", "imul", "div", "getitem", "view", "reshape", "unflatten",
                "float", "to", "contiguous"}  # fmt: skip
_SEPARATE = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "silu", "gelu", "tanh", "sigmoid", "add",
             "radd", "iadd", "sub", "addcmul"}  # fmt: skip
_RESHAPES = {"view", "reshape", "unflatten"}
_KINDS = {nn.Linear: "dense", nn.Conv2d: "convolution", nn.ConvTranspose2d: "transposed convolution"}


@dataclass(frozen=True)
class UnitLayer:
    """The units of one layer, after the activation where one follows.

    name: the path of the module whose weights make them ("layers.2"), or of a residual block for its sum.
    kind: in words. units: how many; size: a unit's map is size x size values, 1 for a dense layer.
    site: the path of the module whose output is scaled; bends: what comes between it and the maps shown.
    """

    name: str
    kind: str
    units: int
    size: int
    site: str
    bends: tuple[Callable[[Tensor], Tensor], ...] = field(repr=False)

    def maps(self, output: Tensor) -> Tensor:
        """The site's output -> [N, units, size, size], after the activation."""
        x = output
        for bend in self.bends:
            x = bend(x)
        return x.reshape(x.shape[0], self.units, self.size, self.size)

    def scaled(self, output: Tensor, scales: Tensor) -> Tensor:
        """The site's output with each unit times its factor: scales [units], or [N, units] one row a picture."""
        values = output.reshape(output.shape[0], self.units, -1)
        return (values * scales.to(output.dtype).unsqueeze(-1)).reshape(output.shape)


def layers_of(generator: GeneratorNet) -> tuple[UnitLayer, ...]:
    """Every layer with units, in the order in which they run; not the one whose units are the picture's channels.

    Of a style-based generator those of the synthesis network, so that points in Z and W have the same. Found once
    a network, on a copy: the network itself may be in use by others.
    """
    with _lock:
        if generator not in _found:
            _found[generator] = _find(copy.deepcopy(generator).eval())
        return _found[generator]


def layer_named(generator: GeneratorNet, name: str) -> UnitLayer:
    """ValueError where the generator has no such layer."""
    layers = layers_of(generator)
    for layer in layers:
        if layer.name == name:
            return layer
    known = ", ".join(layer.name for layer in layers) or "none"
    raise ValueError(f"units: this generator has no layer {str(name)[:60]!r}; its layers are {known}.")


@contextmanager
def edited(generator: GeneratorNet, units: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    """Within it, what the generator makes in this thread is made with the chosen units scaled: 0 is off, 1 as it is.

    units: [{"layer": name, "unit": i, "scale": s}], s from 0 to 8; one that is named twice has the last factor.
    Hooks stand on the shared network, but act only in the thread that entered: others see it as it is, or as they
    edited it themselves. ValueError, one sentence, where a layer or a unit does not exist.
    """
    factors: dict[str, Tensor] = {}
    for item in units:
        layer = layer_named(generator, item["layer"])
        unit, scale = item["unit"], float(item["scale"])
        if not isinstance(unit, int) or not 0 <= unit < layer.units:
            raise ValueError(f"units: unit is {unit!r}; layer {layer.name} has units 0 to {layer.units - 1}.")
        if not 0.0 <= scale <= MOST_SCALE:
            raise ValueError(f"units: scale is {scale}; it must be from 0 (off) to {MOST_SCALE:g}.")
        factors.setdefault(layer.name, torch.ones(layer.units))[unit] = scale
    with scaled(generator, factors):
        yield


@contextmanager
def scaled(generator: GeneratorNet, factors: Mapping[str, Tensor]) -> Iterator[None]:
    """As `edited`, with all factors of a layer: [units], or [N, units] with a row of its own for each picture."""
    with ExitStack() as stack:
        for name, scales in factors.items():
            layer = layer_named(generator, name)
            stack.enter_context(_in_this_thread(generator, layer, _scaling(layer, scales)))
        yield


@contextmanager
def replaced(generator: GeneratorNet, acts: Mapping[str, Callable[[UnitLayer, Tensor], Tensor]]) -> Iterator[None]:
    """Within it, the output of each named layer's site is what `acts` makes of it, in this thread alone."""
    with ExitStack() as stack:
        for name, act in acts.items():
            layer = layer_named(generator, name)
            stack.enter_context(_in_this_thread(generator, layer, partial(act, layer)))
        yield


@contextmanager
def watched(generator: GeneratorNet, names: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """Within it, the maps [N, units, size, size] of these layers, as this thread last ran the generator."""
    maps: dict[str, Tensor] = {}
    with ExitStack() as stack:
        for name in names:
            layer = layer_named(generator, name)
            stack.enter_context(_in_this_thread(generator, layer, _keeping(layer, maps)))
        yield maps


def _scaling(layer: UnitLayer, scales: Tensor) -> Callable[[Tensor], Tensor | None]:
    return lambda output: layer.scaled(output, scales)


def _keeping(layer: UnitLayer, maps: dict[str, Tensor]) -> Callable[[Tensor], Tensor | None]:
    def keep(output: Tensor) -> None:
        maps[layer.name] = layer.maps(output.clone())  # the network may go on in place

    return keep


@contextmanager
def _in_this_thread(
    generator: GeneratorNet, layer: UnitLayer, act: Callable[[Tensor], Tensor | None]
) -> Iterator[None]:
    """A hook on the layer's site that sees its output, and may replace it, in the thread that entered alone."""
    owner, site = threading.get_ident(), generator.get_submodule(layer.site)

    def hook(module: nn.Module, args: Any, output: Tensor) -> Tensor | None:
        mine = threading.get_ident() == owner and module is site  # a copy made meanwhile keeps the hook
        return act(output) if mine else None

    handle = site.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


_lock = threading.Lock()
_found: WeakKeyDictionary[GeneratorNet, tuple[UnitLayer, ...]] = WeakKeyDictionary()


@dataclass(eq=False)
class _Call:
    """One function or module that ran: inputs are the tensors it took, which may be none of the latent's."""

    name: str
    inputs: tuple[Tensor, ...]
    output: Tensor
    again: Callable[[Tensor, Tensor], Tensor] | None = None


class _CallRecorder(TorchFunctionMode):
    """Notes every function that gives a tensor; `alive` are the tensors that follow from the latent."""

    def __init__(self, latent: Tensor) -> None:
        super().__init__()
        self.calls: list[_Call] = []
        self.modules: list[_Call] = []
        self.alive = {id(latent)}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        inputs = tuple(_tensors((*args, *kwargs.values())))
        if not isinstance(output, Tensor) or not any(id(x) in self.alive for x in inputs):
            return output
        if any(output is x for x in inputs):  # changed in place: what came before and after is told apart
            output = output.clone()

        def again(was: Tensor, now: Tensor) -> Tensor:
            result: Tensor = func(*(now if a is was else a for a in args), **kwargs)
            return result

        self.alive.add(id(output))
        self.calls.append(_Call(func.__name__.strip("_"), inputs, output, again))
        return output

    def users(self, x: Tensor) -> list[_Call]:
        return [call for call in self.calls if any(i is x for i in call.inputs) and call.output is not x]

    def alone(self, call: _Call) -> bool:
        """It mixes in nothing else that follows from the latent, as the sum with a shortcut would."""
        return sum(id(x) in self.alive for x in call.inputs) == 1


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


@torch.no_grad()
def _find(net: GeneratorNet) -> tuple[UnitLayer, ...]:
    latent, run = _probe(net)
    recorder = _CallRecorder(latent)
    paths = {module: path for path, module in net.named_modules()}

    def note(module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(output, Tensor) and id(output) in recorder.alive:
            recorder.modules.append(_Call(paths[module], tuple(_tensors(args)), output))

    hooks = [module.register_forward_hook(note) for module in paths]
    with recorder:
        picture = run()
    for hook in hooks:
        hook.remove()
    makers = [call for call in recorder.modules if _has_weight(net.get_submodule(call.name))]
    last = makers[-1].name if makers else ""
    sums = list(
        {id(call.output): call for call in reversed(recorder.modules) if _is_sum(recorder, call, picture)}.values()
    )
    order = {id(call.output): i for i, call in enumerate(recorder.calls)}
    found: dict[str, UnitLayer] = {}
    for call in sorted(makers + sums, key=lambda call: order.get(id(call.output), 0)):
        if call.name != last and (layer := _follow(net, recorder, call)) is not None:
            found.setdefault(call.name, layer)
    styled = "w" in net.latent_spaces  # dense layers then only turn styles into factors, 3 maps are a picture
    return tuple(v for v in found.values() if (v.units > 3 if v.size > 1 else not styled))


def _probe(net: GeneratorNet) -> tuple[Tensor, Callable[[], Tensor]]:
    """One latent, and what makes its picture."""
    if "w" in net.latent_spaces:
        styles = torch.zeros(1, net.style_layers, net.style_dim)
        return styles, lambda: net.synthesis(styles)
    inlet = next(module for module in net.modules() if isinstance(module, LatentWithLabel))
    z = torch.zeros(1, inlet.features - (LABEL_FEATURES if inlet.embedding is not None else 0))
    classes = [module.num_embeddings for module in net.modules() if isinstance(module, nn.Embedding)]
    labels = torch.zeros(1, dtype=torch.int64) if classes else None
    return z, lambda: net(z, labels)


def _has_weight(module: nn.Module) -> bool:
    weight = getattr(module, "weight", None)  # spectral norm computes it; it is then no parameter of the module's own
    return isinstance(weight, Tensor) and weight.dim() >= 2 and not isinstance(module, nn.Embedding | nn.LayerNorm)


def _is_sum(recorder: _CallRecorder, call: _Call, picture: Tensor) -> bool:
    """Whether a block gives its branch plus its shortcut."""
    makers = [c for c in recorder.calls if c.output is call.output]
    return call.output is not picture and any(
        c.name in ("add", "radd", "iadd") and not recorder.alone(c) for c in makers
    )


def _follow(net: GeneratorNet, recorder: _CallRecorder, start: _Call) -> UnitLayer | None:
    """From what a weight gave to where its units can be scaled and shown: the last module on the way whose output
    is units apart, and behind it only what commutes with a factor."""
    makes = [call for call in recorder.modules if not any(x is call.output for x in call.inputs)]  # others pass it on
    module_of = {id(call.output): call.name for call in reversed(makes)}
    x = shown = start.output
    site, bends = start.name, list[Callable[[Tensor], Tensor]]()
    since = list[_Call]()
    while True:
        users = recorder.users(x)
        if len(users) != 1 or not recorder.alone(users[0]) or not _apart(users[0], x):
            break
        call, before, x = users[0], x, users[0].output
        since.append(call)
        if id(x) in module_of:
            site, since, shown, bends = module_of[id(x)], [], x, []
        elif all(c.name in _HOMOGENEOUS for c in since):
            shown, bends = x, [*bends, _replay(call, before)]
    if shown.dim() not in (2, 4) or (shown.dim() == 4 and shown.shape[2] != shown.shape[3]):
        return None
    size = shown.shape[2] if shown.dim() == 4 else 1
    return UnitLayer(start.name, _kind(net.get_submodule(start.name)), shown.shape[1], size, site, tuple(bends))


def _kind(module: nn.Module) -> str:
    for kind, words in _KINDS.items():
        if isinstance(module, kind):
            return words
    return "modulated convolution" if _has_weight(module) else "residual sum"


def _apart(call: _Call, x: Tensor) -> bool:
    """Whether each unit of the output follows from one unit of x alone (constants aside)."""
    if call.name in _RESHAPES:  # a dense layer's values laid out as maps, channel by channel
        return x.dim() == 2 and call.output.dim() == 4
    if call.name == "getitem":
        return call.output.shape[:2] == x.shape[:2]
    same = call.output.shape[:2] == x.shape[:2] and (call.output.dim() == 4 or call.output.shape == x.shape)
    return same and call.name in _HOMOGENEOUS | _SEPARATE


def _replay(call: _Call, x: Tensor) -> Callable[[Tensor], Tensor]:
    """The same function on another batch in place of x."""
    if call.name in _RESHAPES:
        shape = call.output.shape[1:]
        return lambda now: now.reshape(now.shape[0], *shape)
    again = call.again
    assert again is not None
    return lambda now: again(x, now)

"""A run's networks as a script has them: layers of torch one after another where that is all there is to them, the
classes of this package where there is more."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass, fields
from typing import Any

from torch import nn
from torch.nn.utils.parametrize import type_before_parametrizations

from gan_core.export.scripts.rewriting import literal, put_in, settled, shortened
from gan_core.export.scripts.source import Source
from gan_core.nets.base import GeneratorNet, ImageShape
from gan_core.nets.layers import LatentWithLabel, LogitHead, MinibatchStd
from gan_core.training import RunConfig

_LAYERS = "gan_core.nets.layers"
_SPECTRAL_NORM = """\
for layer in list(self.modules()):
    if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.utils.parametrizations.spectral_norm(layer)  # divides its weight by the largest singular value
"""
_SPECTRAL_CLASSES = """\
    elif isinstance(layer, LogitHead):
        nn.utils.parametrizations.spectral_norm(layer.projection)
"""


@dataclass(frozen=True)
class Built:
    """A network that the `member` of a family built, and with what; latent_dim is 0 of a discriminator.

    float32: it never runs in mixed precision.
    """

    member: Any
    net: nn.Module
    shape: ImageShape
    class_count: int
    latent_dim: int
    pack: int
    float32: bool


def network(source: Source, config: RunConfig, net: nn.Module, shape: ImageShape, class_count: int) -> str:
    """Class Generator or Discriminator, which takes no arguments, with all that it needs."""
    is_generator = isinstance(net, GeneratorNet)
    member = config.generator if is_generator else config.discriminator
    built = Built(
        member, net, shape, class_count, config.latent.dim if is_generator else 0, config.pack,
        float32=config.precision != "bfloat16",
    )  # fmt: skip
    add_network(source, "Generator" if is_generator else "Discriminator", built)
    return source.collected()


def add_network(source: Source, name: str, built: Built) -> None:
    source.imports["nn"] = ("torch", "nn")
    for part in built.net.children():
        if isinstance(part, LatentWithLabel | LogitHead):  # with or without classes in both networks
            told = built.class_count if _knows_classes(part) else 0
            known = {"self": part, "class_count": told}
            if built.class_count or not _is_plain(built.net):
                source.definition(_LAYERS, type(part).__name__, known)
    (_add_plain if _is_plain(built.net) else _add_whole)(source, name, built)


def _knows_classes(part: LatentWithLabel | LogitHead) -> bool:
    return (part.embedding if isinstance(part, LatentWithLabel) else part.projection) is not None


def _is_plain(net: nn.Module) -> bool:
    """Whether torch's layers one after another are all that there is to it."""
    ours = [m for m in net.modules() if m is not net and _type(m).__module__.split(".")[0] == "gan_core"]
    return not [*net.parameters(recurse=False), *net.buffers(recurse=False)] and all(
        isinstance(m, LatentWithLabel | LogitHead | MinibatchStd) for m in ours
    )


def _type(module: nn.Module) -> type[nn.Module]:
    return type_before_parametrizations(module)


# --- layers of torch


def _does_nothing(module: nn.Module | None) -> bool:
    if isinstance(module, LatentWithLabel):
        return module.embedding is None
    return isinstance(module, nn.Identity) or (isinstance(module, nn.Sequential) and len(module) == 0)


def layer(module: nn.Module) -> str:
    """The call that makes one of torch's layers, with what differs from its defaults."""
    arguments, in_place = list[str](), True
    for name, parameter in list(inspect.signature(_type(module).__init__).parameters.items())[1:]:
        value = getattr(module, name, parameter.default)
        if isinstance(value, tuple) and len(set(value)) == 1:
            value = value[0]
        if name == "bias" and not isinstance(value, bool):
            value = value is not None
        if value == parameter.default:
            in_place = False
        elif name not in ("device", "dtype"):
            in_place = in_place and not isinstance(value, bool)
            arguments.append(literal(value) if in_place else f"{name}={literal(value)}")
    return f"nn.{_type(module).__name__}({', '.join(arguments)})"


def _made(source: Source, name: str, module: nn.Module, built: Built) -> str:
    """The statements of __init__ that make self.name."""
    if isinstance(module, LatentWithLabel):
        return f"self.{name} = LatentWithLabel({built.latent_dim}, {built.class_count})\n"
    if isinstance(module, LogitHead) and built.class_count:
        return f"self.{name} = LogitHead({module.linear.in_features}, {built.class_count}, {built.pack})\n"
    if isinstance(module, LogitHead):
        return f"self.{name} = {layer(module.linear)}\n"
    if not isinstance(module, nn.Sequential):
        return f"self.{name} = {_one(source, module)}\n"
    rows = [(number, _one(source, part)) for number, part in module.named_children() if not _does_nothing(part)]
    if not built.latent_dim or [int(number) for number, _ in rows] == list(range(len(rows))):
        return f"self.{name} = nn.Sequential(\n" + "".join(f"    {row},\n" for _, row in rows) + ")\n"
    source.imports["OrderedDict"] = ("collections", "OrderedDict")  # G's weights have the names of the run's files
    lines = "".join(f'    "{number}": {row},\n' for number, row in rows)
    made = f"self.{name} = nn.Sequential(OrderedDict({name}))\n"
    return f"{name} = {{  # numbered as in the run's files\n{lines}}}\n{made}"


def _one(source: Source, module: nn.Module) -> str:
    if isinstance(module, MinibatchStd):
        return f"{source.definition(_LAYERS, 'MinibatchStd')}()"
    if isinstance(module, nn.Sequential):
        return f"nn.Sequential({', '.join(_one(source, part) for part in module)})"
    return layer(module)


def _add_plain(source: Source, name: str, built: Built) -> None:
    net, forward = built.net, _forward(built)
    if layers := _in_a_row(source, built, forward):
        rows = "".join(f"    {row},\n" for row in layers)
        base, forward, init = "nn.Sequential", "", f"super().__init__(\n{rows})\n"
    else:
        base, init = "nn.Module", "super().__init__()\n"
        for part, child in net.named_children():
            init += "" if _does_nothing(child) else _made(source, part, child, built)
    if (kind := getattr(built.member, "init", "default")) != "default":
        init += f"{source.definition(_LAYERS, 'initialise', {'kind': kind}, gone='kind')}(self)\n"
    if getattr(built.member, "spectral_norm", False):
        init += _SPECTRAL_NORM + (_SPECTRAL_CLASSES if built.class_count else "")
    text = (
        f'class {name}({base}):\n    """{inspect.getdoc(type(net))}"""\n\n    def __init__(self) -> None:\n'
        f"{textwrap.indent(init, ' ' * 8)}\n{textwrap.indent(forward, ' ' * 4)}"
    )
    source.add(text, type(net).__module__)


def _in_a_row(source: Source, built: Built, forward: str) -> list[str]:
    """The layers of a discriminator whose forward only calls one after another; no file has its weights' names."""
    row = r"def .+\n    return self\.head\((self\.layers\()?x(\.flatten\(1\))?\)+\.squeeze\(1\)\n"
    head, found = getattr(built.net, "head", None), re.fullmatch(row, forward)
    if found is None or not isinstance(head, LogitHead):
        return []
    parts = [*built.net.get_submodule("layers").children(), head.linear]
    first = ["nn.Flatten()"] if found[2] else []
    return [*first, *(_one(source, part) for part in parts if not _does_nothing(part)), "nn.Flatten(0)"]


def _forward(built: Built) -> str:
    """The network's own forward with its numbers put in, without layers that do nothing."""
    net, known = built.net, {"self": built.net}
    text = put_in(settled(textwrap.dedent(inspect.getsource(type(net).forward)), known), known)

    class Shorter(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.expr:
            self.generic_visit(node)
            called = ast.unparse(node.func)
            child = getattr(net, called.removeprefix("self."), None) if called.startswith("self.") else None
            if _does_nothing(child) or (called == "full_precision" and built.float32):
                return node.args[0]
            if isinstance(child, LogitHead) and not built.class_count:
                return ast.parse(f"{called}({ast.unparse(node.args[0])}).squeeze(1)", mode="eval").body
            return node

    function = Shorter().visit(ast.parse(text)).body[0]
    if not built.class_count:
        function.args.args, function.args.defaults = function.args.args[:2], []
    text = ast.unparse(ast.fix_missing_locations(function)).replace("None=None", "None = None")
    return shortened(text) + "\n"


# --- classes of this package


def _add_whole(source: Source, name: str, built: Built) -> None:
    for base in ("GeneratorNet", "DiscriminatorNet"):
        source.stands_for("gan_core.nets.base", base, "nn.Module")
    member, shape, module = built.member, built.shape, type(built.net).__module__
    given = {"latent_dim": built.latent_dim, "class_count": built.class_count, "pack": built.pack}
    arguments = []
    for argument in _build_arguments(member):
        if argument == "self":
            arguments.append(f"{_options(source, member, module)}()")
        elif argument == "shape":
            shape_class = source.definition("gan_core.nets.base", "ImageShape")
            arguments.append(f"{shape_class}({shape.channels}, {shape.size})")
        else:
            arguments.append(put_in(argument, {**given, "self": member, "shape": shape}))
    known = {
        "options": member, "shape": shape, "class_count": built.class_count, "pack": built.pack, "self": built.net
    }  # fmt: skip
    cls = source.definition(module, type(built.net).__name__, known)
    call = f"super().__init__({', '.join(arguments)})"
    source.add(f"class {name}({cls}):\n    def __init__(self) -> None:\n        {call}\n", module)


def _build_arguments(member: Any) -> list[str]:
    """What a member's `build`, which returns its network at once, gives to the network's class."""
    (*_, last) = ast.parse(textwrap.dedent(inspect.getsource(type(member).build))).body[0].body  # type: ignore[attr-defined]
    if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Call):
        raise NotImplementedError(f"{type(member).__name__}.build ends in something else than its network's call.")
    named = [f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in last.value.keywords]
    return [*map(ast.unparse, last.value.args), *named]


def _options(source: Source, member: Any, module: str) -> str:
    """A member's options as a class of the script, whose name is returned."""
    name = source.name_for(module, type(member).__name__)
    rows = "".join(
        f"    {f.name}: {type(getattr(member, f.name)).__name__} = {literal(getattr(member, f.name))}\n"
        for f in fields(member)
    )
    source.add(f'@dataclass(frozen=True)\nclass {name}:\n    """The options of the run."""\n\n{rows}', module)
    return name

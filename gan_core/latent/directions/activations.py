"""What the layers of a generator give for many latents, and which layer sees the latent first."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from gan_core.data.base import Progress
from gan_core.latent.directions.population import BATCH, Population
from gan_core.latent.model import twin
from gan_core.nets.base import GeneratorNet
from gan_core.nets.layers import LatentWithLabel

MOST_FEATURES = 4096  # of a layer: larger maps are averaged down to this many numbers a picture

_STRAIGHT = (nn.Linear, nn.Embedding, LatentWithLabel, nn.Identity, nn.Flatten, nn.Dropout, nn.Upsample)


def _is_straight(module: nn.Module) -> bool:
    """Does nothing that a linear map (in eval mode) does not do, or is no layer of the picture."""
    return isinstance(module, _STRAIGHT) or "Norm" in type(module).__name__


def layer_names(population: Population) -> list[str]:
    """The layers that bend or filter, in the order in which a picture passes them; at least one.

    A layer that a picture passes twice counts once.
    """
    names: list[str] = []
    watched = _watched(population)
    modules = {module: name for name, module in watched.generator.named_modules()}

    def note(module: nn.Module, _: object, output: object) -> None:
        if isinstance(output, Tensor) and output.dim() > 1 and len(output) == 2 and modules[module] not in names:
            names.append(modules[module])

    leaves = [m for m in modules if not any(True for _ in m.children())]
    for module in leaves:
        if not _is_straight(module):
            module.register_forward_hook(note)
    watched.part(0, 2).pictures()
    return names or [""]


@torch.no_grad()
def activations(population: Population, layer: str, progress: Progress | None = None) -> Tensor:
    """What `layer` (as `layer_names` has it; "" is the picture itself) gives, float32 [N, features].

    Maps are averaged to at most MOST_FEATURES numbers. Raises ValueError where there is no such layer.
    """
    known = layer_names(population)
    if layer not in known:
        raise ValueError(f'layer is "{layer}"; it must be one of {", ".join(known)}.')
    watched = _watched(population)
    module = watched.generator.get_submodule(layer)
    kept: list[Tensor] = []

    def keep(_: nn.Module, __: object, output: Tensor) -> None:
        kept.append(_short(output))

    rows: list[Tensor] = []
    module.register_forward_hook(keep)
    for start in range(0, population.count, BATCH):
        watched.part(start, start + BATCH).pictures()
        rows.append(kept[0])  # the first time that it is passed
        kept.clear()
        if progress is not None:
            progress(min(1.0, (start + BATCH) / population.count), "watching the layer")
    return torch.cat(rows)


def _watched(population: Population) -> Population:
    """With modules of its own, for hooks: others may be using the generator at the same time."""
    return replace(population, generator=twin(population.generator))


def _short(output: Tensor) -> Tensor:
    if output.dim() == 4 and output[0].numel() > MOST_FEATURES:
        side = max(1, int((MOST_FEATURES / output.shape[1]) ** 0.5))
        output = adaptive_avg_pool2d(output, min(side, output.shape[-1]))
    return output.flatten(1).float().clone()  # the network may go on writing into it


@torch.no_grad()
def first_matrix(generator: GeneratorNet, dim: int, class_count: int) -> Tensor:
    """A float32 [features, dim]: what the first layer adds to its output for each entry of z.

    Found by what it gives for the unit vectors, so bias and class drop out and any scaling inside counts.
    """
    watched = twin(generator)
    kept: list[Tensor] = []
    for module in watched.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_hook(lambda _, __, output: kept.append(output.flatten(1).float().clone()))
    z = torch.cat([torch.zeros(1, dim), torch.eye(dim)])
    watched(z, torch.full((dim + 1, class_count), 1 / class_count) if class_count else None)
    if not kept:
        raise ValueError("This generator has no first layer that could be factorised.")
    return (kept[0][1:] - kept[0][:1]).T


@torch.no_grad()
def style_matrices(generator: GeneratorNet) -> list[list[Tensor]]:
    """For each layer that takes a style, the matrices [features, style_dim] of the affine layers that read it.

    An affine layer is known by what it is given: each layer's style is made to be another.
    """
    count, dim = generator.style_layers, generator.style_dim
    styles = torch.randn(1, count, dim, generator=torch.Generator().manual_seed(0))
    readers: dict[nn.Module, int] = {}

    def note(module: nn.Module, inputs: tuple[object, ...], _: object) -> None:
        for given in inputs[:1]:
            if isinstance(given, Tensor) and given.shape == (1, dim):
                same = (given == styles[0]).all(dim=1).nonzero().flatten()
                if len(same):
                    readers.setdefault(module, int(same[0]))

    watched = twin(generator)
    for module in watched.modules():
        if not any(True for _ in module.children()):
            module.register_forward_hook(note)
    watched.synthesis(styles)
    found: list[list[Tensor]] = [[] for _ in range(count)]
    for module, layer in readers.items():
        given = torch.cat([torch.zeros(1, dim), torch.eye(dim)])
        output: Tensor = module(given)
        found[layer].append((output[1:] - output[:1]).T.float())
    if not any(found):
        raise ValueError("This generator has no affine style layers that could be factorised.")
    return found

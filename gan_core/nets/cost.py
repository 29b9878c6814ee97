"""What a network costs: weights, and arithmetic of a forward pass."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def parameter_count(module: nn.Module) -> int:
    """Weights that train."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


@torch.no_grad()
def forward_flops(module: nn.Module, *inputs: Tensor | None) -> int:
    """Floating-point operations of one forward pass over these inputs, a multiply-add counted as two.

    Dense and convolutional layers are counted; normalisation, activations and resampling cost memory traffic
    rather than arithmetic. A backward pass costs about twice as much again. The pass runs in eval mode, so that
    no running statistic moves, and leaves the module in the mode it was in. (Torch's own counter, or its `meta`
    device, would load its compiler first, which takes seconds.)
    """
    total = 0

    def count(layer: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += _layer_flops(layer, args[0], output)

    layers = [m for m in module.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    was_training = module.training
    try:
        module.eval()(*inputs)
    finally:
        module.train(was_training)
        for hook in hooks:
            hook.remove()
    return total


def _layer_flops(layer: nn.Module, x: Tensor, y: Tensor) -> int:
    """Every weight meets every position of the output, or of the input where the convolution is transposed."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    places = x if isinstance(layer, nn.ConvTranspose2d) else y  # (N, C, H, W), or (N, F) of a dense layer
    return 2 * weight.numel() * places.shape[0] * places.shape[2:].numel()

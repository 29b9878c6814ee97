"""What a network takes over its whole batch, here or together with other processes that have the rest of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class WholeBatch:
    """Of a batch whose images are all here: what is taken over it follows from x [N, ...] alone."""

    shared = False

    def mean(self, x: Tensor) -> Tensor:
        """[...]: the mean over the batch."""
        return x.mean(0)

    def variance(self, x: Tensor) -> Tensor:
        """[...]: the biased variance over the batch."""
        return x.var(dim=0, unbiased=False)

    def previous(self, x: Tensor) -> Tensor:
        """[N, ...]: in each image's place that of the one before it; in the first one's that of the last."""
        return x.roll(1, 0)

    def moments(self, x: Tensor, dims: Sequence[int]) -> tuple[Tensor, Tensor, int]:
        """Mean and biased variance over the batch and other dimensions, and how many numbers each is of."""
        variance, mean = torch.var_mean(x, list(dims), correction=0)
        return mean, variance, x.numel() // mean.numel()


WHOLE = WholeBatch()


def share_batch(net: nn.Module, batch: WholeBatch) -> None:
    """Whatever in the network takes something over its batch takes it over this one."""
    for module in net.modules():
        if isinstance(getattr(module, "batch", None), WholeBatch):
            object.__setattr__(module, "batch", batch)


def _shared_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor, batch: WholeBatch) -> Tensor:
    """As torch's batch normalisation in training, with the statistics of the whole batch; twice differentiable."""
    exact = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
    mean, variance, count = batch.moments(exact, [0, *range(2, x.dim())])
    if norm.running_mean is not None and norm.running_var is not None:
        with torch.no_grad():
            if norm.num_batches_tracked is not None:
                norm.num_batches_tracked.add_(1)
            norm.running_mean.lerp_(mean, norm.momentum or 0.1)
            norm.running_var.lerp_(variance * (count / max(1, count - 1)), norm.momentum or 0.1)
    shape = (1, -1, *[1] * (x.dim() - 2))
    scale = torch.rsqrt(variance + norm.eps)
    scale = scale * norm.weight if norm.affine else scale
    centred = exact - mean.view(shape)
    if not norm.affine:
        return (centred * scale.view(shape)).to(x.dtype)
    return torch.addcmul(norm.bias.view(shape), centred, scale.view(shape)).to(x.dtype)


class BatchNorm1d(nn.BatchNorm1d):
    """torch's, of [N, F]; in training over the whole `batch`."""

    batch: WholeBatch = WHOLE

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.batch.shared:
            return _shared_norm(self, x, self.batch)
        return super().forward(x)


class BatchNorm2d(nn.BatchNorm2d):
    """torch's, of [N, C, H, W]; in training over the whole `batch`."""

    batch: WholeBatch = WHOLE

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.batch.shared:
            return _shared_norm(self, x, self.batch)
        return super().forward(x)

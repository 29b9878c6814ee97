"""Catches NaN and infinity before the optimizer moves a weight, and keeps weights that were sound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

PLAYERS = ("discriminator", "generator")

Scalar = float | Tensor
"""One number: as a plain number on the CPU, where a look costs nothing; as a scalar on the device elsewhere."""


@dataclass(frozen=True)
class Trouble:
    """The first value that was not finite: whose it was, what it was and the step (1 is the first)."""

    step: int
    player: str
    quantity: str

    def sentence(self) -> str:
        return f"The {self.player}'s {self.quantity} became infinite or undefined at step {self.step}"


class Guard:
    """Vetoes every update from the first one whose loss or gradient norm is not finite.

    On the CPU a look at a number costs nothing, so the answer is immediate. On an accelerator a look would wait for
    the device: there the veto is a flag on the device that the fused kernels honour (`found_inf`, made for loss
    scaling), and it is read once a snapshot.
    """

    def __init__(self, device: torch.device) -> None:
        self._looks = device.type == "cpu"
        self._vetoed = torch.zeros((), device=device)
        self._first = torch.full((3,), -1, dtype=torch.int64, device=device)  # step, player, loss (1) or norm (0)
        self._trouble: Trouble | None = None

    @property
    def veto(self) -> Tensor | None:
        """For optimizers that honour it: 1 on the device once an update is forbidden; None on the CPU."""
        return None if self._looks else self._vetoed

    def look(self, scalar: Scalar) -> Scalar:
        """The number itself where that need not wait for the device."""
        if not isinstance(scalar, Tensor):
            return scalar
        return scalar.item() if self._looks else scalar.detach()

    def norm(self, tensors: list[Tensor]) -> Scalar:
        """`total_norm`; its last part, over a few numbers, takes Python a fifth of the time of two small kernels."""
        if self._looks and len(tensors) == 1:
            return float(torch.linalg.vector_norm(tensors[0]).item())
        if self._looks:
            return math.hypot(*(norm.item() for norm in torch._foreach_norm(tensors)))
        return total_norm(tensors)

    def allows(self, step: int, player: int, loss: Scalar, norm: Scalar, *, on_device: bool) -> bool:
        """Whether to move the weights; `step` counts from 1, `player` is an index into PLAYERS.

        on_device: the optimizer honours `veto`, so the answer need not wait for the device.
        """
        if self._looks:
            if self._trouble is None and not math.isfinite(float(loss) + float(norm)):
                quantity = "gradient norm" if math.isfinite(float(loss)) else "loss"
                self._trouble = Trouble(step, PLAYERS[player], quantity)
            return self._trouble is None
        loss, norm = torch.as_tensor(loss), torch.as_tensor(norm)
        bad = ~torch.isfinite(loss + norm)
        here = torch.stack([torch.full_like(self._first[0], step), torch.full_like(self._first[0], player),
                            (~torch.isfinite(loss)).long()])  # fmt: skip
        self._first = torch.where(bad & (self._vetoed == 0), here, self._first)
        self._vetoed = torch.maximum(self._vetoed, bad.float())
        return on_device or not bool(self._vetoed)

    @property
    def known(self) -> Trouble | None:
        """The first trouble as far as is known without waiting for the device."""
        return self._trouble

    def trouble(self) -> Trouble | None:
        """The first trouble so far; waits for the device."""
        if self._trouble is None and not self._looks:
            step, player, loss = (int(v) for v in self._first)
            if step >= 0:
                self._trouble = Trouble(step, PLAYERS[player], "loss" if loss else "gradient norm")
        return self._trouble


class SoundCopy:
    """A copy of all weights and running statistics of some networks, as they last were sound."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        self._networks = networks
        self._copy = [t.clone() for t in self.tensors()]

    def tensors(self) -> list[Tensor]:
        """Those of the networks, as they are now."""
        return [t.detach() for net in self._networks for t in (*net.parameters(), *net.buffers())]

    def networks_are_sound(self) -> bool:
        """Whether every number of the networks is finite; waits for the device."""
        return bool(torch.isfinite(total_norm([t for t in self.tensors() if t.is_floating_point()])))

    @torch.no_grad()
    def renew(self) -> None:
        torch._foreach_copy_(self._copy, self.tensors())

    @torch.no_grad()
    def bring_back(self) -> None:
        torch._foreach_copy_(self.tensors(), self._copy)


def whose_weights(discriminator: nn.Module) -> str:
    """The player whose weights or running statistics are not finite, where one's are not."""
    tensors = [t for t in discriminator.state_dict().values() if t.is_floating_point()]
    return PLAYERS[int(bool(torch.isfinite(total_norm(tensors))))]


def total_norm(tensors: list[Tensor]) -> Tensor:
    """The Euclidean norm of all numbers in all tensors, as a scalar on their device."""
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(tensors)))
    return norm

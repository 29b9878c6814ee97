"""Looking at a run of points: what is looked at stays the same for the whole run."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_core.data.base import ImageSet
from gan_core.data.sets.points import PointDataset
from gan_core.training.build import draw_latents
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.observe.scene import (
    HEAT,
    MOST_NETWORK_NUMBERS,
    POINTS,
    Scene,
    cell_centres,
    latent_lattice,
    lattice_shape,
    margin_centres,
    network_arrays,
)
from gan_core.training.seeds import stream_generator


class Player(Protocol):
    """What a stage looks at: a trainer."""

    config: RunConfig
    discriminator: Any

    def sampler(self) -> nn.Module: ...


def fixed_latents(config: RunConfig, device: torch.device) -> Tensor:
    """The latents [2000, dim] whose points are shown, the same for the whole run."""
    return draw_latents(config.latent, POINTS, stream_generator(config.seed, "grid", device))


class PlaneView:
    """Fixed latents, the cells of the plane and real points to compare with."""

    def __init__(self, config: RunConfig, data: ImageSet, device: torch.device) -> None:
        assert isinstance(config.data, PointDataset)
        self._z = fixed_latents(config, device)
        self._lattice = latent_lattice(config.latent).to(device)
        self._rows, self._columns = lattice_shape(config.latent)
        self._cells = plane_cells(config, device)
        self._real = data.images[:POINTS]

    def points(self, player: Player) -> NDArray[np.float32]:
        """The averaged generator's points [2000, 2] of the fixed latents."""
        return _numpy(player.sampler()(self._z)).reshape(-1, 2)

    def scene(self, player: Player) -> Scene:
        """How it looks now. Leaves networks and random streams as they were."""
        config, net = player.config, player.sampler()
        with torch.no_grad():
            points = net(torch.cat((self._z, self._lattice))).float()
        fakes, manifold = points[: len(self._z)], points[len(self._z) :]
        player.discriminator.eval()
        try:
            arrows, scores = self._arrows(config, player.discriminator, fakes)
            heat, margin = heat_map(config, player.discriminator, self._cells)
            networks = both_networks(net, player.discriminator)
        finally:
            player.discriminator.train()
        return Scene(
            _numpy(fakes).reshape(-1, 2), _numpy(scores), _numpy(arrows).reshape(-1, 2),
            heat, _numpy(manifold).reshape(self._rows, self._columns, 2), networks, margin,
        )  # fmt: skip

    @torch.enable_grad()
    def _arrows(self, config: RunConfig, discriminator: nn.Module, fakes: Tensor) -> tuple[Tensor, Tensor]:
        """Minus the gradient of G's loss of each point, and D's scores."""
        fakes = fakes.detach().requires_grad_()
        logits = _judge(discriminator, fakes, config.pack)
        real_logits = None
        if config.loss.relativistic:
            with torch.no_grad():
                real_logits = _judge(discriminator, self._real[: len(fakes)], config.pack)
        loss = config.loss.g_loss(real_logits, logits)
        (gradient,) = torch.autograd.grad(loss, fakes)
        return -gradient * len(fakes), config.loss.score(logits.detach())


def plane_cells(config: RunConfig, device: torch.device) -> tuple[Tensor, Tensor]:
    """The cells of D's map: those of the extent [4096, 2, 1, 1], and those around it [4004, 2, 1, 1]."""
    assert isinstance(config.data, PointDataset)
    inside, around = cell_centres(config.data.extent), margin_centres(config.data.extent)
    return inside.to(device)[:, :, None, None], around.to(device)[:, :, None, None]


@torch.no_grad()
def heat_map(
    config: RunConfig, discriminator: nn.Module, cells: tuple[Tensor, Tensor]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # fmt: skip
    """D's score [64, 64] and [4004] at the centres of `plane_cells`; D in eval mode."""
    inside, around = (_numpy(config.loss.score(_judge(discriminator, some, config.pack))) for some in cells)
    return inside.reshape(HEAT, HEAT), around.reshape(-1)


def both_networks(generator: nn.Module, discriminator: nn.Module) -> dict[str, NDArray[np.float32]]:
    """Their weights as a scene has them, in eval mode: else a look would turn the wheel of the spectral norm."""
    networks = {**network_arrays("g", generator), **network_arrays("d", discriminator)}
    return networks if sum(array.size for array in networks.values()) <= MOST_NETWORK_NUMBERS else {}


def _judge(discriminator: nn.Module, points: Tensor, pack: int) -> Tensor:
    """Logits [N]; with packing each point stands for all of its pack."""
    logits: Tensor = discriminator(points.repeat(1, pack, 1, 1), None)
    return logits.float()


def _numpy(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().float().cpu().numpy()
    return array

"""What a run in the plane looks like at one step: its points, what D thinks of the plane, and both networks.

The picture of a run of points, as a sample grid is that of a run of images.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_core.data.sets.points import Extent
from gan_core.training.configuration.run_config import Latent

POINTS = 2000
HEAT = 64
MARGIN = 13  # cells on each side of the extent, each so much wider than the one before: they reach two extents out
MARGIN_GROWTH = 1.3
MANIFOLD = 21
MANIFOLD_LINE = 201
MOST_NETWORK_NUMBERS = 50_000
MOST_SCENE_BYTES = 5_000_000  # the largest has a fifteenth of it
_MOST_HEADER_BYTES, _MOST_ARRAYS = 200_000, 1_000

Floats = NDArray[np.float32]
_SHORT = ("scores", "arrows", "heat", "margin")  # half precision is enough to draw them
_LATER = ("margin",)  # which earlier versions did not keep


@dataclass(frozen=True)
class Scene:
    """Plain arrays, float32.

    fakes [n, 2]: the averaged generator's points of the run's fixed latents; scores [n]: D's score of each.
    arrows [n, 2]: minus the gradient of G's loss of that point alone: where D tells G to move it.
    heat [64, 64]: D's score at the centres of equal cells over the extent, row 0 lowest y, column 0 lowest x.
    manifold [r, c, 2]: the generator's points of a regular grid of latents; r = c = 21 for two latent dimensions,
    r = 1 and c = 201 for one, none for more.
    margin [4004]: likewise around the extent, of a grid of 90 x 90 cells, row by row without the 64 x 64
    of the extent: see `margin_centres`; empty in scenes of earlier versions.
    networks: the layers' weights and biases by name ("g0.weight" [out, in], "g0.bias", ..., "d0.weight", ...), of the
    averaged generator and of D; empty where they are more than 50,000 numbers.
    """

    fakes: Floats
    scores: Floats
    arrows: Floats
    heat: Floats
    manifold: Floats
    networks: dict[str, Floats] = field(default_factory=dict)
    margin: Floats = field(default_factory=lambda: np.zeros(0, np.float32))


def cell_centres(extent: Extent, cells: int = HEAT) -> Tensor:
    """float32 [cells * cells, 2]: row by row from the lowest y, each from the lowest x."""
    x0, x1, y0, y1 = extent
    xs = x0 + (torch.arange(cells) + 0.5) * (x1 - x0) / cells
    ys = y0 + (torch.arange(cells) + 0.5) * (y1 - y0) / cells
    return torch.stack((xs.repeat(cells), ys.repeat_interleave(cells)), dim=1)


def margin_centres(extent: Extent) -> Tensor:
    """float32 [4004, 2]: as `cell_centres`, of the cells around the extent: see `Scene.margin`."""
    x0, x1, y0, y1 = extent
    x, y = _centres_beyond(x0, x1), _centres_beyond(y0, y1)
    grid = torch.stack((x.repeat(len(y)), y.repeat_interleave(len(x))), dim=1)
    return grid[outside(HEAT)]


def outside(cells: int) -> Tensor:
    """bool [(cells + 26) ** 2]: which cells of a grid with its margin are the margin's, row by row."""
    inside = torch.zeros(cells + 2 * MARGIN, cells + 2 * MARGIN, dtype=torch.bool)
    inside[MARGIN:-MARGIN, MARGIN:-MARGIN] = True
    return ~inside.flatten()


def _centres_beyond(low: float, high: float) -> Tensor:
    """float32 [90]: the centres along one axis, from two extents below it to two above."""
    side = high - low
    widths = side / HEAT * MARGIN_GROWTH ** torch.arange(1, MARGIN + 1)
    out = widths.cumsum(0) - widths / 2
    return torch.cat((low - out.flip(0), low + (torch.arange(HEAT) + 0.5) * side / HEAT, high + out))


def latent_lattice(latent: Latent) -> Tensor:
    """Latents [r * c, dim] on a regular grid, between -1 and 1 (uniform) or over the middle 99% (normal)."""
    if latent.dim > 2:
        return torch.zeros(0, latent.dim)
    count = MANIFOLD if latent.dim == 2 else MANIFOLD_LINE
    share = torch.linspace(-1.0, 1.0, count)
    if latent.distribution == "normal":  # as much probability between any two neighbours
        share = math.sqrt(2.0) * torch.erfinv(share * 0.99)
    if latent.dim == 1:
        return share[:, None]
    return torch.stack((share.repeat(count), share.repeat_interleave(count)), dim=1)


def lattice_shape(latent: Latent) -> tuple[int, int]:
    """Rows and columns of `latent_lattice`."""
    return {1: (1, MANIFOLD_LINE), 2: (MANIFOLD, MANIFOLD)}.get(latent.dim, (0, 0))


def dense_layers(net: nn.Module) -> list[tuple[nn.Linear, str]]:
    """The dense layers of a network in order, each with the kind of what follows it ("" where nothing bends it)."""
    modules = [
        module for name, module in net.named_modules()
        if "parametrizations" not in name and (isinstance(module, nn.Linear) or not list(module.children()))
    ]  # fmt: skip
    found: list[tuple[nn.Linear, str]] = []
    for module in modules:
        if isinstance(module, nn.Linear):
            found.append((module, ""))
        elif found and not isinstance(module, nn.Identity):
            linear, after = found[-1]
            found[-1] = (linear, f"{after} {type(module).__name__}".strip())
    return found


def network_arrays(player: str, net: nn.Module) -> dict[str, Floats]:
    """ "g0.weight", "g0.bias", ... of the dense layers; a layer held by spectral norm as it is used."""
    found = {}
    for i, (layer, _) in enumerate(dense_layers(net)):
        found[f"{player}{i}.weight"] = layer.weight.detach().float().cpu().numpy().copy()
        found[f"{player}{i}.bias"] = layer.bias.detach().float().cpu().numpy().copy()
    return found


def encode_scene(scene: Scene) -> bytes:
    """A uint32 with the length of a JSON header, the header, then the arrays, each at a multiple of 8 bytes.

    All little-endian; the header lists name, dtype, shape, offset (from its own end) and bytes of each array, and is
    padded with spaces. Positions keep float32; what is only drawn (heat, scores, arrows, weights) has half.
    """
    arrays: dict[str, NDArray[Any]] = {"fakes": scene.fakes.astype("<f4"), "manifold": scene.manifold.astype("<f4")}
    with np.errstate(over="ignore"):  # what half precision cannot hold is far beyond every colour scale
        arrays |= {name: getattr(scene, name).astype("<f2") for name in _SHORT}
        arrays |= {name: array.astype("<f2") for name, array in scene.networks.items()}
    return encode_arrays(arrays)


def encode_arrays(arrays: dict[str, NDArray[Any]], more: dict[str, Any] | None = None) -> bytes:
    """As `encode_scene`, of any arrays; `more` (JSON, no numbers that are not finite) stands in the header too."""
    listing, parts, offset = [], [], 0
    for name, array in arrays.items():
        raw = array.tobytes()
        listing.append(
            {"name": name, "dtype": array.dtype.str, "shape": array.shape, "offset": offset, "bytes": len(raw)}
        )
        parts.append(raw + bytes(-len(raw) % 8))
        offset += len(parts[-1])
    header = json.dumps({"arrays": listing, **(more or {})}, allow_nan=False).encode()
    header += b" " * (-(4 + len(header)) % 8)
    return b"".join((struct.pack("<I", len(header)), header, *parts))


def decode_scene(data: bytes) -> Scene:
    """What `encode_scene` made. Raises ValueError for anything else."""
    try:
        (length,) = struct.unpack_from("<I", data)
        listed = json.loads(data[4 : 4 + length]) if length <= _MOST_HEADER_BYTES else {}
        if len(listed["arrays"]) > _MOST_ARRAYS or sum(int(e["bytes"]) for e in listed["arrays"]) > len(data):
            raise ValueError  # more arrays than there are bytes for
        arrays = {}
        for entry in listed["arrays"]:
            start = 4 + length + int(entry["offset"])
            raw = data[start : start + int(entry["bytes"])]
            if entry["dtype"] not in ("<f4", "<f2"):
                raise ValueError
            arrays[entry["name"]] = np.frombuffer(raw, entry["dtype"]).reshape(entry["shape"]).astype(np.float32)
        late = {name: arrays.pop(name) for name in _LATER if name in arrays}
        known = {name: arrays.pop(name) for name in ("fakes", "manifold", *_SHORT) if name not in _LATER}
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise ValueError("This is not a scene of a run of points.") from error
    return Scene(**known, **late, networks=arrays)

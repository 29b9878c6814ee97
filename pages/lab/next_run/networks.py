"""Both networks as the panel describes them, to be drawn and changed before there is a run."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from gan_core.nets.layers import ACTIVATIONS
from gan_core.nets.mlp import MlpDiscriminator, MlpGenerator, hidden_units
from pages.server.preview import shows_points

if TYPE_CHECKING:
    from gan_core.training import RunConfig

_NORMS = {"batch": "BatchNorm1d", "layer": "LayerNorm"}
_FIELDS = {"g": "generator.hidden", "d": "discriminator.hidden"}
_HIDDEN = re.compile(r"(\d{1,4}(,\d{1,4}){0,5})?")


def planned_networks(config: RunConfig) -> dict[str, Any] | None:
    """The dense layers that a run of points would have, as a `RunStage` lists them; None where they are not such.

    {"layers": [{"name", "in", "out", "activation"}, ...], "dim": of the latents, "distribution": theirs}.
    """
    g, d = config.generator, config.discriminator
    if not (shows_points(config.data) and isinstance(g, MlpGenerator) and isinstance(d, MlpDiscriminator)):
        return None
    try:
        ends = {"g": (config.latent.dim, 2), "d": (2 * config.pack, 1)}
        layers = [layer for player, net in (("g", g), ("d", d)) for layer in _layers(player, net, *ends[player])]
    except ValueError:  # the panel says what is wrong with them
        return None
    return {"layers": layers, "dim": config.latent.dim, "distribution": config.latent.distribution}


def _layers(player: str, net: MlpGenerator | MlpDiscriminator, inputs: int, outputs: int) -> list[dict[str, Any]]:
    sizes = [inputs, *hidden_units(net.hidden, _FIELDS[player]), outputs]
    after = " ".join(filter(None, (_NORMS.get(net.norm), type(ACTIVATIONS[net.activation]()).__name__)))
    last = len(sizes) - 2
    layers: list[dict[str, Any]] = [
        {"name": f"{player}{i}", "in": a, "out": b, "activation": after if i < last else ""}
        for i, (a, b) in enumerate(itertools.pairwise(sizes))
    ]
    if isinstance(net, MlpDiscriminator) and net.minibatch_std:  # one more input of the last hidden layer
        at = max(0, last - 1)
        layers[at]["in"] += 1
        if at > 0:
            layers[at - 1]["activation"] += " MinibatchStd"
    return layers


def asked_layers(told: object) -> tuple[str, str] | None:
    """The field and its new value that a browser asks for, None where that is not what it should be."""
    if not isinstance(told, dict):
        return None
    path, hidden = _FIELDS.get(str(told.get("player"))), told.get("hidden")
    if path is None or not isinstance(hidden, str) or not _HIDDEN.fullmatch(hidden):
        return None
    return path, hidden

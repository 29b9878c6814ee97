"""The networks as they are drawn before a run, held against the networks that a run builds."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from gan_core.config.codec import apply_sets
from gan_core.runs.evaluation.plane_constants import run_stage
from gan_core.training import preset
from pages.lab.next_run.networks import asked_layers, planned_networks


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"generator.hidden": "5,7,3", "generator.norm": "batch", "discriminator.hidden": "4", "latent.dim": "3"},
        {"discriminator.minibatch_std": "true", "discriminator.hidden": "6,5", "pack": "2"},
        {"generator.norm": "layer"},
        {"discriminator.minibatch_std": "true", "discriminator.hidden": "", "generator.hidden": ""},
        {"discriminator.spectral_norm": "true", "discriminator.activation": "gelu", "generator.activation": "tanh"},
    ],
)
def test_what_is_drawn_is_what_will_be_built(changes: dict[str, str]) -> None:
    config = apply_sets(preset("ring").config, changes)
    stage, planned = run_stage(config, threading.Lock()), planned_networks(config)
    assert stage is not None
    assert planned is not None
    built = [
        {"name": one.name, "in": one.inputs, "out": one.units, "activation": one.after} for one in stage.layers
    ]  # fmt: skip
    assert planned["layers"] == built
    assert planned["dim"] == config.latent.dim


def test_nothing_is_drawn_of_pictures_or_of_layers_that_cannot_be() -> None:
    assert planned_networks(preset("first-gan").config) is None
    ring = preset("ring").config
    assert planned_networks(replace(ring, generator=replace(ring.generator, hidden="0,many"))) is None


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ({"player": "g", "hidden": "64,8"}, ("generator.hidden", "64,8")),
        ({"player": "d", "hidden": ""}, ("discriminator.hidden", "")),
        ({"player": "x", "hidden": "8"}, None),
        ({"player": "g", "hidden": "8;DROP"}, None),
        ({"player": "g", "hidden": "1,1,1,1,1,1,1"}, None),
        ({"player": "g", "hidden": [8]}, None),
        ({}, None),
        (None, None),
    ],
)
def test_only_layers_are_taken_from_a_browser(told: Any, asked: tuple[str, str] | None) -> None:
    assert asked_layers(told) == asked

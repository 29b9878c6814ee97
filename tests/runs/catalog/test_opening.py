"""Every network that there is, written and opened again: the same pictures, nothing drawn on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save

from gan_core.latent import Explorable, check_look, render
from gan_core.nets.base import ImageShape, discriminators, generators
from gan_core.runs.catalog.model_catalog import Description
from gan_core.runs.catalog.opening import build_discriminator, build_generator, explorable
from gan_core.runs.storage.weights.foreign_weights import TooLarge, open_weights, undrawn
from gan_core.training import RunConfig
from gan_core.training.build import build_networks

CLASSES = ("a", "b", "c")


def described(*, conditional: bool, generator: str = "mlp", discriminator: str = "mlp") -> Description:
    config = RunConfig(
        conditional=conditional, generator=generators.get(generator).cls(), pack=2,
        discriminator=discriminators.get(discriminator).cls(),
    )  # fmt: skip
    return Description(config, ImageShape(3, 28), CLASSES, "r", 5)


def written(net: torch.nn.Module) -> bytes:
    return save({key: tensor.contiguous() for key, tensor in net.state_dict().items()})


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("name", generators.names())
def test_every_generator_is_explored_as_it_was_written(name: str, conditional: bool) -> None:
    said = described(generator=name, conditional=conditional)
    original = build_networks(said.config, said.shape, said.class_count, torch.device("cpu")).generator.eval()
    drawn = torch.get_rng_state()
    model = explorable("file:x", "x", said, written(original), "x", None, 0)
    assert torch.equal(torch.get_rng_state(), drawn)
    assert model.classes == (CLASSES if conditional else ())
    same = replace(model, generator=original)
    looks = [{"where": {"seed": 1}, "psi": 0.7}, {"where": {"seeds": [0.5, 0.5]}}]
    if conditional:
        looks[0]["class"] = [1]
        looks[1]["class"] = [0, 2, 0.5]

    def pictures(of: Explorable) -> torch.Tensor:
        return torch.from_numpy(render(of, [check_look(of, look) for look in looks])).int()

    assert (pictures(model) - pictures(same)).abs().max() <= 1
    assert not any(p.requires_grad for p in model.generator.parameters())


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("name", discriminators.names())
def test_every_discriminator_judges_as_it_was_written(name: str, conditional: bool) -> None:
    said = described(discriminator=name, conditional=conditional)
    original = build_networks(said.config, said.shape, said.class_count, torch.device("cpu")).discriminator.eval()
    drawn = torch.get_rng_state()
    opened = open_weights(written(original), "x", lambda: build_discriminator(said))
    assert torch.equal(torch.get_rng_state(), drawn)
    x = torch.randn(4, 6, 28, 28, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(8) % 3 if conditional else None
    torch.testing.assert_close(opened(x, labels), original(x, labels))


@pytest.mark.parametrize("name", generators.names())
def test_a_network_is_given_up_once_it_is_too_large(name: str) -> None:
    said = replace(described(generator=name, conditional=False), shape=ImageShape(3, 64))
    made = list[torch.nn.Module]()

    def many() -> torch.nn.Module:
        for _ in range(20):  # together beyond what is let through for what networks make on the way
            made.append(build_generator(said))
        return made[0]

    with pytest.raises(TooLarge, match="too large"):
        undrawn(many, elements=0)
    assert len(made) < 20

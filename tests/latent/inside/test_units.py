"""The units of every registered generator are found, and switching one off is what its weights at zero would be."""

from __future__ import annotations

import copy
import dataclasses
import threading

import pytest
import torch

from gan_core.config.fields import specs
from gan_core.latent.inside.units import edited, layer_named, layers_of, scaled, watched
from gan_core.nets import generators
from gan_core.nets.base import GeneratorNet, ImageShape

LATENT, CLASSES = 12, 3
SMALL = {"width": 16, "hidden": "24,16"}
WEIGHTS = torch.nn.Linear | torch.nn.Conv2d | torch.nn.ConvTranspose2d


def variants():
    """Each member small, and with each other value of each of its choices and flags."""
    for entry in generators:
        base = entry.cls(**{k: v for k, v in SMALL.items() if k in specs(entry.cls)})
        yield pytest.param(base, id=entry.name)
        for name, spec in specs(entry.cls).items():
            values = spec.choices if spec.kind == "choice" else (True, False) if spec.kind == "bool" else ()
            for value in values:
                if name not in SMALL and value != getattr(base, name):
                    yield pytest.param(dataclasses.replace(base, **{name: value}), id=f"{entry.name}-{name}-{value}")


def built(options, classes=0, channels=1) -> GeneratorNet:
    """With no weight at zero, so that nothing is without effect."""
    torch.manual_seed(4)
    net = options.build(ImageShape(channels, 28), LATENT, classes).eval().requires_grad_(False)
    for weight in net.parameters():
        if (weight == weight.flatten()[0]).all():
            weight.add_(0.3 * torch.randn_like(weight))
    for name, buffer in net.named_buffers():
        if name.endswith("running_mean"):
            buffer.add_(0.1 * torch.randn_like(buffer))
    return net


def drawn(net: GeneratorNet, count=2) -> torch.Tensor:
    classes = [m.num_embeddings for m in net.modules() if isinstance(m, torch.nn.Embedding)]
    z = torch.randn(count, LATENT, generator=torch.Generator().manual_seed(1))
    return net(z, torch.arange(count) % classes[0] if classes else None)


def off(layer, unit, scale=0.0):
    return [{"layer": layer, "unit": unit, "scale": scale}]


@pytest.mark.parametrize("classes", [0, CLASSES])
@pytest.mark.parametrize("options", list(variants()))
def test_every_layer_of_every_generator_is_found_and_can_be_edited(options, classes):
    net = built(options, classes, channels=3)
    before, layers = drawn(net), layers_of(net)
    weighted = [name for name, module in net.named_modules() if isinstance(module, WEIGHTS)]
    if "w" in net.latent_spaces:  # dense layers make styles there, and each ToImage is a part of the picture
        wanted = {name for name in weighted if name.endswith(".conv")}
    else:
        wanted = set(weighted[:-1])
        assert not layers[-1].name.startswith(weighted[-1])
    assert wanted <= {layer.name for layer in layers}
    for layer in layers:
        unit = layer.units // 2
        with watched(net, [layer.name]) as maps:
            drawn(net)
        assert maps[layer.name].shape == (2, layer.units, layer.size, layer.size)
        with edited(net, off(layer.name, unit, 1.0)):
            assert torch.equal(drawn(net), before)
        lit = maps[layer.name].abs().amax((0, 2, 3)).topk(4).indices  # the picture may not hang on one alone
        for scale in (0.0, 2.0):
            items = [item for unit in lit for item in off(layer.name, int(unit), scale)]
            with edited(net, items), watched(net, [layer.name]) as now:
                assert not torch.allclose(drawn(net), before, atol=1e-6), layer
            expected = maps[layer.name].clone()
            expected[:, lit] *= scale
            torch.testing.assert_close(now[layer.name], expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(drawn(net), before)
    assert not any(module._forward_hooks for module in net.modules())


def with_factor(net: GeneratorNet, weights, unit, factor) -> GeneratorNet:
    other = copy.deepcopy(net)
    state = other.state_dict()
    for name in weights:
        rows = state[name].T if "scale" in name or "shift" in name else state[name]  # of a class: [classes, units]
        rows[unit] *= factor
    return other


# What makes a unit: behind a ReLU, leaky or not, its value goes with these weights when all have the same factor.
MADE_BY = {
    ("dcgan", 0): ("layers.2", ["layers.3.weight", "layers.3.bias"]),
    ("dcgan", CLASSES): ("dense", ["layers.0.weight", "layers.0.bias"]),
    ("mlp", 0): ("layers.0", ["layers.1.weight", "layers.1.bias"]),
    ("mlp", CLASSES): ("layers.3", ["layers.4.weight", "layers.4.bias"]),
    ("resnet", 0): ("blocks.0.conv1", ["blocks.0.norm2.norm.weight", "blocks.0.norm2.norm.bias"]),
    ("resnet", CLASSES): ("blocks.1.conv1", ["blocks.1.norm2.scale.weight", "blocks.1.norm2.shift.weight"]),
    ("r3gan", 0): ("layers.2.widen", ["layers.2.widen.weight", "layers.2.bend1.bias"]),
    ("r3gan", CLASSES): ("dense", ["dense.weight"]),
}


@pytest.mark.parametrize("factor", [0.0, 0.5, 2.0])
@pytest.mark.parametrize(("name", "classes"), list(MADE_BY))
def test_a_scaled_unit_is_one_whose_weights_are_scaled(name, classes, factor):
    cls = generators.get(name).cls
    net = built(cls(**{k: v for k, v in SMALL.items() if k in specs(cls)}), classes)
    layer, weights = MADE_BY[name, classes]
    with watched(net, [layer]) as maps:
        drawn(net)
    lit = int(maps[layer].abs().amax((0, 2, 3)).argmax())
    wanted = drawn(with_factor(net, weights, lit, factor))
    assert not torch.allclose(wanted, drawn(net), atol=1e-6)
    with edited(net, off(layer, lit, factor)):
        torch.testing.assert_close(drawn(net), wanted, rtol=1e-4, atol=1e-5)


def test_a_style_layer_is_scaled_behind_its_noise_and_bend():
    """Off is what its readers' weights at zero would be, but for the demodulation that those weights enter."""
    net = built(generators.get("style").cls(width=16))
    other = copy.deepcopy(net)
    for n in (net, other):
        n.stages[2][0].conv.forward = _undemodulated(n.stages[2][0].conv)
    other.stages[2][0].conv.weight[5] = 0.0  # [in, out, ...]: the transposed convolution that reads it
    other.to_image[1].weight[:, 5] = 0.0
    wanted = drawn(other)
    assert not torch.allclose(wanted, drawn(net), atol=1e-3)
    with edited(net, off("stages.1.1.conv", 5)):
        torch.testing.assert_close(drawn(net), wanted, rtol=1e-4, atol=1e-5)


def _undemodulated(conv):
    return lambda x, scale, bias: (
        torch.conv_transpose2d(x * scale[:, :, None, None], conv.weight / 40, stride=2, padding=1) + bias
    )


def test_each_picture_of_a_batch_can_have_its_own_factors():
    net = built(generators.get("dcgan").cls(width=16))
    factors = torch.ones(2, layer_named(net, "layers.2").units)
    factors[1, 3] = 0.0
    with scaled(net, {"layers.2": factors}):
        both = drawn(net)
    with edited(net, off("layers.2", 3)):
        second = drawn(net)[1]
    torch.testing.assert_close(both[1], second)
    torch.testing.assert_close(both[0], drawn(net)[0])


def test_edits_inside_edits_multiply_and_the_last_factor_of_a_unit_holds():
    net = built(generators.get("dcgan").cls(width=16))
    with edited(net, off("dense", 3, 2.0)), edited(net, off("dense", 3, 3.0)):
        twice = drawn(net)
    with edited(net, [*off("dense", 3, 0.0), *off("dense", 3, 6.0)]):
        torch.testing.assert_close(drawn(net), twice)


def test_viewers_in_other_threads_do_not_see_an_edit():
    net = built(generators.get("dcgan").cls(width=16))
    plain, wanted, got = drawn(net), {}, {}
    for unit in (1, 2):
        with edited(net, off("dense", unit)):
            wanted[unit] = drawn(net)
    barrier = threading.Barrier(3)

    def view(unit):
        torch.set_num_threads(1)
        barrier.wait()
        if unit == 0:
            got[unit] = [drawn(net) for _ in range(60)]
            return
        got[unit] = []
        for _ in range(60):
            with edited(net, off("dense", unit)):
                got[unit].append(drawn(net))

    threads = [threading.Thread(target=view, args=(unit,)) for unit in (0, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for unit, expected in {0: plain, **wanted}.items():
        assert all(torch.equal(seen, expected) for seen in got[unit])


def test_a_copy_made_during_an_edit_is_not_edited():
    net = built(generators.get("mlp").cls(hidden="24,16"))
    with edited(net, off("layers.0", 1)):
        other = copy.deepcopy(net)
    assert torch.equal(drawn(other), drawn(net))


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"layer": "nowhere", "unit": 0, "scale": 0}, "no layer 'nowhere'; its layers are dense, layers.2"),
        ({"layer": "dense", "unit": 32, "scale": 0}, "unit is 32; layer dense has units 0 to 31"),
        ({"layer": "dense", "unit": 0, "scale": float("nan")}, "scale is nan"),
        ({"layer": "dense", "unit": 0, "scale": -1}, "scale is -1"),
    ],
)
def test_what_does_not_exist_is_said_in_one_sentence(item, said):
    net = built(generators.get("dcgan").cls(width=16))
    with pytest.raises(ValueError, match=said), edited(net, [item]):
        pass


def test_a_generator_without_hidden_layers_has_no_units():
    net = built(generators.get("mlp").cls(hidden=""))
    assert layers_of(net) == ()

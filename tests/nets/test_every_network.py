"""Every registered network, at every size, number of channels, with and without classes and packing."""

from __future__ import annotations

import copy
import dataclasses
import itertools

import pytest
import torch

from gan_core.config.fields import specs
from gan_core.nets import discriminators, generators
from gan_core.nets.base import DiscriminatorNet, GeneratorNet, ImageShape

SHAPES = [ImageShape(c, s) for c, s in itertools.product((1, 3), (28, 32, 64))]
LATENT, CLASSES = 12, 5
SMALL = {"width": 16, "hidden": "24,16"}  # the same structure as the defaults, at a size that tests can afford


@pytest.fixture(autouse=True)
def _one_thread_and_seed():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def small(cls):
    return cls(**{k: v for k, v in SMALL.items() if k in specs(cls)})


def variants(cls):
    """The small member, and one more for each other value of each of its choices and flags."""
    base = small(cls)
    yield base
    for name, spec in specs(cls).items():
        if name in SMALL:
            continue
        values = spec.choices if spec.kind == "choice" else (True, False) if spec.kind == "bool" else ()
        for value in values:
            if value != getattr(base, name):
                yield dataclasses.replace(base, **{name: value})


def name_of_variant(pair):
    return f"{pair[0]}-{dataclasses.asdict(pair[1])}"


G_VARIANTS = [(e.name, v) for e in generators for v in variants(e.cls)]
D_VARIANTS = [(e.name, v) for e in discriminators for v in variants(e.cls)]


def labels_for(count, class_count):
    return torch.arange(count) % class_count if class_count else None


def check_generator(net: GeneratorNet, shape: ImageShape, class_count: int) -> None:
    z = torch.randn(4, LATENT)
    images = net(z, labels_for(4, class_count))
    assert images.shape == (4, shape.channels, shape.size, shape.size)
    assert images.dtype == torch.float32
    assert images.isfinite().all()
    assert images.abs().max() <= 1.0
    assert images.std() > 1e-3
    grads = torch.autograd.grad(images.square().sum(), list(net.parameters()))  # raises where a weight is unused
    assert all(g.isfinite().all() for g in grads)


def check_discriminator(net: DiscriminatorNet, shape: ImageShape, class_count: int, pack: int) -> None:
    x = torch.rand(4, shape.channels * pack, shape.size, shape.size) * 2 - 1
    logits = net(x, labels_for(4 * pack, class_count))
    assert logits.shape == (4,)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()
    assert logits.std() > 0
    grads = torch.autograd.grad(logits.square().sum(), list(net.parameters()))
    assert all(g.isfinite().all() for g in grads)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("entry", list(generators), ids=lambda e: e.name)
def test_generators_serve_every_shape(entry, shape):
    for class_count in (0, CLASSES):
        options = small(entry.cls)
        assert options.problems(shape) == []
        check_generator(options.build(shape, LATENT, class_count), shape, class_count)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("entry", list(discriminators), ids=lambda e: e.name)
def test_discriminators_serve_every_shape(entry, shape):
    for class_count, pack in itertools.product((0, CLASSES), (1, 2, 4)):
        options = small(entry.cls)
        assert options.problems(shape) == []
        check_discriminator(options.build(shape, class_count, pack), shape, class_count, pack)


@pytest.mark.parametrize("variant", G_VARIANTS, ids=name_of_variant)
@pytest.mark.parametrize("class_count", [0, CLASSES])
def test_every_option_of_the_generators(variant, class_count):
    shape = ImageShape(1, 28)
    net = variant[1].build(shape, LATENT, class_count)
    check_generator(net, shape, class_count)
    check_copy_is_the_same_and_apart(net, class_count)


def other_value(name, spec, now):
    if spec.kind == "bool":
        return not now
    if spec.kind == "choice":
        return next(c for c in spec.choices if c != now)
    if spec.kind == "text":
        return "20"
    return now + 1 if spec.kind == "int" else (spec.low + spec.high) / 3


@pytest.mark.parametrize("family", [generators, discriminators], ids=lambda f: f.family)
def test_every_option_changes_the_network(family):
    """From the same seed, another value of any one field gives another network: none is ignored."""

    def answer(options):
        torch.manual_seed(5)
        net = options.build(ImageShape(1, 28), *((LATENT, 0) if family is generators else (0, 1)))
        x = torch.randn(4, LATENT) if family is generators else torch.randn(4, 1, 28, 28)
        return [p.shape for p in net.parameters()], net(x, None)

    for entry in family:
        base = small(entry.cls)
        shapes, output = answer(base)
        for name, spec in specs(entry.cls).items():
            value = other_value(name, spec, getattr(base, name))
            other_shapes, other_output = answer(dataclasses.replace(base, **{name: value}))
            assert shapes != other_shapes or not torch.allclose(output, other_output), (entry.name, name)


def check_copy_is_the_same_and_apart(net, class_count):
    net.eval()
    other = copy.deepcopy(net)
    z, labels = torch.randn(3, LATENT), labels_for(3, class_count)
    with torch.no_grad():
        before = net(z, labels)
        assert torch.equal(other(z, labels), before)
        for p in other.parameters():
            p.add_(0.5)
        assert torch.equal(net(z, labels), before)
        assert not torch.equal(other(z, labels), before)


@pytest.mark.parametrize("variant", D_VARIANTS, ids=name_of_variant)
@pytest.mark.parametrize("class_count", [0, CLASSES])
def test_every_option_of_the_discriminators(variant, class_count):
    shape = ImageShape(1, 28)
    net = variant[1].build(shape, class_count, 1)
    check_discriminator(net, shape, class_count, 1)
    check_batch_dependence(net, class_count)
    check_penalty_reaches_the_weights(net, class_count)


def check_batch_dependence(net, class_count):
    """`batch_dependent` says exactly whether an image's logit changes with its company."""
    x, labels = torch.rand(4, 1, 28, 28) * 2 - 1, labels_for(4, class_count)
    net.eval()  # spectral norm's vectors stand still, so that only the company differs
    for layer in net.modules():
        layer.training = isinstance(layer, torch.nn.modules.batchnorm._BatchNorm)
    apart = torch.cat([net(half, None if labels is None else labels[:2]) for half in x.split(2)])
    together = net(x, None if labels is None else torch.cat((labels[:2], labels[:2])))
    assert net.batch_dependent == (not torch.allclose(apart, together, rtol=1e-3, atol=1e-5))
    net.train()


def check_penalty_reaches_the_weights(net, class_count):
    """The gradient of a squared slope exists and is finite: normalisations and activations differentiate twice."""
    x = (torch.rand(4, 1, 28, 28) * 2 - 1).requires_grad_(True)
    (slope,) = torch.autograd.grad(net(x, labels_for(4, class_count)).sum(), x, create_graph=True)
    grads = torch.autograd.grad(slope.square().sum(), list(net.parameters()), allow_unused=True)
    found = [g for g in grads if g is not None]
    assert all(g.isfinite().all() for g in found)
    assert any(g.abs().max() > 0 for g in found)


@pytest.mark.parametrize("class_count", [0, CLASSES])
@pytest.mark.parametrize("entry", list(discriminators), ids=lambda e: e.name)
def test_discriminator_state_resumes_exactly(entry, class_count):
    """A network filled from another's state goes on bit for bit, spectral norm's vectors included."""
    shape = ImageShape(1, 28)
    options = small(entry.cls)
    if "spectral_norm" in specs(entry.cls):
        options = dataclasses.replace(options, spectral_norm=True)
    net, x, labels = options.build(shape, class_count, 1), torch.randn(4, 1, 28, 28), labels_for(4, class_count)
    net(x, labels)
    torch.manual_seed(99)
    other = options.build(shape, class_count, 1)
    other.load_state_dict(net.state_dict())
    for _ in range(3):
        assert torch.equal(net(x, labels), other(x, labels))


@pytest.mark.parametrize("entry", list(generators), ids=lambda e: e.name)
def test_the_same_seed_builds_the_same_network(entry):
    def state():
        torch.manual_seed(7)
        return entry.cls().build(ImageShape(1, 28), LATENT, 3).state_dict()

    first, second = state(), state()
    assert all(torch.equal(first[k], second[k]) for k in first)


@pytest.mark.parametrize("family", [generators, discriminators], ids=lambda f: f.family)
def test_forward_draws_nothing_from_the_global_state(family):
    for entry in family:
        shape = ImageShape(1, 28)
        if family is generators:
            net, x = small(entry.cls).build(shape, LATENT, 0), torch.randn(4, LATENT)
        else:
            net, x = small(entry.cls).build(shape, 0, 1), torch.randn(4, 1, 28, 28)
        before = torch.get_rng_state()
        net(x, None)
        assert torch.equal(torch.get_rng_state(), before), entry.name


@pytest.mark.parametrize("entry", list(generators), ids=lambda e: e.name)
def test_class_changes_the_picture(entry):
    net = small(entry.cls).build(ImageShape(1, 28), LATENT, CLASSES)
    varied_embeddings(net)
    z = torch.randn(4, LATENT)
    zeros, ones = torch.zeros(4, dtype=torch.int64), torch.ones(4, dtype=torch.int64)
    assert not torch.allclose(net(z, zeros), net(z, ones))


def varied_embeddings(net):
    """Classes that differ from each other (ClassBatchNorm starts with all of them alike); returns the weights."""
    weights = [layer.weight for layer in net.modules() if isinstance(layer, torch.nn.Embedding)]
    for weight in weights:
        torch.nn.init.normal_(weight, 1.0)
    return weights


@pytest.mark.parametrize("entry", list(generators), ids=lambda e: e.name)
@torch.no_grad()
def test_weights_of_classes_are_a_mixture_of_what_the_classes_give(entry):
    net = small(entry.cls).build(ImageShape(1, 28), LATENT, CLASSES).eval()
    weights = varied_embeddings(net)
    z, labels = torch.randn(6, LATENT), torch.arange(6) % CLASSES
    one_hot = torch.nn.functional.one_hot(labels, CLASSES).float()
    torch.testing.assert_close(net(z, one_hot), net(z, labels), rtol=1e-4, atol=1e-6)
    half = torch.zeros(6, CLASSES)
    half[:, 1] = half[:, 3] = 0.5
    mixed = net(z, half)
    for weight in weights:  # class 0 becomes half of 1 and half of 3
        weight[0] = (weight[1] + weight[3]) / 2
    torch.testing.assert_close(mixed, net(z, torch.zeros(6, dtype=torch.int64)), rtol=1e-4, atol=1e-6)
    assert not torch.allclose(mixed, net(z, torch.ones(6, dtype=torch.int64)), atol=1e-3)


@pytest.mark.parametrize("family", [generators, discriminators], ids=lambda f: f.family)
def test_missing_labels_are_said(family):
    for entry in family:
        shape = ImageShape(1, 28)
        if family is generators:
            net, x = small(entry.cls).build(shape, LATENT, CLASSES), torch.randn(4, LATENT)
        else:
            net, x = small(entry.cls).build(shape, CLASSES, 1), torch.randn(4, 1, 28, 28)
        with pytest.raises(ValueError, match="labels"):
            net(x, None)


@pytest.mark.parametrize("family", [generators, discriminators], ids=lambda f: f.family)
def test_bfloat16_autocast_gives_float32_near_the_exact(family):
    for entry in family:
        torch.manual_seed(3)
        shape = ImageShape(1, 28)
        if family is generators:
            net, x = small(entry.cls).build(shape, LATENT, CLASSES), torch.randn(8, LATENT)
        else:
            net, x = small(entry.cls).build(shape, CLASSES, 1), torch.randn(8, 1, 28, 28)
        net.eval()
        with torch.no_grad():
            exact = net(x, labels_for(8, CLASSES))
            with torch.autocast("cpu", dtype=torch.bfloat16):
                half = net(x, labels_for(8, CLASSES))
        assert half.dtype == torch.float32, entry.name
        torch.testing.assert_close(half, exact, rtol=0.1, atol=0.05 * exact.abs().max().item())


@pytest.mark.parametrize("family", [generators, discriminators], ids=lambda f: f.family)
def test_channels_last_gives_the_same(family):
    for entry in family:
        shape = ImageShape(3, 32)
        if family is generators:
            net, x = small(entry.cls).build(shape, LATENT, 0), torch.randn(4, LATENT)
        else:
            net, x = small(entry.cls).build(shape, 0, 1), torch.randn(4, 3, 32, 32)
        net.eval()
        plain = net(x, None)
        net = net.to(memory_format=torch.channels_last)
        y = x if x.ndim == 2 else x.contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(net(y, None), plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", [generators, discriminators], ids=lambda f: f.family)
def test_every_member_and_field_is_explained(family):
    for entry in family:
        assert entry.label
        assert entry.source
        assert entry.help.endswith(".")
        for name, spec in specs(entry.cls).items():
            assert spec.label, (entry.name, name)
            assert spec.help.endswith("."), (entry.name, name)
    assert {"mlp", "dcgan", "resnet", "r3gan"} <= set(family.names())


@pytest.mark.parametrize("class_count", [0, CLASSES])
@pytest.mark.parametrize("entry", list(generators), ids=lambda e: e.name)
@torch.no_grad()
def test_spaces_are_as_they_are_said_to_be(entry, class_count):
    """With "w", a picture is the synthesis of its style; without, there is no style."""
    net = small(entry.cls).build(ImageShape(3, 32), LATENT, class_count).eval()
    assert net.latent_spaces in (("z",), ("z", "w"))
    has_styles = "w" in net.latent_spaces
    assert (net.style_layers > 0, net.style_dim > 0, hasattr(net, "mean_style")) == (has_styles,) * 3
    z, labels = torch.randn(4, LATENT), labels_for(4, class_count)
    if not has_styles:
        with pytest.raises(NotImplementedError):
            net.mapping(z, labels)
        return
    style = net.mapping(z, labels)
    assert style.shape == (4, net.style_dim)
    assert net.mean_style.shape == (net.style_dim,)
    assert "mean_style" in net.state_dict()
    styles = style[:, None].repeat(1, net.style_layers, 1)
    torch.testing.assert_close(net.synthesis(styles), net(z, labels), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["dcgan", "resnet", "r3gan"])
def test_convolutional_networks_refuse_sizes_that_cannot_be_halved(name):
    for family in (generators, discriminators):
        (said,) = family.get(name).cls().problems(ImageShape(1, 13))
        assert "13" in said


def test_r3gan_says_which_group_size_does_not_fit():
    for family, player in ((generators, "generator"), (discriminators, "discriminator")):
        options = family.get("r3gan").cls(width=48, expansion=1, group_size=32)
        (said,) = options.problems(ImageShape(1, 28))
        assert f"{player}.group_size is 32" in said
        assert "48" in said

"""Generators as ONNX: what onnxruntime computes is what torch computes."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import gan_core.export.onnx_file
from gan_core.config.codec import to_dict
from gan_core.export.onnx_file import OPSET, onnx_file
from gan_core.nets import ResnetGenerator, generators
from gan_core.nets.base import Generator, GeneratorNet, ImageShape
from gan_core.training import RunConfig

DIM, CLASSES = 6, ("a", "b", "c")
CASES = [(ImageShape(1, 28), 0), (ImageShape(3, 28), 3), (ImageShape(3, 32), 0), (ImageShape(1, 32), 3),
         (ImageShape(1, 64), 0), (ImageShape(3, 64), 3)]  # fmt: skip
NAMES = generators.names()


def small(name: str) -> Generator:
    """The registered member in its narrowest form."""
    member = generators.get(name).cls()
    if hasattr(member, "hidden"):
        return replace(member, hidden="24,16")
    return replace(member, width=16)


def trained(member: Generator, shape: ImageShape, class_count: int) -> GeneratorNet:
    """Its weights and running statistics moved away from where they start, as by training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        net = member.build(shape, DIM, class_count)
        with torch.no_grad():
            for tensor in net.parameters():
                tensor.add_(0.05 * torch.randn_like(tensor))
        labels = torch.arange(8) % class_count if class_count else None
        for _ in range(2):
            net.train()(torch.randn(8, DIM), labels)
    return net.eval().requires_grad_(False)


def exported(net: GeneratorNet, member: Generator, class_count: int) -> bytes:
    config = to_dict(RunConfig(generator=member, conditional=bool(class_count)))
    classes = CLASSES[:class_count]
    return onnx_file(net, latent_dim=DIM, class_count=class_count, run="r", step=7, config=config, classes=classes)


def assert_same_images(data: bytes, net: GeneratorNet, class_count: int) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    for count in (1, 5):
        z = torch.randn(count, DIM, generator=torch.Generator().manual_seed(count))
        labels = torch.arange(count) % class_count if class_count else None
        feeds = {"latent": z.numpy()} | ({} if labels is None else {"label": labels.numpy()})
        (images,) = session.run(["image"], feeds)
        expected = net(z, labels).numpy()
        assert images.shape == expected.shape
        assert np.abs(images - expected).max() <= 1e-4
        assert images.std() > 1e-3  # not all alike, or the comparison would say little


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("shape", "class_count"), CASES)
def test_every_generator_gives_the_same_images_in_onnxruntime(name: str, shape: ImageShape, class_count: int) -> None:
    member = small(name)
    assert not member.problems(shape)
    net = trained(member, shape, class_count)
    assert_same_images(exported(net, member, class_count), net, class_count)


@pytest.mark.parametrize("name", [e.name for e in generators if e.cls.serves_points])
def test_points_too(name: str) -> None:
    member = small(name)
    net = trained(member, ImageShape(2, 1), 0)
    assert_same_images(exported(net, member, 0), net, 0)


@pytest.mark.parametrize("member", [ResnetGenerator(width=8, norm="none", spectral_norm=True)])
def test_a_generator_with_spectral_norm(member: Generator) -> None:
    net = trained(member, ImageShape(1, 28), 3)
    data = exported(net, member, 3)
    assert_same_images(data, net, 3)
    assert any(".parametrizations." in name for name in net.state_dict())  # the network itself keeps it


def test_the_file_says_what_it_is_and_how_to_use_it() -> None:
    member = small("dcgan")
    net = trained(member, ImageShape(1, 28), 3)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    model = onnx.load_from_string(exported(net, member, 3))
    words = {p.key: p.value for p in model.metadata_props}
    assert (words["run"], words["step"], json.loads(words["classes"])) == ("r", "7", list(CLASSES))
    assert json.loads(words["config"])["generator"]["name"] == "dcgan"
    assert "float32 [N, 6], N(0, 1)" in words["how_to_use"]
    assert "from 0 to 2" in words["how_to_use"]
    assert [i.name for i in model.graph.input] == ["latent", "label"]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert [o.version for o in model.opset_import if o.domain == ""] == [OPSET]
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())  # left as it was


def test_nothing_slow_is_imported_before_it_is_needed() -> None:
    tree = ast.parse(inspect.getsource(gan_core.export.onnx_file))
    top = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    assert "onnx" not in top
    code = "import sys, gan_core.export; print([m for m in sys.modules if m.startswith(('onnx', 'torch._dynamo.'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""Files that pose as generators: each is refused in one sentence that names it, and nothing of it is run or kept."""

from __future__ import annotations

import io
import json
import pickle
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from gan_core.config.codec import to_dict
from gan_core.nets.base import GeneratorNet
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.runs.storage.weights import foreign_weights
from gan_core.runs.storage.weights.foreign_weights import NotAGenerator, describe, open_weights
from tests.latent.conftest import CLASSES, small_config, small_model

MODEL = small_model(small_config())
TENSORS = {key: tensor.contiguous() for key, tensor in MODEL.generator.state_dict().items()}
METADATA = {
    "network": "generator", "run": "r", "step": "5", "config": json.dumps(to_dict(MODEL.config)), "channels": "1",
    "classes": json.dumps(CLASSES),
}  # fmt: skip
CONDITIONAL = json.dumps({**to_dict(MODEL.config), "conditional": True})
GOOD = save(TENSORS, METADATA)


def file(tensors: dict[str, torch.Tensor] | None = None, **metadata: Any) -> bytes:
    """The good file with other tensors or metadata; a value of None is left out."""
    said = {key: value for key, value in {**METADATA, **metadata}.items() if value is not None}
    return save(TENSORS if tensors is None else tensors, said)


def raw(header: bytes, body: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + body


def with_config(**changes: Any) -> bytes:
    return file(config=json.dumps({**to_dict(MODEL.config), **changes}))


def tensor_header(**changes: Any) -> bytes:
    return json.dumps({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], **changes}}).encode()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(1))
    return out.getvalue()


def saved_by_torch(legacy: bool) -> bytes:
    out = io.BytesIO()
    torch.save(TENSORS, out, _use_new_zipfile_serialization=not legacy)
    return out.getvalue()


class Harm:
    """Unpickling it would make a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self._path,)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelCatalog]:
    folder = tmp_path_factory.mktemp("shelf")
    manager = RunManager(folder / "runs", folder / "data", device="cpu", threads=1)
    yield ModelCatalog(manager, folder / "assets")
    manager.close()


def refused(shelf: ModelCatalog, data: bytes, name: str = "theirs.safetensors") -> str:
    """The sentence with which a file is refused; nothing may be left of it."""
    with pytest.raises(NotAGenerator) as caught:
        shelf.bring(data, name)
    sentence = str(caught.value)
    assert sentence.startswith("theirs")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 500
    assert shelf.models() == []
    return sentence


def opened(data: bytes) -> GeneratorNet:
    said = describe(data, "x")
    return open_weights(data, "x", lambda: said.config.generator.build(said.shape, said.config.latent.dim, 0))


def test_the_good_file_is_taken() -> None:
    assert describe(GOOD, "x").classes == CLASSES
    net = opened(GOOD)
    x = torch.randn(2, MODEL.dim)
    assert torch.equal(net(x), MODEL.generator(x))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "has only 0 bytes"),
        (b"abc", "has only 3 bytes"),
        (GOOD[:-1], "is damaged: the place of the tensor"),
        (GOOD[:100], "is not a whole safetensors file"),
        (GOOD + b"more", "is damaged"),
        (raw(b"{}", length=2**63), "its header would have 9,223,372,036,854,775,808 bytes"),
        (raw(b"{}", length=2_000_000), "its header would have 2,000,000 bytes"),
        (raw(b" " * 1_000_001), "its header would have 1,000,001 bytes"),
        (raw(b"[" * 200_000), "its header cannot be read"),
        (raw(b"[]"), "its header cannot be read"),
        (raw(b"\xff\xfe"), "its header cannot be read"),
        (raw(b'{"x": 3}'), "its header cannot be read"),
        (raw(b'{"__metadata__": {"config": 3}}'), "its header cannot be read"),
        (raw(b'{"__metadata__": []}'), "its header cannot be read"),
        (raw(tensor_header(shape=[-1]), bytes(4)), "the place of the tensor 'x'"),
        (raw(tensor_header(shape=[1.5]), bytes(4)), "the place of the tensor 'x'"),
        (raw(tensor_header(shape=[True]), bytes(4)), "the place of the tensor 'x'"),
        (raw(tensor_header(dtype="F8"), bytes(4)), "the place of the tensor 'x'"),
        (raw(tensor_header(dtype=[]), bytes(4)), "the place of the tensor 'x'"),
        (raw(tensor_header(data_offsets=[0, 2**70]), bytes(4)), "the place of the tensor 'x'"),
        (raw(tensor_header(data_offsets=[4, 0]), bytes(4)), "the place of the tensor 'x'"),
        (raw(tensor_header(data_offsets=None), bytes(4)), "the place of the tensor 'x'"),
        (raw(tensor_header(shape=[2**40, 2**40]), bytes(4)), "the place of the tensor 'x'"),
        (file(config=None), "does not say in its metadata which network it holds"),
        (raw(tensor_header(), bytes(4)), "does not say in its metadata which network it holds"),
        (file(config="{"), "a configuration that is not readable JSON"),
        (file(config="[" * 100_000), "a configuration that is not readable JSON"),
        (file(config="3"), "a configuration that cannot be used"),
        (file(config='{"seed": 1e999}'), "a configuration that cannot be used: seed is"),
        (with_config(generator="stylegan9"), "a configuration that cannot be used: generator is \"stylegan9\""),
        (with_config(size=29), "a configuration that cannot be used: size is 29"),
        (with_config(colour="red"), "a configuration that cannot be used: colour is not a field"),
        (file(network="discriminator"), "holds a discriminator; bring the generator"),
        (file(channels=None), "how many channels"),
        (file(channels="4"), "how many channels"),
        (file(channels="true"), "how many channels"),
        (file(channels="{"), "how many channels"),
        (file(channels="2"), "makes points in the plane"),
        (file(classes=None), "what its classes are"),
        (file(classes='"abc"'), "what its classes are"),
        (file(classes='["a", 3]'), "what its classes are"),
        (file(classes=json.dumps(["a\nb"])), "what its classes are"),
        (file(classes=json.dumps(["a"] * 1001)), "what its classes are"),
        (file(classes="[]", config=CONDITIONAL), "what its classes are"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "is not a whole safetensors file"),
        (b"<html>" + bytes(100), "is not a whole safetensors file"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "file",
)  # fmt: skip
def test_what_is_no_generator_is_refused(shelf: ModelCatalog, data: bytes, words: str) -> None:
    assert words in refused(shelf, data)


def changed(**tensors: torch.Tensor | None) -> dict[str, torch.Tensor]:
    return {key: value for key, value in {**TENSORS, **tensors}.items() if value is not None}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            file(changed(**{"dense.weight": torch.zeros(3, 5)})),
            f"holds {len(TENSORS)} tensors of another network: 'dense.weight' is [3, 5] where the configuration says "
            f"{list(TENSORS['dense.weight'].shape)}",
        ),
        (file(changed(**{"dense.weight": None})), "it lacks 'dense.weight', which is"),
        (file(changed(extra=torch.zeros(2))), "the configuration knows no 'extra'"),
        (file({}), "holds 0 tensors of another network: it lacks"),
        (with_config(latent={"dim": 17, "distribution": "normal"}), "another network"),
        (with_config(generator={"name": "dcgan", "width": 512}, size=64), "the configuration describes one of more"),
        (with_config(generator={"name": "mlp", "hidden": ",".join(["2048"] * 6)}), "another network"),
        (file({f"t{i}": torch.zeros(0) for i in range(2_001)}), "has 2,001 tensors; at most 2,000 are taken"),
        (file(changed(**{"dense.weight": TENSORS["dense.weight"] * float("nan")})), "not finite, in 'dense.weight'"),
        (file(changed(**{"dense.weight": TENSORS["dense.weight"] / 0})), "not finite, in 'dense.weight'"),
    ],
)  # fmt: skip
def test_another_network_is_named(shelf: ModelCatalog, data: bytes, words: str) -> None:
    assert words in refused(shelf, data)


def test_a_network_too_large_for_its_file_is_never_made(shelf: ModelCatalog) -> None:
    """Its weights would take a gigabyte: what is made on the way stays within what the file has, and a little."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(shelf, with_config(generator={"name": "dcgan", "width": 512, "kernel": 5}, size=64))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


def test_pickles_and_zips_are_told_what_would_be_right(shelf: ModelCatalog, tmp_path: Path) -> None:
    harm = pickle.dumps(Harm(tmp_path / "harmed"))
    for data in (saved_by_torch(legacy=False), zipped()):
        assert "PyTorch checkpoint, which can hold code; bring the .safetensors file" in refused(shelf, data)
    for data in (saved_by_torch(legacy=True), pickle.dumps(TENSORS), harm):
        assert "is a Python pickle, which can hold code; bring the .safetensors file" in refused(shelf, data)
    refused(shelf, GOOD[:8] + harm)
    assert not (tmp_path / "harmed").exists()


def test_large_files_are_refused_unread(shelf: ModelCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_weights, "MOST_BYTES", 1_000)
    assert f"has {len(GOOD):,} bytes; at most 1,000 are taken" in refused(shelf, GOOD)
    monkeypatch.undo()
    monkeypatch.setattr(foreign_weights, "MOST_ELEMENTS", 1_000)
    assert "numbers; at most 1,000 are taken" in refused(shelf, GOOD)


@pytest.mark.parametrize("name", ["theirs/../../x", "theirs\n\x1b[31m", "theirs" + "x" * 300, "theirs\0.safetensors"])
def test_names_are_shown_and_never_used(shelf: ModelCatalog, name: str) -> None:
    sentence = refused(shelf, b"nonsense" * 10, name) if len(name) < 100 else ""
    assert not re.search(r"[\x00-\x1f]", sentence)


def test_half_precision_is_taken() -> None:
    half = {k: v.half() if v.is_floating_point() else v for k, v in TENSORS.items()}
    weight = opened(file(half)).state_dict()["dense.weight"]
    assert weight.dtype == torch.float32
    np.testing.assert_allclose(weight, TENSORS["dense.weight"], rtol=2e-3, atol=1e-4)


@settings(max_examples=60)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_harmless(place: int, bit: int) -> None:
    data = bytearray(GOOD)
    data[place] ^= 1 << bit
    try:
        net = opened(bytes(data))
    except NotAGenerator:
        return
    assert all(torch.isfinite(t).all() for t in net.state_dict().values())


@settings(max_examples=60)
@given(st.integers(8, 3_000), st.binary(min_size=1, max_size=30))
def test_a_header_with_any_bytes_in_it_is_refused_or_harmless(place: int, junk: bytes) -> None:
    data = GOOD[:place] + junk + GOOD[place + len(junk) :]
    try:
        said = describe(data, "x")
        open_weights(
            data, "x", lambda: said.config.generator.build(said.shape, said.config.latent.dim, said.class_count)
        )
    except NotAGenerator:
        return
    assert load(data)


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(NotAGenerator):
        describe(data, "x")

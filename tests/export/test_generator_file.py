"""The exported generator: the same tensors, and metadata that anybody can read and check."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load
from safetensors.torch import save_file

from gan_core.export import discriminator_file, generator_file

TENSORS = {"b.weight": torch.randn(3, 4, generator=torch.Generator().manual_seed(0)), "a.count": torch.tensor(7)}


def header(data: bytes) -> dict[str, dict[str, str]]:
    (length,) = struct.unpack("<Q", data[:8])
    parsed: dict[str, dict[str, str]] = json.loads(data[8 : 8 + length])
    return parsed


def test_tensors_are_unchanged_and_the_file_names_its_run(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "g.safetensors")
    config = {"seed": 3, "loss": {"name": "non-saturating"}}
    about = {"run": "abc", "step": 1200, "config": config, "channels": 3, "classes": ("Hat", 'A "shoe"')}
    generator = generator_file(tmp_path / "g.safetensors", **about)  # type: ignore[arg-type]
    discriminator = discriminator_file(TENSORS, **about)  # type: ignore[arg-type]
    for data, network in ((generator, "generator"), (discriminator, "discriminator")):
        check(data, network, config)


def check(data: bytes, network: str, config: dict[str, object]) -> None:
    read = load(data)
    assert set(read) == set(TENSORS)
    for name, tensor in TENSORS.items():
        wanted = tensor.numpy()
        if network == "discriminator" and wanted.dtype == np.float32:
            wanted = wanted.astype(np.float16)
        np.testing.assert_array_equal(read[name], wanted)
        assert read[name].dtype == wanted.dtype
    words = header(data)["__metadata__"]
    assert (words["network"], words["run"], words["step"]) == (network, "abc", "1200")
    assert json.loads(words["config"]) == config
    assert (json.loads(words["channels"]), json.loads(words["classes"])) == (3, ["Hat", 'A "shoe"'])
    by_hand = hashlib.sha256()
    for name in ("a.count", "b.weight"):
        by_hand.update(name.encode() + read[name].tobytes())
    assert words["weights_sha256"] == by_hand.hexdigest()


def test_a_damaged_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "g.safetensors")
    whole = (tmp_path / "g.safetensors").read_bytes()
    (tmp_path / "g.safetensors").write_bytes(whole[:-5])
    with pytest.raises(ValueError, match=r"g\.safetensors is damaged and cannot be exported"):
        generator_file(tmp_path / "g.safetensors", run="abc", step=1, config={}, channels=1, classes=())

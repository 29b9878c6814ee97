"""Samples of a saved generator: right shapes, right classes, the same for the same seed and for any count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from gan_core.export import draw_samples, load_generator, write_npz
from gan_core.export.samples import BLOCK
from gan_core.nets import DcganGenerator, MlpGenerator
from gan_core.nets.base import GeneratorNet, ImageShape
from gan_core.training import RunConfig
from gan_core.training.configuration.run_config import Latent

SMALL = replace(RunConfig(), generator=MlpGenerator(), latent=Latent(dim=5))


def saved(path: Path, config: RunConfig, channels: int, class_count: int) -> GeneratorNet:
    torch.manual_seed(0)
    net = config.generator.build(ImageShape(channels, config.size), config.latent.dim, class_count).eval()
    save_file(net.state_dict(), path)
    return net


def test_a_sample_is_the_network_s_answer_to_the_seed_s_latent(tmp_path: Path) -> None:
    net = saved(tmp_path / "g.safetensors", SMALL, 1, 0)
    loaded = load_generator(tmp_path / "g.safetensors", SMALL, channels=1, class_count=0)
    images = draw_samples(loaded, SMALL.latent, class_count=0, count=3, seed=9)["images"]
    z = torch.randn(BLOCK, 5, generator=torch.Generator().manual_seed(9))
    expected = (net(z).detach().numpy()[:3, 0].astype(np.float64) + 1) / 2 * 255
    assert images.shape == (3, 28, 28, 1)
    assert images.dtype == np.uint8
    np.testing.assert_allclose(images[..., 0], expected, atol=0.5 + 1e-3)


@pytest.mark.parametrize("more", [BLOCK, BLOCK + 1, 2 * BLOCK + 3])
def test_more_samples_begin_with_the_same_ones(tmp_path: Path, more: int) -> None:
    config = replace(RunConfig(), generator=DcganGenerator(), size=32)
    saved(tmp_path / "g.safetensors", config, 3, 0)
    net = load_generator(tmp_path / "g.safetensors", config, channels=3, class_count=0)
    few = draw_samples(net, config.latent, class_count=0, count=7, seed=1)["images"]
    many = draw_samples(net, config.latent, class_count=0, count=more, seed=1)["images"]
    other = draw_samples(net, config.latent, class_count=0, count=7, seed=2)["images"]
    assert many.shape == (more, 32, 32, 3)
    np.testing.assert_array_equal(many[:7], few)
    assert (few != other).any()


def test_classes_come_in_turn_and_reach_the_network(tmp_path: Path) -> None:
    net = saved(tmp_path / "g.safetensors", SMALL, 1, 4)
    loaded = load_generator(tmp_path / "g.safetensors", SMALL, channels=1, class_count=4)
    arrays = draw_samples(loaded, SMALL.latent, class_count=4, count=10, seed=3)
    np.testing.assert_array_equal(arrays["labels"], [0, 1, 2, 3, 0, 1, 2, 3, 0, 1])
    z = torch.randn(BLOCK, 5, generator=torch.Generator().manual_seed(3))
    asked = net(z[:10], torch.from_numpy(arrays["labels"])).detach().numpy()[:, 0]
    np.testing.assert_allclose(arrays["images"][..., 0], (asked + 1) / 2 * 255, atol=0.5 + 1e-3)


def test_another_network_s_file_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "g.safetensors", SMALL, 1, 0)
    with pytest.raises(ValueError, match="holds another network than the run's configuration describes"):
        load_generator(tmp_path / "g.safetensors", replace(SMALL, latent=Latent(dim=6)), channels=1, class_count=0)
    (tmp_path / "g.safetensors").write_bytes(b"\x00" * 40)
    with pytest.raises(ValueError, match="is damaged"):
        load_generator(tmp_path / "g.safetensors", SMALL, channels=1, class_count=0)


def test_an_archive_is_what_numpy_reads_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    arrays = {"images": np.arange(24, dtype=np.uint8).reshape(2, 3, 4, 1), "labels": np.array([1, 0])}
    write_npz(tmp_path / "a.npz", arrays)
    write_npz(tmp_path / "b.npz", arrays)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as read:
        assert set(read) == {"images", "labels"}
        for name, array in arrays.items():
            np.testing.assert_array_equal(read[name], array)
            assert read[name].dtype == array.dtype
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()

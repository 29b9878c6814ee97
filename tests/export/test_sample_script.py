"""The script that draws samples: what it draws is what the generator draws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from gan_core.config.codec import replace_at
from gan_core.data import Ring
from gan_core.export.samples import draw_samples
from gan_core.export.scripts import sample_script
from gan_core.nets import MlpDiscriminator, MlpGenerator, generators
from gan_core.nets.base import GeneratorNet, ImageShape
from gan_core.training import RunConfig

from .made_scripts import CLASSES, SMALL, alive, narrow, run_alone, variants


def trained(config: RunConfig, shape: ImageShape, class_count: int) -> GeneratorNet:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        net = config.generator.build(shape, config.latent.dim, class_count)
        with torch.no_grad():
            for weight in net.parameters():
                weight.add_(0.05 * torch.randn_like(weight))
        labels = torch.arange(16) % class_count if class_count else None
        net.train()(torch.randn(16, config.latent.dim), labels)
    return net.eval().requires_grad_(False)


@pytest.mark.parametrize("name", generators.names())
def test_every_generator_draws_the_same_images_from_its_file(name: str, tmp_path: Path) -> None:
    for number, member in enumerate(variants(narrow(generators.get(name).cls()))):
        size, channels, conditional = ((28, 1, True), (32, 3, False))[number % 2] if number else (64, 1, True)
        shape, class_count = ImageShape(channels, size), len(CLASSES) if conditional else 0
        if member.problems(shape):
            continue
        config = replace(SMALL, generator=member, size=size, conditional=conditional)
        net = trained(config, shape, class_count)
        save_file({k: v.contiguous() for k, v in net.state_dict().items()}, tmp_path / "g.safetensors")
        script = alive(sample_script(config, run="r", channels=channels, classes=CLASSES))
        generator = script.load_generator(tmp_path / "g.safetensors")
        z = torch.randn(300, config.latent.dim, generator=torch.Generator().manual_seed(number))[:7]
        labels = torch.arange(7) % class_count if class_count else None
        ours = script.draw(generator, z, labels) if class_count else script.draw(generator, z)
        np.testing.assert_allclose(ours, net(z, labels), atol=1e-5)


def test_it_runs_alone_on_given_latents_and_writes_pictures_and_arrays(tmp_path: Path) -> None:
    config = replace(SMALL, conditional=True)
    net = trained(config, ImageShape(1, 28), 4)
    save_file(dict(net.state_dict()), tmp_path / "mine.safetensors", {"format": "pt", "run": "r"})
    text = sample_script(config, run="r", channels=1, classes=CLASSES, weights="mine.safetensors")
    assert "gan_core" not in text
    (tmp_path / "sample.py").write_text(text)
    z = torch.randn(5, config.latent.dim, generator=torch.Generator().manual_seed(8))
    np.savez(tmp_path / "latents.npz", z=z.numpy(), labels=np.array([3, 0, 0, 1, 2]))
    run_alone(tmp_path / "sample.py", "--latents", "latents.npz", "--out", "ours.npz")
    wanted = (net(z, torch.tensor([3, 0, 0, 1, 2])).numpy() + 1) * 127.5
    ours = np.load(tmp_path / "ours.npz")["images"][..., 0]
    assert np.abs(ours - wanted[:, 0]).max() <= 0.51
    run_alone(tmp_path / "sample.py", "--count", "4", "--seed", "2", "--label", "1", "--out", "ours.png")
    first = torch.randn(256, config.latent.dim, generator=torch.Generator().manual_seed(2))[:4]
    drawn = np.rint((net(first, torch.ones(4).long()).numpy() + 1) * 127.5)
    with Image.open(tmp_path / "ours.png") as picture:
        assert picture.size == (2 * 28 * 3, 2 * 28 * 3)
        shown = np.asarray(picture)[::3, ::3].astype(int)
    assert np.abs(shown[28:, :28] - drawn[2, 0]).max() <= 1


def test_points_and_uniform_latents_are_those_of_draw_samples(tmp_path: Path) -> None:
    config = replace(SMALL, data=Ring(), generator=MlpGenerator(hidden="8"), discriminator=MlpDiscriminator())
    config = replace_at(config, "latent.distribution", "uniform")
    net = trained(config, ImageShape(2, 1), 0)
    save_file(dict(net.state_dict()), tmp_path / "g.safetensors")
    script = alive(sample_script(config, run="r", channels=2))
    z = script.random_latents(600, 5)
    ours = script.draw(script.load_generator(tmp_path / "g.safetensors"), z).reshape(-1, 2)
    theirs = draw_samples(net, config.latent, class_count=0, count=600, seed=5)["points"]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    script.save_samples(tmp_path / "points.png", ours, 1)
    with Image.open(tmp_path / "points.png") as picture:
        assert picture.size == (480, 480)

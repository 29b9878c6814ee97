"""A run's generator for other programs, at its newest sound checkpoint."""

from __future__ import annotations

from gan_core.export import generator_file, generator_step, load_generator, onnx_file
from gan_core.nets.base import GeneratorNet
from gan_core.runs.manager import RunManager
from gan_core.runs.storage.data_identity import content_of_run


def generator_net(manager: RunManager, run: str) -> GeneratorNet:
    """Ready to draw samples. Raises UnknownRun, or ValueError where there is no checkpoint."""
    config, manifest = manager.config(run), manager.manifest(run)
    class_count = len(manifest.classes) if config.conditional else 0
    return load_generator(
        manager.checkpoint_generator(run), config, channels=manifest.channels, class_count=class_count
    )


def safetensors_bytes(manager: RunManager, run: str) -> bytes:
    """Weights with all that is needed to build the network. Raises as `generator_net`."""
    path, manifest = manager.checkpoint_generator(run), manager.manifest(run)
    return generator_file(
        path, run=run, step=generator_step(path), config=manager.view(run).config, channels=manifest.channels,
        classes=manifest.classes, trained_on=content_of_run(manifest, manager.config(run)),
    )  # fmt: skip


def onnx_bytes(manager: RunManager, run: str) -> bytes:
    """The network as an ONNX graph. Raises as `generator_net`."""
    config, manifest, path = manager.config(run), manager.manifest(run), manager.checkpoint_generator(run)
    classes = manifest.classes if config.conditional else ()
    return onnx_file(
        generator_net(manager, run), latent_dim=config.latent.dim, class_count=len(classes), run=run,
        step=generator_step(path), config=manager.view(run).config, classes=classes,
    )  # fmt: skip

"""`sample` and `export`: what a run gives away, as files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from gan_core.cli.errors import CommandError
from gan_core.cli.show import open_manager, run_named
from gan_core.config.files import open_handle, output_path, write_output
from gan_core.export import discriminator_file, draw_samples, grid_png, metrics_csv, training_gif, write_npz
from gan_core.export.scripts import needs_data, sample_script, train_script, training_data
from gan_core.runs import RunManager
from gan_core.runs.handed_out import generator_net, onnx_bytes, safetensors_bytes
from gan_core.runs.pictures import run_pictures

PLANE_PIXELS = 240  # a side of a picture of points, for each unit of --scale


def sample(arguments: argparse.Namespace) -> int:
    """Samples of a run's averaged generator, the same for the same seed."""
    out = writable(arguments.out)
    manager = open_manager(arguments)
    run = run_named(manager, arguments.run)
    config, about = manager.config(run), manager.about(run)
    class_count = len(about.classes) if config.conditional else 0
    net = generator_net(manager, run)
    arrays = draw_samples(net, config.latent, class_count=class_count, count=arguments.count, seed=arguments.seed)
    with output_path(out) as temporary:
        write_npz(temporary, arrays)
    shapes = ", ".join(f"{name} {array.dtype}{list(array.shape)}" for name, array in arrays.items())
    say(out, f"{out}: {shapes}.")
    return 0


def export(arguments: argparse.Namespace) -> int:
    """One file of a run."""
    if arguments.to == "tensorboard":
        return _tensorboard(arguments)
    out = writable(arguments.out)
    manager = open_manager(arguments)
    run = run_named(manager, arguments.run)
    data = EXPORTERS[arguments.to](manager, run, arguments.scale)
    write_output(out, data)
    say(out, f"{out}: {len(data):,} bytes.")
    if arguments.to == "train-script" and needs_data(manager.config(run)):
        config = manager.config_on_data(run)
        beside = out.with_suffix(".npz")
        with output_path(beside) as temporary:
            write_npz(temporary, training_data(config, manager.data_dir))
        print(f"{beside}: the images that it learns from; name it with --data.")
    return 0


def _tensorboard(arguments: argparse.Namespace) -> int:
    """Of one run into a folder that takes many."""
    from gan_core.runs.logged import log_run  # its packages take a while, which no other command should wait for

    if arguments.out.exists() and not arguments.out.is_dir():
        raise CommandError(f"--out is {arguments.out}, which is a file; TensorBoard reads folders: name one.")
    manager = open_manager(arguments)
    path = log_run(manager, run_named(manager, arguments.run), arguments.out)
    print(f"{path}: {path.stat().st_size:,} bytes. Look at it with: tensorboard --logdir {arguments.out}")
    return 0


def _discriminator(manager: RunManager, run: str, scale: int) -> bytes:
    (step, weights), about = manager.checkpoint_discriminator(run), manager.about(run)
    return discriminator_file(
        weights, run=run, step=step, config=manager.view(run).config, channels=about.channels, classes=about.classes
    )


def _train_script(manager: RunManager, run: str, scale: int) -> bytes:
    about, changes = manager.about(run), len(manager.changes(run))
    return train_script(
        manager.config(run), run=run, channels=about.channels, classes=about.classes, live_changes=changes
    ).encode()


def _sample_script(manager: RunManager, run: str, scale: int) -> bytes:
    about = manager.about(run)
    return sample_script(manager.config(run), run=run, channels=about.channels, classes=about.classes).encode()


def _png(manager: RunManager, run: str, scale: int) -> bytes:
    step, images = _grids(manager, run)[-1]
    words = {"Software": "GANscope", "run": run, "step": str(step), "images": str(images)}
    picture = run_pictures(manager, run, PLANE_PIXELS * scale)(step)
    return grid_png(picture, scale=_enlargement(manager, run, scale), words=words)


def _gif(manager: RunManager, run: str, scale: int) -> bytes:
    steps = [step for step, _ in _grids(manager, run)]
    picture = run_pictures(manager, run, PLANE_PIXELS * scale)
    return training_gif(len(steps), lambda i: picture(steps[i]), scale=_enlargement(manager, run, scale))


def _enlargement(manager: RunManager, run: str, scale: int) -> int:
    """Points are drawn in the size that is asked for; the pixels of images are enlarged."""
    return scale if manager.stage(run) is None else 1


def _csv(manager: RunManager, run: str, scale: int) -> bytes:
    return metrics_csv(manager.records(run))


def _grids(manager: RunManager, run: str) -> list[tuple[int, int]]:
    grids = manager.grids(run)
    if not grids:
        raise CommandError(f"{run} has no sample grid yet; train it until the first one is there.")
    return grids


EXPORTERS: dict[str, Callable[[RunManager, str, int], bytes]] = {
    "safetensors": lambda manager, run, _scale: safetensors_bytes(manager, run),
    "discriminator": _discriminator,
    "onnx": lambda manager, run, _scale: onnx_bytes(manager, run),
    "train-script": _train_script,
    "sample-script": _sample_script,
    "png": _png,
    "gif": _gif,
    "csv": _csv,
}
"""To a single file; `_tensorboard` writes a folder."""


def say(out: Path, words: str) -> None:
    """What was written, on standard output, unless that is where it was written to."""
    print(words, file=sys.stderr if open_handle(out) == 1 else sys.stdout)


def writable(path: Path) -> Path:
    """`path`, if a file may be made there; said before the work is done, not after."""
    if not path.parent.is_dir():
        raise CommandError(f"--out is {path}, but there is no folder {path.parent}; make it, or name another place.")
    if path.is_dir():
        raise CommandError(f"--out is {path}, which is a folder; it must be the name of a file.")
    return path

"""`sample` and `export`: what a run gives away, as files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from gan_core.cli.show import open_manager, run_named
from gan_core.cli.terminal.errors import CommandError
from gan_core.config.files import open_handle, output_path, write_atomically, write_output
from gan_core.export import (
    discriminator_file,
    draw_samples,
    grid_png,
    metrics_csv,
    sheet_png,
    single_name,
    single_pngs,
    training_gif,
    write_npz,
)
from gan_core.export.scripts import data_bytes, sample_files, train_files, zipped
from gan_core.runs import RunManager
from gan_core.runs.catalog.handed_out import generator_net, onnx_bytes, safetensors_bytes
from gan_core.runs.storage.pictures import run_pictures

MOST_ON_SHEET = 100  # samples on the sheet that lies beside their arrays
MOST_DATA_BYTES = 1_000_000_000  # of images, as they are in memory, that are written beside a training script
PLANE_PIXELS = 240  # a side of a picture of points, for each unit of --scale


def sample(arguments: argparse.Namespace) -> int:
    """Samples of a run's averaged generator, the same for the same seed: arrays and a sheet, or single pictures."""
    if arguments.to == "png":
        return _singles(arguments)
    if arguments.out.suffix.lower() in (".png", ".jpg", ".jpeg", ".gif", ".webp"):
        raise CommandError(
            f"--out is {arguments.out}, but samples are arrays in an .npz, with a sheet of pictures beside it; "
            "name such a file, or take single pictures in a folder by --to png."
        )
    out = writable(arguments.out)
    manager = open_manager(arguments)
    run = run_named(manager, arguments.run)
    config, manifest = manager.config(run), manager.manifest(run)
    class_count = len(manifest.classes) if config.conditional else 0
    net = generator_net(manager, run)
    arrays = draw_samples(net, config.latent, class_count=class_count, count=arguments.count, seed=arguments.seed)
    with output_path(out) as temporary:
        write_npz(temporary, arrays)
    shapes = ", ".join(f"{name} {array.dtype}{list(array.shape)}" for name, array in arrays.items())
    say(out, f"{out}: {shapes}.")
    if out.suffix == ".npz" and "images" in arrays:
        sheet = out.with_name(f"{out.stem}-sheet.png")
        first = arrays["images"][:MOST_ON_SHEET]
        write_atomically(sheet, sheet_png(first, words={"run": run, "seed": str(arguments.seed)}))
        print(f"{sheet}: {'the first ' if len(first) < arguments.count else ''}{len(first)} of them side by side.")
    return 0


def _singles(arguments: argparse.Namespace) -> int:
    """A folder of single pictures, each of a seed of its own and named by it."""
    out: Path = arguments.out
    if out.exists() and not out.is_dir():
        raise CommandError(f"--out is {out}, which is not a folder; single pictures go into one: name a new one.")
    if not out.parent.is_dir():
        raise CommandError(f"--out is {out}, but there is no folder {out.parent}; make it, or name another place.")
    manager = open_manager(arguments)
    run = run_named(manager, arguments.run)
    config, manifest = manager.config(run), manager.manifest(run)
    if manifest.channels == 2:
        raise CommandError(f"{run} makes points in the plane, which are no single pictures; write them to an .npz.")
    class_count = len(manifest.classes) if config.conditional else 0
    out.mkdir(exist_ok=True)
    seeds = range(arguments.seed, arguments.seed + arguments.count)
    for name, png in single_pngs(
        generator_net(manager, run), config.latent, class_count=class_count, seeds=seeds, words={"run": run}
    ):
        write_atomically(out / name, png)
    print(f"{out}: {arguments.count} pictures, {single_name(seeds[0])} to {single_name(seeds[-1])}.")
    return 0


def export(arguments: argparse.Namespace) -> int:
    """One file of a run."""
    if arguments.to == "tensorboard":
        return _tensorboard(arguments)
    if arguments.to in SCRIPTS:
        return _script(arguments)
    out = writable(arguments.out)
    manager = open_manager(arguments)
    run = run_named(manager, arguments.run)
    data = EXPORTERS[arguments.to](manager, run, arguments.scale)
    write_output(out, data)
    say(out, f"{out}: {len(data):,} bytes.")
    return 0


def _script(arguments: argparse.Namespace) -> int:
    """A script and what it needs beside it: as one zip, into a folder, or under the script's own name."""
    out: Path = arguments.out
    usual, make = SCRIPTS[arguments.to]
    if out.suffix.lower() == ".zip" or out.is_dir():
        name = usual
    else:
        name = writable(out).name
        if out.exists() and not out.is_file():
            raise CommandError(
                f"--out is {out}, but a script comes with a file beside it; name a plain file, a folder or a .zip."
            )
        if out.suffix.lower() in (".npz", ".safetensors"):
            raise CommandError(f"--out is {out}, which is no name for a script; name it {out.stem}.py, or a .zip.")
    if out.suffix.lower() == ".zip":
        writable(out)
    manager = open_manager(arguments)
    files = make(manager, run_named(manager, arguments.run), name)
    if out.suffix.lower() == ".zip":
        files = {out.name: zipped(files)}
    folder = out if out.is_dir() else out.parent
    for file, data in files.items():
        write_output(folder / file, data)
        say(folder / file, f"{folder / file}: {len(data):,} bytes.")
    return 0


def _tensorboard(arguments: argparse.Namespace) -> int:
    """Of one run into a folder that takes many."""
    from gan_core.runs.catalog.tensorboard_log import (
        log_run,  # its packages take a while, which no other command should wait for
    )

    if arguments.out.exists() and not arguments.out.is_dir():
        raise CommandError(f"--out is {arguments.out}, which is a file; TensorBoard reads folders: name one.")
    manager = open_manager(arguments)
    path = log_run(manager, run_named(manager, arguments.run), arguments.out)
    print(f"{path}: {path.stat().st_size:,} bytes. Look at it with: tensorboard --logdir {arguments.out}")
    return 0


def _discriminator(manager: RunManager, run: str, scale: int) -> bytes:
    (step, weights), manifest = manager.checkpoint_discriminator(run), manager.manifest(run)
    return discriminator_file(
        weights,
        run=run,
        step=step,
        config=manager.view(run).config,
        channels=manifest.channels,
        classes=manifest.classes,
    )


def _train_script(manager: RunManager, run: str, name: str) -> dict[str, bytes]:
    manifest, changes, config = manager.manifest(run), len(manager.changes(run)), manager.config(run)
    if data_bytes(config, manager.data_dir, MOST_DATA_BYTES):
        config = manager.config_on_data(run)
    return train_files(
        config, manager.data_dir, run=run, channels=manifest.channels, classes=manifest.classes,
        live_changes=changes, name=name, most=MOST_DATA_BYTES,
    )  # fmt: skip


def _sample_script(manager: RunManager, run: str, name: str) -> dict[str, bytes]:
    manifest = manager.manifest(run)
    beside = "generator.safetensors" if name == "sample.py" else str(Path(name).with_suffix(".safetensors"))
    return sample_files(
        manager.config(run), safetensors_bytes(manager, run), run=run, channels=manifest.channels,
        classes=manifest.classes, name=name, beside=beside,
    )  # fmt: skip


_NO_GRID = "has no sample grid that can be shown; train it until there is one."


def _png(manager: RunManager, run: str, scale: int) -> bytes:
    newest, _ = manager.newest_grid(run)
    if newest is None:
        raise CommandError(f"{run} {_NO_GRID}")
    words = {"Software": "GANscope", "run": run, "step": str(newest.step), "images": str(newest.images)}
    picture = run_pictures(manager, run, PLANE_PIXELS * scale)(newest.step)
    return grid_png(picture, scale=_enlargement(manager, run, scale), words=words)


def _gif(manager: RunManager, run: str, scale: int) -> bytes:
    steps = manager.whole_grids(run)
    if not steps:
        raise CommandError(f"{run} {_NO_GRID}")
    picture = run_pictures(manager, run, PLANE_PIXELS * scale)
    return training_gif(len(steps), lambda i: picture(steps[i]), scale=_enlargement(manager, run, scale))


def _enlargement(manager: RunManager, run: str, scale: int) -> int:
    """Points are drawn in the size that is asked for; the pixels of images are enlarged."""
    return scale if manager.stage(run) is None else 1


def _csv(manager: RunManager, run: str, scale: int) -> bytes:
    return metrics_csv(manager.records(run))


EXPORTERS: dict[str, Callable[[RunManager, str, int], bytes]] = {
    "safetensors": lambda manager, run, _scale: safetensors_bytes(manager, run),
    "discriminator": _discriminator,
    "onnx": lambda manager, run, _scale: onnx_bytes(manager, run),
    "png": _png,
    "gif": _gif,
    "csv": _csv,
}
"""To a single file; `_tensorboard` writes a folder, and `SCRIPTS` come with what they need."""

SCRIPTS: dict[str, tuple[str, Callable[[RunManager, str, str], dict[str, bytes]]]] = {
    "train-script": ("train.py", _train_script),
    "sample-script": ("sample.py", _sample_script),
}
"""What a script is called where nobody says otherwise, and what makes it and the files beside it under a name."""


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

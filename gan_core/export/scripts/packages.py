"""Scripts with the files that they need, as they are given away: one Python file, or a zip where it needs others."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

from gan_core.export.samples import write_npz
from gan_core.export.scripts.sample import sample_script
from gan_core.export.scripts.train import train_script
from gan_core.export.scripts.train_data import data_size, is_drawn, training_data
from gan_core.training import RunConfig

MOST_DATA_BYTES = 60_000_000  # of images, as they are in memory, that come along with a training script by themselves
_SAMPLE_BYTES = 2_000_000
_QUICK = 1  # zlib's level: a tenth larger than the tightest, in a third of the time


def sample_files(
    config: RunConfig, weights: bytes, *, run: str, channels: int, classes: tuple[str, ...] = (),
    name: str = "sample.py", beside: str = "generator.safetensors",
) -> dict[str, bytes]:  # fmt: skip
    """The script under its name, and the `weights` that it draws from under theirs (`beside`)."""
    script = sample_script(config, run=run, channels=channels, classes=classes, name=name, weights=beside)
    return {name: script.encode(), beside: weights}


def sample_package(
    config: RunConfig, weights: bytes, *, run: str, channels: int, classes: tuple[str, ...] = ()
) -> bytes:
    """A zip with sample.py and generator.safetensors, which are the `weights`."""
    return zipped(sample_files(config, weights, run=run, channels=channels, classes=classes))


def data_bytes(config: RunConfig, data_dir: Path, most: int = MOST_DATA_BYTES) -> int:
    """How large the images are, as they are in memory, that come along with a run's training script.

    0: none do, as the script draws them, they are not here, or there are more bytes than `most`.
    """
    about = config.data.info(data_dir)
    size = 0 if is_drawn(config) else about.count * about.channels * data_size(config, data_dir) ** 2
    return size if not about.needs_download and size <= most else 0


def train_files(
    config: RunConfig, data_dir: Path, *, run: str, channels: int, classes: tuple[str, ...] = (),
    live_changes: int = 0, name: str = "train.py", most: int = MOST_DATA_BYTES,
) -> dict[str, bytes]:  # fmt: skip
    """The script under its name, and beside it an .npz of that name with the images, where those come along.

    Raises DataUnavailable.
    """
    along = bool(data_bytes(config, data_dir, most))
    script = train_script(
        config, run=run, channels=channels, classes=classes, live_changes=live_changes, name=name, with_data=along
    )
    files = {name: script.encode()}
    return {**files, str(Path(name).with_suffix(".npz")): npz(training_data(config, data_dir))} if along else files


def train_package(
    config: RunConfig,
    data_dir: Path,
    *,
    run: str,
    channels: int,
    classes: tuple[str, ...] = (),
    live_changes: int = 0,
) -> tuple[str, bytes]:
    """The suffix (.py, or .zip with the images in it) and the file. Raises DataUnavailable."""
    files = train_files(config, data_dir, run=run, channels=channels, classes=classes, live_changes=live_changes)
    return (".zip", zipped(files)) if len(files) > 1 else (".py", files["train.py"])


def about_bytes(config: RunConfig, data_dir: Path, script: int) -> int:
    """How large `train_package` will be, within some percent, where the script has so many bytes: packing a few of
    the images tells how well all pack.

    Raises DataUnavailable.
    """
    if not data_bytes(config, data_dir):
        return script
    images = training_data(config, data_dir)["images"]
    some = images[:: max(1, images.nbytes // _SAMPLE_BYTES)]
    return round(len(zlib.compress(some.tobytes(), _QUICK)) / some.nbytes * images.nbytes) + script // 3


def npz(arrays: dict[str, Any]) -> bytes:
    """The bytes of an .npz file, the same for the same arrays; packed quickly rather than tightly."""
    out = io.BytesIO()
    write_npz(out, arrays, level=_QUICK)
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    """The bytes of a zip, the same for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            packs = Path(name).suffix not in (".npz", ".safetensors")
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED if packs else zipfile.ZIP_STORED)
    return out.getvalue()

"""Scripts with the files that they need, as they are given away: one Python file, or a zip where it needs others."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from gan_core.export.samples import write_npz
from gan_core.export.scripts.sample import sample_script
from gan_core.export.scripts.train import needs_data, train_script, training_data
from gan_core.training import RunConfig

MOST_DATA_BYTES = 60_000_000  # of images that come along with a training script


def sample_package(
    config: RunConfig, weights: bytes, *, run: str, channels: int, classes: tuple[str, ...] = ()
) -> bytes:
    """A zip with sample.py and generator.safetensors, which are the `weights`."""
    script = sample_script(config, run=run, channels=channels, classes=classes)
    return zipped({"sample.py": script.encode(), "generator.safetensors": weights})


def data_bytes(config: RunConfig, data_dir: Path) -> int:
    """How large the images are that come along with a run's training script; 0: none do."""
    about = config.data.info(data_dir)
    size = about.count * about.channels * config.size**2
    return size if needs_data(config) and not about.needs_download and size <= MOST_DATA_BYTES else 0


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
    script = train_script(config, run=run, channels=channels, classes=classes, live_changes=live_changes).encode()
    if not data_bytes(config, data_dir):
        return ".py", script
    return ".zip", zipped({"train.py": script, "train.npz": npz(training_data(config, data_dir))})


def npz(arrays: dict[str, Any]) -> bytes:
    """The bytes of an .npz file, the same for the same arrays."""
    out = io.BytesIO()
    write_npz(out, arrays)
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    """The bytes of a zip, the same for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()

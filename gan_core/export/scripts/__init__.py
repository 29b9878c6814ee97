"""A run as Python files that need nothing of this program: one trains it again, one draws samples from it.

Templates (`*.jinja`) say what a training step, a dataset's loading and a picture are. `networks` prints a run's
layers as they were built, or takes this package's classes; `source` takes a loss, penalty, augmentation, schedule or
dataset as it is written here, with its options put in; `writing` adds imports and settings.
"""

from gan_core.export.scripts.packages import (
    about_bytes,
    data_bytes,
    npz,
    sample_files,
    sample_package,
    train_files,
    train_package,
    zipped,
)
from gan_core.export.scripts.sample import sample_script
from gan_core.export.scripts.train import train_script
from gan_core.export.scripts.train_data import training_data

__all__ = [
    "about_bytes",
    "data_bytes",
    "npz",
    "sample_files",
    "sample_package",
    "sample_script",
    "train_files",
    "train_package",
    "train_script",
    "training_data",
    "zipped",
]

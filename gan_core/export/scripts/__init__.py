"""A run as Python files that need nothing of this program: one trains it again, one draws samples from it.

They are made of this package's own source, so that they cannot differ from it: `values` and `fold` work out what is
known of a run, `definitions` and `bundle` gather what a script needs, `writing` puts it down. `loop`, `look`, `data`
and `pictures` are what is only in scripts.
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
from gan_core.export.scripts.train import train_script, training_data

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

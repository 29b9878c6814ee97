"""What a run gives away: pictures, films, tables, generators and samples, in formats that other programs read.

Nothing here knows of runs: arrays, files and encoded images come in, bytes and arrays go out.
"""

from gan_core.export.csv_file import metrics_csv
from gan_core.export.generator_file import (
    discriminator_file,
    generator_file,
    generator_step,
    weights_file,
    weights_sha256,
)
from gan_core.export.gif import training_gif
from gan_core.export.onnx_file import onnx_file
from gan_core.export.plane import scene_png
from gan_core.export.png import grid_png
from gan_core.export.samples import draw_samples, load_generator, write_npz
from gan_core.export.singles import sheet_png, single_name, single_pngs

__all__ = [
    "discriminator_file",
    "draw_samples",
    "generator_file",
    "generator_step",
    "grid_png",
    "load_generator",
    "metrics_csv",
    "onnx_file",
    "scene_png",
    "sheet_png",
    "single_name",
    "single_pngs",
    "training_gif",
    "weights_file",
    "weights_sha256",
    "write_npz",
]

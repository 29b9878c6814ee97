"""What a run gives away: pictures, films, tables and generators, as bytes that other programs read.

Nothing here knows of runs or folders: arrays and encoded images come in, bytes go out.
"""

from gan_core.export.csv_file import metrics_csv
from gan_core.export.generator_file import generator_file, weights_sha256
from gan_core.export.gif import training_gif
from gan_core.export.png import grid_png

__all__ = ["generator_file", "grid_png", "metrics_csv", "training_gif", "weights_sha256"]

"""Draws the small pictures of the datasets that come along: `python assets/thumbnails/make_thumbnails.py`.

Points are blue on nothing, so that they suit light and dark pages; of pictures the first nine are shown.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from gan_core.config.places import data_dir  # noqa: E402
from gan_core.data import datasets  # noqa: E402
from pages.server.atlas import Previews, atlas_png  # noqa: E402
from pages.server.preview import portrait_key, shows_points  # noqa: E402

ACROSS, PIXELS, POINTS_PIXELS = 3, 28, 128


def main() -> None:
    previews = Previews()
    for entry in datasets:
        dataset = entry.cls()
        if entry.name in ("images", "drawn") or dataset.info(data_dir()).needs_download:
            continue
        if shows_points(dataset):
            png = previews.get(portrait_key(previews, dataset, POINTS_PIXELS))
        else:
            images = dataset.load(PIXELS, data_dir()).images[: ACROSS * ACROSS].numpy()
            png = atlas_png(images, ACROSS, ACROSS)
        (HERE / f"{entry.name}.png").write_bytes(png)


if __name__ == "__main__":
    main()

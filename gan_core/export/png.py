"""A sample grid as a PNG that can be put on a slide."""

from __future__ import annotations

import io
from collections.abc import Mapping

from PIL import Image
from PIL.PngImagePlugin import PngInfo


def grid_png(atlas: bytes, *, scale: int = 1, words: Mapping[str, str] | None = None) -> bytes:
    """The atlas (an encoded image) as PNG, every pixel drawn as `scale` x `scale` (1 to 16) sharp ones.

    words: what is written into the file beside the picture (run, step...), readable by any image program.
    """
    if not 1 <= scale <= 16:
        raise ValueError(f"scale is {scale}; it must be a whole number from 1 to 16.")
    info = PngInfo()
    for key, value in (words or {}).items():
        info.add_itxt(key, value)
    out = io.BytesIO()
    with Image.open(io.BytesIO(atlas)) as image:
        large = image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
        large.save(out, "PNG", pnginfo=info)
    return out.getvalue()

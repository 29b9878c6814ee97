"""What a canvas shows."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image
from playwright.sync_api import Locator

ROUNDING = 1  # of 255: a picture that is drawn among others may differ by so much from the same one drawn alone


def levels(canvas: Locator, mode: str = "RGB") -> np.ndarray:
    """Its pixels from 0 to 255, [H, W, 3], or as many as the mode has."""
    url = canvas.evaluate("c => c.toDataURL('image/png')")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert(mode)).astype(int)


def same_picture(first: np.ndarray, second: np.ndarray, most: int = ROUNDING) -> bool:
    """Whether they are the same but for rounding."""
    return first.shape == second.shape and bool(np.abs(first - second).max() <= most)

"""What both scripts do with files: written here once, and copied into the scripts that need it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

POINTS = False
EXTENT = (-1.0, 1.0, -1.0, 1.0)
ENLARGED = 3  # pixels of the file for each of an image
PLANE_PIXELS = 480

DTYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64, "U8": torch.uint8, "BOOL": torch.bool}


def to_pixels(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Images [N, C, H, W] from -1 to 1 -> bytes [N, H, W, C]."""
    return np.rint((images.transpose(0, 2, 3, 1) + 1.0) * 127.5).clip(0, 255).astype(np.uint8)


def save_samples(path: Path, samples: np.ndarray[Any, Any], columns: int) -> None:
    """Images side by side, `columns` in a row, or points in the plane, as a PNG file."""
    if POINTS:
        x0, x1, y0, y1 = EXTENT
        picture = Image.new("RGB", (PLANE_PIXELS, PLANE_PIXELS), "white")
        pen = ImageDraw.Draw(picture)
        for x, y in (samples.reshape(-1, 2) - (x0, y1)) / (x1 - x0, y0 - y1) * PLANE_PIXELS:
            pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=(230, 159, 0))
        picture.save(path)
        return
    pixels = to_pixels(samples)
    n, height, width, channels = pixels.shape
    blank = np.zeros((-n % columns, height, width, channels), np.uint8)
    rows = np.concatenate([pixels, blank]).reshape(-1, columns, height, width, channels)
    grid = rows.transpose(0, 2, 1, 3, 4).reshape(-1, columns * width, channels)
    large = grid.repeat(ENLARGED, 0).repeat(ENLARGED, 1)
    Image.fromarray(large[..., 0] if channels == 1 else large).save(path)


def write_safetensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Weights in the safetensors format: the length of a header, the header in JSON, then all numbers in a row."""
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    names = {dtype: name for name, dtype in DTYPES.items()}
    for name, tensor in tensors.items():
        parts.append(tensor.detach().cpu().contiguous().numpy().tobytes())
        header[name] = {
            "dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(parts[-1])]
        }  # fmt: skip
        at += len(parts[-1])
    words = json.dumps(header).encode()
    words += b" " * (-len(words) % 8)
    path.write_bytes(len(words).to_bytes(8, "little") + words + b"".join(parts))


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """The weights in a safetensors file, by name."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors: dict[str, Tensor] = {}
    for name, about in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = about["data_offsets"]
            numbers = bytearray(data[start + begin : start + end])
            dtype = DTYPES[about["dtype"]]
            tensor = torch.frombuffer(numbers, dtype=dtype) if numbers else torch.empty(0, dtype=dtype)
            tensors[name] = tensor.reshape(about["shape"])
    return tensors

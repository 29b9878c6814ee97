"""The code that the start page shows runs as it stands."""

from __future__ import annotations

from pathlib import Path

import torch

LESSON = Path(__file__).parents[2] / "assets" / "lessons" / "first_gan.py"


def test_the_forty_lines_train() -> None:
    source = LESSON.read_text("utf-8")
    assert len(source.splitlines()) <= 40
    torch.manual_seed(0)
    images = torch.full((500, 784), -1.0)
    names = {
        "load_images": lambda: images,
    }
    exec(compile(source, LESSON.name, "exec"), names)
    made = names["generator"](torch.randn(50, 100))  # type: ignore[operator]
    assert made.mean() < -0.05, "it has begun to paint everything black, as its data is"

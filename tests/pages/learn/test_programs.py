"""The programs that a lesson shows run as they stand, and learn."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pages.learn.blocks import ASSETS, code_of
from pages.learn.content import lessons

LESSONS = ASSETS / "lessons"
ROOT = ASSETS.parent
BLACK = "import numpy as np\nload_images = lambda: np.full((500, 784), -1.0, np.float32)\n"
SEEN = "\nassert generator.predict_on_batch(np.random.normal(0, 1, (200, 100))).mean() < -0.005\n"


def test_the_forty_lines_of_pytorch_train() -> None:
    source = (LESSONS / "first_gan.py").read_text("utf-8")
    assert len(source.splitlines()) <= 40
    torch.manual_seed(0)
    images = torch.full((500, 784), -1.0)
    names = {"load_images": lambda: images}
    exec(compile(source, "first_gan.py", "exec"), names)
    made = names["generator"](torch.randn(50, 100))  # type: ignore[operator]
    assert made.mean() < -0.05, "it has begun to paint everything black, as its data is"


@pytest.mark.long  # the same in torch: above; Keras trains: tests/export/test_keras_script.py
def test_the_mended_lines_of_keras_train(tmp_path: Path) -> None:
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras is not installed: requirements-dev.txt names it")
    source = (LESSONS / "first_gan_keras.py").read_text("utf-8")
    shorter = source.replace("range(100)", "range(20)", 1)
    assert shorter != source
    (tmp_path / "program.py").write_text(BLACK + shorter + SEEN)
    environment = {**os.environ, "KERAS_BACKEND": "torch", "KERAS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def test_every_line_to_mend_is_python_once_it_is_mended() -> None:
    for lesson in lessons("en"):
        for block in lesson.of_kind("code"):
            compile(code_of(block, mended=True), block.id, "exec")


def test_every_program_beside_the_lessons_is_shown_in_one() -> None:
    shown = {b.keys["file"] for one in lessons("en") for b in one.of_kind("code") if "file" in b.keys}
    assert shown == {path.name for path in LESSONS.glob("*.py")}

"""Makes the library of a compiled step, in a process of its own.

    python -m gan_core.training.make_library FILE < recipe.json

What it is given is `order(...)`; it writes FILE, or exits with a status other than 0.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from gan_core.config.codec import from_dict, to_dict
from gan_core.training.compiled_step import Recipe, compile_to, recipe
from gan_core.training.run_config import RunConfig

NICER = 5
"""How far it stands back behind the training that goes on meanwhile."""


def order(config: RunConfig, wanted: Recipe) -> str:
    """The recipe as JSON, for another process."""
    shapes = {"g_shapes": wanted.g_shapes, "d_shapes": wanted.d_shapes, "image": wanted.image}
    return json.dumps({"config": to_dict(config), **shapes})


def ordered(text: str) -> Recipe:
    """Raises ValueError where there is no such library."""
    told: dict[str, Any] = json.loads(text)
    g, d = ([torch.empty(shape) for shape in told[name]] for name in ("g_shapes", "d_shapes"))
    found = recipe(from_dict(RunConfig, told["config"]), g, d, tuple(told["image"]))
    if found is None:
        raise ValueError("The step of this configuration cannot be compiled as a whole.")
    return found


def main() -> None:
    os.nice(NICER)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "step.pt2"  # the compiler wants this ending
        compile_to(ordered(sys.stdin.read()), made)
        shutil.copyfile(made, sys.argv[1])


if __name__ == "__main__":
    main()

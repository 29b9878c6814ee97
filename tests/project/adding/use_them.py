"""Everything that was added, used: started in a copy of the tree that holds it, prints one JSON value."""

import contextlib
import io
import json
import runpy
import sys
import unittest.mock
from pathlib import Path

from streamlit.testing.v1 import AppTest

from gan_core.cli.catalogue import catalogue
from gan_core.cli.main import main
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from pages.explore.ops import OPERATIONS
from pages.explore.web.explore import tools
from pages.server.live.operations import OperationContext

FOLDER = Path(sys.argv[1])
PLACES = ["--runs-dir", str(FOLDER / "runs"), "--data-dir", str(FOLDER / "data")]
CHOSEN = {
    "data": "gratings", "loss": "pearson", "penalty": "drift", "augmentation": "flip", "generator": "coordinates",
    "discriminator": "mlp", "data.period": "6", "penalty.weight": "0.01", "generator.width": "8",
    "discriminator.hidden": "16", "batch_size": "4", "record.grid_count": "16", "record.every_steps": "1",
}  # fmt: skip


def said(*words: str) -> str:
    """What a command prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        status = main(words)
    assert status == 0, words
    return out.getvalue()


def panel() -> None:
    from gan_core.training import preset
    from pages.ui.fields.panel import Drawing, draw_fields

    draw_fields(preset("stripes").config, Drawing("here", lambda path, value: None, advanced=True))


def labels_in_panel() -> list[str]:
    drawn = AppTest.from_function(panel, default_timeout=180).run()
    assert not drawn.exception
    return [option for widget in drawn.selectbox for option in widget.options]


def brightness(run: str) -> float:
    manager = RunManager(FOLDER / "runs", FOLDER / "data", device="cpu", threads=1)
    context = OperationContext(ModelCatalog(manager))
    asked = {"model": f"run:{run}", "look": {"where": {"seed": 1}}}
    return float(OPERATIONS["brightness"].run(context, asked, []).header["brightness"])


def script_told() -> str:
    """What the exported script prints when it trains for two steps."""
    words = ["train.py", "--steps", "2", "--every", "1", "--out", str(FOLDER / "by-script")]
    with contextlib.redirect_stdout(io.StringIO()) as out, unittest.mock.patch.object(sys, "argv", words):
        runpy.run_path(str(FOLDER / "train.py"), run_name="__main__")
    return out.getvalue()


sets = [word for name, value in CHOSEN.items() for word in ("--set", f"{name}={value}")]
trained = said("train", *PLACES, "--preset", "stripes", *sets, "--steps", "2", "--threads", "1", "--json")
run = json.loads(trained.splitlines()[-1])["run"]
for what, name in (("safetensors", "generator.safetensors"), ("train-script", "train.py")):
    said("export", run, *PLACES, "--to", what, "--out", str(FOLDER / name))
listed = catalogue()
print(json.dumps({
    "catalogue": {family: list(members) for family, members in listed.items()},
    "panel": labels_in_panel(),
    "trained": json.loads(trained.splitlines()[-1]),
    "config": json.loads((FOLDER / "runs" / run / "config.json").read_text("utf-8")),
    "script_told": script_told(),
    "longest": said("longest", *PLACES),
    "tools": tools("js"),
    "brightness": brightness(run),
}))  # fmt: skip

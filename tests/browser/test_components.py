"""How Streamlit makes, updates and ends the components: in a real Chromium, without the application around them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from pages.ui import components
from pages.ui.components import compare, copy, draw, explore, family, gallery, live, runs_table, sweep
from pages.ui.wire import COLUMNS

FOLDER = Path(components.__file__).parent
BLANK = "http://place.test/"
LIVE: dict[str, Any] = {
    "token": "t", "run": "", "signature": "", "name": "", "probability": True, "threshold": None, "epoch_images": 1,
    "class_names": [], "preview": None, "missing": "Nothing is here.", "projector": False, "plotly": "/plotly.js",
    "columns": list(COLUMNS), "can_branch": False, "twin": "",
}  # fmt: skip
OVERLAY = {"token": "t", "runs": [], "signature": "", "projector": False, "columns": list(COLUMNS)}
METRIC = {"name": "fid", "label": "Fréchet distance", "unit": "", "higher": False}
SCENE = {
    "name": "collapse", "points": True, "probability": True, "threshold": None, "button": "Help", "cured": "Cured.",
    "changes": [], "gauge": {"label": "Modes", "about": "", "column": "modes_covered", "unit": ""}, "picture": None,
    "known": None,
}  # fmt: skip
TABLE = {
    "token": "t", "rows": [], "count": 0, "chosen": [], "most": 24, "measures": [], "deleted": [], "last": [],
    "projector": False,
}  # fmt: skip
SWEEP = {
    "token": "t", "sweep": "s", "axes": [], "members": [], "measures": [METRIC], "real": "", "signature": "",
    "projector": False,
}  # fmt: skip
COMPONENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "live/main.js": (live.SCRIPT, LIVE),
    "compare/curves.js": (compare.CURVES, OVERLAY | {"measures": [], "evaluations": {}, "plotly": "/plotly.js"}),
    "compare/samples.js": (compare.SAMPLES, OVERLAY),
    "compare/settings.js": (compare.SETTINGS, {"runs": [], "rows": []}),
    "compare/parallel.js": (
        compare.PARALLEL,
        {"runs": [{"id": "a", "name": "A", "values": {"fid": 3.0}}], "axes": [], "metrics": [METRIC]},
    ),
    "copy.js": (copy.SCRIPT, {"label": "Copy link", "query": {"run": "a"}}),
    "draw.js": (draw.SCRIPT, {"strokes": "", "std": 0.02, "places": 64, "half": 2.0, "most": 4000}),
    "explore/main.js": (explore.SCRIPT, {"token": "t", "projector": False}),
    "family/family.js": (family.SCRIPT, {"families": [], "alone": 1}),
    "gallery/main.js": (
        gallery.SCRIPT,
        {"token": "t", "scene": SCENE, "failing": "", "fixed": "", "projector": False, "columns": list(COLUMNS)},
    ),
    "runs_table/main.js": (runs_table.SCRIPT, TABLE),
    "sweep/sweep.js": (sweep.SCRIPT, SWEEP),
}

# As Streamlit's frontend does it: the first call waits for the module, is overtaken by a second, and cleaned up.
OVERTAKEN = """async ([script, data]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const call = async (place) => (await import(url)).default(
    { data: [data], parentElement: place, setTriggerValue() {}, setStateValue() {} });
  const place = document.createElement("div");
  document.body.append(place);
  const first = call(place), second = call(place);
  const clean = await first, view = place.firstElementChild;
  await second;
  clean();
  const kept = !!view && place.firstElementChild === view;
  place.remove();
  (await second)();
  return { kept, left: place.childElementCount };
}"""


@pytest.fixture
def blank(page: Page) -> Page:
    """An empty page on an address of its own; nothing else answers."""

    def answer(route: Route) -> None:
        if route.request.url == BLANK:
            route.fulfill(body="<!doctype html><body></body>", content_type="text/html")
        else:
            route.abort()

    page.route("**/*", answer)
    page.goto(BLANK)
    return page


def test_every_component_is_tried() -> None:
    found = {
        str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.js") if "export default" in path.read_text("utf-8")
    }
    assert found == set(COMPONENTS)


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_view_outlives_the_clean_up_of_an_overtaken_call(blank: Page, name: str) -> None:
    script, data = COMPONENTS[name]
    json.dumps(data)
    assert blank.evaluate(OVERTAKEN, [script, data]) == {"kept": True, "left": 0}

"""The live view on a page of its own, fed with made-up scenes of points: no server and no training beside it."""

from __future__ import annotations

import base64
import itertools
import json
import math
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from playwright.sync_api import Page, Route

from gan_core.runs.evaluation.plane_constants import Layer
from gan_core.runs.snapshot import Grid
from gan_core.training.observe.scene import Scene, encode_scene
from pages.lab.web.live import STYLES
from pages.server.http.modules import module_path, modules
from pages.server.live import wire
from pages.server.live.heartbeat import BEAT
from pages.ui.web.component import style

POINTS, HEAT, LATTICE, WIDTH = 2000, 64, 21, 64
EXTENT = (-1.6, 1.6, -1.6, 1.6)
THEMES = {"light": ("#fbfaf7", "#1b2733", "#e0ddd4"), "dark": ("#12161c", "#e8e6e1", "#2c343f")}

Floats = np.ndarray[Any, np.dtype[np.float32]]

# Stands where the browser's own WebSocket would: what `feed` is given arrives as a frame. It beats as the server does
# (`pages.server.live.heartbeat`): a channel silent for long is given up, and what is fed until the next one is lost.
_SOCKET = """
window.sockets = [];
window.WebSocket = class {
  constructor(url) { Object.assign(this, { url, readyState: 1 }); window.sockets.push(this); }
  close() {}
};
window.feed = (text) => {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  for (const socket of window.sockets) socket.onmessage?.({ data: bytes.buffer.slice(0) });
};
setInterval(() => window.feed("BEAT"), 2000);
"""
_START = """
import { LiveView } from "./MODULElab/web/main.js";
import { activationOf, unitValues } from "./MODULElab/web/networks/networks_units.js";
import { component } from "./MODULEui/web/mounting.js";
import { readScene } from "./MODULEui/web/plane/stage_scene.js";
const mount = component((parent) => (window.view = new LiveView(parent)));
window.parts = { readScene, unitValues, activationOf };
const parent = document.querySelector("#here");
window.told = [];
window.data = DATA;
const setTriggerValue = (...words) => window.told.push(words);
window.draw = (changes = {}) =>
  mount({ data: [Object.assign(window.data, changes)], parentElement: parent, setTriggerValue });
window.draw();
"""


@dataclass(frozen=True)
class Dense:
    """Dense layers with tanh between them; the last is linear. weights [out, in] and biases [out]."""

    weights: list[Floats]
    biases: list[Floats]

    def __call__(self, x: Floats) -> list[Floats]:
        """What every layer gives for [N, in]."""
        found = []
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = x @ weight.T + bias
            x = np.tanh(x) if i < len(self.weights) - 1 else x
            found.append(x)
        return found


def dense(sizes: tuple[int, ...], seed: int) -> Dense:
    rng = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(sizes))
    weights = [(rng.normal(size=(b, a)) * 1.6 / math.sqrt(a)).astype(np.float32) for a, b in pairs]
    return Dense(weights, [(0.3 * rng.normal(size=b)).astype(np.float32) for _, b in pairs])


def real_points() -> Floats:
    rng = np.random.default_rng(1)
    angle = rng.integers(0, 8, POINTS) * math.pi / 4
    return (np.stack((np.cos(angle), np.sin(angle)), 1) + 0.05 * rng.normal(size=(POINTS, 2))).astype(np.float32)


def latents() -> Floats:
    return np.random.default_rng(2).uniform(-1, 1, (POINTS, 2)).astype(np.float32)


def networks(step: int) -> tuple[Dense, Dense]:
    """Both networks at a step: between two random sets of weights."""
    sizes = ((2, WIDTH, WIDTH, 2), (2, WIDTH, WIDTH, 1))
    t = 0.5 - 0.5 * math.cos(step / 400)
    made = []
    for i, size in enumerate(sizes):
        a, b = dense(size, 10 + i), dense(size, 20 + i)
        made.append(
            Dense(
                [((1 - t) * x + t * y).astype(np.float32) for x, y in zip(a.weights, b.weights, strict=True)],
                [((1 - t) * x + t * y).astype(np.float32) for x, y in zip(a.biases, b.biases, strict=True)],
            )
        )
    return made[0], made[1]


def spread(z: Floats, step: int) -> Floats:
    """From a lump in the middle to a wobbling ring of eight lumps: latents [N, 2] to points."""
    t = 1 - math.exp(-step / 300)
    angle = math.pi * z[:, 0]
    lump = np.round(angle * 4 / math.pi) * math.pi / 4
    bent = angle + t * 0.85 * (lump - angle) + 0.15 * math.sin(step / 90)
    radius = t * (1 + 0.12 * z[:, 1]) + (1 - t) * 0.45 * (0.5 + 0.5 * z[:, 1]) + 0.05 * np.sin(3 * angle + step / 60)
    return np.stack((radius * np.cos(bent), radius * np.sin(bent)), 1).astype(np.float32)


def made_scene(step: int) -> Scene:
    """D's map is its own network's, with the ring of real points in it."""
    g, d = networks(step)
    x0, x1, y0, y1 = EXTENT
    centres = (np.arange(HEAT) + 0.5) / HEAT
    x, y = np.meshgrid(x0 + centres * (x1 - x0), y0 + centres * (y1 - y0))

    def score(points: Floats) -> Floats:
        ring = 3 - 9 * np.abs(np.hypot(points[:, 0], points[:, 1]) - 1)
        logit = 0.6 * d(points)[-1][:, 0] + min(1.0, step / 200) * ring
        return (1 / (1 + np.exp(-logit))).astype(np.float32)

    fakes = spread(latents(), step)
    away = 0.04
    slopes = [
        (score(fakes + away * way) - score(fakes - away * way)) / (2 * away)
        for way in np.eye(2, dtype=np.float32)
    ]  # fmt: skip
    share = np.linspace(-1, 1, LATTICE, dtype=np.float32)
    lattice = np.stack(np.meshgrid(share, share), -1).reshape(-1, 2)
    arrays = {}
    for name, net in (("g", g), ("d", d)):
        for i, (weight, bias) in enumerate(zip(net.weights, net.biases, strict=True)):
            arrays |= {f"{name}{i}.weight": weight, f"{name}{i}.bias": bias}
    return Scene(
        fakes, score(fakes), np.stack(slopes, 1).astype(np.float32),
        score(np.stack((x.ravel(), y.ravel()), 1).astype(np.float32)).reshape(HEAT, HEAT),
        spread(lattice, step).reshape(LATTICE, LATTICE, 2), arrays,
    )  # fmt: skip


def made_stage() -> Any:
    """As `RunStage`, of this made-up run."""
    layers = [
        Layer(f"{player}{i}", a, b, "Tanh" if i < 2 else "")
        for player, out in (("g", 2), ("d", 1))
        for i, (a, b) in enumerate(((2, WIDTH), (WIDTH, WIDTH), (WIDTH, out)))
    ]
    return SimpleNamespace(
        real=real_points(), latents=latents(), extent=EXTENT, modes=None, layers=tuple(layers), threshold=0.5,
        probability=True, latent_distribution="uniform", measures=(), floors={},
    )  # fmt: skip


def record(step: int) -> dict[str, float]:
    wave = math.sin(step / 70)
    return {
        "step": step, "images": 256 * step, "elapsed_seconds": step / 900, "images_per_second": 230_000.0,
        "d_loss": 1.2 + 0.1 * wave, "g_loss": 0.8 - 0.1 * wave, "d_real": 0.6, "d_fake": 0.4 + 0.1 * wave,
        "d_accuracy_real": 0.7, "d_accuracy_fake": 0.72, "d_grad_norm": 0.4, "g_grad_norm": 0.3,
    }  # fmt: skip


def view_of(step: int, state: str = "running") -> dict[str, Any]:
    return {
        "id": "made-up", "title": "", "preset": "ring", "state": state, "step": step, "images": 256 * step,
        "total_images": 5_000_000, "elapsed_seconds": step / 900, "images_per_second": 230_000.0, "eta_seconds": 9.0,
        "device": "cpu", "queue_place": 0, "error": "", "advice": [], "checkpoints": 0,
    }  # fmt: skip


def hello_frame(step: int = 0, kept: tuple[int, ...] = ()) -> bytes:
    header = {
        "type": "hello", "view": view_of(step), "columns": wire.COLUMNS, "kept": [[k, 256 * k] for k in kept],
        "changes": [], "grid": None,
    }  # fmt: skip
    return wire.pack(header, [wire.records_blob([record(s) for s in range(0, step + 1, 10)])])


def stage_frame(stage: Any = None) -> bytes:
    stage = stage or made_stage()
    return wire.pack({"type": "stage", "stage": wire.stage_header(stage)}, wire.stage_blobs(stage))


def grid_frame(step: int, scene: Scene | None = None, *, kept: bool = False) -> bytes:
    grid = Grid(step, 256 * step, 0, 0, 1, encode_scene(scene or made_scene(step)), np.zeros(0, np.float32))
    return wire.pack({"type": "grid", "grid": wire.grid_header(grid, kept)}, wire.grid_blobs(grid))


def text(frame: bytes) -> str:
    """A frame as `window.feed` takes it."""
    return base64.b64encode(frame).decode()


def show(page: Page, theme: str = "light", **data: Any) -> None:
    """Open the view of the made-up run on an address that nothing but this answers. data: what the page says.

    `window.feed(text(frame))` gives it a frame.
    """
    at = "http://plane.test/"

    def answer(route: Route) -> None:
        if script := modules().get(route.request.url.removeprefix(at + module_path(""))):
            route.fulfill(body=script, content_type="text/javascript")
        elif route.request.url == at:
            route.fulfill(body=_html(theme, data), content_type="text/html")
        else:
            route.abort()

    page.route(f"{at}**", answer)
    page.goto(at)
    page.wait_for_function("() => window.draw")


def _html(theme: str, data: dict[str, Any]) -> str:
    background, ink, border = THEMES[theme]
    given: dict[str, Any] = {
        "token": "", "run": "made-up", "signature": "", "name": "Ring of eight", "probability": True,
        "threshold": 0.5, "epoch_images": 65_536, "preview": None, "projector": False, "full": True,
        "plotly": "not-here.js", "columns": list(wire.COLUMNS), **data,
    }  # fmt: skip
    start = _START.replace("DATA", json.dumps(given)).replace("MODULE", module_path(""))
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<style>:root {{ --st-background-color: {background}; --st-text-color: {ink}; --st-border-color: {border};
  --st-font: Inter, system-ui, sans-serif; color-scheme: {theme}; font-size: 15px }}
body {{ margin: 0.75rem; background: {background} }} {style(*STYLES)}</style><div id="here"></div>
<script>{_SOCKET.replace("BEAT", text(BEAT))}</script><script type="module">{start}</script></html>"""

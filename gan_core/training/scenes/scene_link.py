"""Scene links: a scene as the query of a page's address, which needs no server to keep it, and back.

In the Lab the query is the preset and what differs from it, as it always was, and beside that a few names of a
scene's own. What each machine would choose for itself is to be settled before: see `pinned`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from gan_core.config.codec import ConfigError, apply_sets
from gan_core.training.configuration.presets import DEFAULT, preset
from gan_core.training.scenes.scene import PLACES, Scene, View
from gan_core.training.scenes.scene_fields import (
    controls_of,
    language_of,
    layers_of,
    lesson_of,
    place_of,
    run_of,
    same_of,
    shown,
    speed_of,
    step_of,
    title_of,
    zoom_of,
)

LOOKED = ("zoom", "layers", "beside", "at")
"""What the Lab's own script says of the picture in the address."""

OF_A_SCENE = ("run", "preset", "view", "projector", "code", "advanced", "speed", "only", "locked", "title", "same")
OF_LESSONS = ("lesson", "lang")
NO_LAYER = "none"
_VIEWS = {"full": True, "simple": False}
_MOST_DIGITS = 15


def link(scene: Scene) -> str:
    """The address of a scene below the server's base, such as `?preset=ring` or `explore?model=asset:fashion`."""
    query = to_query(scene)
    page = "" if scene.page == "lab" else scene.page
    return page + (f"?{urlencode(query)}" if query else "")


def to_query(scene: Scene) -> dict[str, str]:
    """The names and texts of a scene's address; what is usual is left out."""
    lab = _lab_query(scene) if scene.page == "lab" else dict(scene.place)
    flags = {"locked": scene.locked, "projector": scene.view.projector and scene.page == "lab"}
    texts = {"only": ",".join(scene.controls), "title": scene.title, "lesson": scene.lesson, "lang": scene.language}
    return (
        lab | {name: text for name, text in texts.items() if text} | {name: "1" for name, on in flags.items() if on}
    )


def _lab_query(scene: Scene) -> dict[str, str]:
    view, query = scene.view, {"preset": scene.preset, **scene.settings}
    if scene.run:
        query = {"run": scene.run, **query}
    if view.full != opens_full(scene.run, query):
        query["view"] = "full" if view.full else "simple"
    if scene.speed != "full":
        query["speed"] = scene.speed
    if scene.same:
        query["same"] = scene.same
    query |= {name: "1" for name in ("code", "advanced") if getattr(view, name)}
    return query | looked_query(view)


def looked_query(view: View) -> dict[str, str]:
    """What is said of the picture."""
    query = {}
    if view.zoom is not None:
        query["zoom"] = ",".join(f"{number:.6g}" for number in view.zoom)
    if view.layers is not None:
        query["layers"] = ",".join(view.layers) or NO_LAYER
    if view.beside is not None:
        query["beside"] = "1" if view.beside else "0"
    if view.step is not None:
        query["at"] = str(view.step)
    return query


def opens_full(run: str, pairs: Mapping[str, str]) -> bool:
    """A link that names a run or a setting, as links did before there were two views, shows them."""
    return bool(run or set(pairs) - {"preset", "run", *OF_A_SCENE, *LOOKED, *OF_LESSONS})


def from_query(page: str, query: Mapping[str, str]) -> Scene:
    """The scene that an address opens. Raises ConfigError."""
    if page not in PLACES:
        raise ConfigError(f"page is {shown(page)}; it must be one of {', '.join(PLACES)}.")
    pairs = dict(query)
    scene = Scene(
        page=page,
        title=title_of(pairs.pop("title", "")),
        lesson=lesson_of(pairs.pop("lesson", "")),
        language=language_of(pairs.pop("lang", "")),
        locked=pairs.pop("locked", "") == "1",
    )
    only = [name for name in pairs.pop("only", "").split(",") if name]
    if page != "lab":
        pairs.pop("projector", "")
        return replace(scene, place=place_of(page, pairs), controls=controls_of(scene, only))
    run, name = run_of(pairs.pop("run", "")), pairs.pop("preset", DEFAULT)
    view = _view_of(pairs)
    speed, same = speed_of(pairs.pop("speed", "full")), same_of(pairs.pop("same", ""))
    full = _VIEWS.get(pairs.pop("view", ""), opens_full(run, pairs))
    config = apply_sets(preset(name).config, pairs)
    scene = replace(scene, preset=name, config=config, run=run, speed=speed, same=same, view=replace(view, full=full))
    return replace(scene, controls=controls_of(scene, only))


def _view_of(pairs: dict[str, str]) -> View:
    """What is seen; its names are taken out of the query."""
    flags = {name: pairs.pop(name, "") == "1" for name in ("code", "advanced", "projector")}
    zoom, layers, beside, at = (pairs.pop(name, None) for name in LOOKED)
    return View(
        **flags,
        zoom=None if zoom is None else zoom_of([_number(part) for part in zoom.split(",")[:4]]),
        layers=None if layers is None else layers_of([one for one in layers.split(",") if one not in ("", NO_LAYER)]),
        beside=None if beside is None else beside == "1",
        step=None if at is None else step_of(_whole(at)),
    )


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else text

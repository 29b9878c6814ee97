"""Scene files: a scene as JSON, on one page, to be kept and edited by hand.

Everything that comes in is checked, and a `ConfigError` is one sentence that names the field.

    {
      "format": "ganscope-scene",
      "version": 1,
      "title": "Where D is too strong",
      "page": "lab",
      "preset": "ring",
      "settings": {"seed": 7, "d_optimizer.lr": 0.01},
      "controls": ["d_optimizer.lr", "k_d"],
      "speed": "slow"
    }
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gan_core.config.codec import ConfigError, apply_sets, get_at, spec_at
from gan_core.training.configuration.presets import DEFAULT, preset
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.scenes.scene import Scene, View
from gan_core.training.scenes.scene_fields import (
    controls_of,
    flag,
    language_of,
    layers_of,
    lesson_of,
    page_of,
    place_of,
    run_of,
    same_of,
    shown,
    speed_of,
    step_of,
    title_of,
    word,
    zoom_of,
)

FORMAT, VERSION = "ganscope-scene", 1
MOST_BYTES = 64_000  # of a scene file; an Explore point with a long path has some ten thousand


def to_dict(scene: Scene) -> dict[str, Any]:
    """A scene file's content: what is usual is left out."""
    out: dict[str, Any] = {"format": FORMAT, "version": VERSION, "title": scene.title, "page": scene.page}
    out |= {"lesson": scene.lesson, "language": scene.language}
    if scene.page == "lab":
        out |= {"preset": scene.preset, "settings": _typed(scene.config, scene.settings), "same": scene.same}
        out |= {"run": scene.run, "speed": scene.speed, "view": _view_dict(scene.view)}
    else:
        out |= {"place": {name: _looked(text) if name == "look" else text for name, text in scene.place.items()}}
    out |= {"controls": list(scene.controls), "locked": scene.locked}
    usual = {"speed": "full", "locked": False}
    kept = ("format", "version", "page", "preset", "settings")
    return {name: v for name, v in out.items() if name in kept or v not in ("", [], {}, usual.get(name, ""))}


def to_text(scene: Scene) -> str:
    """A scene file."""
    return json.dumps(to_dict(scene), indent=2, ensure_ascii=False) + "\n"


def from_text(text: str | bytes) -> Scene:
    """The scene in a file. Raises ConfigError."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > MOST_BYTES:
        raise ConfigError(f"A scene file has at most {MOST_BYTES // 1000} kB; this is something else.")
    try:
        data = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ConfigError("This is no scene file: it is not JSON in UTF-8.") from None
    return from_dict(data)


def from_dict(data: object) -> Scene:
    """The scene that a file's content describes. Raises ConfigError."""
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise ConfigError(f'This is no scene file: it does not say "format": "{FORMAT}".')
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ConfigError(f"version is {shown(version)}; it must be {VERSION}.")
    if version > VERSION:
        raise ConfigError(f"version is {version}; this GANscope reads scenes up to version {VERSION}: update it.")
    page = page_of(data.get("page", "lab"))
    own = ("preset", "settings", "same", "run", "speed", "view") if page == "lab" else ("place",)
    known = ("format", "version", "title", "page", "lesson", "language", "controls", "locked", *own)
    if strange := [name for name in data if name not in known]:
        raise ConfigError(
            f"{word(strange[0])} is not a field of a scene of {page}; the fields are {', '.join(known)}."
        )
    scene = Scene(
        page=page,
        title=title_of(data.get("title", "")),
        lesson=lesson_of(data.get("lesson", "")),
        language=language_of(data.get("language", "")),
        locked=flag("locked", data.get("locked", False)),
    )
    if page != "lab":
        scene = replace(scene, place=_place_from(page, data.get("place", {})))
        return replace(scene, controls=controls_of(scene, data.get("controls", [])))
    name = data.get("preset", DEFAULT)
    if not isinstance(name, str):
        raise ConfigError(f"preset is {shown(name)}; it must be the name of one.")
    scene = replace(
        scene,
        preset=name,
        config=apply_sets(preset(name).config, _texts(data.get("settings", {}))),
        same=same_of(data.get("same", "")),
        run=run_of(data.get("run", "")),
        speed=speed_of(data.get("speed", "full")),
        view=_view_from(data.get("view", {})),
    )
    return replace(scene, controls=controls_of(scene, data.get("controls", [])))


def _view_dict(view: View) -> dict[str, Any]:
    found = {
        "full": view.full, "code": view.code, "advanced": view.advanced, "projector": view.projector,
        "zoom": view.zoom and list(view.zoom), "layers": None if view.layers is None else list(view.layers),
        "beside": view.beside, "step": view.step,
    }  # fmt: skip
    flags = ("full", "code", "advanced", "projector")
    return {name: value for name, value in found.items() if value is not None and (name not in flags or value)}


def _view_from(data: object) -> View:
    if not isinstance(data, Mapping):
        raise ConfigError(f"view is {shown(data)}; it must be a group of fields.")
    reads: dict[str, Callable[[Any], Any]] = {
        **{name: lambda v, name=name: flag(f"view.{name}", v)  # type: ignore[misc]
           for name in ("full", "code", "advanced", "projector", "beside")},
        "zoom": zoom_of, "layers": layers_of, "step": step_of,
    }  # fmt: skip
    if strange := [name for name in data if name not in reads]:
        raise ConfigError(f"view.{word(strange[0])} is not a field here; the fields are {', '.join(reads)}.")
    return View(**{name: reads[name](value) for name, value in data.items()})


def _place_from(page: str, data: object) -> dict[str, str]:
    if not isinstance(data, Mapping):
        raise ConfigError(f"place is {shown(data)}; it must be a group of fields.")
    texts = {
        name: compact(value) if name == "look" and isinstance(value, Mapping) else value
        for name, value in data.items()
    }
    return place_of(page, texts)


def _typed(config: RunConfig, pairs: Mapping[str, str]) -> dict[str, Any]:
    """`--set` pairs with numbers as numbers."""
    out: dict[str, Any] = {}
    for path, text in pairs.items():
        spec = spec_at(config, path)
        out[path] = text if spec.family is not None else get_at(config, path)
    return out


def _texts(data: object) -> dict[str, str]:
    if not isinstance(data, Mapping):
        raise ConfigError(f"settings is {shown(data)}; it must be a group of fields.")
    pairs = {}
    for path, value in data.items():
        if not isinstance(value, str | int | float):
            raise ConfigError(f"settings.{word(path)} is {shown(value)}; it must be a number, a text, true or false.")
        pairs[path] = ("true" if value else "false") if isinstance(value, bool) else _number_text(path, value)
    return pairs


def _number_text(path: str, value: str | float) -> str:
    try:
        return str(value)
    except ValueError:  # more digits than Python writes out
        raise ConfigError(f"settings.{word(path)} is a number of thousands of digits.") from None


def compact(value: Any) -> str:
    """JSON as text that an address can hold without percent signs, as Explore writes a look: base64 with - and _."""
    raw = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _looked(text: str) -> Any:
    """A look as an object, which people can edit; its text where it is none, or would not come back the same."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        value = json.loads(raw.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict) and compact(value) == text else text


def _no_constant(name: str) -> float:
    raise ValueError(name)

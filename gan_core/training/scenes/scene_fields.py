"""What the fields of a scene may hold, the same in a file and in a link; a `ConfigError` names the field."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from gan_core.config.codec import ConfigError, spec_at
from gan_core.training.scenes.scene import LAYERS, PARTS, PLACES, SPEEDS, Scene

MOST_CONTROLS, MOST_TITLE, MOST_PLACES, MOST_PLACE_TEXT = 12, 80, 60, 24_000
MOST_ZOOM, LEAST_ZOOM, MOST_CENTRE, MOST_STEP = 60.0, 0.5, 1e6, 10**15 - 1
_RUN, _LESSON, _LANGUAGE = r"[a-z0-9][a-z0-9-]{2,79}", r"[0-9a-z-]{1,20}", r"[a-z]{2,3}"
_CONTROL, _NAME = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,4}", r"[a-z][a-z0-9_-]{0,40}"


def title_of(value: object) -> str:
    if isinstance(value, str) and len(value) <= MOST_TITLE and value.isprintable():
        return value.strip()
    raise ConfigError(f"title is {shown(value)}; it must be a text of at most {MOST_TITLE} characters on one line.")


def page_of(value: object) -> str:
    return one_of("page", value, tuple(PLACES))


def run_of(value: object) -> str:
    return matching("run", value, _RUN, "a run's id")


def same_of(value: object) -> str:
    return matching("same", value, r"[0-9a-f]{12}", "12 hex digits, or left out")


def speed_of(value: object) -> str:
    return one_of("speed", value, tuple(SPEEDS))


def lesson_of(value: object) -> str:
    """Without the reader's progress, which an address has behind a dot."""
    number = value.partition(".")[0] if isinstance(value, str) else value
    return matching("lesson", number, _LESSON, 'a lesson such as "04"')


def language_of(value: object) -> str:
    return matching("language", value, _LANGUAGE, 'a language such as "en"')


def controls_of(scene: Scene, value: object) -> tuple[str, ...]:
    """The controls of a scene whose page and configuration are known."""
    if not isinstance(value, list | tuple) or len(value) > MOST_CONTROLS:
        raise ConfigError(f"controls is {shown(value)}; it must be a list of at most {MOST_CONTROLS} names.")
    for name in value:
        if not isinstance(name, str) or not re.fullmatch(_CONTROL, name):
            raise ConfigError(f'controls has {shown(name)}; each must be a name such as "loss" or "d_optimizer.lr".')
        if scene.page == "lab" and name not in PARTS:
            try:
                spec_at(scene.config, name)
            except ConfigError:
                parts = ", ".join(PARTS)
                raise ConfigError(
                    f"controls has {shown(name)}, which is no setting here nor one of {parts}."
                ) from None
    if value and scene.page not in ("lab", "explore"):
        raise ConfigError(f"controls is {shown(value)}; only scenes of lab and explore choose controls.")
    return tuple(dict.fromkeys(value))


def zoom_of(value: object) -> tuple[float, float, float]:
    found = list(value) if isinstance(value, list | tuple) else []
    if len(found) == 3 and all(isinstance(n, int | float) and not isinstance(n, bool) for n in found):
        factor, x, y = (_float(n) for n in found)
        if LEAST_ZOOM <= factor <= MOST_ZOOM and all(-MOST_CENTRE <= n <= MOST_CENTRE for n in (x, y)):
            factor, x, y = (float(f"{n:.6g}") for n in (factor, x, y))  # as a link has them
            return factor, x, y
    raise ConfigError(
        f"view.zoom is {shown(value)}; it must be [factor, x, y] with a factor from {LEAST_ZOOM} to {MOST_ZOOM:g}."
    )


def layers_of(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(one, str) and one in LAYERS for one in value):
        return tuple(one for one in LAYERS if one in value)
    raise ConfigError(f"view.layers is {shown(value)}; it must be a list of some of {', '.join(LAYERS)}.")


def step_of(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_STEP:
        return value
    raise ConfigError(f"view.step is {shown(value)}; it must be a whole number from 0 on.")


def place_of(page: str, pairs: Mapping[str, object]) -> dict[str, str]:
    """What the address of a page other than the Lab says; names that are not its own are refused."""
    names = PLACES[page]
    if len(pairs) > MOST_PLACES:
        raise ConfigError(f"place has {len(pairs)} fields; it must have at most {MOST_PLACES}.")
    for name, text in pairs.items():
        if not re.fullmatch(_NAME, name) or (names is not None and name not in names):
            raise ConfigError(f"place.{word(name)} is nothing that a link to {page} says.")
        if not isinstance(text, str) or len(text) > MOST_PLACE_TEXT or not text.isprintable():
            raise ConfigError(f"place.{name} is {shown(text)}; it must be a text on one line.")
    return {name: str(pairs[name]) for name in sorted(pairs)}


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ConfigError(f"{name} is {shown(value)}; it must be true or false.")


def one_of(name: str, value: object, words: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in words:
        return value
    raise ConfigError(f"{name} is {shown(value)}; it must be one of {', '.join(words)}.")


def matching(name: str, value: object, pattern: str, words: str) -> str:
    if isinstance(value, str) and (not value or re.fullmatch(pattern, value, re.ASCII)):
        return value
    raise ConfigError(f"{name} is {shown(value)}; it must be {words}.")


def word(name: object) -> str:
    """A field's name in a sentence: it may be anybody's words."""
    return name if isinstance(name, str) and re.fullmatch(r"[\w.-]{1,60}", name) else shown(name)


def shown(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        text = type(value).__name__
    text = text if len(text) <= 60 else text[:57] + "..."
    return text.encode("utf-8", "replace").decode()

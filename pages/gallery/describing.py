"""A scene as its view takes it: what changes in words, what is measured, how its samples are shown."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from gan_core.config.codec import get_at, replace_at
from gan_core.data import DataUnavailable
from gan_core.training.configuration.gallery import FailureScene
from pages.gallery.gauges import PICTURES, gauge_of
from pages.server.app_state import app_state
from pages.server.preview import preview_key, shows_points
from pages.ui.session import manager
from pages.ui.words import path_label, plain

if TYPE_CHECKING:
    from gan_core.config.registry import Registry

ACROSS, DOWN = 10, 5


def described(scene: FailureScene) -> dict[str, Any]:
    """All that does not change while its runs go on."""
    config = scene.config
    return {
        "name": scene.name,
        "points": shows_points(config.data),
        "probability": bool(config.loss.probability),
        "threshold": config.loss.fixed_threshold(),
        "button": scene.button,
        "cured": scene.cured,
        "changes": changes_of(scene),
        "gauge": gauge_of(scene.name),
        "picture": PICTURES.get(scene.name),
        "known": known_pictures(scene),
    }


def changes_of(scene: FailureScene) -> list[list[str]]:
    """[what, before, after] of every setting that the cure changes, in words."""
    before, after = scene.config, scene.fixed
    return [
        [path_label(after, path), setting(get_at(before, path)), setting(get_at(after, path))] for path in scene.fix
    ]


def setting(value: object) -> str:
    """A value in words; of a member of a family its label."""
    for family in _families():
        with contextlib.suppress(KeyError, ValueError):
            return str(family.get(family.name_of(value)).label)
    return "all" if value == 0 and isinstance(value, int) and not isinstance(value, bool) else plain(value)


def _families() -> tuple[Registry[Any], ...]:
    from gan_core.nets import discriminators, generators
    from gan_core.objectives import augmentations, losses, penalties

    return losses, penalties, generators, discriminators, augmentations


def known_pictures(scene: FailureScene) -> dict[str, Any] | None:
    """Of a scene with few training images: all of them in one picture."""
    picture: dict[str, Any] | None = PICTURES.get(scene.name)
    data = scene.config.data
    if picture is None or picture["kind"] != "pairs" or not hasattr(data, "count"):
        return None
    try:
        size = scene.config.size
        key = preview_key(
            app_state().previews, replace_at(data, "count", ACROSS * DOWN), size, manager().data_dir, ACROSS, DOWN
        )
    except (DataUnavailable, ValueError):
        return None
    return {"key": key, "columns": ACROSS, "rows": DOWN, "size": size}

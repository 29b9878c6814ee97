"""What a lesson's scene puts into the Lab: settings, from a preset or a failure scene and changes to it."""

from __future__ import annotations

from dataclasses import replace

from gan_core.config.codec import apply_sets
from gan_core.training import RunConfig, preset
from gan_core.training.configuration.gallery import scene as failure_scene
from gan_core.training.configuration.presets import DEFAULT
from pages.learn.blocks import Block
from pages.server.preview import shows_points
from pages.ui.preset_match import PLANE


def scene_settings(scene: Block) -> tuple[str, RunConfig] | None:
    """The preset's name and the settings of a scene of the Lab; None for one that sets nothing there.

    Raises ConfigError, in a sentence, for settings that there are not.
    """
    words = scene.keys.get("set", "").split()
    if not words:
        return None
    pairs = dict(word.partition("=")[::2] for word in words)
    if name := pairs.pop("gallery", ""):
        config = failure_scene(name).config
        return PLANE if shows_points(config.data) else DEFAULT, apply_sets(config, pairs)
    name = pairs.pop("preset", DEFAULT)
    return name, apply_sets(preset(name).config, pairs)


def same_settings(one: RunConfig, other: RunConfig) -> bool:
    """Whether they are the same run, however its steps are worked out and however long it goes on."""
    return replace(one, backend=other.backend, precision=other.precision, total_images=other.total_images) == other

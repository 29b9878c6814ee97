"""Configurations that are known to work, each one block."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.config.codec import ConfigError
from gan_core.training.run_config import RunConfig


@dataclass(frozen=True)
class Preset:
    """A named starting point; `help` says what to expect of it."""

    name: str
    label: str
    help: str
    config: RunConfig


PRESETS: dict[str, Preset] = {}


def _preset(name: str, label: str, help: str, config: RunConfig) -> None:
    PRESETS[name] = Preset(name, label, help, config)


def preset(name: str) -> Preset:
    """The preset called `name`; ConfigError with the names there are."""
    if name not in PRESETS:
        raise ConfigError(f'preset is "{name}"; it must be one of {", ".join(PRESETS)}.')
    return PRESETS[name]


DEFAULT = "fashion-fast"

_preset("fashion-fast", "Fashion, fast", "Clothes you can recognise after one minute on two processor cores.", RunConfig())

"""From arguments to a configuration."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from gan_core.cli.terminal.errors import CommandError
from gan_core.config.codec import NAME_KEY, apply_sets, from_dict, get_at, parse_text, spec_at
from gan_core.training import RunConfig, preset
from gan_core.training.configuration.presets import DEFAULT

LARGEST_CONFIG_BYTES = 1_000_000


def config_from(arguments: argparse.Namespace) -> tuple[RunConfig, str]:
    """The configuration that `train`'s arguments describe, and the preset it started from ("" for a file)."""
    if arguments.config is not None and arguments.preset:
        raise CommandError("--config and --preset were both given; start from one of them.")
    if arguments.config is not None:
        config, name = config_from_file(arguments.config), ""
    else:
        name = arguments.preset or DEFAULT
        config = preset(name).config
    config = apply_sets(config, read_pairs(arguments.sets))
    if arguments.seed is not None:
        config = _option(config, "seed", "--seed", arguments.seed)
    if arguments.images is not None:
        config = with_images(config, arguments.images)
    return config, name


def with_images(config: RunConfig, text: str) -> RunConfig:
    """The length that `--images` gives."""
    return _option(config, "total_images", "--images", text)


def config_from_file(path: Path) -> RunConfig:
    """The configuration in a JSON file, as the application offers it for download."""
    with path.open("rb") as file:
        data = file.read(LARGEST_CONFIG_BYTES + 1)
    if len(data) > LARGEST_CONFIG_BYTES:
        raise CommandError(f"{path} is larger than 1 MB, so it is not a run's configuration.")
    try:
        return from_dict(RunConfig, json.loads(data))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise CommandError(f"{path} is not JSON; --config takes a run's configuration as a JSON file.") from None


def read_pairs(sets: list[str], option: str = "--set") -> dict[str, str]:
    """FIELD=VALUE texts as pairs. Raises CommandError for one that is none, or a field given twice."""
    pairs: dict[str, str] = {}
    for text in sets:
        field, equals, value = text.partition("=")
        if not equals or not field:
            raise CommandError(f'{option} is "{text}"; it must be FIELD=VALUE, as in {option} batch_size=128.')
        if field in pairs:
            raise CommandError(f"{option} gives {field} twice; give it once.")
        pairs[field] = value
    return pairs


def typed_changes(config: RunConfig, sets: list[str], option: str = "--set") -> dict[str, Any]:
    """What `FIELD=VALUE` pairs change in a configuration: dotted path -> value, families before their fields."""
    pairs = read_pairs(sets, option)
    changed = apply_sets(config, pairs)
    found = {}
    for path in sorted((path.removesuffix(f".{NAME_KEY}") for path in pairs), key=lambda path: path.count(".")):
        spec = spec_at(changed, path)
        value = get_at(changed, path)
        found[path] = spec.family.name_of(value) if spec.family is not None else value
    return found


def _option(config: RunConfig, field: str, option: str, text: str) -> RunConfig:
    """A field that has an option of its own; the message names the option that was typed."""
    parse_text(option, text, spec_at(config, field))
    return apply_sets(config, {field: text})

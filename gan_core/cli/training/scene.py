"""`scene`: what a scene file or a link holds, and training it in the foreground."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from gan_core.cli.configure import with_images
from gan_core.cli.terminal.errors import CommandError
from gan_core.cli.training.train import train_here
from gan_core.config.codec import ConfigError
from gan_core.config.files import write_output
from gan_core.config.places import place
from gan_core.training import PRESETS
from gan_core.training.scenes.scene import PLACES, Scene
from gan_core.training.scenes.scene_file import MOST_BYTES, from_text, to_dict, to_text
from gan_core.training.scenes.scene_link import from_query, link

CHANGED = (
    "Its settings are not those it was made with: it was edited, or a preset is another in this version. "
    'Its runs are other ones; "same" can be left out.'
)
_SCHEMES = ("http://", "https://")


def scene(arguments: argparse.Namespace) -> int:
    """Print it, write it or train it; raises ConfigError and CommandError, in one sentence, for what is wrong."""
    given = [name for name in ("steps", "seconds", "images") if getattr(arguments, name) is not None]
    if given and not arguments.train:
        raise CommandError(f"--{given[0]} says how long to train; give --train with it.")
    if arguments.server and not arguments.server.startswith(_SCHEMES):
        raise CommandError(f'--server is "{arguments.server}"; it must begin with http:// or https://.')
    found = read(arguments.scene)
    if arguments.out is not None:
        write_output(arguments.out, to_text(found).encode())
    if arguments.train:
        return _train(found, arguments)
    whole = (arguments.server.rstrip("/") + "/" if arguments.server else "") + link(found)
    if arguments.json:
        print(json.dumps({"link": whole, "scene": to_dict(found), "as_made": found.is_as_made}))
        return 0
    print("\n".join(f"{name:<10} {text}" for name, text in _lines(found, whole)))
    return 0


def read(text: str) -> Scene:
    """A scene file's scene, or a link's. Raises ConfigError, CommandError, OSError."""
    if text.startswith((*_SCHEMES, "?")):
        return _from_link(text)
    if text == "-":
        return from_text(sys.stdin.buffer.read(MOST_BYTES + 1))
    path: Path = place(text)
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    try:
        return from_text(raw)
    except ConfigError as problem:
        raise CommandError(f"{path}: {problem}") from None


def _from_link(text: str) -> Scene:
    try:
        parts = urlsplit(text)
        pairs = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=200))
    except ValueError:
        raise CommandError(
            "The link cannot be read; it must be an address such as http://lab.org/?preset=ring."
        ) from None
    last = parts.path.rstrip("/").rpartition("/")[2]
    if "/s/" in parts.path and last not in PLACES:
        raise CommandError("A short link is kept by its server alone; open it there, and save the scene's file.")
    return from_query(last if last in PLACES else "lab", pairs)


def _train(found: Scene, arguments: argparse.Namespace) -> int:
    if found.page != "lab":
        raise CommandError(f"This is a scene of {found.page}, in which nothing trains; --train needs one of lab.")
    config = found.config
    if arguments.images is not None:
        config = with_images(config, arguments.images)
    if not found.is_as_made:
        print(CHANGED, file=sys.stderr)
    return train_here(arguments, config, found.preset, found.title, None)


def _lines(found: Scene, whole: str) -> list[tuple[str, str]]:
    """What a person is told: a name and a text a line."""
    view = to_dict(found).get("view", {})
    lines = [("scene", f"{found.title or 'without a title'} ({found.page})"), ("link", whole)]
    if found.page == "lab":
        sets = ", ".join(f"{path}={text}" for path, text in found.settings.items())
        lines += [
            ("settings", f"{PRESETS[found.preset].label} ({found.preset})" + (f", with {sets}" if sets else ""))
        ]
        lines += [("run", f"{found.run}, where it is")] if found.run else []
        lines += [("speed", found.speed)]
        lines += [("view", ", ".join(f"{name} {value}" for name, value in view.items()))] if view else []
    else:
        lines += [(name, text) for name, text in found.place.items()]
    lines += [("lesson", " ".join(filter(None, (found.lesson, found.language))))] if found.lesson else []
    if found.controls:
        lines.append(("controls", ", ".join(found.controls) + (", no others" if found.locked else "")))
    if not found.is_as_made:
        lines.append(("note", CHANGED))
    return lines

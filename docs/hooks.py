"""What the site takes from beside the docs folder: two documents, pictures, and the command line's own help."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).resolve().parents[1]
TAKEN = {"ARCHITECTURE.md": "architecture.md", "CHANGELOG.md": "changelog.md", "assets/style/mark.svg": "mark.svg"}
COMMANDS = "<!-- commands -->"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add what lies elsewhere in the repository under the name that it has on the site."""
    taken = {ROOT / source: name for source, name in TAKEN.items()}
    taken |= {path: f"screenshots/{path.name}" for path in (ROOT / "assets" / "screenshots").glob("*.png")}
    for path, name in taken.items():
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    return markdown.replace(COMMANDS, command_reference()) if COMMANDS in markdown else markdown


def command_reference() -> str:
    """Every command with what its --help prints."""
    os.environ.update(COLUMNS="80", NO_COLOR="1")
    for place in ("GANSCOPE_RUNS", "GANSCOPE_DATA", "GANSCOPE_DEVICE"):
        os.environ.pop(place, None)
    sys.path.insert(0, str(ROOT))
    from gan_core.cli.parser import build_parser

    parser = build_parser()
    (names,) = (list(action.choices) for action in parser._actions if isinstance(action.choices, dict))
    sections = []
    for name in names:
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
            parser.parse_args([name, "--help"])
        sections.append(f"### {name}\n\n```text\n{said.getvalue()}```\n")
    return "\n".join(sections)

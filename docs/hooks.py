"""What the site takes from beside the docs folder: documents, pictures, the command line's help and all settings."""

from __future__ import annotations

import contextlib
import html
import io
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).resolve().parents[1]
TAKEN = {"ARCHITECTURE.md": "architecture.md", "CHANGELOG.md": "changelog.md", "assets/style/mark.svg": "mark.svg"}
MARKUP = str.maketrans({sign: f"&#{ord(sign)};" for sign in "*_|[]`\\"})


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add what lies elsewhere in the repository under the name that it has on the site."""
    taken = {ROOT / source: name for source, name in TAKEN.items()}
    taken |= {path: f"screenshots/{path.name}" for path in (ROOT / "assets" / "screenshots").glob("*.png")}
    for path, name in taken.items():
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put what the code says of itself where a page asks for it."""
    for marker, made in {"<!-- commands -->": commands, "<!-- settings -->": settings}.items():
        if marker in markdown:
            sys.path.insert(0, str(ROOT))
            markdown = markdown.replace(marker, "\n".join(made()))
    return markdown


def commands() -> Iterator[str]:
    """Every command with what its --help prints."""
    os.environ.update(COLUMNS="80", NO_COLOR="1")
    for place in ("GANSCOPE_RUNS", "GANSCOPE_DATA", "GANSCOPE_DEVICE"):
        os.environ.pop(place, None)
    from gan_core.cli.parser import build_parser

    parser = build_parser()
    (names,) = (list(action.choices) for action in parser._actions if isinstance(action.choices, dict))
    for name in names:
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
            parser.parse_args([name, "--help"])
        yield f"### {name}\n\n```text\n{said.getvalue()}```\n"


def settings() -> Iterator[str]:
    """A run's fields, then each family's members with theirs."""
    from gan_core.cli.catalogue import FAMILIES, catalogue

    listed = catalogue()
    yield from ("## Of a run\n", *table(listed["run"]["fields"]))
    for family in FAMILIES:
        yield f"\n## {family.capitalize()}\n"
        for name, member in listed[family].items():
            source = f" Source: {plain(member['source'])}." if member["source"] else ""
            yield f"\n### {plain(member['label'])} (`{name}`)\n\n{plain(member['help'])}{source}\n"
            yield from table(member["fields"])


def table(fields: Mapping[str, Any]) -> Iterator[str]:
    rows = list(rows_of(fields))
    if rows:
        yield from ("\n| field | what it does | default | may be | live |", "|---|---|---|---|---|", *rows)


def rows_of(fields: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for name, field in fields.items():
        if field["kind"] == "section":
            yield from rows_of(field["fields"], f"{path}{name}.")
            continue
        default = field["default"]["name"] if field["kind"] == "one_of" else field["default"]
        cells = (
            f"`{path}{name}`",
            plain(field["help"]),
            plain(default),
            allowed(field),
            "yes" if field["live"] else "",
        )
        yield f"| {' | '.join(cells)} |"


def allowed(field: Mapping[str, Any]) -> str:
    """The range, the choices or the family of a field, in words."""
    if field["kind"] == "one_of":
        return f"one of the {field['family']}"
    if "choices" in field:
        return ", ".join(plain(choice) for choice in field["choices"])
    if "low" in field:
        return f"{field['low']:,} to {field['high']:,} {plain(field.get('unit', ''))}"
    return {"bool": "true or false", "text": "a text"}[field["kind"]]


def plain(words: object) -> str:
    """Words of the code as they stand, whatever Markdown would make of them."""
    return html.escape(str(words), quote=False).translate(MARKUP)

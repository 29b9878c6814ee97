"""The templates filled in, and what stands above them: an introduction, imports, settings."""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from gan_core.export.scripts.rewriting import literal

_LONGEST = 118

_IMPORTS: dict[str, tuple[str, str]] = {
    **{name: (name, "") for name in ("argparse", "copy", "gzip", "hashlib", "math", "torch")},
    "np": ("numpy", ""), "nn": ("torch", "nn"), "Tensor": ("torch", "Tensor"), "Path": ("pathlib", "Path"),
    "Iterator": ("collections.abc", "Iterator"), "Image": ("PIL", "Image"), "ImageDraw": ("PIL", "ImageDraw"),
    "load_file": ("safetensors.torch", "load_file"), "save_file": ("safetensors.torch", "save_file"),
}  # fmt: skip
"""Names in the templates: (module, what of it)."""

TAKEN = {
    "Generator", "Discriminator", "average", "batches", "data", "draw", "draw_latents", "g_loss", "d_loss",
    "generate", "judge", "load_data", "load_generator", "main", "random_latents", "random_stream", "read_idx",
    "read_latents", "read_picture", "save_samples", "see", "to_pixels", "train",
}  # fmt: skip
"""Names that the templates have for their own."""

_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True,
    undefined=jinja2.StrictUndefined, keep_trailing_newline=True,
)  # fmt: skip


def filled(template: str, **values: Any) -> str:
    return _templates.get_template(template).render(**values)


def settings(rows: Sequence[tuple[str, object, str]]) -> str:
    """Rows of name, value and what it is; without a value a row is left out."""
    lines = [f"{name} = {literal(value)}" + (f"  # {what}" if what else "") for name, value, what in rows]
    return "\n".join(lines)


def comment(text: str) -> str:
    return textwrap.fill(text, _LONGEST, initial_indent="# ", subsequent_indent="# ")


def script(introduction: str, body: str, imports: Mapping[str, tuple[str, str]], before: str = "") -> str:
    """The whole text. imports: name -> (module, what of it), beside the templates' own; before: what goes first."""
    tree = ast.parse(body)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    known = {name: place for name, place in {**_IMPORTS, **imports}.items() if name in used}
    head = f'"""{introduction}"""\n\nfrom __future__ import annotations\n\n{before}{_import_lines(known)}\n\n'
    return head + _spaced(_without_unused_settings(body, tree))


def _without_unused_settings(body: str, tree: ast.Module) -> str:
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    lines = body.splitlines(keepends=True)
    for node in reversed(tree.body):
        if isinstance(node, ast.Assign) and isinstance(name := node.targets[0], ast.Name) and name.id not in read:
            del lines[node.lineno - 1 : node.end_lineno]
    return "".join(lines)


def _spaced(text: str) -> str:
    """Blank lines as Python's style asks for: two around functions and classes, one elsewhere at most."""
    lines, out = re.sub(r"\s*\n(\s*\n)+", "\n\n", text.strip("\n") + "\n").split("\n"), list[str]()
    for number, line in enumerate(lines):
        if re.match(r"[^\s)\]}]", line):
            head = next(later for later in lines[number:] if not later.startswith("#"))  # after its comment
            begins = re.match(r"(def|class|@|if __name__)", head) and not re.match(r"[#@]", (lines[number - 1]))
            ends = next((before for before in reversed(lines[:number]) if before), "").startswith(" ")
            if number and (begins or ends):
                while out[-1] == "":
                    out.pop()
                out += ["", ""]
        out.append(line)
    return "\n".join(out)


def _import_lines(known: Mapping[str, tuple[str, str]]) -> str:
    """Python's own, then those of other packages; in the order that ruff and isort ask for."""
    whole = {name: module for name, (module, what) in known.items() if not what}
    plain = sorted(f"import {module}" + (f" as {name}" if name != module else "") for name, module in whole.items())
    of: dict[str, set[str]] = {}
    for name, (module, what) in known.items():
        if what:
            of.setdefault(module, set()).add(what if what == name else f"{what} as {name}")

    def rank(name: str) -> tuple[int, str]:
        return (0 if name.isupper() else 1 if name[0].isupper() else 2), name

    lines = [*plain]
    for module in sorted(of, key=str.lower):
        names = sorted(of[module], key=rank)
        line = f"from {module} import {', '.join(names)}"
        rows = "".join(f"    {name},\n" for name in names)
        lines.append(line if len(line) <= _LONGEST else f"from {module} import (\n{rows})")
    blocks: tuple[list[str], list[str]] = ([], [])
    for line in lines:
        blocks[line.split()[1].split(".")[0] not in sys.stdlib_module_names].append(line)
    return "\n\n".join("\n".join(block) for block in blocks if block)

"""What a lesson is made of: text and directives, read from a file's text and given to the browser.

A directive that means nothing becomes one sentence in its place; `directives.py` has what there may be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pages.learn.directives import DIRECTIVES, PAGES, Directive, conditions

ASSETS = Path(__file__).resolve().parents[2] / "assets"
MARKED = ("question", "task", "code")  # of whose ids a reader's progress is made: no two alike in a lesson
_OPENING = re.compile(r":::([a-z]+)(?: +([a-z0-9-]+))?")
_CHOICE = re.compile(r"- \[([ x])\] (.+?) \| (.+)")
_KEY = re.compile(r"([a-z]+): *(.*)")
_FENCE = re.compile(r"```(\w*)\n(.*?)\n```", re.DOTALL)


@dataclass(frozen=True)
class Choice:
    right: bool
    text: str
    answer: str


@dataclass(frozen=True)
class Block:
    """A stretch of text (kind "text"), a directive, or a sentence about what is wrong (kind "problem")."""

    kind: str
    id: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    text: str = ""
    choices: tuple[Choice, ...] = ()


def read_blocks(text: str, number: str = "") -> list[Block]:
    """Text and directives in their order; a directive that means nothing becomes a sentence about it."""
    found: list[Block] = []
    plain: list[str] = []
    lines = iter(text.splitlines())

    def end_plain() -> None:
        if stretch := "\n".join(plain).strip():
            found.append(Block("text", text=stretch))
        plain.clear()

    taken: set[tuple[str, str]] = set()
    for line in lines:
        if not line.startswith(":::"):
            plain.append(line)
            continue
        end_plain()
        inside, closed = [], False
        for inner in lines:
            if closed := inner.strip() == ":::":
                break
            inside.append(inner)
        try:
            if not closed:
                raise ValueError(f'the part that begins with "{line.strip()[:40]}" has no end')
            block = _directive(line.strip(), inside)
            mark = ("done" if block.kind in MARKED else block.kind, block.id)
            if block.id and mark in taken:
                raise ValueError(f'"{block.kind} {block.id}" is there twice')
            taken.add(mark)
            found.append(block)
        except ValueError as problem:
            found.append(Block("problem", text=f"A part of lesson {number} is left out: {problem}."))
    end_plain()
    return found


def _directive(opening: str, lines: list[str]) -> Block:
    match = _OPENING.fullmatch(opening)
    if not match or match[1] not in DIRECTIVES:
        raise ValueError(f'there is no directive "{opening.lstrip(":")[:40]}"')
    kind, name = DIRECTIVES[match[1]], match[2] or ""
    if kind.named and not name:
        raise ValueError(f'"{kind.name}" needs a name of its own')
    keys = _keys(kind, lines)
    choices = [_CHOICE.fullmatch(line.strip()) for line in lines if line.startswith("- [")]
    if None in choices or (choices and not kind.choices):
        raise ValueError(f'a choice of "{kind.name} {name}" is not of the form - [x] answer | what is said')
    made = tuple(Choice(c[1] == "x", c[2], c[3]) for c in choices if c)
    text = "\n".join(line for line in lines if not line.startswith("- [")).strip()
    block = Block(kind.name, name, keys, text, made)
    _check(block)
    return block


def _keys(kind: Directive, lines: list[str]) -> dict[str, str]:
    """Takes the `key: value` lines from the front of `lines`."""
    keys: dict[str, str] = {}
    while lines and (match := _KEY.fullmatch(lines[0].strip())) and match[1] in kind.keys:
        keys[match[1]] = match[2]
        lines.pop(0)
    if missing := [key for key in kind.needs if not keys.get(key)]:
        raise ValueError(f'"{kind.name}" lacks {" and ".join(missing)}')
    return keys


def _check(block: Block) -> None:
    """ValueError where a directive contradicts itself."""
    keys = block.keys
    if block.kind == "task":
        conditions(keys["done"])
    if block.kind == "scene" and keys["page"] not in PAGES:
        raise ValueError(f'there is no page "{keys["page"][:20]}"')
    if block.kind == "scene" and keys.get("view", "full") not in ("full", "simple"):
        raise ValueError(f'the view of scene "{block.id}" must be full or simple')
    if block.kind == "question":
        if block.choices and sum(c.right for c in block.choices) != 1:
            raise ValueError(f'question "{block.id}" needs one right answer')
        if not block.choices and not (_is_number(keys.get("number")) and _is_number(keys.get("within", "0"))):
            raise ValueError(f'question "{block.id}" has neither choices nor a number for an answer')
    if block.kind == "code":
        code = code_of(block)
        if not code:
            raise ValueError(f'code "{block.id}" has no code between ``` and ```, and no file that is there')
        line = keys.get("line", "0")
        if block.choices and not (line.isdecimal() and 1 <= int(line) <= len(code.splitlines())):
            raise ValueError(f'code "{block.id}" does not say which of its lines is wrong')


def _is_number(text: str | None) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?", text or ""))


def code_of(block: Block, *, mended: bool = False) -> str:
    """The code of a code block; mended: with the right choice in the place of the wrong lines."""
    match, name = _FENCE.search(block.text), block.keys.get("file", "")
    if not match and re.fullmatch(r"[a-z_]+\.py", name) and (path := ASSETS / "lessons" / name).is_file():
        return path.read_text("utf-8").strip()
    lines = match[2].splitlines() if match else []
    right = next((c.text for c in block.choices if c.right), None)
    if mended and right is not None:
        first = int(block.keys["line"])
        last = int(block.keys.get("to", first))
        indent = lines[first - 1][: len(lines[first - 1]) - len(lines[first - 1].lstrip())]
        lines[first - 1 : last] = [indent + part for part in right.strip("`").split(" ⏎ ") if part]
    return "\n".join(lines)


def as_data(block: Block) -> dict[str, Any]:
    """A block for the browser: plain JSON."""
    data: dict[str, Any] = {"kind": block.kind, "id": block.id, "keys": block.keys, "text": block.text}
    if block.choices:
        data["choices"] = [{"right": c.right, "text": c.text, "answer": c.answer} for c in block.choices]
    if block.kind == "code":
        data |= {
            "code": code_of(block),
            "mended": code_of(block, mended=True),
            "text": _FENCE.sub("", block.text).strip(),
        }
    if block.kind == "task":
        data["done"] = [vars(c) for c in conditions(block.keys["done"])]
    return data

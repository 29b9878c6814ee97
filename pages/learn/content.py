"""Lessons, glossary and questions: text files by language, read without anything of the engine or of Streamlit.

A file that is missing or broken, and a directive that means nothing, become one sentence in the place where they
would have stood; everything else stands. `blocks.py` reads what is in a lesson.
"""

from __future__ import annotations

import contextlib
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pages.learn.blocks import ASSETS, Block, read_blocks

ENGLISH = "en"
FILE = re.compile(r"(\d\d)-[a-z0-9-]+\.md")
CONTROL = re.compile(r"\{\{(.+?)\}\}")
LINK = re.compile(r"(?<!!)\[[^]]+\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Lesson:
    """number: "05". language: the one that it is written in, not always that asked for. papers: (words, address)."""

    number: str
    language: str
    title: str
    minutes: int
    summary: str
    papers: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]

    def of_kind(self, *kinds: str) -> list[Block]:
        return [block for block in self.blocks if block.kind in kinds]

    @property
    def marks(self) -> list[str]:
        """What a reader is done with one by one: ids of questions, tasks and code to mend, in their order."""
        return [b.id for b in self.blocks if b.kind in ("question", "task") or (b.kind == "code" and b.choices)]


@dataclass(frozen=True)
class Term:
    id: str
    name: str
    text: str


# --- files


def languages(root: Path = ASSETS) -> tuple[str, ...]:
    """What there is to choose from, English first."""
    found = (p.name for p in (root / "lessons").iterdir() if re.fullmatch(r"[a-z]{2,3}", p.name) and p.is_dir())
    return tuple(sorted(found, key=lambda name: (name != ENGLISH, name)))


def lesson_files(language: str, root: Path = ASSETS) -> dict[str, Path]:
    """Number -> file of the lessons written in a language."""
    if not re.fullmatch(r"[a-z]{2,3}", language):
        return {}
    found = ((FILE.fullmatch(p.name), p) for p in sorted((root / "lessons" / language).glob("*.md")))
    return {match[1]: path for match, path in found if match}


def lessons(language: str, root: Path = ASSETS) -> list[Lesson]:
    """All lessons in their order, in English where a language has none of its own."""
    numbers = sorted({*lesson_files(ENGLISH, root), *lesson_files(language, root)})
    return [lesson(number, language, root) for number in numbers]


def lesson(number: str, language: str = ENGLISH, root: Path = ASSETS) -> Lesson:
    """One lesson. ValueError, in a sentence, where this version has none of this number."""
    for tried in (language, ENGLISH):
        if path := lesson_files(tried, root).get(number):
            return read_lesson(path, tried)
    there = sorted(lesson_files(ENGLISH, root))
    there_are = f"the lessons are {there[0]} to {there[-1]}" if there else "there are no lessons"
    shown = re.sub(r"[^\w-]", "", number)[:20]
    raise ValueError(f'There is no lesson "{shown}" in this version: {there_are}.')


def read_lesson(path: Path, language: str) -> Lesson:
    """Whatever stands in the file: what cannot be read is said in its place."""
    number = path.name[:2]
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeError):
        return _broken(number, language, f"The file of lesson {number} cannot be read.")
    head, rest = _head(text)
    if "title" not in head:
        return _broken(number, language, f"Lesson {number} does not begin with its title between two lines of ---.")
    papers = tuple(_paper(value) for key, value in head.items() if key.startswith("paper"))
    minutes = int(head["minutes"]) if head.get("minutes", "").isdecimal() else 5
    blocks = read_blocks(rest, number)
    return Lesson(number, language, head["title"], minutes, head.get("summary", ""), papers, tuple(blocks))


def _broken(number: str, language: str, problem: str) -> Lesson:
    return Lesson(number, language, f"Lesson {number}", 5, "", (), (Block("problem", text=problem),))


def _head(text: str) -> tuple[dict[str, str], str]:
    """The lines `key: value` between two lines of ---, and what comes after them."""
    parts = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    if not parts:
        return {}, text
    lines = [line.partition(":") for line in parts[1].splitlines() if ":" in line]
    head: dict[str, str] = {}
    for i, (key, _, value) in enumerate(lines):
        name = key.strip()
        head[f"{name}{i}" if name == "paper" else name] = value.strip()
    return head, text[parts.end() :]


def _paper(value: str) -> tuple[str, str]:
    words, _, address = value.rpartition("|")
    return words.strip(), address.strip()


# --- glossary, questions, words


def figure_path(id: str, root: Path = ASSETS) -> str:
    """Where a term's figure is, below the base; "" where it has none."""
    return f"asset/glossary/{id}.svg" if (root / "glossary" / "figures" / f"{id}.svg").is_file() else ""


def glossary(language: str, root: Path = ASSETS) -> dict[str, Term]:
    """Terms by id in the order of the English file, in English where a language lacks one."""
    english = _terms(root / "glossary" / ENGLISH / "terms.md")
    return {**english, **_terms(root / "glossary" / language / "terms.md")}


def _terms(path: Path) -> dict[str, Term]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeError):
        return {}
    parts = re.findall(r"^## ([a-z0-9-]+) \| (.+)\n+((?:(?!^## ).*\n?)*)", text, re.MULTILINE)
    return {id: Term(id, name.strip(), body.strip()) for id, name, body in parts}


def questions(language: str, root: Path = ASSETS) -> list[Block]:
    """ "Check yourself": in English where a language has none."""
    for tried in (language, ENGLISH):
        path = root / "lessons" / tried / "check.md"
        if path.is_file():
            try:
                return [b for b in read_blocks(path.read_text("utf-8"), "check") if b.kind in ("question", "problem")]
            except UnicodeError:
                continue
    return []


def words(language: str, root: Path = ASSETS) -> dict[str, str]:
    """What the reading column itself says, in English where a language lacks it."""
    found: dict[str, str] = {}
    for tried in (ENGLISH, language):
        path = root / "lessons" / tried / "words.toml"
        with contextlib.suppress(OSError, UnicodeError, tomllib.TOMLDecodeError):
            found |= {name: str(text) for name, text in tomllib.loads(path.read_text("utf-8")).items()}
    return found


def lacks(language: str, root: Path = ASSETS) -> list[str]:
    """What a translation does not have, or has otherwise than English: a sentence each."""
    found = []
    theirs = lesson_files(language, root)
    for number, path in lesson_files(ENGLISH, root).items():
        if number not in theirs:
            found.append(f"Lesson {number} is missing.")
            continue
        one, other = read_lesson(path, ENGLISH), read_lesson(theirs[number], language)
        found += [f"Lesson {number}: {b.text}" for b in other.of_kind("problem")]
        if _bones(one) != _bones(other):
            found.append(f"Lesson {number} has other directives than the English one.")
    english, terms = (
        _terms(root / "glossary" / ENGLISH / "terms.md"),
        _terms(root / "glossary" / language / "terms.md"),
    )
    found += [f'The glossary lacks "{name}".' for name in english if name not in terms]
    asked = [b.id for b in questions(ENGLISH, root)]
    told = root / "lessons" / language / "check.md"
    here = [b.id for b in questions(language, root)] if told.is_file() else []
    found += [f'The question "{name}" is missing.' for name in asked if name not in here]
    own = root / "lessons" / language / "words.toml"
    mine = tomllib.loads(own.read_text("utf-8")) if own.is_file() else {}
    return found + [f'words.toml lacks "{name}".' for name in words(ENGLISH, root) if name not in mine]


_TOLD = ("button", "why", "tex", "numbers")  # keys whose values are words


def _bones(lesson: Lesson) -> list[tuple[str, str, tuple[tuple[str, str], ...], tuple[bool, ...]]]:
    """What a translation leaves as it is."""
    return [
        (
            b.kind,
            b.id,
            tuple((k, v) for k, v in sorted(b.keys.items()) if k not in _TOLD),
            tuple(c.right for c in b.choices),
        )
        for b in lesson.blocks
        if b.kind not in ("text", "problem")
    ]


if __name__ == "__main__":
    for chosen in sys.argv[1:] or languages():
        print(f"{chosen}: {' '.join(lacks(chosen)) or 'complete'}")

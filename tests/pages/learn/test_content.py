"""Lessons, glossary and questions as files: what is read, what is said of broken ones, what a language lacks."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest

from gan_core.config.fields import specs
from gan_core.config.registry import Registry
from gan_core.training import PRESETS, RunConfig
from pages.learn import content
from pages.learn.blocks import Block, as_data, code_of, read_blocks
from pages.learn.content import CONTROL, LINK, glossary, lacks, languages, lesson, lessons
from pages.learn.directives import CONDITIONS, DIRECTIVES, Condition, conditions
from pages.learn.scenes import scene_settings
from pages.ui.fields.terms import TERMS, glossary_link

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "lessons.md").read_text("utf-8")
EVERY = [lesson for language in languages() for lesson in lessons(language)]
HEAD = "---\ntitle: T\nminutes: 4\npaper: A, B | https://arxiv.org/abs/1\n---\n"


def write(folder: Path, text: str, name: str = "01-a.md", language: str = "en") -> Path:
    (folder / "lessons" / language).mkdir(parents=True, exist_ok=True)
    path = folder / "lessons" / language / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(blocks: tuple[Block, ...] | list[Block]) -> list[str]:
    return [block.text for block in blocks if block.kind == "problem"]


# --- what comes along


def test_there_are_ten_lessons_of_three_to_eight_minutes_each_with_a_paper_and_nothing_left_out() -> None:
    english = lessons("en")
    assert [one.number for one in english] == [f"{n:02}" for n in range(1, 11)]
    for one in EVERY:
        assert problems(one.blocks) == []
        assert 3 <= one.minutes <= 8
        assert one.summary
        assert one.papers
        assert all(re.fullmatch(r"https://\S+", address) and words for words, address in one.papers)


def test_every_lesson_asks_first_then_lets_it_run_then_explains() -> None:
    for one in EVERY:
        kinds = [block.kind for block in one.blocks]
        asked = min(i for i, b in enumerate(one.blocks) if b.kind == "question" or (b.kind == "code" and b.choices))
        done = [i for i, kind in enumerate(kinds) if kind == "task"]
        assert asked < min(done), f"{one.number} has a task before its first question"
        assert kinds[max(done) + 1 :].count("text") >= 1, f"{one.number} ends without a word"


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_a_translation_is_complete(language: str) -> None:
    assert lacks(language) == []


def test_every_scene_of_the_lab_can_be_set() -> None:
    for one in EVERY:
        for scene in one.of_kind("scene"):
            assert (scene_settings(scene) is not None) == (scene.keys["page"] == "lab")


def test_every_scene_that_a_condition_or_a_claim_names_is_there() -> None:
    for one in EVERY:
        scenes = {scene.id for scene in one.of_kind("scene")}
        named = {str(c.value) for b in one.of_kind("task") for c in conditions(b.keys["done"]) if c.name == "scene"}
        named |= {claim.keys["scene"] for claim in one.of_kind("claim") if "scene" in claim.keys}
        assert named <= scenes, one.number


def test_every_link_of_a_lesson_leads_to_a_term_or_to_the_web() -> None:
    terms = glossary("en")
    assert len(terms) == 40
    for one in EVERY:
        for target in LINK.findall("\n".join(block.text for block in one.blocks)):
            assert target.startswith("https://") or target.removeprefix("term:") in terms, f"{one.number}: {target}"


# --- controls


def words_on_screen() -> set[str]:
    """All texts that the pages' code, the settings' labels and the families' members can show."""
    found: set[str] = set()
    for path in (ROOT / "pages").rglob("*.py"):
        if path.relative_to(ROOT).parts[1] != "learn":
            nodes = ast.walk(ast.parse(path.read_text("utf-8")))
            found |= {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    for path in (ROOT / "pages").rglob("*.js"):
        found |= set(re.findall(r'"([^"\n]+)"', path.read_text("utf-8")))

    def labels(cls: type) -> None:
        for name, spec in specs(cls).items():
            found.add(spec.label or name.replace("_", " ").capitalize())
            if isinstance(spec.family, Registry):
                for member in spec.family.names():
                    found.add(spec.family.get(member).label)
                    labels(spec.family.get(member).cls)
            elif spec.kind == "section":
                labels(type(getattr(RunConfig(), name)))

    labels(RunConfig)
    return found | {preset.label for preset in PRESETS.values()}


def controls(blocks: tuple[Block, ...]) -> set[str]:
    quoted = {name for block in blocks for name in CONTROL.findall(block.text)}
    tasks = (block for block in blocks if block.kind == "task")
    return quoted | {str(c.value) for task in tasks for c in conditions(task.keys["done"]) if c.name == "pressed"}


def test_every_control_that_a_lesson_quotes_is_on_the_screen() -> None:
    there = words_on_screen()
    assert "Train" in there
    assert "No such button" not in there
    for one in EVERY:
        assert controls(one.blocks) - there == set(), f"{one.language} {one.number} quotes what is not there any more"


# --- the loader


def test_a_lesson_is_read_as_it_stands(tmp_path: Path) -> None:
    text = f"""{HEAD}First.

:::scene s
page: lab
set: preset=ring seed=3
button: Go
About it.
:::

:::question q
Which?
- [ ] This | No.
- [x] That | Yes.
:::
Last."""
    write(tmp_path, text)
    one = lesson("01", root=tmp_path)
    assert (one.title, one.minutes, one.papers) == ("T", 4, (("A, B", "https://arxiv.org/abs/1"),))
    assert [b.kind for b in one.blocks] == ["text", "scene", "question", "text"]
    scene, question = one.blocks[1:3]
    assert (scene.keys["set"], scene.text) == ("preset=ring seed=3", "About it.")
    assert [(c.right, c.answer) for c in question.choices] == [(False, "No."), (True, "Yes.")]
    assert one.marks == ["q"]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (":::dance d\n:::", 'there is no directive "dance d"'),
        (":::task t\nPress it.\n:::", '"task" lacks done'),
        (":::task\ndone: step > 1\n:::", '"task" needs a name'),
        (":::task t\ndone: wind > 3\n:::", 'the condition "wind > 3" has no meaning'),
        (":::task t\ndone: step > many\n:::", "needs a number"),
        (":::scene s\npage: kitchen\nbutton: Go\n:::", 'there is no page "kitchen"'),
        (":::question q\nWhich?\n- [ ] a | b\n:::", "needs one right answer"),
        (":::question q\nWhich?\n- [y] a | b\n:::", "is not of the form"),
        (":::question q\nHow many?\n:::", "neither choices nor a number"),
        (":::code c\nno fence\n:::", "has no code"),
        (":::code c\nline: 9\n```\na\n```\n- [x] b | c\n:::", "which of its lines"),
        (":::formula\nx\n:::", '"formula" lacks tex'),
        (":::task t\ndone: step > 1", "has no end"),
    ],
)
def test_what_has_no_meaning_is_said_in_a_sentence_and_the_rest_stands(tmp_path: Path, part: str, said: str) -> None:
    write(tmp_path, f"{HEAD}Before.\n\n{part}\n" + ("" if "has no end" in said else "\nAfter."))
    one = lesson("01", root=tmp_path)
    (sentence,) = problems(one.blocks)
    assert said in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    kept = [b.text for b in one.blocks if b.kind == "text"]
    assert kept == (["Before."] if "has no end" in said else ["Before.", "After."])


def test_two_tasks_of_one_name_are_told_apart(tmp_path: Path) -> None:
    twice = ":::task t\ndone: step > 1\n:::\n"
    write(tmp_path, HEAD + twice + twice)
    assert "twice" in problems(lesson("01", root=tmp_path).blocks)[0]


def test_a_broken_file_is_a_lesson_of_one_sentence_and_the_others_stand(tmp_path: Path) -> None:
    write(tmp_path, HEAD, "02-b.md")
    write(tmp_path, "no head at all", "03-c.md")
    write(tmp_path, "", "01-a.md").write_bytes(b"\xff\xfe\xff")
    first, second, third = lessons("en", tmp_path)
    assert problems(first.blocks) == ["The file of lesson 01 cannot be read."]
    assert second.title == "T"
    assert "does not begin with its title" in problems(third.blocks)[0]


@pytest.mark.parametrize("number", ["11", "", "../secret", "<script>", "99999999999999999999999999999"])
def test_a_link_to_a_lesson_of_another_version_is_one_sentence(number: str) -> None:
    with pytest.raises(
        ValueError, match=r"^There is no lesson .* in this version: the lessons are 01 to 10\.$"
    ) as said:
        lesson(number)
    assert "<" not in str(said.value)
    assert "/" not in str(said.value)


def test_what_a_language_lacks_is_in_english_and_is_named(tmp_path: Path) -> None:
    write(tmp_path, HEAD + ":::task t\ndone: step > 1\n:::")
    write(tmp_path, HEAD, "02-b.md")
    write(tmp_path, HEAD + ":::task t\ndone: step > 2\n:::", language="fr")
    write(tmp_path, ":::question q\nnumber: 1\nx\n:::", "check.md")
    write(tmp_path, 'fold = "Fold"', "words.toml")
    (tmp_path / "glossary" / "en").mkdir(parents=True)
    (tmp_path / "glossary" / "en" / "terms.md").write_text("## a | A\nIs a.\n\n## b | B\nIs b.\n")
    assert lacks("fr", tmp_path) == [
        "Lesson 01 has other directives than the English one.",
        "Lesson 02 is missing.",
        'The glossary lacks "a".',
        'The glossary lacks "b".',
        'The question "q" is missing.',
        'words.toml lacks "fold".',
    ]
    assert lesson("02", "fr", tmp_path).language == "en"
    assert list(glossary("fr", tmp_path)) == ["a", "b"]
    assert content.words("fr", tmp_path)["fold"] == "Fold"
    assert lesson("01", "../en", tmp_path).language == "en"


def test_code_is_mended_in_its_place() -> None:
    (block,) = read_blocks(
        ":::code c\nline: 2\n```python\nif a:\n    b\nc\n```\n- [x] `d ⏎ e` | Yes.\n- [ ] f | No.\n:::"
    )
    assert code_of(block) == "if a:\n    b\nc"
    assert code_of(block, mended=True) == "if a:\n    d\n    e\nc"
    assert as_data(block)["mended"] == "if a:\n    d\n    e\nc"


def test_conditions_are_read() -> None:
    assert conditions("max d_loss > 20; config.loss = hinge; pressed = D only") == [
        Condition("d_loss", ">", 20.0, "max"), Condition("config.loss", "=", "hinge"),
        Condition("pressed", "=", "D only"),
    ]  # fmt: skip


# --- the writers' page


def test_the_writers_page_has_every_directive_key_and_condition() -> None:
    for kind in DIRECTIVES.values():
        (row,) = re.findall(rf"^\| `{kind.name}` \| (.+?) \| (.*) \|$", GUIDE, re.MULTILINE)
        assert row[0] == kind.does
        assert re.findall(r"`(\w+)`", row[1]) == list(kind.keys)
        for key in kind.keys:
            assert f"| `{key}` of `{kind.name}` | " in GUIDE
    told = re.findall(r"^\| `(\w+)` of `(\w+)` \|", GUIDE, re.MULTILINE)
    assert {(kind.name, key) for kind in DIRECTIVES.values() for key in kind.keys} == {(b, a) for a, b in told}
    for name, words in CONDITIONS.items():
        assert f"| `{name}` | {words} |" in GUIDE


def test_a_block_keeps_no_more_than_its_fields() -> None:
    assert {f.name for f in dataclasses.fields(Block)} == {"kind", "id", "keys", "text", "choices"}


def test_a_settings_help_leads_to_a_term_that_is_there() -> None:
    assert set(TERMS.values()) <= set(glossary("en"))
    assert glossary_link("lr") == " [Glossary](learn?term=learning-rate)"
    assert glossary_link("backend") == ""


def test_every_curves_title_leads_to_a_term_that_is_there() -> None:
    curves = (ROOT / "pages" / "lab" / "web" / "curves.js").read_text("utf-8")
    charts = re.findall(r'^  \{ id: "(\w+)"(?:, term: "([\w-]+)")?', curves, re.MULTILINE)
    assert len(charts) >= 7
    assert {term for _, term in charts} <= set(glossary("en")), charts


def test_every_term_is_a_sentence_or_two_with_a_figure_of_ours() -> None:
    for language in languages():
        for term in glossary(language).values():
            assert 3 <= len(term.text.split()) <= 45, term.id
            assert term.text.endswith("."), term.id
    for id in glossary("en"):
        figure = (ROOT / "assets" / "glossary" / "figures" / f"{id}.svg").read_text("utf-8")
        assert not re.search(r"<script|href|on\w+=|url\(", figure), id
        assert ("animation" in figure) == ("prefers-reduced-motion" in figure), id

"""Words from outside as Markdown; what a browser makes of them is in tests/browser/server/test_hostile_words.py."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.ui.literal import literal
from tests.pages.shown import shown

PAGES = Path(__file__).parents[2] / "pages"


@pytest.mark.parametrize(
    ("words", "markdown"),
    [
        ("![p](https://h/a.png)", r"\!\[p\](https:" + "\u2060" + "//h/a.png)"),
        ("<img src=x>", r"\<img src=x>"),
        (":red[x] :material/info: ::: :ü[x]", "\\:red\\[x\\] :\u2060material/info: \\:\\:: \\:ü\\[x\\]"),
        ("$x^2$ `c` ~~d~~", r"\$x^2\$ \`c\` \~\~d\~\~"),
        ("**b** _i_ __b__ d_optimizer.lr", r"\*\*b\*\* \_i\_ \_\_b\_\_ d_optimizer.lr"),
        ("# h", r"\# h"),
        ("> q", r"\> q"),
        ("- a", r"\- a"),
        ("-3 of 4", "-3 of 4"),
        ("2026. A year", r"2026\. A year"),
        ("12) a", r"12\) a"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        ("a\\", r"a\\"),
        ("  a\n\n    b\t\u202ec\x00", "a b c"),
        (":skull: :+1:", ":\u2060skull: :\u2060+1:"),
        ("www.h.example a@h.example", "www\u2060.h.example a\u2060@h.example"),
        ("a -> b <- c <-> d -- e >= f", "a -\u2060> b \\<\u2060- c \\<\u2060-> d -\u2060- e >\u2060= f"),
        ('There is no run called "x"; 16:16, half (50%).', 'There is no run called "x"; 16:16, half (50%).'),
        ("モデル ☃ 👩\u200d💻", "モデル ☃ 👩\u200d💻"),
    ],
)  # fmt: skip
def test_signs_that_would_do_something_stand_for_themselves(words: str, markdown: str) -> None:
    assert literal(words) == markdown


@given(st.text())
def test_what_is_read_are_the_words_themselves(words: str) -> None:
    printable = "".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in words)
    assert shown(literal(words)) == " ".join(printable.split())


@given(st.text(st.sampled_from("[](){}<>!*_`~$:/\\&#-+.1 ahtpsw@")))
def test_nothing_that_opens_a_link_a_picture_or_html_is_left_bare(words: str) -> None:
    bare = literal(words).replace("\\\\", "")
    for sign in "[]<`*$&~":
        assert all(i and bare[i - 1] == "\\" for i, found in enumerate(bare) if found == sign)
    assert "://" not in bare


DRAWS_MARKDOWN = {
    "markdown", "error", "warning", "info", "success", "caption", "toast", "badge", "header", "subheader", "title",
    "popover", "expander", "spinner", "status", "progress", "metric",
}  # fmt: skip
SAID_BY_OTHERS = {"public", "str", "plain", "path_label", "problem", "error", "title", "name", "sentence", "notice",
                  "remark", "words_of_others", "run_name", "preset_label"}  # fmt: skip


def test_every_sentence_that_says_somebody_elses_words_takes_them_literally() -> None:
    """A name in braces, or a whole sentence, that comes from outside goes through `literal` first."""
    found = []
    for path in PAGES.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            if call.func.attr in DRAWS_MARKDOWN and call.args and isinstance(call.func.value, ast.Name):
                found += [f"{path.name}:{call.lineno}: {name}" for name in bare_names(call.args[0])]
    assert found == []


def bare_names(node: ast.AST) -> list[str]:
    """Names of others' words in an expression, outside of any `literal(...)`."""
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name == "literal":
            return []
        return [name] if name in SAID_BY_OTHERS else []
    if isinstance(node, ast.Name | ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        return [name] if name in SAID_BY_OTHERS else []
    return [name for child in ast.iter_child_nodes(node) for name in bare_names(child)]

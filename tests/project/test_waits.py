"""How tests and benchmarks wait for a page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
A_FUNCTION = re.compile(r"\s*(async\s*)?(\([^)]*\)|\w+)\s*=>")


def plain_waits(script: str) -> list[str]:
    """What `wait_for_function` is given that is no function. An expression that does not hold at once is evaluated by
    the page, whose content security policy forbids that."""
    tree = ast.parse(script)
    named = {
        target.id: node.value
        for node in ast.walk(tree) if isinstance(node, ast.Assign)
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    found = []
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "wait_for_function"
        ):
            given = named.get(node.args[0].id) if isinstance(node.args[0], ast.Name) else node.args[0]
            if not (isinstance(given, ast.Constant) and A_FUNCTION.match(str(given.value))):
                found.append(ast.unparse(node))
    return found


def test_what_a_page_is_waited_for_by_is_a_function() -> None:
    scripts = [path for room in ("tests", "benchmarks") for path in (ROOT / room).rglob("*.py")]
    plain = {path.name: waits for path in scripts if (waits := plain_waits(path.read_text(encoding="utf-8")))}
    assert plain == {}


def test_a_plain_expression_is_found() -> None:
    script = 'NAMED = "window.view"\npage.wait_for_function("before => location.search !== before", arg=said)\n'
    script += 'page.wait_for_function("window.draw")\npage.wait_for_function(NAMED)\n'
    assert plain_waits(script) == ["page.wait_for_function('window.draw')", "page.wait_for_function(NAMED)"]

"""Names that other programs do not promise to keep: all are listed, and one that is gone is named."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest
import streamlit

ROOT = Path(__file__).parents[2]
LISTED = tomllib.loads((Path(__file__).parent / "private_names.toml").read_text(encoding="utf-8"))["names"]
CODE = [ROOT / "app.py", *sorted((ROOT / "gan_core").rglob("*.py")), *sorted((ROOT / "pages").rglob("*.py"))]
PUBLIC = {"os._exit"}  # documented, for all its underscore
STREAMLIT_PUBLIC = {"streamlit.components", "streamlit.testing"}  # of its packages; all else is `st.`something


def found(dotted: str) -> object:
    """What a dotted name leads to. Raises AttributeError or ImportError where there is no such thing."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            here = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            here = getattr(here, "__dataclass_fields__", {}).get(part) or getattr(here, part)
        return here
    raise ModuleNotFoundError(f"no module of {dotted}")


def code_of(function: object) -> CodeType:
    return inspect.unwrap(function).__code__  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize("entry", LISTED, ids=lambda entry: entry["name"])
def test_a_private_name_is_still_there(entry: dict[str, str]) -> None:
    whole = entry.get("of", entry["name"])
    package = whole.partition(".")[0]
    version = "" if package == "pickle" else f" {importlib.metadata.version(package)}"
    gone = (
        f"{package}{version} has no {entry['name']} any more{' in ' + whole if 'of' in entry else ''}: {entry['why']}"
    )
    try:
        there = found(whole)
    except (AttributeError, ImportError):
        pytest.fail(gone)
    if "of" in entry:
        code = code_of(there)
        assert entry["name"] in (*code.co_varnames, *code.co_names), gone


def test_every_private_name_in_the_code_is_listed_and_no_other() -> None:
    listed = {entry["name"] for entry in LISTED}
    used: dict[str, str] = {}
    for path in CODE:
        text = path.read_text(encoding="utf-8")
        used |= {name: str(path.relative_to(ROOT)) for name in private_names(text)}
        # What is reached by an object or by getattr has no module in front of it.
        used |= {n: str(path) for n in listed if re.search(rf"[\"'.]{re.escape(n.rpartition('.')[2])}\b", text)}
    assert {name: where for name, where in used.items() if name not in listed} == {}
    assert listed - set(used) == set(), "listed, but used nowhere"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import torch\ntorch._foreach_norm([])", {"torch._foreach_norm"}),
        ("from torch import _C", {"torch._C"}),
        ("import numpy.linalg as la\nla._umath_linalg.det", {"numpy.linalg._umath_linalg"}),
        ("from streamlit.runtime import get_instance", {"streamlit.runtime.get_instance"}),
        ("from streamlit import config", {"streamlit.config"}),
        ("import streamlit as st\nst.button('x')\nself._own = os._exit", set()),
        ("if TYPE_CHECKING:\n    from streamlit.delta_generator import DeltaGenerator", set()),
    ],
)
def test_private_names_are_seen(text: str, names: set[str]) -> None:
    assert set(private_names(text)) == names


def private_names(text: str) -> Iterator[str]:
    """Names from outside that have an underscore in front, and what of Streamlit is none of `st.`, as a program has
    them when it runs: types that only a checker reads are let be.
    """
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    outside: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                outside[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith(("gan_core", "pages")):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                outside[alias.asname or alias.name] = whole
                if is_private(whole):
                    yield whole
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
            root, _, rest = ast.unparse(node).partition(".")
            if root in outside and f"{outside[root]}.{rest}" not in PUBLIC:
                yield f"{outside[root]}.{rest}"


def is_private(whole: str) -> bool:
    package, *rest = whole.split(".")
    if package == "streamlit" and ".".join((package, *rest[:1])) not in STREAMLIT_PUBLIC:
        return len(rest) > 1 or inspect.ismodule(getattr(streamlit, rest[0], None))
    return any(part.startswith("_") and not part.startswith("__") for part in rest)


def test_what_styles_and_scripts_reach_for_on_a_page_is_still_drawn_by_streamlit() -> None:
    drawn = "".join(
        path.read_text(encoding="utf-8") for path in Path(streamlit.__file__).parent.glob("static/static/js/*.js")
    )
    ours = [path for folder in ("assets", "pages") for path in (ROOT / folder).rglob("*")]
    wanted = {
        (name, str(path.relative_to(ROOT)))
        for path in ours
        if path.suffix in (".css", ".js", ".py")
        for name in re.findall(r"""(?:testid=["']|\.)(st[A-Z][A-Za-z]+)""", path.read_text(encoding="utf-8"))
    }
    assert len(wanted) > 20
    gone = sorted((name, where) for name, where in wanted if not re.search(rf"\b{name}\b", drawn))
    assert gone == [], f"streamlit {streamlit.__version__} draws these no more"

"""Adding a thing is one new file or one block: done here, in a copy of the tree, with nothing else edited.

The files are the blocks of docs/extending.md.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/extending.md").read_text("utf-8")
FILES = {
    "A loss": "gan_core/objectives/pearson.py",
    "A penalty": "gan_core/objectives/drift.py",
    "An augmentation": "gan_core/objectives/flips.py",
    "A network": "gan_core/nets/coordinates.py",
    "A dataset": "gan_core/data/sets/gratings.py",
    "An Explore tool": "pages/explore/ops/brightness.py",
    "A command": "gan_core/cli/commands/longest.py",
}
"""Section of the page -> where its first block of Python goes."""
TOOL = "pages/explore/web/tools/brightness/brightness.js"
PRESET = """
_preset("stripes", "Stripes", "One small network draws stripes.", replace(PRESETS["fashion-fast"].config, seed=2))
"""
FAMILIES = {
    "datasets": ("gratings", "Gratings"),
    "losses": ("pearson", "Pearson χ²"),
    "penalties": ("drift", "Drift"),
    "augmentations": ("flip", "Flips"),
    "generators": ("coordinates", "Coordinates"),
}
"""Family -> the member's name and its label."""


def block(section: str, *languages: str) -> str:
    """The first block of code in a section of the page."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    found = re.search(rf"^```(?:{'|'.join(languages)})\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/extending.md shows no code for: {section}"
    return found[1]


def with_imports(code: str, before: list[str]) -> str:
    """The block as a file of its own: with what the blocks before it on the page have imported, too."""
    return code if code[:3] == '"""' else "\n".join([*before, code])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product with the new files and a new block in it."""
    made = tmp_path_factory.mktemp("added")
    for room in ("gan_core", "pages"):
        shutil.copytree(ROOT / room, made / room)
    (made / "assets").symlink_to(ROOT / "assets")
    imported = list[str]()
    for section, path in FILES.items():
        code = block(section, "python", "py")
        assert not (made / path).exists()
        (made / path).write_text(with_imports(code, imported), "utf-8")
        imported += [ast.unparse(n) for n in ast.parse(code).body if isinstance(n, ast.Import | ast.ImportFrom)]
    (made / TOOL).parent.mkdir()
    (made / TOOL).write_text(block("An Explore tool", "js"), "utf-8")
    with (made / "gan_core/training/configuration/presets.py").open("a", encoding="utf-8") as presets:
        presets.write(PRESET)
    return made


@pytest.fixture(scope="module")
def used(folder: Path) -> dict[str, Any]:
    """What `adding/use_them.py` found."""
    shutil.copy(Path(__file__).parent / "adding" / "use_them.py", folder)
    done = subprocess.run(
        [sys.executable, "use_them.py", str(folder)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_a_member_is_in_the_catalogue_and_in_the_panel(used: dict[str, Any], family: str) -> None:
    name, label = FAMILIES[family]
    assert used["catalogue"][family].count(name) == 1
    assert label in used["panel"]


def test_a_run_of_all_of_them_trains(used: dict[str, Any]) -> None:
    assert (used["trained"]["steps"], used["trained"]["error"]) == (2, "")
    config = used["config"]["config"]
    fields = ("data", "loss", "penalty", "augmentation", "generator")
    assert {config[field]["name"] for field in fields} == {name for name, _ in FAMILIES.values()}
    assert (config["data"]["period"], config["penalty"]["weight"]) == (6, 0.01)
    assert "stripes" in used["catalogue"]["presets"]


def test_what_it_has_learned_can_be_taken_away(used: dict[str, Any], folder: Path) -> None:
    with safe_open(folder / "generator.safetensors", framework="np") as file:
        assert file.get_tensor("of_place.weight").shape == (8, 2)
    assert used["script_told"].startswith("step 1")


def test_a_command_is_offered_and_does_its_work(used: dict[str, Any], folder: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "gan_core", "--help"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert "longest" in told.stdout
    assert "Name the run that has trained" in told.stdout
    assert used["longest"].strip() == used["trained"]["run"]


def test_explore_has_the_tool_and_answers_it(used: dict[str, Any]) -> None:
    assert TOOL.removeprefix("pages/") in used["tools"]
    assert 0 < used["brightness"] < 255

"""Adding a thing is one new file or one block: done here, in a copy of the tree, with nothing else edited.

`adding/` holds the files where they go; the preset is a block at the end of presets.py.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

ROOT = Path(__file__).resolve().parents[2]
ADDED = Path(__file__).parent / "adding"
FAMILIES = {
    "datasets": ("gratings", "Gratings"),
    "losses": ("pearson", "Pearson χ²"),
    "penalties": ("drift", "Drift"),
    "augmentations": ("flip", "Flips"),
    "generators": ("coordinates", "Coordinates"),
}
"""Family -> the member's name and its label."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product with the new files and the new block in it."""
    made = tmp_path_factory.mktemp("added")
    for room in ("gan_core", "pages"):
        shutil.copytree(ROOT / room, made / room)
        shutil.copytree(ADDED / room, made / room, dirs_exist_ok=True)
    (made / "assets").symlink_to(ROOT / "assets")
    with (made / "gan_core/training/presets.py").open("a", encoding="utf-8") as presets:
        presets.write((ADDED / "preset.py.txt").read_text("utf-8"))
    return made


@pytest.fixture(scope="module")
def used(folder: Path) -> dict[str, Any]:
    """What `adding/use_them.py` found."""
    shutil.copy(ADDED / "use_them.py", folder)
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
    script = (folder / "train.py").read_text("utf-8")
    compile(script, "train.py", "exec")
    assert "fake_logits.square() / 4" in script


def test_a_command_is_offered_and_does_its_work(used: dict[str, Any], folder: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "gan_core", "--help"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert "count-weights" in told.stdout
    assert "Count the weights of a preset's two" in told.stdout
    assert [line.partition(":")[0] for line in used["weights"].splitlines()] == ["generator", "discriminator"]


def test_explore_answers_with_a_new_operation(used: dict[str, Any]) -> None:
    assert 0 < used["brightness"] < 1

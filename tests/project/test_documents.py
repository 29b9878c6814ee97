"""README and ARCHITECTURE say what is so: the commands, the picture, the folders, the floors, the worked example."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch

from gan_core.cli.catalogue import catalogue
from gan_core.cli.take import EXPORTERS, SCRIPTS
from gan_core.config.codec import apply_sets, differences, from_dict, to_dict
from gan_core.data.base import ImageSet
from gan_core.objectives.base import Loss, losses
from gan_core.runs import Dissect, Pause, Resume
from gan_core.runs.dataset_cache import DatasetCache
from gan_core.runs.evaluation.diagnosis import Diagnoser
from gan_core.training import RunConfig, Trainer
from tests.runs.helpers import at_rest, open_manager, quick, until, until_state
from tests.training.observe.test_microscope import decoded

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def code_blocks(text: str, language: str) -> list[str]:
    blocks = re.finditer(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [block[2] for block in blocks if block[1] == language]


def listed_folders() -> dict[str, str]:
    """Path -> description of every line of ARCHITECTURE's list of folders."""
    (listed,) = (block for block in code_blocks(ARCHITECTURE, "") if block.startswith("app.py "))
    lines = [line.partition(" ") for line in listed.splitlines()]
    return {path: words.strip() for path, _, words in lines}


def product_folders() -> set[str]:
    """Every folder of the product's code that holds a file of its own."""
    files = (p for name in ("gan_core", "pages", "benchmarks") for p in (ROOT / name).rglob("*") if p.is_file())
    return {p.parent.relative_to(ROOT).as_posix() for p in files if p.parent.name != "__pycache__"}


def test_readme_opens_with_a_picture_that_is_there() -> None:
    lines = [line for line in README.splitlines() if line.strip()]
    assert lines[0].startswith("# ")
    picture = re.fullmatch(r"!\[.+\]\((.+)\)", lines[1])
    assert picture, "the first thing after the title is the screenshot"
    assert (ROOT / picture.group(1)).is_file()


def test_readme_is_read_in_a_few_minutes() -> None:
    assert len(README.splitlines()) <= 160


def test_every_folder_has_its_line_in_architecture() -> None:
    """`tools/*` is the line of all the folders in `tools`, so that a new tool is its folder and nothing else."""
    listed = listed_folders()
    named = {p.relative_to(ROOT).as_posix() for path in listed for p in ROOT.glob(path)}
    assert product_folders() - named == set(), "not in ARCHITECTURE's list of folders"
    assert [path for path in listed if not any(ROOT.glob(path))] == [], "listed, but not there"
    assert [path for path, words in listed.items() if len(words) < 8] == [], "not described"


def test_readme_s_make_commands_exist() -> None:
    commands = set(re.findall(r"\bmake ([a-z]+)", README))
    assert {"app", "test"} <= commands
    for command in commands:
        shown = subprocess.run(["make", "-n", command], cwd=ROOT, capture_output=True, text=True, check=False)
        assert shown.returncode == 0, shown.stderr


def test_readme_s_command_lines_are_understood() -> None:
    from gan_core.cli.parser import build_parser

    lines = re.findall(r"^python -m gan_core (.+?)(?:\s+#.*)?$", README, flags=re.MULTILINE)
    assert {line.split()[0] for line in lines} >= {"train", "resume", "sample", "export"}
    for line in lines:
        build_parser().parse_args(line.split())


def test_benchmarks_that_are_named_are_there_and_refuse_what_they_do_not_know() -> None:
    """But for the log, which names what there was. A command that reads no options takes `--help` for a start."""
    folder = ROOT / "benchmarks"
    texts = {path.relative_to(ROOT).with_suffix(""): path.read_text("utf-8") for path in folder.rglob("*.py")}
    commands = {
        ".".join(path.parts): text for path, text in texts.items() if re.search("^if __name__", text, re.MULTILINE)
    } | {
        ".".join(path.parent.parts): "".join(text for other, text in texts.items() if other.parent == path.parent)
        for path in texts if path.name == "__main__"
    }  # fmt: skip
    documents = [path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if path.name != "log.md"]
    said = "".join([path.read_text("utf-8") for path in documents] + list(texts.values()))
    named = set(re.findall(r"python -m (benchmarks[a-z_.]*[a-z])", said))
    assert len(named) > 30
    assert named - set(commands) == set()
    assert [name for name, text in commands.items() if "ArgumentParser(" not in text] == []


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md"):
        for target in re.findall(r"(?<!!)\[[^]]*\]\(([^)]+)\)", (ROOT / name).read_text(encoding="utf-8")):
            if not target.startswith(("http", "#")):
                assert (ROOT / target).exists(), f"{name} links to {target}"


def test_the_floors_in_architecture_are_those_that_are_checked() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = next(c for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers")["layers"]
    checked = [{room.strip().removeprefix("gan_core.") for room in layer.split("|")} for layer in layers]
    (drawn,) = (block for block in code_blocks(ARCHITECTURE, "") if block.startswith("pages "))
    named = [set(line[:34].replace("gan_core.", "").split()) for line in drawn.splitlines()]
    assert named == [rooms for rooms in checked if rooms != {"__main__"}]


def test_the_floors_of_runs_in_architecture_are_those_that_are_checked() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract.get("containers") == ["gan_core.runs"])
    (drawn,) = (block for block in code_blocks(ARCHITECTURE, "") if "groups  catalog" in block)
    named = [set(re.split(r" {3,}", line)[0].split()) for line in drawn.splitlines()]
    assert named == [{room.strip() for room in layer.split("|")} for layer in layers]


def test_every_room_stands_on_a_floor() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = next(c for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers")["layers"]
    named = {room.strip() for layer in layers for room in layer.split("|")}
    rooms = {f"gan_core.{p.name}" for p in (ROOT / "gan_core").iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert rooms | {"pages", "gan_core.__main__"} == named


@pytest.fixture
def worked_example(tmp_path: Path) -> Iterator[ModuleType]:
    (code,) = code_blocks(ARCHITECTURE, "python")
    (tmp_path / "worked_example.py").write_text(code, encoding="utf-8")
    before = dict(losses._entries)
    spec = importlib.util.spec_from_file_location("worked_example", tmp_path / "worked_example.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["worked_example"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["worked_example"]
    losses._entries.clear()
    losses._entries.update(before)


def test_a_loss_added_as_described_is_everywhere_and_trains(
    worked_example: ModuleType, tiny: RunConfig, random_images: ImageSet
) -> None:
    config = apply_sets(tiny, {"loss": "reverse-kl", "loss.pull": "0.5"})
    assert config.loss == worked_example.ReverseKl(pull=0.5)
    assert from_dict(RunConfig, to_dict(config)) == config
    assert differences(config, tiny) == {"loss": "reverse-kl", "loss.pull": "0.5"}
    assert catalogue()["losses"]["reverse-kl"]["fields"]["pull"]["live"] is True
    trainer = Trainer(replace(config, total_images=100), random_images, torch.device("cpu"))
    before = [w.detach().clone() for w in (*trainer.g_weights, *trainer.d_weights)]
    trainer.step()
    trainer.step()
    assert trainer.examine() is None
    assert any(not torch.equal(a, b) for a, b in zip(before, trainer.g_weights + trainer.d_weights, strict=True))


def test_a_loss_added_as_described_is_dissected_exported_and_diagnosed(
    worked_example: ModuleType, tmp_path: Path
) -> None:
    manager = open_manager(tmp_path)
    run = manager.start(quick(steps=12, data="ring", loss="reverse-kl"))
    manager.send(run, Pause())
    until_state(manager, run, "paused")
    manager.send(run, Dissect())
    until(lambda: manager.dissected(run) is not None or manager.view(run).state == "failed")
    step = manager.dissected(run)
    assert step is not None, manager.view(run).error
    words, _ = decoded(step.data)
    for player, name in (("d", "loss of D"), ("g", "loss of G")):
        (term,) = words[player]["terms"]
        assert (term["formula"], term["spelled"]) == (name, "")
        assert term["value"] == pytest.approx(words[player]["loss"], rel=1e-5)
    until_state(manager, run, "paused")
    manager.send(run, Resume())
    view = at_rest(manager, run)
    assert (view.state, view.step, view.error) == ("finished", 12, "")
    Diagnoser(DatasetCache(manager.data_dir)).diagnose(manager, run)
    for kind in ("png", "gif", "csv", "safetensors"):
        assert EXPORTERS[kind](manager, run, 1)
    (tmp_path / "exported").mkdir()
    for name, write in SCRIPTS.values():
        for file, content in write(manager, run, name).items():
            (tmp_path / "exported" / file).write_bytes(content)
    manager.close()
    script = [sys.executable, "train.py", "--steps", "2", "--device", "cpu"]
    trained = subprocess.run(script, cwd=tmp_path / "exported", capture_output=True, text=True, check=False)
    assert trained.returncode == 0, trained.stderr


@pytest.mark.parametrize("probability", [True, False])
def test_a_loss_is_two_formulas_and_all_else_has_a_default(probability: bool) -> None:
    class Plain(Loss):
        def d_loss(self, real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
            return fake_logits.mean() - real_logits.mean()

        def g_loss(self, real_logits: torch.Tensor | None, fake_logits: torch.Tensor) -> torch.Tensor:
            return -fake_logits.mean()

    Plain.probability = probability
    loss, real, fake = Plain(), torch.tensor([[3.0, 5.0]]), torch.tensor([[-1.0, 1.0]])
    assert loss.threshold(real, fake).tolist() == [[0.0 if probability else 2.0]]
    assert loss.fixed_threshold() == (0.5 if probability else None)
    assert [float(value) for value in loss.d_terms(real, fake).values()] == [-4.0]
    assert [float(value) for value in loss.g_terms(None, fake).values()] == [0.0]


def test_the_changelog_keeps_to_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", heading) for heading in headings[1:])
    kinds = set(re.findall(r"^### (.+)$", text, flags=re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

"""Setting up: what the Makefile does and says, and that the lists of requirements are honest."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import platform
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import pytest_report_header
from tests.project.test_private_names import LISTED

ROOT = Path(__file__).resolve().parents[2]
PROBE = "probe:\n\t"

FAKE_UV = """#!/bin/sh
echo "uv $*" >> "$LOG"
if [ "$1" = venv ]; then
  for last; do :; done
  mkdir -p "$last/bin" && ln -s "$REAL" "$last/bin/python"
fi
exit ${UV_STATUS:-0}
"""

FAKE_PYTHON = """#!/bin/sh
echo "python $*" >> "$LOG"
if [ "$2" = venv ]; then
  for last; do :; done
  mkdir -p "$last/bin" && cp "$0" "$last/bin/python"
fi
exit 0
"""


def make(*words: str, path: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """`make` from the project's folder, with only these programs in front of the system's."""
    search = f"{path}:/usr/bin:/bin" if path is not None else os.environ["PATH"]
    return subprocess.run(
        ["make", *words], cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env={"PATH": search, "HOME": "/nowhere", "REAL": sys.executable, **environment},
    )  # fmt: skip


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a failed make, without make's own word about it."""
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    return line


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def port_check(port: str) -> subprocess.CompletedProcess[str]:
    recipe = PROBE + '$(PY) -c "$$CHECK_PORT" "$(ADDRESS)" "$(PORT)"'
    return make("--eval", recipe, "probe", f"PY={sys.executable}", f"PORT={port}")


def test_a_port_in_use_is_one_sentence_that_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        sentence = said(port_check(str(port)))
    assert sentence.startswith(f"Port {port} of 127.0.0.1 cannot be used (Address already in use)")
    assert "PORT=8600 make app" in sentence
    assert port_check(str(port)).returncode == 0


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1", ""])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    assert said(port_check(port)) == f"PORT is {port}; it must be a whole number from 1 to 65535."


def test_uv_installs_where_it_is_there_and_only_what_changed(tmp_path: Path, programs: Path) -> None:
    program(programs, "uv", FAKE_UV)
    log, venv = tmp_path / "log", tmp_path / "venv"
    words = (f"VENV={venv}", f"{venv}/app.stamp", f"PYTHON={sys.executable}")
    assert make(*words, path=programs, LOG=str(log)).returncode == 0
    first = log.read_text().splitlines()
    assert first[0].startswith("uv venv ")
    assert first[1] == f"uv pip install --python {venv}/bin/python -r requirements.txt"
    assert make(*words, path=programs, LOG=str(log)).returncode == 0
    assert log.read_text().splitlines() == first, "nothing changed, so nothing is installed"
    assert make("-W", "requirements.txt", *words, path=programs, LOG=str(log)).returncode == 0
    assert log.read_text().splitlines() == [*first, first[1]]


def test_without_uv_pip_installs(tmp_path: Path, programs: Path) -> None:
    program(programs, "python3", FAKE_PYTHON)
    log, venv = tmp_path / "log", tmp_path / "venv"
    assert make(f"VENV={venv}", f"{venv}/dev.stamp", path=programs, LOG=str(log)).returncode == 0
    told = log.read_text().splitlines()
    assert f"python -m venv --clear {venv}" in told
    assert told[-1] == "python -m pip install -r requirements-dev.txt"
    assert (venv / "app.stamp").exists(), "requirements-dev.txt holds requirements.txt"


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_the_oldest_releases_are_those_that_the_list_names(tmp_path: Path, programs: Path, installer: str) -> None:
    program(programs, *(("uv", FAKE_UV) if installer == "uv" else ("python3.11", FAKE_PYTHON)))
    log, venv = tmp_path / "log", tmp_path / "venv"
    words = (f"VENV={venv}", "LOWEST=lowest", f"{venv}/dev.stamp", "PYTHON=python3.11")
    assert make(*words, path=programs, LOG=str(log)).returncode == 0
    assert log.read_text().splitlines()[-1].endswith(f" -r requirements-dev.txt -c {venv}/lowest.txt")
    lowest = {Requirement(line) for line in (venv / "lowest.txt").read_text().splitlines()}
    wanted = requirements("requirements.txt").values()
    assert lowest == {Requirement(f"{one.name}=={lowest_of(one)}") for one in wanted}


def test_script_checks_that_cannot_be_installed_are_not_taken_for_done(programs: Path, tmp_path: Path) -> None:
    log, folder, venv = tmp_path / "log", tmp_path / "node_modules", tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    program(venv / "bin", "npm", '#!/bin/sh\necho "npm $*" >> "$LOG"\nexit 1\n')
    for made in ("bin/python", "app.stamp", "dev.stamp"):
        (venv / made).touch()
    done = make("scripts", f"SCRIPTS={folder}", f"VENV={venv}", path=programs, LOG=str(log))
    assert "check the network and run make again" in said(done)
    assert log.read_text().startswith("npm ci --ignore-scripts ")
    assert not folder.exists()


def test_the_script_checks_are_pinned_without_naming_where_they_come_from() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [path for path, one in packages.items() if "resolved" in one or (path and "integrity" not in one)] == []


def test_the_oldest_releases_have_an_environment_of_their_own() -> None:
    told = make("-n", "test-oldest").stdout
    assert "VENV=.venv-oldest LOWEST=lowest" in told
    assert " -m pytest " in told


def test_a_log_says_what_it_is_of() -> None:
    said = "\n".join(pytest_report_header())
    assert f"Python {platform.python_version()}, {platform.system()} {platform.machine()}" in said
    assert torch.backends.cpu.get_cpu_capability() in said
    for name in requirements("requirements.txt"):
        assert re.search(rf"\b{name} {re.escape(importlib.metadata.version(name))}(,|$)", said, re.IGNORECASE), name


def test_an_install_that_fails_is_not_taken_for_done(tmp_path: Path, programs: Path) -> None:
    program(programs, "uv", FAKE_UV.replace("exit ${UV_STATUS:-0}", '[ "$1" = venv ]'))
    log, venv = tmp_path / "log", tmp_path / "venv"
    done = make(f"VENV={venv}", f"{venv}/app.stamp", f"PYTHON={sys.executable}", path=programs, LOG=str(log))
    assert "check the network and run make again" in said(done)
    assert not (venv / "app.stamp").exists()


def test_an_old_python_is_named_as_the_reason(tmp_path: Path, programs: Path) -> None:
    for name in ("python3", "python", *(f"python3.{minor}" for minor in range(11, 15))):
        program(programs, name, "#!/bin/sh\nexit 1\n")
    venv = tmp_path / "venv"
    assert said(make(f"VENV={venv}", f"{venv}/bin/python", path=programs)).startswith(
        "Python 3.11 or newer is needed"
    )


def test_without_chromium_and_a_way_to_get_it_one_sentence(tmp_path: Path, programs: Path) -> None:
    recipe = PROBE + 'eval "$$SETUP"; install_chromium'
    program(programs, "apt-get", "#!/bin/sh\nexit 1\n")
    program(programs, "sudo", '#!/bin/sh\nshift\nexec "$@"\n')
    assert said(make("--eval", recipe, "probe", path=programs)).startswith("The browser tests need Chromium")


def test_ci_runs_the_same_command() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    assert re.search(r"^exec make test\b", script.read_text(), flags=re.MULTILINE)


def requirements(name: str) -> dict[str, Requirement]:
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("-r")]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def lowest_of(requirement: Requirement) -> str:
    """The lowest version asked for; above it nothing but a whole major version may be shut out."""
    bounds = {bound.operator: bound.version for bound in requirement.specifier}
    assert set(bounds) <= {">=", "<"}, requirement
    assert bounds.get("<", "1").isdecimal(), "a cap is a major version"
    return bounds[">="]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_what_is_installed_is_what_is_asked_for(name: str) -> None:
    for requirement in requirements(name).values():
        pinned = name == "requirements-dev.txt" and str(requirement.specifier).startswith("==")
        assert pinned or lowest_of(requirement)  # pinned: what turns its own warnings into errors
        assert importlib.metadata.version(requirement.name) in requirement.specifier


def test_a_next_major_version_is_shut_out_only_where_it_may_drop_what_is_used() -> None:
    capped = {name for name, one in requirements("requirements.txt").items() if len(one.specifier) > 1}
    private = {entry.get("of", entry["name"]).partition(".")[0] for entry in LISTED} - {"pickle"}
    assert capped == private | {"torchvision", "plotly"}  # the release that belongs to torch; a file of its package
    assert not {name for name in requirements("requirements-dev.txt") if name in capped}


def test_every_package_that_is_imported_is_asked_for() -> None:
    ours = {"gan_core", "pages", "app", "tests", "benchmarks", "_typeshed"}  # the last is the type checker's own
    packages = importlib.metadata.packages_distributions()
    asked = {"product": set(requirements("requirements.txt"))}
    asked["tests"] = asked["product"] | set(requirements("requirements-dev.txt")) | {"packaging"}  # pytest's own
    for part, folders in {"product": ["gan_core", "pages", "."], "tests": ["tests", "benchmarks"]}.items():
        for folder in folders:
            for path in (ROOT / folder).rglob("*.py") if folder != "." else ROOT.glob("*.py"):
                for name in imported(path) - ours - set(sys.stdlib_module_names):
                    owners = {canonicalize_name(owner) for owner in packages.get(name, [name])}
                    assert owners & asked[part], f"{path.relative_to(ROOT)} imports {name}"


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize(
    ("words", "url"),
    [
        ([], "http://127.0.0.1:8501 "),
        (["ADDRESS=::1", "PORT=8600"], "http://[::1]:8600 "),
        (["ADDRESS=0.0.0.0"], "http://localhost:8501 "),
        (["ADDRESS=::"], "http://localhost:8501 "),
        (["ADDRESS=192.168.1.20", "STREAMLIT_SERVER_BASE_URL_PATH=/lab/"], "http://192.168.1.20:8501/lab/ "),
    ],
)
def test_the_address_that_is_told_is_one_that_a_browser_takes(words: list[str], url: str) -> None:
    shown = make("-n", "app", *words).stdout
    assert f"GANscope is on {url}in a moment" in shown

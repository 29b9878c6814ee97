"""The Dockerfile, read as its builder would read it: everything that it names must be there."""

from __future__ import annotations

import json
import re
import shutil
import sys
import urllib.request
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from streamlit import config

from pages.server.security.access import health_path

ROOT = Path(__file__).resolve().parents[2]
BUILTINS = {"if", "then", "fi", "["}


@dataclass(frozen=True)
class Instruction:
    name: str
    rest: str


def instructions() -> list[Instruction]:
    text = (ROOT / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [Instruction(*line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def of(name: str) -> list[str]:
    return [i.rest for i in instructions() if i.name == name]


def words_of_commands(script: str) -> set[str]:
    """The first word of every command in a RUN line."""
    parts = re.split(r"&&|\|\||;|\||\bthen\b", re.sub(r'"[^"]*"|\'[^\']*\'', "''", script))
    return {part.split()[0] for part in parts if part.split()} - BUILTINS


def ignored(path: Path) -> bool:
    """Whether .dockerignore keeps the path out: the last line that matches it, or a folder above it, decides."""
    out = False
    names = [str(p) for p in (path, *path.parents) if str(p) != "."]
    for line in (ROOT / ".dockerignore").read_text().split("\n"):
        pattern = line.strip().removeprefix("!")
        if pattern and not line.startswith("#") and any(_matches(n, pattern) for n in names):
            out = not line.startswith("!")
    return out


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return any(fnmatch(part, pattern[3:]) for part in name.split("/"))
    return name.count("/") == pattern.count("/") and fnmatch(name, pattern)


def copied() -> list[Path]:
    return [Path(source) for rest in of("COPY") for source in rest.split()[:-1]]


def test_it_starts_from_a_slim_image_and_every_copied_source_is_there() -> None:
    assert re.fullmatch(r"python:3\.\d+-slim", of("FROM")[0])
    assert copied()
    for source in copied():
        assert (ROOT / source).exists(), f"COPY names {source}"
        assert not ignored(source), f".dockerignore keeps out {source}"


def test_the_image_holds_all_that_the_server_reads_and_nothing_of_the_workshop() -> None:
    for path in ("app.py", "pages/router.py", "gan_core/__main__.py", ".streamlit/config.toml", "assets/data"):
        assert any(Path(path).is_relative_to(source) for source in copied()), path
        assert not ignored(Path(path))
    for path in (".git", ".venv", "runs", "data", "tests", "assets/screenshots", "gan_core/__pycache__"):
        assert ignored(Path(path)), path


def test_it_runs_as_somebody_else_than_root_who_owns_the_one_volume() -> None:
    (user,) = of("USER")
    assert user not in ("root", "0")
    made = next(run for run in of("RUN") if "useradd" in run)
    assert re.search(rf"useradd .*\b{user}\b", made)
    (volume,) = of("VOLUME")
    assert f"chown -R {user} {volume}" in made
    names = [i.name for i in instructions()]
    assert names.index("USER") < names.index("CMD")
    environment = dict(pair.split("=", 1) for rest in of("ENV") for pair in rest.split())
    assert environment["GANSCOPE_RUNS"].startswith(volume + "/")
    assert environment["GANSCOPE_DATA"].startswith(volume + "/")


def test_the_processor_is_the_default_and_one_argument_chooses_cuda() -> None:
    assert "DEVICE=cpu" in of("ARG")
    assert "GANSCOPE_DEVICE=${DEVICE}" in " ".join(of("ENV"))


def test_the_health_check_asks_the_server_where_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    (check,) = of("HEALTHCHECK")
    command = json.loads(check[check.index("[") :])
    assert command[:2] == ["python", "-c"]
    asked: list[str] = []
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: asked.append(url))
    for below in ("", "/lab/"):
        monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", below)
        exec(compile(command[2], "HEALTHCHECK", "exec"), {})
    url, url_below = asked
    started = json.loads(of("CMD")[0])
    port = started[started.index("--server.port") + 1]
    assert (urlsplit(url).port, urlsplit(url).path) == (int(port), health_path())
    assert urlsplit(url_below).path == "/lab" + health_path()
    assert of("EXPOSE") == [port]


def test_every_command_exists() -> None:
    commands = {json.loads(of("CMD")[0])[0]} | {w for run in of("RUN") for w in words_of_commands(run)}
    assert {"pip", "streamlit", "useradd", "chown"} <= commands
    places = f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
    missing = [command for command in commands - {"pip"} if shutil.which(command, path=places) is None]
    if missing and sys.platform != "linux":
        pytest.skip(f"{missing} are checked on Linux only")
    assert not missing


def test_the_server_s_options_exist() -> None:
    _, run, script, *options = json.loads(of("CMD")[0])
    assert (run, script) == ("run", "app.py")
    for option in options[::2]:
        config.get_option(option.removeprefix("--"))

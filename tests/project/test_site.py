"""The documentation: its code runs, its commands are understood, and the site is built whole and from here alone."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gan_core.cli.catalogue import FAMILIES, catalogue
from gan_core.cli.parser import build_parser
from gan_core.training import RunConfig

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


def blocks(path: Path, language: str) -> list[str]:
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [block[2] for block in found if block[1] == language]


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=500
    )


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=lambda page: page.stem)
def test_the_code_of_a_page_runs_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    done = run([sys.executable, "-W", "error", "page.py"], tmp_path, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "sh")], ids=lambda page: page.stem)
def test_the_commands_of_a_page_are_understood(page: Path) -> None:
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    for words in (shlex.split(line, comments=True) for line in lines):
        if words[:3] == ["python", "-m", "gan_core"]:
            build_parser().parse_args(words[3:])
        elif words[:1] == ["make"]:
            asked = run(["make", "-n", words[1]], ROOT)
            assert asked.returncode == 0, asked.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = run(build, ROOT, NO_MKDOCS_2_WARNING="1", PYTHONWARNINGS="ignore")
    assert done.returncode == 0, done.stderr
    return folder


class Loads(HTMLParser):
    """What a browser fetches for a page by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "link" and said.get("rel") not in ("canonical", "prev", "next"):
            self.found.append(said.get("href") or "")
        self.found += [said[name] or "" for name in ("src", "srcset", "data-src") if name in said]


def test_the_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert {p.relative_to(site).with_suffix(".md").as_posix() for p in pages} >= {
        p.relative_to(ROOT / "docs").as_posix() for p in PAGES
    }
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text("utf-8"))
        base = site if page.name == "404.html" else page.parent
        for target in loads.found:
            path = target.partition("?")[0].partition("#")[0].lstrip("/" if base == site else "")
            assert (base / path).exists(), f"{page.name} loads {target}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", sheet.read_text("utf-8")), sheet.name


def test_the_site_tells_every_command_with_every_option(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (site / "command-line.html").read_text("utf-8")
    parser = build_parser()
    (names,) = (list(action.choices) for action in parser._actions if isinstance(action.choices, dict))
    assert {"train", "export-run"} <= set(names)
    for name in names:
        with pytest.raises(SystemExit):
            parser.parse_args([name, "--help"])
        section = page.partition(f'id="{name}"')[2].partition("<h3")[0]
        options = set(re.findall(r"(?<![\w-])--[a-z-]+", capsys.readouterr().out))
        assert "--help" in options
        assert {option for option in options if option not in section} == set(), name


def test_the_site_tells_every_setting(site: Path) -> None:
    page = (site / "settings.html").read_text("utf-8")
    told = set(re.findall(r"<code>([^<]+)</code>", page))
    assert {"g_optimizer", "instance_noise.sigma"} <= told
    assert {f.name for f in dataclasses.fields(RunConfig)} - {path.partition(".")[0] for path in told} == set()
    for family in FAMILIES:
        for name, member in catalogue()[family].items():
            assert {name, *member["fields"]} - told == set(), family


def test_the_reference_tells_what_it_names(site: Path) -> None:
    named = re.findall(r"^::: (\S+)$", (ROOT / "docs" / "api.md").read_text("utf-8"), flags=re.MULTILINE)
    page = (site / "api.html").read_text("utf-8")
    assert [name for name in named if f'id="{name}' not in page] == []
    assert "gan_core.runs.RunManager.wait" in page

"""`runs`, `catalogue` and `doctor`."""

from __future__ import annotations

import dataclasses
import errno
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gan_core.cli.catalogue import FAMILIES
from gan_core.cli.show import table
from gan_core.config.codec import from_dict, to_dict
from gan_core.config.fields import spec_of
from gan_core.training import PRESETS, RunConfig

from .conftest import SMALL, Answer

Cli = Callable[..., Answer]


def test_runs_are_listed_newest_first(cli: Cli) -> None:
    assert "no run in" in cli("runs").out
    assert cli("runs", "--json").json() == []
    first = cli("train", *SMALL, "--steps", "1", "--title", "the first", "--json").json()["run"]
    second = cli("train", *SMALL, "--preset", "fashion-fast", "--steps", "2", "--json").json()["run"]
    listed = cli("runs", "--json").json()
    assert {view["id"] for view in listed} == {first, second}
    assert listed == sorted(listed, key=lambda view: view["id"], reverse=True)
    lines = cli("runs").out.splitlines()
    assert lines[0].split() == ["run", "state", "steps", "images", "seconds", "preset", "created", "title"]
    assert len(lines) == 3
    assert next(line for line in lines if first in line).endswith("the first")


def test_a_table_s_numbers_stand_on_the_right() -> None:
    rows = [{"run": "a", "steps": "1,200"}, {"run": "long-name", "steps": "7"}]
    assert table(rows).splitlines() == ["run        steps", "a          1,200", "long-name      7"]


def fields_of(entry: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in entry["fields"].items():
        yield name, field
        if field["kind"] == "section":
            yield from fields_of(field)


def test_the_catalogue_lists_every_member_with_every_field(cli: Cli) -> None:
    listed = json.loads(cli("catalogue").out)
    for family, registry in FAMILIES.items():
        assert list(listed[family]) == list(registry.names())
        for entry in registry:
            told = listed[family][entry.name]
            assert (told["label"], told["help"]) == (entry.label, entry.help)
            assert set(told["fields"]) == {f.name for f in dataclasses.fields(entry.cls)}
            for field in dataclasses.fields(entry.cls):
                spec, known = spec_of(field), told["fields"][field.name]
                assert known["kind"] == spec.kind
                assert known["live"] == spec.live
                if spec.kind in ("int", "float"):
                    assert (known["low"], known["high"]) == (spec.low, spec.high)
                    assert known["low"] <= known["default"] <= known["high"]
                if spec.kind == "choice":
                    assert known["default"] in known["choices"] == list(spec.choices)


def test_everything_in_the_catalogue_is_explained(cli: Cli) -> None:
    listed = json.loads(cli("catalogue").out)
    for family in FAMILIES:
        for name, entry in listed[family].items():
            assert entry["label"], f"{family} {name} has no label"
            assert len(entry["help"]) > 20, f"{family} {name} is not explained"
    for family in (*FAMILIES, "run"):
        for name, entry in listed[family].items() if family != "run" else [("run", listed["run"])]:
            for field, known in fields_of(entry):
                assert known["help"].endswith((".", "?", ")")), f"{family} {name}: {field} is not explained"
    for name, entry in listed["presets"].items():
        assert entry["label"], name
        assert len(entry["help"]) > 20, name


def test_the_catalogue_s_presets_are_configurations(cli: Cli) -> None:
    presets = json.loads(cli("catalogue").out)["presets"]
    assert {name: from_dict(RunConfig, p["config"]) for name, p in presets.items()} == {
        name: p.config for name, p in PRESETS.items()
    }


def test_the_catalogue_s_defaults_make_the_default_run(cli: Cli) -> None:
    def defaults(entry: dict[str, Any]) -> dict[str, Any]:
        return {n: defaults(f) if f["kind"] == "section" else f["default"] for n, f in entry["fields"].items()}

    assert defaults(json.loads(cli("catalogue").out)["run"]) == to_dict(RunConfig())


def test_doctor_tells_what_is_there(cli: Cli, tmp_path: Path) -> None:
    told = cli("doctor", "--device", "cpu", "--threads", "1", "--json").json()
    assert (told["device"], told["threads"], told["warnings"]) == ("cpu", 1, [])
    assert told["sqlite"] == sqlite3.sqlite_version
    assert told["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert told["runs_dir"] == str(tmp_path / "runs")
    assert told["runs_dir_writable"] is True
    assert told["disk_free_bytes"] > 0
    assert not (tmp_path / "runs").exists(), "looking must not make anything"
    assert "Nothing is wrong." in cli("doctor").out


def test_doctor_tells_of_clocks_apart_and_of_a_folder_without_locks(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr("gan_core.cli.doctor.time", SimpleNamespace(time=lambda: real() - 90))
    assert "s ahead of this machine's; set both by a time server" in cli("doctor").out
    monkeypatch.setattr("gan_core.cli.doctor.time", SimpleNamespace(time=real))

    def refuse(file: object, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("gan_core.runs.storage.shared.lock.fcntl.flock", refuse)
    assert "is on a file system without locks, where two programs could train one run at once" in cli("doctor").out
    assert list(tmp_path.glob(".doctor*")) == []


def test_doctor_warns_in_words(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("gan_core.cli.doctor.LITTLE_DISK_BYTES", 10**18)
    monkeypatch.setattr("gan_core.cli.doctor.PACKAGES", ("torch", "no-such-package"))
    answer = cli("doctor", "--runs-dir", str(tmp_path / "file" / "runs"))
    assert answer.status == 0
    assert f"warning: The runs folder {tmp_path / 'file' / 'runs'} cannot be written (not a directory)" in answer.out
    assert "free where runs are kept" in answer.out
    assert "no-such-package is not installed" in answer.out
    assert "runs dir writable: no" in answer.out
    if not torch.cuda.is_available():
        assert 'device is "cuda", which this machine does not have' in cli("doctor", "--device", "cuda").out

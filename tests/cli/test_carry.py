"""`export-run` and `import-run`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gan_core.cli.main import main

from .conftest import SMALL, Answer

Cli = Callable[..., Answer]


def test_a_run_goes_out_and_comes_in(cli: Cli, tmp_path: Path) -> None:
    run = cli("train", *SMALL, "--steps", "2", "--json").json()["run"]
    out = tmp_path / "run.zip"
    told = cli("export-run", "last", "--out", str(out))
    assert told.out == f"{out}: {out.stat().st_size:,} bytes.\n"
    again = cli("import-run", str(out), "--json").json()
    assert again["run"] != run
    assert (again["state"], again["step"], again["notes"]) == ("finished", 2, [])
    listed = {view["id"]: view for view in cli("runs", "--json").json()}
    assert set(listed) == {run, again["run"]}
    assert listed[run]["config"] == listed[again["run"]]["config"]
    assert listed[run]["checkpoints"] == listed[again["run"]]["checkpoints"] == [2]
    cli("export-run", run, "--out", str(out), "--checkpoints", "none")
    assert "0 checkpoints" in cli("import-run", str(out)).out


def test_what_cannot_be_imported_is_a_sentence(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 not really")
    assert cli("import-run", str(tmp_path / "no.zip")).sentence().startswith("no.zip cannot be imported: ")
    assert "There is no file" in cli("import-run", str(tmp_path / "none.zip")).sentence()
    assert "there is none yet" in cli("export-run", "last", "--out", str(tmp_path / "x.zip")).sentence()
    assert not (tmp_path / "x.zip").exists()
    assert main(["export-run", "last", "--out", str(tmp_path / "no" / "x.zip")]) == 2

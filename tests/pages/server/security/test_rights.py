"""Who may do what, as the one module says it: a table of people, actions and owners, and what it says when not."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pages.server.security import roll
from pages.server.security.guarded import COMMANDS
from pages.server.security.people import OWNER_OF_THE_MACHINE, ClassServer, Person, install_class_server, whose
from pages.server.security.rights import ACTIONS, BEGINNING, OPEN, OWNERS, TEACHERS, Refused, demand, may
from pages.server.security.switches import PAGES, Switches, write_switches
from tests.pages.server.live.classroom import ANN, BEN, TEACHER, Classroom, a_class

PAGES_FOLDER = Path(__file__).parents[4] / "pages"


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Classroom]:
    with a_class(tmp_path / "runs", monkeypatch) as made:
        yield made


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("person", "owner", "on_owned"),
    [
        (ANN, ANN.id, True), (BEN, ANN.id, False), (BEN, "", False), (BEN, TEACHER.id, False),
        (TEACHER, ANN.id, True), (TEACHER, "", True), (OWNER_OF_THE_MACHINE, ANN.id, True),
    ],
)  # fmt: skip
def test_the_table(room: Classroom, person: Person, owner: str, on_owned: bool, action: str) -> None:
    """Everybody looks and branches; what is there is its owner's and the teacher's, the class the teacher's."""
    allowed = (
        action in OPEN or action in BEGINNING or (action in OWNERS and on_owned)
        or (action in TEACHERS and person.teacher)
    )  # fmt: skip
    sentence = may(person, action, owner)
    assert (sentence == "") == allowed
    assert allowed or (sentence.endswith(".") and sentence.count(".") == 1), "one sentence"


def test_a_refusal_names_the_owner_where_they_have_a_name_and_never_by_their_id(room: Classroom) -> None:
    assert may(BEN, "stop", ANN.id) == "This is somebody else's: only they and a teacher may stop it."
    roll.give_name(room.server.folder, ANN.id, "  Ann  B. ")
    assert may(BEN, "stop", ANN.id) == "This is Ann B.'s: only Ann B. and a teacher may stop it."
    assert [whose(owner, BEN) for owner in (BEN.id, ANN.id, TEACHER.id, "")] == [
        "yours", "Ann B.'s", "somebody else's", "the server's",
    ]  # fmt: skip
    for wrong in ("x" * 31, "a\x00b"):
        with pytest.raises(ValueError, match="A name must be a text of at most 30 letters"):
            roll.give_name(room.server.folder, BEN.id, wrong)


def test_without_a_teacher_what_is_nobodys_is_everybodys_and_the_rest_its_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_class(tmp_path, monkeypatch, teacher=""):
        write_switches(tmp_path, Switches(start_runs=False))  # from when there was one
        assert may(BEN, "delete", "") == ""
        assert may(BEN, "delete", ANN.id)
        assert may(BEN, "start") == ""
        assert may(BEN, "set switches")


def test_the_switches_close_what_they_say_to_students_alone(room: Classroom) -> None:
    shut = Switches(start_runs=False, pages=("learn",), bring_files=False)
    write_switches(room.server.folder, shut)
    for action in BEGINNING:
        assert bool(may(BEN, action)) == (action != "open learn")
        assert may(TEACHER, action) == ""
    assert may(BEN, "open explore") == "The teacher has closed this page for now."
    for page in PAGES:
        write_switches(room.server.folder, replace(shut, pages=(page,)))
        assert [name for name in PAGES if not may(BEN, f"open {name}")] == [page]


def test_what_is_demanded_and_refused_is_logged(room: Classroom, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(Refused, match="only they and a teacher may delete it"):
        demand(BEN, "delete", ANN.id, "a-run\n")
    assert "person bbbbbbbb may not delete 'a-run\\n'" in caplog.text
    caplog.clear()
    demand(ANN, "delete", ANN.id, "a-run")
    assert not caplog.text
    with pytest.raises(KeyError):
        may(BEN, "unheard of", "")


def test_on_a_server_of_ones_own_there_is_one_person() -> None:
    install_class_server(ClassServer())
    assert whose("", OWNER_OF_THE_MACHINE) == whose(ANN.id, OWNER_OF_THE_MACHINE) == ""


# --- every page asks

ACTING = {
    "delete", "undelete", "empty", "label", "import_run", "delete_own", "restore_own", "drop_pictures", "bring_back",
    "keep", "keep_more", "read_draft", "take_away", "bring", "rename", "restore",
}  # fmt: skip
"""What changes something on the disk and knows nothing of people."""


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _called(node: ast.AST) -> set[str]:
    found = set()
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            names = [call.func] if not isinstance(call.func, ast.IfExp) else [call.func.body, call.func.orelse]
            found |= {n.attr if isinstance(n, ast.Attribute) else getattr(n, "id", "") for n in names}
    return found


def test_whoever_changes_what_is_on_the_disk_asks_first() -> None:
    """An acting call stands in a function that asks, or goes through the guarded manager, sweeps and jobs."""
    silent = []
    for path in sorted(PAGES_FOLDER.rglob("*.py")):
        if path.is_relative_to(PAGES_FOLDER / "server" / "security"):
            continue
        text = path.read_text("utf-8")
        for function in _functions(path):
            acts = _called(function) & ACTING
            acts -= {"label"} if "storage.labels" not in text else set()  # others have functions of that name
            acts -= {"keep"} if path.parent.name != "data" else set()
            asks = {"demand", "_may_restore", "job_manager"} & _called(function)
            inner = [n for n in ast.walk(function) if isinstance(n, ast.FunctionDef) and n is not function]
            if acts and not asks and not any(_called(n) & acts for n in inner):
                silent.append(f"{path.relative_to(PAGES_FOLDER)}: {function.name} calls {', '.join(sorted(acts))}")
    assert silent == []


def test_pages_reach_the_manager_only_as_the_person_they_are_drawn_for() -> None:
    around = [
        f"{path.relative_to(PAGES_FOLDER)}"
        for path in sorted(PAGES_FOLDER.rglob("*.py"))
        if not path.is_relative_to(PAGES_FOLDER / "server") and path != PAGES_FOLDER / "ui" / "session.py"
        for function in _functions(path)
        for call in ast.walk(function)
        if isinstance(call, ast.Attribute) and call.attr in ("manager", "job_manager")
        and isinstance(call.value, ast.Call) and "app_state" in _called(call.value)
    ]  # fmt: skip
    assert around == []


def test_every_command_of_a_run_is_an_action_of_its_owners() -> None:
    from gan_core.runs import commands

    sent = {name for name, kind in vars(commands).items() if isinstance(kind, type) and name in commands.__dict__}
    ours = {name for name in sent if vars(commands)[name].__module__ == commands.__name__}
    assert set(COMMANDS.values()) <= {*OWNERS, "put first"}, "and that is a teacher's"
    assert ours - set(COMMANDS) <= {"KeepBrought", "Lengthen"}, "these two are the manager's own, never a page's"

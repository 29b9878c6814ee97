"""Who may do what, over the pages, routes and sockets themselves: what somebody else asks for is refused and logged,
nothing changes, and the owner and the teacher may do it. Streamlit hears no press on a disabled button: one that is
refused here comes from a page that was drawn when the button was not.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from websockets.exceptions import InvalidStatus

from gan_core.runs.catalog import trash
from gan_core.runs.commands import Stop
from gan_core.runs.groups.sweep_plan import Plan, read_axis
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.storage.labels import read_labels
from gan_core.runs.storage.run_folder import open_run
from pages.server.security import roll
from pages.server.security.access import QUERY
from pages.server.security.guarded import (
    guarded,
    guarded_jobs,
    guarded_sweeps,
)
from pages.server.security.people import Person
from pages.server.security.rights import Refused
from pages.server.security.switches import Switches, read_switches, write_switches
from tests.pages.server.live.classroom import ANN, BEN, CLASS_TOKEN, TEACHER, TEACHER_TOKEN
from tests.pages.server.security.class_in_use import NOBODY_ELSES, Browser, Room, Waiting, enter, explore
from tests.pages.server.serving import Client
from tests.runs.helpers import quick, until_state

PAGES = Path(__file__).parents[4] / "pages"


def press(room: Room, person: Person, button: str) -> str:
    """On the Lab's page, as its owner sees it, by this person; the notice that comes of it."""
    app = room.page("lab", ANN, run=room.run, view="full")
    room.people.enter(person)
    app.button(key=button).click().run()
    assert not app.exception, app.exception
    return " ".join(one.value for one in app.warning)


def wish(room: Room, person: Person, *asked: object) -> str:
    """Of Compare's table of runs."""

    def draw() -> None:
        import streamlit as st

        from pages.compare.table import carry_out
        from pages.ui.session import tab

        carry_out(tab(), list(st.session_state["asked"]))
        st.text(tab().notice)

    room.people.enter(person)
    app = AppTest.from_function(draw, default_timeout=180)
    app.session_state["asked"] = asked
    app.run()
    assert not app.exception, app.exception
    return str(app.text[0].value)


# --- the Lab


@pytest.mark.parametrize("person", [ANN, TEACHER], ids=["owner", "teacher"])
@pytest.mark.parametrize(("button", "after"), [("resume", "running"), ("stop", "stopped"), ("checkpoint", "paused")])
def test_a_runs_buttons(
    room: Room, caplog: pytest.LogCaptureFixture, person: Person, button: str, after: str
) -> None:  # fmt: skip
    shown = room.page("lab", BEN, run=room.run, view="full")
    assert shown.button(key=button).disabled
    assert NOBODY_ELSES in str(shown.button(key=button).help)
    assert not shown.button(key="train").disabled
    assert any(one.key == "branch-go" and not one.disabled for one in shown.button), "to take home it stays"
    assert NOBODY_ELSES in press(room, BEN, button)
    assert f"person {BEN.id[:8]} may not" in caplog.text
    assert room.state() == "paused"
    assert room.manager.view(room.run).checkpoints == ()
    own = room.page("lab", person, run=room.run, view="full")
    assert not own.button(key=button).disabled
    assert press(room, person, button) == ""
    until_state(room.manager, room.run, after)


def test_the_panel_of_somebody_elses_run_sets_ones_own_next_run(room: Room) -> None:
    app = room.page("lab", BEN, run=room.run, view="full")
    assert not any(str(key).startswith("steer:") for key in app.session_state)
    assert any(str(key).startswith("next:") for key in app.session_state)
    own = room.page("lab", ANN, run=room.run, view="full")
    assert any(str(key).startswith("steer:") for key in own.session_state)


def test_what_a_browser_starts_is_its_own_and_a_branch_too(room: Room) -> None:
    for button in ("train", "branch-go"):
        room.page("lab", BEN, run=room.run, view="full").button(key=button).click().run()
    begun = [view for view in room.manager.views() if view.id != room.run]
    assert [view.owner for view in begun] == [BEN.id] * 2
    assert {view.parent for view in begun} == {"", room.run}
    first, second = guarded(room.manager, ANN).start_twins(quick(steps=50), {"seed": 3})
    assert room.manager.manifest(first).owner == room.manager.manifest(second).owner == ANN.id


def test_a_job_elsewhere_and_taking_over_ask_as_starting_and_resuming_do(room: Room) -> None:
    his, hers = guarded(room.manager, BEN), guarded(room.manager, ANN)
    for way in (
        lambda: his.elsewhere.resume(room.run),
        lambda: his.elsewhere.take_over(room.run),
        lambda: his.send_all([room.run], Stop()),
    ):
        with pytest.raises(Refused, match=NOBODY_ELSES):
            way()
    with pytest.raises(ValueError, match="was not told how to start runs elsewhere"):
        hers.elsewhere.start(quick(steps=5))
    write_switches(room.manager.runs_dir, Switches(start_runs=False))
    with pytest.raises(Refused, match="switched off starting runs"):
        hers.elsewhere.start(quick(steps=5))


def test_measuring_and_its_end_are_the_owners(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Refused, match="may measure it"):
        guarded(room.manager, BEN).evaluate(room.run)
    assert "may not measure" in caplog.text
    goes_on = threading.Event()
    job = room.home.jobs.start("k", "The evaluation", lambda job: goes_on.wait(180), ANN.id)

    def draw() -> None:
        import streamlit as st

        from pages.server.app_state import app_state
        from pages.ui.session import stop_work, tab

        job = app_state().jobs.get("k")
        assert job is not None
        stop_work(job)
        st.text(tab().notice)

    room.people.enter(BEN)
    assert NOBODY_ELSES in AppTest.from_function(draw, default_timeout=180).run().text[0].value
    assert not job._stop.is_set()
    goes_on.set()


# --- Compare


def test_labels_deleting_and_the_trash(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    room.manager.send(room.run, Stop())
    room.manager.wait(room.run, 180)
    folder, runs = open_run(room.manager.runs_dir, room.run).root, room.manager.runs_dir
    for asked in (("tags", room.run, ["x"]), ("notes", room.run, "y"), ("measure", [room.run]),
                  ("delete", [room.run])):  # fmt: skip
        caplog.clear()
        assert NOBODY_ELSES in wish(room, BEN, *asked)
        assert f"person {BEN.id[:8]} may not" in caplog.text
    assert folder.is_dir()
    assert read_labels(folder).tags == ()
    wish(room, TEACHER, "tags", room.run, ["by the teacher"])
    wish(room, ANN, "notes", room.run, "mine")
    assert read_labels(folder).tags == ("by the teacher",)
    assert read_labels(folder).notes == "mine"
    assert wish(room, ANN, "delete", [room.run]) == ""
    (gone,) = trash.deleted(runs)
    assert NOBODY_ELSES in wish(room, BEN, "undelete", [gone.token])
    wish(room, BEN, "empty")
    assert trash.deleted(runs) == [gone], "a student's is only the student's own"
    assert wish(room, ANN, "undelete", [gone.token]) == ""
    assert folder.is_dir()
    wish(room, ANN, "delete", [room.run])
    wish(room, TEACHER, "empty")
    assert trash.deleted(runs) == []


def test_rows_say_whose_a_run_is_and_nobodys_id(room: Room) -> None:
    from pages.server.http.run_rows import rows

    roll.give_name(room.manager.runs_dir, ANN.id, "Ann")
    (own,), (other,) = rows(room.manager, person=ANN), rows(room.manager, person=BEN)
    assert (own["whose"], own["refused"]) == ("yours", "")
    assert (other["whose"], other["refused"]) == ("Ann's", "This is Ann's: only Ann and a teacher may delete it.")
    assert ANN.id not in json.dumps(other)


def test_sweeps(room: Room) -> None:
    base = quick(steps=60)
    plan = Plan(base, (read_axis(base, "d_optimizer.lr=0.001,0.002"),), (0,), 0, steps=60)
    sweep = guarded_sweeps(room.manager, ANN).start(plan)
    plain = Sweeps(room.manager)
    assert plain.sweep(sweep).owner == ANN.id
    assert {view.owner for view in plain.views(plain.sweep(sweep)) if view} == {ANN.id}
    for act in ("pause", "stop", "go_on", "forget"):
        with pytest.raises(Refused, match=NOBODY_ELSES):
            getattr(guarded_sweeps(room.manager, BEN), act)(sweep)
    guarded_sweeps(room.manager, ANN).stop(sweep)
    for view in plain.views(plain.sweep(sweep)):
        assert view is not None
        room.manager.wait(view.id, 180)
    guarded_sweeps(room.manager, TEACHER).forget(sweep)
    assert plain.all() == []


# --- jobs


def test_jobs(room: Room) -> None:
    jobs = room.home.job_manager()

    def of(person: Person) -> Any:
        return guarded_jobs(room.manager, jobs, person)

    job = of(ANN).start(Waiting())
    assert jobs.view(job).owner == ANN.id
    with pytest.raises(Refused, match=NOBODY_ELSES):
        of(BEN).cancel(job)
    assert jobs.view(job).at_work
    of(ANN).cancel(job)
    assert jobs.wait(job, 180).state == "cancelled"
    for act in ("resume", "delete"):
        with pytest.raises(Refused, match=NOBODY_ELSES):
            getattr(of(BEN), act)(job)
    token = of(TEACHER).delete(job)
    with pytest.raises(Refused, match=NOBODY_ELSES):
        of(BEN).undelete(token)
    assert of(ANN).undelete(token) == job


# --- switches


def test_what_is_switched_off_is_refused_and_what_is_limited_is_held(room: Room) -> None:
    folder, manager = room.manager.runs_dir, room.manager
    before = room.page("lab", BEN, view="full")
    write_switches(folder, Switches(start_runs=False))
    assert before.button(key="train").click().run().warning[0].value.startswith("The teacher has switched off")
    app = room.page("lab", BEN, view="full")
    assert app.button(key="train").disabled
    assert "switched off starting runs" in str(app.button(key="train").help)
    with pytest.raises(Refused, match="switched off starting runs"):
        guarded(manager, BEN).branch(room.run, 0)
    assert len(manager.views()) == 1
    write_switches(folder, Switches(runs_at_once=1))
    held = guarded(manager, BEN).start(quick(steps=10_000_000))
    with pytest.raises(Refused, match="at most 1 run at a time: stop one of yours first"):
        guarded(manager, BEN).start(quick(steps=10))
    with pytest.raises(Refused, match="These are 2 runs; here each student has at most 1 at a time"):
        guarded(manager, BEN).start_twins(quick(steps=10), {"seed": 3})
    manager.send(held, Stop())
    manager.wait(held, 180)
    write_switches(folder, Switches(runs_at_once=1, longest_seconds=0.5))
    run = guarded(manager, BEN).start(quick(steps=100_000))
    assert manager.wait(run, 180).state == "finished"
    assert 0.5 <= manager.view(run).elapsed_seconds < 60
    with pytest.raises(Refused, match="at most 0 seconds|at most 1 seconds|trains at most"):
        guarded(manager, BEN).resume(run, total_images=10_000_000)
    assert guarded(manager, TEACHER).start(quick(steps=10)), "none of it holds for a teacher"


def test_the_teacher_sets_the_switches_and_students_read_them(room: Room) -> None:
    def draw() -> None:
        from pages.ui.switches import draw_switches

        draw_switches()

    room.people.enter(TEACHER)
    app = AppTest.from_function(draw, default_timeout=180).run()
    app.number_input(key="switch-many").set_value(2).run()
    app.number_input(key="switch-long").set_value(120).run()
    app.toggle(key="switch-start").set_value(False).run()
    app.toggle(key="switch-bring").set_value(False).run()
    app.button_group(key="switch-pages").set_value(["explore", "learn"]).run()
    assert not app.exception, app.exception
    now = read_switches(room.manager.runs_dir)
    assert now == Switches(False, 2, 120.0, ("explore", "learn"), False)
    room.people.enter(BEN)
    app.toggle(key="switch-start").set_value(True).run()  # forged: the tab was the teacher's a moment ago
    assert read_switches(room.manager.runs_dir) == now
    told = AppTest.from_function(draw, default_timeout=180).run()
    assert len(told.toggle) == 0
    assert "Starting runs is switched off for now" in told.markdown[0].value
    assert "Closed for now: Apply, Compare, Failures, Data." in told.markdown[0].value


# --- routes and sockets


def test_identities_teachers_and_forged_cookies(room: Room, client: Client) -> None:
    (student, one), (_, other) = enter(client, CLASS_TOKEN), enter(client, TEACHER_TOKEN)
    assert (one.teacher, other.teacher) == (False, True)
    assert one.id != other.id
    assert student.ask("/")[1] == f"{one.id} False", "the same one the next time"
    name = room.people.server.cookie
    signed = student.cookies[name]
    for forged in (f"{other.id}.{signed.partition('.')[2]}", other.id, "", ".", "é" * 30, signed[:-1]):
        student.cookies[name] = forged.encode().decode("latin-1")
        person_id, is_teacher = student.ask("/")[1].split()
        assert person_id not in (one.id, other.id), "somebody new"
        assert is_teacher == "False"
        assert room.people.server.person_id(student.cookies) == person_id, "who is told to the browser"
    before = dict(student.cookies)
    assert student.ask("/", **{QUERY: "not-the-teachers"})[0] == 401  # who is in may become the teacher, not guess
    assert before == student.cookies
    assert "Type the token" in student.ask("/", **{QUERY: ""})[1]
    risen = http.client.HTTPConnection(client.host, timeout=60)
    risen.request("GET", f"/?{QUERY}={TEACHER_TOKEN}", headers={"Cookie": student.header})
    answer = risen.getresponse()
    assert answer.status == 303
    student._took(answer, answer.status)
    risen.close()
    assert student.ask("/")[1].endswith("True"), "who is in becomes a teacher by the teacher's token"


def test_a_students_forged_command_to_a_run(
    room: Room, client: Client, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    student, _ = enter(client, CLASS_TOKEN)
    step = room.manager.view(room.run).step
    for do in ("step", "dissect"):
        caplog.clear()
        status, words = student.ask(f"/live/{room.run}/command", {"do": do}, token=room.home.token)
        assert status == 403
        assert NOBODY_ELSES in words
        assert "refused: person" in caplog.text
    assert room.manager.view(room.run).step == step
    owner = Browser(client.host, room.people.cookies(ANN))
    teacher, _ = enter(client, TEACHER_TOKEN)
    for allowed in (owner, teacher):
        assert allowed.ask(f"/live/{room.run}/command", {"do": "step"}, token=room.home.token)[0] == 204
    assert student.ask("/runs/rows", token=room.home.token, runs=room.run)[0] == 200


def test_what_the_server_takes_is_told_to_teachers(room: Room, client: Client) -> None:
    (student, _), (teacher, _) = enter(client, CLASS_TOKEN), enter(client, TEACHER_TOKEN)
    assert student.ask("/load", token=room.home.token) == (
        403, "Only a teacher sees what the server takes of its machine.",
    )  # fmt: skip
    status, words = teacher.ask("/load", token=room.home.token)
    told = json.loads(words)
    assert (status, set(told)) == (200, {"processor_seconds", "memory_mb", "processors"})
    assert 0 < told["processor_seconds"] <= time.process_time()
    assert teacher.ask("/load", token="another")[0] == 403


def test_bookmarks_over_the_socket(room: Room, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    models = explore(room, client, ANN, {"do": "models"})[0]["models"]
    of: dict[str, Any] = {"model": models[0]["id"]}
    look = {"where": {"seed": 1}, "psi": 1.0}
    (made,) = explore(room, client, ANN, of | {"do": "bookmark-add", "name": "Mine", "look": look})
    key = made["bookmarks"][0]["id"]
    assert "refused" not in made["bookmarks"][0]
    for wished in ({"do": "bookmark-delete", "key": key}, {"do": "bookmark-rename", "key": key, "name": "Ben's"}):
        (answer,) = explore(room, client, BEN, of | wished)
        assert NOBODY_ELSES in answer["problem"]
    assert "may not delete" in caplog.text
    (seen,) = explore(room, client, BEN, of | {"do": "bookmarks"})
    assert [(one["name"], NOBODY_ELSES in one["refused"]) for one in seen["bookmarks"]] == [("Mine", True)]
    assert ANN.id not in json.dumps(seen)
    (gone,) = explore(room, client, ANN, of | {"do": "bookmark-delete", "key": key})
    assert gone["bookmarks"] == []
    assert NOBODY_ELSES in explore(room, client, BEN, of | {"do": "bookmark-restore", "key": key})[0]["problem"]
    (back,) = explore(room, client, TEACHER, of | {"do": "bookmark-restore", "key": key})
    assert len(back["bookmarks"]) == 1


def test_a_closed_page_answers_over_no_socket_and_files_that_may_not_be_brought(room: Room, client: Client) -> None:
    write_switches(room.manager.runs_dir, Switches(bring_files=False))
    (answer,) = explore(room, client, BEN, {"do": "target", "source": "upload"})
    assert answer["problem"] == "The teacher has switched off bringing files for now."
    for person, told in ((BEN, True), (TEACHER, False)):
        page = room.page("explore", person)
        assert any("switched off bringing files" in str(one.proto) for one in page.main) == told
    write_switches(room.manager.runs_dir, Switches(pages=("learn",)))
    with pytest.raises(InvalidStatus):
        explore(room, client, BEN, {"do": "models"})
    assert explore(room, client, TEACHER, {"do": "models"})[0]["models"]


# --- images of one's own


def test_a_set_of_images(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    import numpy as np

    from gan_core.data import list_own
    from gan_core.data.own.saving import save_own

    pictures = np.random.default_rng(0).integers(0, 256, (12, 3, 64, 64), np.uint8)
    slug = save_own(room.manager.data_dir, "Ann's cats", pictures, (), (), {})
    roll.note_owner(room.manager.runs_dir, "data", slug, ANN.id)
    app = room.page("data", BEN)
    assert app.button(key=f"delete-{slug}").disabled
    app = room.page("data", ANN)
    room.people.enter(BEN)
    app.button(key=f"delete-{slug}").click().run()
    assert not app.exception, app.exception
    assert f"may not delete '{slug}'" in caplog.text
    assert [one.slug for one in list_own(room.manager.data_dir)] == [slug]
    app = room.page("data", ANN)
    app.button(key=f"delete-{slug}").click().run()
    assert list_own(room.manager.data_dir) == ()
    app.button(key="undo").click().run()
    assert [one.slug for one in list_own(room.manager.data_dir)] == [slug]

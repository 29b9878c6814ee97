"""Every way in, each with who may: operations of a socket, routes, sockets, what acts on runs, sweeps and jobs."""

from __future__ import annotations

import re

import pytest
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from gan_core.runs import RunManager
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.jobs import JobManager
from gan_core.runs.lineage.elsewhere import RunsElsewhere
from pages.server.http.routes import routes
from pages.server.security import roll
from pages.server.security.guarded import (
    GuardedElsewhere,
    GuardedJobs,
    GuardedManager,
    GuardedSweeps,
)
from pages.server.security.switches import Switches, write_switches
from tests.pages.server.live.classroom import ANN, BEN, CLASS_TOKEN, TEACHER
from tests.pages.server.security.class_in_use import NOBODY_ELSES, Room, enter, explore
from tests.pages.server.serving import Client

BRINGING = {"bring", "edit-bring", "camera-ready", "camera"}  # and "target", where a picture comes with it
OWNED = {
    "remove": ("model", "delete"), "bring-back": ("model", "restore"),
    **{f"bookmark-{act}": ("bookmark", act) for act in ("rename", "delete", "restore")},
    **{f"direction-{act}": ("direction", act) for act in ("rename", "delete", "restore")},
}  # fmt: skip
"""What Explore's socket does to what is somebody's: of which kind it is, and the action that it is."""
LOOKING = {
    "look", "looks", "neighbours", "map", "map-place", "nearest", "target", "invert", "walk-frames", "film", "models",
    "open", "steps", "bookmarks", "named-directions", "inside-layers", "inside-maps", "inside-units",
    "inside-evidence", "take", "takeaway", "takeaway-scripts", "directions-options", "directions-find",
    "directions-marks", "directions-change", "directions-strips", "directions-factors", "overtime", "mix-matrix",
    "mixed-point", "gram", "quiz", "quiz-done", "quiz-room", "edit-options", "edit", "edit-reach", "edit-units",
    "edit-strength",
}  # fmt: skip
"""What changes nothing of anybody's; "bookmark-add" and "direction-keep" begin what is then their own."""


def test_every_operation_of_the_socket_is_one_of_a_page_and_its_action_is_asked_for(
    room: Room, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    from pages.explore.ops import OPERATIONS

    assert set(OPERATIONS) == LOOKING | BRINGING | set(OWNED) | {"bookmark-add", "direction-keep"}
    of_apply = {name for name, one in OPERATIONS.items() if one.page == "apply"}
    assert of_apply == {name for name in OPERATIONS if name.startswith(("edit", "camera"))}
    folder = room.manager.runs_dir
    for kind, _ in OWNED.values():
        roll.note_owner(folder, kind, "asset:ring" if kind == "model" else "asset:ring/k", ANN.id)
    answers = explore(room, client, BEN, *({"do": name, "key": "k", "name": "n"} for name in OWNED))
    for (name, (_, action)), answer in zip(OWNED.items(), answers, strict=True):
        assert NOBODY_ELSES in answer["problem"], name
        assert f"may not {action}" in caplog.text
    write_switches(folder, Switches(bring_files=False))
    for answer in explore(room, client, BEN, *({"do": name} for name in sorted(BRINGING))):
        assert answer["problem"] == "The teacher has switched off bringing files for now."
    for page in ("explore", "apply"):  # the socket is both pages'
        write_switches(folder, Switches(pages=(page,)))
        closed = sorted(of_apply if page == "explore" else set(OPERATIONS) - of_apply)
        for answer in explore(room, client, BEN, *({"do": name} for name in closed)):
            assert answer["problem"] == "The teacher has closed this page for now."
        assert "problem" not in explore(room, client, TEACHER, {"do": "models"})[0]
    assert "problem" not in explore(room, client, BEN, {"do": "edit-options", "model": "asset:shapes"})[0]


LOOKS = {
    RunManager: {
        "budget_cautions", "cautions", "changes", "checkpoint_discriminator", "checkpoint_generator", "config",
        "config_on_data", "devices", "dissected", "estimate", "evaluations", "follow", "grid", "grids",
        "image_measures", "manifest", "most_processes", "newest_grid", "prepare", "problems", "real_grid",
        "records", "refuse_where_nothing_trains", "resolved", "rough_seconds",
        "stage", "subscribe", "takes_commands", "trains_here", "twin_cautions", "view", "views", "wait",
        "whole_grids", "why_no_slow_motion", "why_not_first",
    },
    RunsElsewhere: {"command", "silent_holder", "waits"},
    Sweeps: {"all", "driver", "measured", "problems", "seconds", "sweep", "views"},
    JobManager: {"catalog", "folder", "runs_dir", "view", "views", "wait"},
}  # fmt: skip
"""What everybody may ask of them; whatever else they do is guarded, or the server's own."""


@pytest.mark.parametrize(
    ("plain", "guard"),
    [
        (RunManager, GuardedManager),
        (RunsElsewhere, GuardedElsewhere),
        (Sweeps, GuardedSweeps),
        (JobManager, GuardedJobs),
    ],
)
def test_what_acts_on_runs_sweeps_and_jobs_is_guarded(plain: type, guard: type) -> None:
    servers_own, guards_own = (
        {"close", "tell", "inbox", "take_up_processes"},
        {"begin", "demand", "elsewhere"} | ({"go_on"} if plain is RunManager else set()),
    )
    acting = {name for name in dir(plain) if not name.startswith("_")} - LOOKS[plain] - servers_own
    assert acting == {name for name in vars(guard) if not name.startswith("_")} - guards_own


def test_every_route_is_known_and_asks_for_the_pages_token(room: Room, client: Client) -> None:
    """As what is only for the class's pages; three of them for certain people, see above."""
    free = {"/s/{code}", "/recording/{digest}/{name}", "/asset/{name:path}", "/module/{version}/{name:path}", "/lab"}
    guarded_ones = {
        "/live", "/load", "/live/{run}/grid/{step}", "/live/{run}/drawn/{step}", "/live/{run}/real.png",
        "/live/{run}/command", "/preview/{key}.png", "/runs/rows", "/runs/{run}/thumb/{step}.png",
        "/runs/{run}/archive.zip", "/sweeps/{sweep}", "/scenes", "/scenes/open", "/scenes/qr.svg",
    }  # fmt: skip
    there = [route for route in routes(room.home) if isinstance(route, Route)]
    assert {route.path for route in there} == free | guarded_ones
    sockets = {route.path for route in routes(room.home) if isinstance(route, WebSocketRoute)}
    assert sockets == {"/live/{run}", "/explore", "/classroom"}
    student, _ = enter(client, CLASS_TOKEN)
    for route in there:
        if route.path in guarded_ones:
            path = re.sub(r"\{(\w+)\}", lambda part: room.run if part[1] == "run" else "1", route.path)
            body = {} if "POST" in (route.methods or ()) else None
            assert student.ask(path, body, token="another")[0] == 403, path
    cookie = {"Cookie": student.header}
    for path in (f"/live/{room.run}", "/explore", "/classroom"):
        with pytest.raises(InvalidStatus):
            connect(f"ws://{client.host}{path}?token=another", additional_headers=cookie, proxy=None)

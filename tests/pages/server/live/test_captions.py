"""Captions on their way to a viewer: with kept pictures, with live ones, and the referee's words beside them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette

from gan_core.config.codec import replace_at
from gan_core.data.sets.point_shapes import Line
from gan_core.measure.captions.rules import TROUBLES
from gan_core.measure.plane import measure_plane
from gan_core.measure.referee.findings import Finding
from gan_core.runs import RunManager
from gan_core.runs.evaluation.plane_constants import plane_reference
from gan_core.runs.evaluation_record import Evaluation
from gan_core.runs.snapshot import Evaluated, GridMade, Recorded
from gan_core.training import PRESETS
from gan_core.training.observe.scene import decode_scene
from pages.server.app_state import AppState, install_app_state
from pages.server.http.routes import routes
from pages.server.live.captions import Narrator
from pages.server.live.channel import Channel
from pages.server.live.viewer import Viewer
from pages.server.live.wire import unpack
from tests.pages.server.serving import Client, served
from tests.runs.helpers import at_rest, open_manager, quick

GUESSING = "Both are guessing: nothing is learned yet."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppState]:
    before = getattr(sys, "_ganscope_app_state", None)
    manager = open_manager(tmp_path_factory.mktemp("captions"))
    yield install_app_state(AppState(manager))
    manager.close()
    sys._ganscope_app_state = before  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def manager(home: AppState) -> RunManager:
    return home.manager()


@pytest.fixture(scope="module")
def ring(manager: RunManager) -> str:
    config = replace(PRESETS["ring"].config, batch_size=32, total_images=32 * 12, precision="float32")
    for path, value in {"generator.hidden": "8", "discriminator.hidden": "8", "record.every_steps": 2}.items():
        config = replace_at(config, path, value)
    run = manager.start(config)
    at_rest(manager, run)
    return run


@pytest.fixture(scope="module")
def pictures(manager: RunManager) -> str:
    run = manager.start(quick(steps=12))
    at_rest(manager, run)
    return run


@pytest.mark.parametrize("kind", ["ring", "pictures"])
def test_a_kept_picture_comes_with_its_caption(home: AppState, kind: str, request: pytest.FixtureRequest) -> None:
    run: str = request.getfixturevalue(kind)
    with served(Starlette(routes=routes(home))) as made:
        client: Client = made
        answer = client.get(f"/live/{run}/grid/0", params={"token": home.token}).json()
    assert answer["caption"] == GUESSING
    narrator = home.narrator(run)
    assert narrator is not None
    assert home.narrator(run) is narrator
    moment = narrator.moment(0)
    assert moment is not None
    assert moment.points is (kind == "ring")


def test_of_a_run_that_cannot_be_read_there_is_nobody_to_tell(home: AppState) -> None:
    assert home.narrator("never-was") is None


def talked(channel: Channel, viewer: Viewer, *arguments: Any, until: str) -> list[dict[str, Any]]:
    """What the channel sends while it talks, up to the first message of this kind."""

    async def listen() -> list[dict[str, Any]]:
        task = asyncio.create_task(channel.talk(*arguments))
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1]["type"] != until:
            frame = await asyncio.wait_for(viewer.next(), 30)
            assert frame is not None
            heard.append(unpack(frame)[0])
        task.cancel()
        return heard

    return asyncio.run(listen())


def test_the_channel_tells_the_newest_caption_and_what_the_referee_finds(manager: RunManager, ring: str) -> None:
    channel, viewer = Channel(SimpleNamespace()), Viewer()  # type: ignore[arg-type]
    channel.viewers.add(viewer)
    narrator = Narrator(manager, ring, SimpleNamespace())  # type: ignore[arg-type]
    found = [Finding("oscillation", 8, "", {}, "", "", {}, ""), Finding("plateau", 2, "", {}, "", "", {}, "")]
    heard = talked(channel, viewer, manager, ring, lambda: narrator, lambda: found, until="troubles")
    last = manager.grids(ring)[-1][0]
    assert heard == [
        {
            "type": "caption",
            "step": last,
            "caption": narrator.caption(manager.grid(ring, last)),
            "counted": narrator.counted(last),
            "blobs": [],
        },
        {"type": "troubles", "troubles": [[8, TROUBLES["oscillation"]]], "blobs": []},
    ]
    assert heard[0]["caption"]


def test_a_live_picture_comes_with_its_caption(manager: RunManager, pictures: str) -> None:
    """Of images it goes by what the channel has heard since it was opened."""
    channel, viewer = Channel(SimpleNamespace()), Viewer()  # type: ignore[arg-type]
    channel.viewers.add(viewer)
    channel.narrator = narrator = Narrator(manager, pictures, AppState(manager).diagnoser())
    last = manager.grids(pictures)[-1][0]
    grid = manager.grid(pictures, last)
    sure = {"d_accuracy_real": 0.95, "d_accuracy_fake": 0.95}
    channel._events += [Recorded(pictures, {"step": float(last - 20 + i), **sure}) for i in range(21)]
    channel._events.append(Evaluated(pictures, Evaluation(0, 0, 0.0, "f", 500, {"fid": 100.0}, {"fid": 0.0})))
    channel._events.append(Evaluated(pictures, Evaluation(last, 9, 0.0, "f", 500, {"fid": 81.0}, {"fid": 0.0})))
    channel._events.append(GridMade(pictures, grid, kept=True))
    channel._flush()
    frames = [unpack(frame)[0] for frame in (*viewer._frames, viewer._grid or b"")]
    assert frames[-1]["type"] == "grid"
    assert frames[-1]["grid"]["caption"] == "D learns first: it is right 95% of the time; G has yet to follow."
    moment = narrator.moment(last)
    assert moment is not None
    assert moment.left >= 0.9  # the square root of 0.81: it is a squared distance
    assert moment.d_right == pytest.approx(0.95)


@pytest.mark.parametrize("early", [False, True])
def test_of_data_without_modes_it_is_told_how_far_the_points_are(
    manager: RunManager, early: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """early: who opened the page while the run still waited for its device, with no picture yet, is told the same."""
    data = Line()
    run = manager.start(quick(steps=120, every=20, data=data))
    at_rest(manager, run)
    kept = [step for step, _ in manager.grids(run)]
    with monkeypatch.context() as waiting:
        if early:
            waiting.setattr(manager, "grids", lambda run: [])
        narrator = Narrator(manager, run, SimpleNamespace())  # type: ignore[arg-type]
    for step in kept if early else []:
        narrator.note_kept(step)
    reference, distances = plane_reference(data), {}
    for step in (0, kept[-1]):
        grid = manager.grid(run, step)
        distances[step] = measure_plane(decode_scene(grid.png).fakes, reference)["sliced_wasserstein"]
        assert narrator.caption(grid)
        told = narrator.counted(step)
        assert told["left"] == pytest.approx(distances[step] / distances[0])
        assert told["floor"] == pytest.approx(reference.floors["sliced_wasserstein"].mean / distances[0])

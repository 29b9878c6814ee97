"""The live channel: what a run's thread reports goes to every viewer of that run, encoded once.

The run's thread only appends to a queue and wakes the server's event loop; encoding and sending happen there, so
training never waits for a viewer. A viewer that cannot keep up loses older sample grids, never a record: one that
falls too far behind is sent away and gets the history afresh when it connects again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from pages.server.live import wire
from pages.server.live.first_frames import hello, stage
from pages.server.live.viewer import Viewer
from pages.server.security.guard import refusal
from pages.server.security.public import public

if TYPE_CHECKING:
    from gan_core.measure.referee.findings import Finding
    from gan_core.runs import RunManager
    from gan_core.runs.engine.elsewhere.external_runs import ExternalRunWatcher
    from gan_core.runs.evaluation.diagnosis import Diagnoser
    from gan_core.runs.snapshot import Event, Grid, GridMade
    from pages.server.live.captions import Narrator

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.05  # events within this time travel together
FALLEN_BEHIND = 4408
KEPT_AGAIN_SECONDS = 2.5  # by then every grid that was on its way to the disk at hello's time is listed there
JUDGE_SECONDS = 3.0  # between two looks at what the referee finds
LOOK_SECONDS = 2.0  # between two looks at the disk, for a run that another process trains


class Channel:
    """All viewers of one run. Lives on the event loop; `on_event` alone is called from the run's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.narrator: Narrator | None = None
        self.troubles: list[
            list[Any]
        ] = []  # [first step, caption] of what the referee has found, as it was sent last
        self.judging: asyncio.Task[None] | None = None
        self._events: deque[Event] = deque()
        self._scheduled = False
        self._since = 0.0  # when the oldest event that waits was reported, by the machine's clock
        self.viewers: set[Viewer] = set()
        self._shown_step = -1  # of the newest grid sent
        self.encoded = 0  # frames made, whatever the number of viewers
        self.unsubscribe: Callable[[], None] = lambda: None
        self.following: asyncio.Task[None] | None = None

    def close(self) -> None:
        self.unsubscribe()
        for task in (self.following, self.judging):
            if task is not None:
                task.cancel()

    async def talk(
        self, manager: RunManager, run: str, narrator: Callable[[], Narrator | None],
        findings: Callable[[], Sequence[Finding]],
    ) -> None:  # fmt: skip
        """Have every picture from now on come with its caption, and tell what the referee finds.

        While a finding stands, it is the caption of all pictures from its step on.
        """
        self.narrator = await asyncio.to_thread(narrator)
        if self.narrator is not None:
            for grid, words in await asyncio.to_thread(_caption_of_newest, manager, run, self.narrator):
                counted = self.narrator.counted(grid.step)
                self._send({"type": "caption", "step": grid.step, "caption": words, "counted": counted})
        while True:
            try:
                found = await asyncio.to_thread(_troubles, findings)
            except Exception as problem:  # not judged for now: its data are gone, say
                log.info("no findings for the captions: %s", problem)
                found = self.troubles
            if found != self.troubles:
                self.troubles = found
                self._send({"type": "troubles", "troubles": self.troubles})
            await asyncio.sleep(JUDGE_SECONDS)

    async def follow(self, follower: ExternalRunWatcher) -> None:
        """Tell what a run's thread cannot: it may be trained by another process, now or later."""
        while True:
            try:
                for event in await asyncio.to_thread(follower.news):
                    self.on_event(event)
            except (ValueError, OSError):
                pass  # unreadable for now, or gone
            await asyncio.sleep(LOOK_SECONDS)

    def on_event(self, event: Event) -> None:
        """Called from the run's thread: returns at once."""
        self._events.append(event)
        if not self._scheduled:
            self._scheduled, self._since = True, time.time()
            try:
                self._loop.call_soon_threadsafe(self._loop.call_later, FLUSH_SECONDS, self._flush)
            except RuntimeError:  # the server's loop has closed
                self._events.clear()

    def _flush(self) -> None:
        # The flag first: an event that arrives from here on schedules a flush of its own.
        self._scheduled = False
        rows: list[dict[str, float]] = []
        grid: GridMade | None = None
        while self._events:
            # Told apart by name, not by class: a reload may have replaced the classes under a live thread.
            event: Any = self._events.popleft()
            kind = type(event).__name__
            if kind == "Recorded":
                rows.append(event.values)
                if self.narrator is not None:
                    self.narrator.note(event.values)
                continue
            if kind == "GridMade":
                if event.kept:
                    if self.narrator is not None:
                        self.narrator.note_kept(event.grid.step)
                    self._send({"type": "kept", "step": event.grid.step, "images": event.grid.images})
                if not event.kept or event.grid.step > self._shown_step:  # else it was shown when it was made
                    grid, self._shown_step = event, event.grid.step
                continue
            rows = self._send_records(rows)
            if kind == "StateChanged":
                self._shown_step = min(self._shown_step, event.view.step)  # it may have gone back to a checkpoint
                self._send({"type": "state", "view": wire.view_header(event.view)})
            elif kind == "LiveChange":
                self._send({"type": "change", "change": wire.change_header(event)})
            elif kind == "Evaluated":
                self._send({"type": "evaluated", "evaluation": wire.evaluation_header(event.evaluation)})
                if self.narrator is not None:
                    self.narrator.note_evaluated(event.evaluation)
            elif kind == "Dissected":
                self._send({"type": "dissected", "step": event.step}, [event.data])
        self._send_records(rows)
        if grid is not None:
            caption = self.narrator.caption(grid.grid) if self.narrator is not None else ""
            counted = self.narrator.counted(grid.grid.step) if self.narrator is not None else {}
            header = {"type": "grid", "grid": wire.grid_header(grid.grid, grid.kept, caption, counted)}
            self._send(header, wire.grid_blobs(grid.grid), replaceable=True)

    def _send_records(self, rows: list[dict[str, float]]) -> list[dict[str, float]]:
        if rows:
            self._send({"type": "records", "count": len(rows), "at": self._since}, [wire.records_blob(rows)])
        return []

    def _send(self, header: dict[str, Any], blobs: list[bytes] | None = None, *, replaceable: bool = False) -> None:
        frame = wire.pack(header, blobs or [])
        self.encoded += 1
        for viewer in self.viewers:
            viewer.offer(frame, replaceable=replaceable)


class Hub:
    """The channels of one server. `manager` is called when somebody connects, from a worker thread."""

    def __init__(
        self, manager: Callable[[], RunManager], token: str,
        narrator: Callable[[str], Narrator | None] = lambda run: None,
        diagnoser: Callable[[], Diagnoser] | None = None,
    ) -> None:  # fmt: skip
        self._manager = manager
        self._token = token
        self._narrator, self._diagnoser = narrator, diagnoser
        self.channels: dict[str, Channel] = {}

    async def endpoint(self, socket: WebSocket) -> None:
        """`/live/{run}`: hello with the whole history, then events until either side leaves."""
        run = socket.path_params["run"]
        if reason := refusal(socket, self._token):
            await socket.close(1008, reason)  # before accept: HTTP 403
            return
        await socket.accept()
        viewer = Viewer()
        try:
            try:
                await self._join(run, viewer)
            except ValueError as problem:
                await socket.send_bytes(wire.pack({"type": "refused", "why": public(problem)}))
                await socket.close(4404)
                return
            await self._serve(socket, viewer)
        except (WebSocketDisconnect, RuntimeError, OSError):
            pass  # the viewer left while something was on its way
        finally:
            self._leave(run, viewer)

    async def _join(self, run: str, viewer: Viewer) -> None:
        """Subscribe first, then read the history: what happens between the two arrives twice, never not at all."""
        manager = await asyncio.to_thread(self._manager)
        channel = self.channels.get(run)
        if channel is None:
            channel = Channel(asyncio.get_running_loop())
            channel.unsubscribe = await asyncio.to_thread(manager.subscribe, run, channel.on_event)
            if (sooner := self.channels.get(run)) is not None:  # another viewer came while we waited
                channel.unsubscribe()
                channel = sooner
            else:
                channel.following = asyncio.create_task(channel.follow(manager.follow(run)))
            self.channels[run] = channel
        channel.viewers.add(viewer)
        viewer.greet(await asyncio.to_thread(hello, manager, run, channel.narrator, channel.troubles))
        if channel.judging is None and (diagnoser := self._diagnoser) is not None:
            channel.judging = asyncio.create_task(
                channel.talk(
                    manager,
                    run,
                    lambda: self._narrator(run),
                    lambda: diagnoser().diagnose(manager, run, JUDGE_SECONDS),
                )
            )
        if (frame := await asyncio.to_thread(stage, manager, run)) is not None:
            viewer.offer(frame)
        if (event := await asyncio.to_thread(manager.dissected, run)) is not None:
            viewer.offer(wire.pack({"type": "dissected", "step": event.step}, [event.data]))
        viewer.catching_up = asyncio.create_task(self._list_kept_again(manager, run, viewer))

    async def _list_kept_again(self, manager: RunManager, run: str, viewer: Viewer) -> None:
        """A grid told before the viewer came, but listed on the disk after, is in neither hello nor an event."""
        await asyncio.sleep(KEPT_AGAIN_SECONDS)
        with contextlib.suppress(ValueError, OSError):
            kept = await asyncio.to_thread(manager.grids, run)
            viewer.offer(wire.pack({"type": "timeline", "kept": [[step, images] for step, images in kept]}))

    def _leave(self, run: str, viewer: Viewer) -> None:
        if viewer.catching_up is not None:
            viewer.catching_up.cancel()
        channel = self.channels.get(run)
        if channel is None:
            return
        channel.viewers.discard(viewer)
        if not channel.viewers:
            del self.channels[run]
            channel.close()

    async def _serve(self, socket: WebSocket, viewer: Viewer) -> None:
        """Send until the viewer closes; nothing that it says is listened to."""
        sender = asyncio.create_task(self._send_all(socket, viewer))
        try:
            while (await socket.receive())["type"] != "websocket.disconnect":
                pass
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    async def _send_all(self, socket: WebSocket, viewer: Viewer) -> None:
        while (frame := await viewer.next()) is not None:
            await socket.send_bytes(frame)
        await socket.close(FALLEN_BEHIND)


def _troubles(findings: Callable[[], Sequence[Finding]]) -> list[list[Any]]:
    from gan_core.measure.captions.rules import troubles

    return [[step, words] for step, words in troubles(findings())]


def _caption_of_newest(manager: RunManager, run: str, narrator: Narrator) -> list[tuple[Grid, str]]:
    """Of the picture that came before there was anybody to say what it shows; nothing where there is none."""
    with contextlib.suppress(ValueError, OSError):
        grid, _ = manager.newest_grid(run)
        if grid is not None:
            return [(grid, narrator.caption_kept(grid))]
    return []

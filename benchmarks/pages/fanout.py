"""What the live channel costs by the number of sockets: delay of news, messages, bytes and processor time a second.

    python -m benchmarks.pages.fanout [--sockets 30,100,300] [--seconds 20] [--preset fashion-fast]

One run trains in a real server. Listeners in processes of their own open so many sockets to its live channel, and
measure how old each record is when it arrives (the server's clock is theirs). The server's and the listeners'
processor time are told apart; both share this machine with the training.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from websockets.asyncio.client import ClientConnection

from benchmarks.machine import describe
from benchmarks.serving import Server, server
from gan_core.cli.rehearsal.person import Person
from gan_core.cli.rehearsal.protocol import unpack

LISTENERS = 2  # processes that listen
AT_ONCE = 25  # sockets that one of them opens at a time
SETTLE_SECONDS = 3.0


@dataclass
class Heard:
    """What one process of listeners has heard: seconds; of all its sockets together."""

    delays: list[float]
    messages: int = 0
    data: int = 0  # bytes
    grids: int = 0
    lost: int = 0  # sockets that were closed
    processor_seconds: float = 0.0


async def _hear(socket: ClientConnection, heard: Heard, counts: asyncio.Event) -> None:
    """For ever; what comes before it counts is thrown away."""
    try:
        async for frame in socket:
            now = time.time()
            if not counts.is_set() or not isinstance(frame, bytes):
                continue
            heard.messages += 1
            heard.data += len(frame)
            header, _ = unpack(frame)
            heard.grids += header["type"] == "grid"
            if header["type"] == "records":
                heard.delays.append(now - header["at"])
    finally:
        heard.lost += 1


async def _listen(url: str, token: str, run: str, count: int, seconds: float) -> Heard:
    """Open the sockets, say so, wait for a line, and listen."""
    person = Person(url)
    person.page_token = token
    heard, counts, tasks = Heard([]), asyncio.Event(), []
    for first in range(0, count, AT_ONCE):
        opened = await asyncio.gather(*(person.guarded(f"live/{run}") for _ in range(min(AT_ONCE, count - first))))
        tasks += [asyncio.create_task(_hear(socket, heard, counts)) for socket in opened]
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    began = time.process_time()
    counts.set()
    await asyncio.sleep(seconds)
    counts.clear()
    heard.processor_seconds, lost = time.process_time() - began, heard.lost
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    heard.lost = lost
    return heard


def _processor_seconds(process: int) -> float:
    """Of one process and its threads, so far."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _train(url: str, preset: str) -> tuple[str, str]:
    """Press Train as a person would; the page's token and the run."""
    person = Person(url)
    await person.open(f"preset={preset}&total_images=100000000&seed=1")
    await person.draw("train")
    while not person.run():
        await asyncio.sleep(0.5)
        await person.draw()
    token, run = person.page_token, person.run()
    await person.close()
    return token, run


def measure(at: Server, token: str, run: str, count: int, seconds: float) -> None:
    """One line for so many sockets."""
    from gan_core.runs.storage.run_folder import open_run

    parts = [count // LISTENERS + (i < count % LISTENERS) for i in range(LISTENERS)]
    words = ["--listen", f"{at.url}/", "--token", token, "--run", run]
    command = [sys.executable, "-m", "benchmarks.pages.fanout", *words]
    listeners = [
        subprocess.Popen(
            [*command, "--sockets", str(part), "--seconds", str(seconds)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for part in parts if part
    ]  # fmt: skip
    for one in listeners:
        assert one.stdout is not None
        if one.stdout.readline() != "open\n":
            raise SystemExit("the listeners could not open their sockets")
    time.sleep(SETTLE_SECONDS)
    folder = open_run(at.runs_dir, run)
    images, began, before = folder.status().images, time.perf_counter(), _processor_seconds(at.process.pid)
    said = []
    for one in listeners:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    if not listeners:
        time.sleep(seconds)
    for one in listeners:
        said.append(Heard(**json.loads(one.communicate()[0])))
    passed = time.perf_counter() - began
    server_seconds = _processor_seconds(at.process.pid) - before
    speed = (folder.status().images - images) / passed
    delays = sorted(delay for heard in said for delay in heard.delays)
    at_share = [f"{1000 * _share(delays, share):.0f}" for share in (0.5, 0.95)] if delays else ["-", "-"]
    print(
        f"{count:>7} {at_share[0]:>7} {at_share[1]:>7} {max(delays, default=0) * 1000:>7.0f}"
        f" {sum(h.messages for h in said) / seconds:>11,.0f} {sum(h.data for h in said) / seconds / 1e6:>8.2f}"
        f" {server_seconds / passed:>8.2f} {sum(h.processor_seconds for h in said) / seconds:>10.2f}"
        f" {speed:>9,.0f} {sum(h.lost for h in said):>5} {os.getloadavg()[0]:>5.1f}",
        flush=True,
    )


def _share(ordered: list[float], share: float) -> float:
    return (
        statistics.quantiles(ordered, n=100, method="inclusive")[round(100 * share) - 1]
        if ordered[1:]
        else ordered[0]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", default="0,1,30,100,300")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--preset", default="fashion-fast")
    parser.add_argument("--listen", default="", help=argparse.SUPPRESS)
    parser.add_argument("--token", default="", help=argparse.SUPPRESS)
    parser.add_argument("--run", default="", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.listen:
        heard = asyncio.run(_listen(asked.listen, asked.token, asked.run, int(asked.sockets), asked.seconds))
        print(json.dumps(asdict(heard)))
        return
    print(describe())
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as at:
        token, run = asyncio.run(_train(f"{at.url}/", asked.preset))
        time.sleep(5.0)
        print(
            f"{asked.preset}; delays in ms, server and listeners in cores\n"
            f"{'sockets':>7} {'p50':>7} {'p95':>7} {'most':>7} {'messages/s':>11} {'MB/s':>8} {'server':>8}"
            f" {'listeners':>10} {'images/s':>9} {'lost':>5} {'load':>5}"
        )
        for count in map(int, asked.sockets.split(",")):
            measure(at, token, run, count, asked.seconds)


if __name__ == "__main__":
    main()

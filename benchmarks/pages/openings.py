"""Thirty people open the Lab within ten seconds: how long until each has the moving picture, and what it starts.

    python -m benchmarks.pages.openings [--people 30] [--seconds 10]

One real Chromium opens the page first and shows what a browser asks for, and its own time to the second step on the
screen. Then clients without a screen ask for the same, each over a connection and a session of its own, until they
have the whole recording: thirty real browsers would need more than the two cores that the server has. To a client's
time comes what the browser does with it all, which is measured on the one.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import socket
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.sync.client import connect

from benchmarks.machine import describe
from benchmarks.serving import Server, browser, server

GOAL_SECONDS = 3.0
CONNECTIONS = 6  # that a browser keeps to one server
RECORDING = re.compile(rb"recording/[0-9a-f]{16}/[\w-]+\.gz")
MOVING = "() => /step [1-9]/.test(document.querySelector('[data-testid=film-step]')?.textContent ?? '')"


def cpu_seconds(at: Server) -> float:
    """Of the server's process so far, on Linux: what a busy machine does not change."""
    fields = Path(f"/proc/{at.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def real_opening(at: Server) -> tuple[list[str], float]:
    """All that Chromium asks this server for, in order, and the seconds until its picture moves."""
    asked: list[str] = []
    with browser() as opened:
        page = opened.new_page(viewport={"width": 1366, "height": 768})
        page.on("request", lambda r: asked.append(r.url) if r.url.startswith(at.url) and r.method == "GET" else None)
        start = time.perf_counter()
        page.goto(at.url)
        page.wait_for_function(MOVING, timeout=60_000)
        seconds = time.perf_counter() - start
    return [url.removeprefix(at.url) for url in asked], seconds


def get_all(at: Server, paths: list[str]) -> None:
    """Over a connection that is kept, as one of a browser's."""
    where = urlsplit(at.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    for path in paths:
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        if hasattr(socket, "TCP_QUICKACK"):  # a browser does not wait for 40 ms either
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        connection.getresponse().read()
    connection.close()


def opening(at: Server, paths: list[str], found: list[float]) -> None:
    """One client: the page and its files over six connections, the session's script, the recording."""
    start, where = time.perf_counter(), urlsplit(at.url)
    files = [path for path in paths if ".gz" not in path]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda some: get_all(at, some), [files[i::CONNECTIONS] for i in range(CONNECTIONS)]))
    address = f"ws://{where.netloc}/_stcore/stream"
    with connect(address, origin=at.url, subprotocols=["streamlit"], max_size=None) as session:  # type: ignore[arg-type,list-item]
        asked = BackMsg()
        asked.rerun_script.query_string = ""
        session.send(asked.SerializeToString())
        while not (named := RECORDING.search(session.recv(60))):  # type: ignore[arg-type]
            pass
        get_all(at, [f"/{named.group().decode()}"])
        found.append(time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as at:
        real_opening(at)  # the engine has started by the end of it
        paths, moving = real_opening(at)
        alone: list[float] = []
        opening(at, paths, alone)
        found: list[float] = []
        before = cpu_seconds(at)
        people = [threading.Thread(target=opening, args=(at, paths, found)) for _ in range(asked.people)]
        for person in people:
            person.start()
            time.sleep(asked.seconds / asked.people)
        for person in people:
            person.join()
        spent = (cpu_seconds(at) - before) / asked.people
        runs = list(at.runs_dir.glob("*/config.json"))
    own = max(0.0, moving - alone[0])
    print(f"Chromium alone: {moving:.2f} s to the moving picture; a client {alone[0]:.2f} s, so {own:.2f} s its own")
    slow = statistics.quantiles(found, n=20)[-1] if len(found) > 1 else found[0]
    verdict = "reached" if len(found) == asked.people and slow + own <= GOAL_SECONDS else "MISSED"
    print(
        f"{len(found)} of {asked.people} openings in {asked.seconds:.0f} s: median {statistics.median(found):.2f}, "
        f"p95 {slow:.2f} s, {slow + own:.2f} s with a browser's own (goal {GOAL_SECONDS} s: {verdict}); "
        f"{spent:.2f} CPU-s of the server each; runs started: {len(runs)}"
    )


if __name__ == "__main__":
    main()

"""`make class`: a server for a class on this network, with both tokens, its addresses, and what is open in a list.

    python -m pages.server.class_start [PORT]

The tokens are those of GANSCOPE_TOKEN and GANSCOPE_TEACHER_TOKEN; where they are not set, those that were made here
before, in the data folder, so that links and cookies of the last lesson hold.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from gan_core.config.files import write_atomically
from gan_core.config.places import data_dir, runs_dir
from pages.server.security.access import SHORTEST_TOKEN, NotSafe, access_token, is_loopback, teacher_token

KEPT = ".class-tokens.json"
LITTLE_DISK_BYTES = 5_000_000_000
RUN_BYTES = 60_000_000  # about what a run of a lesson leaves on the disk
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


@dataclass(frozen=True)
class Tokens:
    """made: whether they are of this program's own, and kept in the data folder."""

    students: str
    teacher: str
    made: bool


def tokens(folder: Path, environment: Mapping[str, str] = os.environ) -> Tokens:
    """Both tokens; one that is not set is made, and kept. Raises NotSafe for ones that are no secrets."""
    students, teacher = environment.get("GANSCOPE_TOKEN", ""), environment.get("GANSCOPE_TEACHER_TOKEN", "")
    made = not (students and teacher)
    if made:
        kept = _kept(folder / KEPT)
        students = students or kept.get("students") or new_token()
        teacher = teacher or kept.get("teacher") or new_token()
    found = Tokens(students, teacher, made)
    asked = {"GANSCOPE_TOKEN": students, "GANSCOPE_TEACHER_TOKEN": teacher}
    teacher_token(access_token("0.0.0.0", asked), asked)  # as whoever serves a network has to
    if made:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / KEPT, json.dumps({"students": students, "teacher": teacher}).encode())
        (folder / KEPT).chmod(0o600)
    return found


def new_token() -> str:
    """Four groups of four letters: 78 bits, and can be read out in a room."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def _kept(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str) and len(v) >= SHORTEST_TOKEN}


def addresses() -> list[str]:
    """This machine's addresses in the network, the one that leads to others first; [] without a network."""
    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # nothing is sent: it asks which way a packet would go
        found.append(str(probe.getsockname()[0]))
    with contextlib.suppress(OSError):
        found += [str(one[4][0]) for one in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return [one for one in dict.fromkeys(found) if not ipaddress.ip_address(one).is_loopback]


def reached_at(bound: str | None) -> tuple[str, ...]:
    """The names by which others reach a server that is bound to an address (None: to all); none where nobody does."""
    return () if is_loopback(bound) else tuple(addresses())


def words(hosts: list[str], port: int, given: Tokens, free_bytes: int) -> str:
    """What is said before the server starts: links, and what is open."""
    host = hosts[0] if hosts else "127.0.0.1"
    base = f"http://{host}:{port}"
    lines = [
        f"The class opens      {base}/class?{urlencode({'access': given.students})}",
        f"or types             {base}/class  and the token  {given.students}",
        f"You, on this machine http://127.0.0.1:{port}/class?{urlencode({'access': given.teacher})}",
        "",
        *(f"[{'x' if holds else ' '}] {sentence}" for holds, sentence in checklist(hosts, given, free_bytes)),
    ]
    return "\n".join(lines)


def checklist(hosts: list[str], given: Tokens, free_bytes: int) -> list[tuple[bool, str]]:
    others = f" Other addresses: {', '.join(hosts[1:])}." if hosts[1:] else ""
    return [
        (bool(hosts), f"Reached in this network at {hosts[0]}.{others}" if hosts
         else "No network: only this machine reaches it. Connect it, and run make class again."),
        (True, "Nobody comes in without the class's token; other names than these addresses are refused."),
        (True, "Only who has the teacher's token shows, stops others' runs, and sets what students may do."),
        (True, "The tokens are kept in the data folder" + f" ({KEPT}); delete that file for new ones." if given.made
         else "The tokens are those of GANSCOPE_TOKEN and GANSCOPE_TEACHER_TOKEN."),
        (free_bytes >= LITTLE_DISK_BYTES, f"{free_bytes / 1e9:.0f} GB of disk are free: room for about "
         f"{max(0, int(free_bytes // RUN_BYTES))} runs of a lesson."),
        (False, "Plain HTTP: who shares this network can read along. For more than a classroom put TLS in front."),
        (False, "Rehearsed? In another terminal: python -m gan_core rehearse --students 30 --minutes 3 "
         f"--url http://127.0.0.1:PORT --token {given.students}"),
    ]  # fmt: skip


def start(port: int, run: Callable[[str, list[str], dict[str, str]], object] = os.execve) -> None:
    """Say it, and become the server. Raises NotSafe."""
    given, hosts = tokens(data_dir()), addresses()
    place = runs_dir()
    place.mkdir(parents=True, exist_ok=True)
    print(words(hosts, port, given, shutil.disk_usage(place).free).replace("PORT", str(port)), flush=True)
    environment = {
        **os.environ, "GANSCOPE_TOKEN": given.students, "GANSCOPE_TEACHER_TOKEN": given.teacher,
        "STREAMLIT_SERVER_ALLOWED_HOSTS": os.environ.get("STREAMLIT_SERVER_ALLOWED_HOSTS")
        or " ".join(["localhost", "127.0.0.1", *hosts]),
    }  # fmt: skip
    command = [
        sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
        "--server.address", "0.0.0.0" if hosts else "127.0.0.1", "--server.port", str(port),
    ]  # fmt: skip
    run(sys.executable, command, environment)


if __name__ == "__main__":
    try:
        start(int(sys.argv[1]) if len(sys.argv) > 1 else 8501)
    except NotSafe as problem:
        sys.exit(str(problem))

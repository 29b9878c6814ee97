"""How much one person may begin: how many runs and jobs at a time, and for how long each trains."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from gan_core.runs.states import LIVE
from pages.server.security.people import Person, class_server
from pages.server.security.rights import may
from pages.server.security.switches import Switches, read_switches

if TYPE_CHECKING:
    from gan_core.runs import RunManager
    from gan_core.runs.jobs import JobManager

beginning = threading.RLock()  # so that two at once are not both the last that may begin


def limits(person: Person) -> Switches:
    """What holds for this person; no limit for a teacher, and where there is none who could set one."""
    server = class_server()
    if person.teacher or not server.teacher:
        return Switches(runs_at_once=0, longest_seconds=0.0)
    return read_switches(server.folder)


def why_not_begin(manager: RunManager, person: Person, runs: int = 1, jobs: JobManager | None = None) -> str:
    """Why this person may not begin so many runs, or jobs, now, in one sentence; "" where they may."""
    if sentence := may(person, "start"):
        return sentence
    most = limits(person).runs_at_once
    if not most:
        return ""
    live = sum(view.state in LIVE and view.owner == person.id for view in manager.views())
    live += sum(view.at_work and view.owner == person.id for view in jobs.views()) if jobs is not None else 0
    if live + runs <= most:
        return ""
    if runs > most:
        return f"These are {runs} runs; here each student has at most {most} at a time."
    return f"Here each student has at most {most} run{'s' * (most > 1)} at a time: stop one of yours first."

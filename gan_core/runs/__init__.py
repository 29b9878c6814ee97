"""Runs: training them in threads, keeping them on disk, and everything that is done with them afterwards."""

from gan_core.runs.commands import Change, CheckpointNow, Command, Dissect, Pause, Resume, StepOnce, Stop
from gan_core.runs.manager import RunManager
from gan_core.runs.snapshot import Dissected, Event, Grid, GridMade, LiveChange, Recorded, RunView, StateChanged
from gan_core.runs.states import FOLLOWS, LIVE, STATES, WORDS, State
from gan_core.runs.storage.run_folder import COLUMNS, TIMING_COLUMNS, UnknownRun, UnreadableRun

__all__ = [
    "COLUMNS",
    "FOLLOWS",
    "LIVE",
    "STATES",
    "TIMING_COLUMNS",
    "WORDS",
    "Change",
    "CheckpointNow",
    "Command",
    "Dissect",
    "Dissected",
    "Event",
    "Grid",
    "GridMade",
    "LiveChange",
    "Pause",
    "Recorded",
    "Resume",
    "RunManager",
    "RunView",
    "State",
    "StateChanged",
    "StepOnce",
    "Stop",
    "UnknownRun",
    "UnreadableRun",
]

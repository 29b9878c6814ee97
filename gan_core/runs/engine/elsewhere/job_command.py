"""Hands runs to other machines by a command, such as Slurm's sbatch; whoever starts the server says which.

GANSCOPE_JOB_COMMAND   "sbatch --parsable {script}": takes a script, says the job's name in its first line
GANSCOPE_JOB_CANCEL    "scancel {job}": takes a job back that has not begun; optional
GANSCOPE_JOB_SCRIPT    a file: the script, with names in braces for what differs from run to run; else `SCRIPT`
GANSCOPE_JOB_DEVICE    cpu or cuda: what runs train on there; cuda where nothing is said
GANSCOPE_JOB_GPUS, GANSCOPE_JOB_CORES   how many of them a job asks for

In the script stand {run} {runs} {data} {folder} {python} {program} {device} {gpus} {cores}, quoted for a shell; in a
comment of a batch system (#SBATCH) they stand as they are.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gan_core.config.codec import ConfigError
from gan_core.config.files import write_atomically
from gan_core.config.places import place

log = logging.getLogger(__name__)

PROGRAM = Path(__file__).resolve().parents[4]
SCRIPT = PROGRAM / "assets" / "job-templates" / "sbatch.sh"
SCRIPT_NAME = "job.sh"
COMMAND_SECONDS = 60.0
LARGEST_SCRIPT_BYTES = 100_000
MOST = 1024  # GPUs, cores
_NAME = re.compile(r"[\w.+\[\]-]{1,64}")
_SECRETS = ("GANSCOPE_TOKEN", "GANSCOPE_TEACHER_TOKEN")  # a batch system may give a job all variables


@dataclass(frozen=True)
class JobCommand:
    """command, cancel: words of a command line, with {script} and {job}; () is no way to cancel."""

    command: tuple[str, ...]
    cancel: tuple[str, ...] = ()
    script: Path = SCRIPT
    device: str = "cuda"
    gpus: int = 1
    cores: int = 4

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> JobCommand | None:
        """None where no command was named. Raises ConfigError for one that cannot be."""
        command = _words(environment, "GANSCOPE_JOB_COMMAND", "{script}")
        if not command:
            return None
        device = environment.get("GANSCOPE_JOB_DEVICE") or "cuda"
        if device not in ("cpu", "cuda"):
            raise ConfigError(f'GANSCOPE_JOB_DEVICE is "{device}"; it must be cpu or cuda.')
        made = cls(
            command, _words(environment, "GANSCOPE_JOB_CANCEL", "{job}"),
            place(environment.get("GANSCOPE_JOB_SCRIPT") or str(SCRIPT)), device,
            _number(environment, "GANSCOPE_JOB_GPUS", 1 if device == "cuda" else 0),
            _number(environment, "GANSCOPE_JOB_CORES", 4),
        )  # fmt: skip
        made.template()
        return made

    def template(self) -> str:
        """Raises ConfigError where it cannot be read."""
        try:
            if self.script.stat().st_size > LARGEST_SCRIPT_BYTES:
                raise ConfigError(f"The job script {self.script} has more than {LARGEST_SCRIPT_BYTES:,} bytes.")
            return self.script.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The job script {self.script} cannot be read: {error}.") from error

    def submit(self, folder: Path, data_dir: Path) -> str:
        """Write the script for the run in this folder and hand it to the command; what the job is called, or "".

        Raises ConfigError in one sentence where the command fails, OSError.
        """
        values = {
            "run": folder.name, "runs": str(folder.parent.resolve()), "data": str(data_dir.resolve()),
            "folder": str(folder.resolve()), "python": sys.executable, "program": str(PROGRAM),
            "device": self.device, "gpus": str(self.gpus), "cores": str(self.cores),
        }  # fmt: skip
        lines = self.template().splitlines()
        text = "\n".join(_filled(line, values, shell=not line.lstrip().startswith("#")) for line in lines) + "\n"
        script = folder / SCRIPT_NAME
        write_atomically(script, text.encode())
        script.chmod(0o755)
        said = _said([word.replace("{script}", str(script.resolve())) for word in self.command])
        name = said.partition("\n")[0].partition(";")[0].strip()
        return name if _NAME.fullmatch(name) else ""

    def take_back(self, job: str) -> None:
        """Ask that a job does not begin; nothing where there is no way to. Raises ConfigError as `submit` does."""
        if self.cancel and job:
            _said([word.replace("{job}", job) for word in self.cancel])


def _said(command: list[str]) -> str:
    """What a command prints. Raises ConfigError with the first line that it says of its trouble."""
    environment = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=COMMAND_SECONDS, env=environment,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ConfigError(f"{name} has not answered within {COMMAND_SECONDS:.0f} seconds.") from None
    except OSError as error:
        raise ConfigError(f"{name} cannot be started: {error.strerror or error}.") from error
    if done.returncode:
        lines = [line.strip() for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
        log.warning("%s failed with status %d: %s", name, done.returncode, "\n".join(lines))
        why = "".join(c if c.isprintable() else " " for c in lines[0])[:300].rstrip(".") if lines else ""
        raise ConfigError(f"{name} failed: {why or f'it ended with status {done.returncode}'}.")
    return done.stdout


def _filled(line: str, values: Mapping[str, str], *, shell: bool) -> str:
    def value(found: re.Match[str]) -> str:
        return shlex.quote(values[found[1]]) if shell else values[found[1]]

    return re.sub(rf"\{{({'|'.join(values)})\}}", value, line)


def _words(environment: Mapping[str, str], name: str, needed: str) -> tuple[str, ...]:
    text = environment.get(name, "").strip()
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise ConfigError(f"{name} is no command line: {error}.") from error
    if words and not any(needed in word for word in words[1:]):
        raise ConfigError(f"{name} must have {needed} in it, where the {needed[1:-1]} goes.")
    return words


def _number(environment: Mapping[str, str], name: str, usual: int) -> int:
    text = environment.get(name, "").strip() or str(usual)
    if not text.isdigit() or len(text) > 5 or int(text) > MOST:
        raise ConfigError(f'{name} is "{text[:20]}"; it must be a whole number from 0 to {MOST}.')
    return int(text)

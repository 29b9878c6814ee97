"""A Ray cluster as the driver of a sweep sees it: reached, with the resources asked for, or a sentence why not.

Ray is imported when a cluster is asked for, not before.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gan_core
from gan_core.runs.groups.sweep_file import OnCluster

REACH_SECONDS = 5.0
AT_ONCE = 8  # calls of one member that are under way beside each other: it trains, is asked, tells


class ClusterProblem(ValueError):
    """Why a sweep cannot train on a cluster, in one sentence."""


class Cluster:
    """A connection to a Ray cluster; one a process. `ray` is the package."""

    def __init__(self, on: OnCluster) -> None:
        self.ray = import_ray()
        self._on = on
        _reach(on.address)
        _join(self.ray, on.address)
        try:
            self.refuse_without_room()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.ray.shutdown()

    def refuse_without_room(self) -> None:
        """Raises ClusterProblem where no node has what a member asks for."""
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        if any(n.get("CPU", 0) >= self._on.cpus and n.get("GPU", 0) >= self._on.gpus for n in nodes):
            return
        there = "; ".join(sorted({_resources(n.get("CPU", 0), n.get("GPU", 0)) for n in nodes})) or "nothing"
        count = f"{len(nodes)} node{'s' * (len(nodes) != 1)}"
        raise ClusterProblem(
            f"Each member asks for {_resources(self._on.cpus, self._on.gpus)}, which no node of the Ray cluster has: "
            f"it has {count} with {there}."
        )

    def member(self, task: dict[str, Any]) -> Any:
        """A new actor that waits for its resources; `task`: the fields of a `Task`.

        What goes to and fro is plain data: with "ray://" it passes through a process that knows nothing of us.
        """
        made = self.ray.remote(
            num_cpus=self._on.cpus, num_gpus=self._on.gpus, max_restarts=0, max_concurrency=AT_ONCE
        )(_node_class())
        return made.remote(str(Path(gan_core.__file__).parents[1]), task)

    def done(self, promises: Sequence[Any], seconds: float) -> list[Any]:
        """Those that are fulfilled, or broken, within so long."""
        found, _ = self.ray.wait(list(promises), num_returns=1, timeout=seconds)
        if found:  # and all others that are ready now
            found, _ = self.ray.wait(list(promises), num_returns=len(promises), timeout=0)
        return list(found)

    def is_lost(self, error: BaseException) -> bool:
        """Whether a member's process or node is gone, rather than that what it did went wrong."""
        errors = self.ray.exceptions
        return isinstance(error, errors.RayError) and not isinstance(error, errors.RayTaskError)


def import_ray() -> Any:
    """Raises ClusterProblem."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise ClusterProblem(
            "Sweeps on a cluster need Ray, which is not installed here: pip install -r requirements-ray.txt, with "
            "the same version on every node."
        ) from error


def _reach(address: str) -> None:
    """Ray would try for a minute. Raises ClusterProblem."""
    found = address.removeprefix("ray://") if address != "ray" else os.environ.get("RAY_ADDRESS", "")
    host, _, port = found.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or "no answer"
        raise ClusterProblem(
            f"The Ray cluster at {host}:{port} cannot be reached ({why.lower()}); see that its head runs and that "
            "this machine may connect to it."
        ) from None


def _join(ray: Any, address: str) -> None:
    """Raises ClusterProblem."""
    try:
        ray.init(
            address="auto" if address == "ray" else address, logging_level=logging.ERROR, log_to_driver=False
        )  # fmt: skip
    except ConnectionError as error:
        if address == "ray":
            raise ClusterProblem(
                "No Ray cluster runs on this machine; begin one with ray start --head, or name one that runs "
                "elsewhere: --on ray://HOST:10001."
            ) from error
        raise ClusterProblem(f"The Ray cluster at {address} does not answer ({_first_line(error)}).") from error
    except (RuntimeError, ValueError, OSError) as error:
        words = _first_line(error)
        if re.search(r"version", words, re.IGNORECASE):
            raise ClusterProblem(
                f"The Ray cluster has other versions than this machine ({words}); install the same everywhere."
            ) from error
        raise ClusterProblem(f"The Ray cluster cannot be joined ({words}).") from error


def _first_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300].rstrip(".") or type(error).__name__


def _resources(cpus: float, gpus: float) -> str:
    """ "2 processors and 1 GPU"."""
    processors = f"{cpus:g} processor{'s' * (cpus != 1)}"
    return f"{processors} and {gpus:g} GPU{'s' * (gpus != 1)}" if gpus else f"{processors} and no GPU"


def _node_class() -> type:
    """What is sent to the nodes: made here, so that it travels whole and finds the program there by itself."""

    class GanscopeMember:
        def __init__(self, root: str, task: dict[str, Any]) -> None:
            import sys

            self._problem = ""
            try:
                try:
                    import gan_core  # noqa: F401
                except ImportError:
                    sys.path.insert(0, root)
                from gan_core.runs.cluster.node_member import NodeMember, Task

                self._member = NodeMember(Task(**task))
            except ImportError as error:
                self._problem = f"GANscope cannot be imported there ({error}); it has to lie in {root} on every node"

        def about(self) -> dict[str, Any]:
            if self._problem:
                import socket

                return {"node": socket.gethostname(), "problem": self._problem}
            return self._member.about()

        def train(self, archive: bytes | None) -> dict[str, Any]:
            return self._member.train(archive)

        def ask(self, name: str, fields: dict[str, Any]) -> None:
            self._member.ask(name, fields)

        def news(self, known_step: int) -> dict[str, Any]:
            return self._member.news(known_step)

    return GanscopeMember

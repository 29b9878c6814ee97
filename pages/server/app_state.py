"""What lives as long as the server: the run manager, the live channel's hub and the token.

Held as an attribute of `sys`, where neither a reload of our modules nor a viewer's clear_cache can reach it.
"""

from __future__ import annotations

import contextlib
import gc
import secrets
import sys
import threading
from typing import TYPE_CHECKING

from pages.server.atlas import Previews
from pages.server.http.packed import pack_first_page
from pages.server.jobs import Jobs
from pages.server.live.captions import Narrator, Narrators
from pages.server.live.channel import Hub
from pages.server.live.classroom import ClassHub
from pages.server.live.explore_channel import ExploreHub
from pages.server.loading import load
from pages.server.security.public import public

if TYPE_CHECKING:
    from gan_core.runs import RunManager
    from gan_core.runs.catalog.model_catalog import ModelCatalog
    from gan_core.runs.evaluation.diagnosis import Diagnoser
    from gan_core.runs.jobs import JobManager

_SLOT = "_ganscope_app_state"
WARM_UP_SECONDS = 60.0
EXPLORE_AFTER_SECONDS = 8.0  # the first page and the first Train come before what Explore needs


class NotReady(ValueError):
    """The engine could not be started; one sentence saying why."""


class AppState:
    """Starts the engine in a thread of its own, so that the server answers while torch is still being imported."""

    def __init__(self, manager: RunManager | None = None) -> None:
        self.token = secrets.token_urlsafe(24)
        self.narrators = Narrators()
        self.hub = Hub(self.manager, self.token, self.narrator, self.diagnoser)
        self.explore = ExploreHub(self._catalog, self.token)
        self.classroom = ClassHub(self.token)
        self.previews = Previews()
        self.jobs = Jobs()
        self._manager = manager
        self._diagnoser: Diagnoser | None = None
        self._job_manager: JobManager | None = None
        self._job_guard = threading.Lock()
        self._problem = ""
        self._ready = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        if manager is not None:
            self._ready.set()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._warm_up, name="ganscope-warm-up", daemon=True)
        self._thread.start()

    def _warm_up(self) -> None:
        """Import torch and what stands on it here, not at the first click."""
        try:
            load()
            from gan_core.config.places import data_dir, runs_dir
            from gan_core.runs import RunManager
            from gan_core.runs.engine.device.budget import Budget, turn_seconds
            from gan_core.runs.engine.device.slots import devices_text
            from gan_core.runs.engine.elsewhere.job_command import JobCommand

            manager = RunManager(
                runs_dir(), data_dir(), device=devices_text(), turn_seconds=turn_seconds(),
                budget=Budget.from_environment(), job_command=JobCommand.from_environment(),
            )  # fmt: skip
            manager.take_up_processes()
            self._manager = manager
        except (ValueError, OSError) as problem:
            self._problem = public(problem)
        except Exception as problem:
            self._problem = f"The engine did not start: {type(problem).__name__}: {public(problem)}."
            raise
        finally:
            self._ready.set()
        self._prepare_first_page()
        with contextlib.suppress(OSError):
            pack_first_page()
        # torch brings half a million objects that never die: without this every collection walks all of them
        # while it holds the interpreter, and training stands still meanwhile.
        gc.collect()
        gc.freeze()
        if self._manager is not None and not self._closing.wait(EXPLORE_AFTER_SECONDS):
            with contextlib.suppress(Exception):
                self.explore.open()
            gc.freeze()

    def _prepare_first_page(self) -> None:
        """What the Lab shows first, made before anybody asks; where it fails, the page says why."""
        if self._manager is None:
            return
        from gan_core.training.configuration.presets import DEFAULT, PRESETS, preset
        from pages.server.preview import preview_key

        config = preset(DEFAULT).config
        with contextlib.suppress(Exception):
            preview_key(self.previews, config.data, config.size, self._manager.data_dir)
            self._manager.estimate(config)  # with what it measures of this machine
            for one in PRESETS.values():
                self._manager.rough_seconds(one.config)

    def wait(self) -> bool:
        """Wait until everything is imported and the manager is there; False where it takes too long.

        Before that nothing outside the warm-up may import a module of the engine: see `pages.server.loading`.
        """
        return self._ready.wait(WARM_UP_SECONDS)

    def manager(self) -> RunManager:
        """The run manager, waiting for it while the server is still starting. Raises NotReady."""
        if not self.wait():
            raise NotReady("The engine is still starting; reload this page in a moment.")
        if self._manager is None:
            raise NotReady(self._problem)
        return self._manager

    def diagnoser(self) -> Diagnoser:
        """The referee's, one for all: each kept grid is looked at once."""
        if self._diagnoser is None:
            from gan_core.runs.dataset_cache import DatasetCache
            from gan_core.runs.evaluation.diagnosis import Diagnoser  # it brings torch

            self._diagnoser = Diagnoser(DatasetCache(self.manager().data_dir))
        return self._diagnoser

    def job_manager(self) -> JobManager:
        """The one for all that work in the background beside runs. Raises NotReady."""
        manager = self.manager()
        with self._job_guard:
            if self._job_manager is None:
                from gan_core.runs.jobs import JobManager  # it brings torch

                self._job_manager = JobManager(manager)
            return self._job_manager

    def narrator(self, run: str) -> Narrator | None:
        """Who says what the pictures of a run show; None where nobody can."""
        return self.narrators.of(self.manager(), run, self.diagnoser)

    def _catalog(self) -> ModelCatalog:
        """What there is to explore; made when somebody first asks."""
        manager = self.manager()
        from gan_core.runs.catalog.model_catalog import ModelCatalog  # it brings torch

        return ModelCatalog(manager)

    @property
    def ready(self) -> bool:
        return self._ready.is_set()

    def close(self) -> None:
        """Stop every run between two steps, with a checkpoint."""
        self._closing.set()
        if self._job_manager is not None:
            self._job_manager.close()
        if self._ready.wait(5.0) and self._manager is not None:
            self._manager.close()
        if self._thread is not None:
            self._thread.join(2.0)  # it may be inside a long measurement; nothing of it needs keeping


def install_app_state(app_state: AppState) -> AppState:
    setattr(sys, _SLOT, app_state)
    return app_state


def app_state() -> AppState:
    """The server's `AppState`; made here where a page runs without the server (a bare `streamlit run` of it)."""
    found: AppState | None = getattr(sys, _SLOT, None)
    if found is None:
        found = install_app_state(AppState())
        found.start()
    return found

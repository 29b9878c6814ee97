"""A run's way from the step it starts with to its compiled one."""

from __future__ import annotations

import time
from collections.abc import Callable

from gan_core.runs.engine.compiled_cache import CompiledStepCache
from gan_core.training import Trainer
from gan_core.training.compiled_step import CompiledStep, CompiledStepSpec
from gan_core.training.compiler import missing_compiler

SWAP_EVERY_STEPS = 2_000
"""Steps at whose multiples a run goes over to its compiled step: about as long as that takes to be made."""

BEGIN_STEPS = 250
"""After so many steps its library is begun: the first second of a run is the page's."""

LOOK_SECONDS = 0.25
NEVER = (
    "The step of these settings cannot be compiled, so it runs as it is: that takes small networks, Adam or AdamW, "
    "one discriminator update a step and no weight clipping."
)


class BackendSwitch:
    """Used by the run's thread alone. warn: is told, in a sentence, what will not be."""

    def __init__(self, libraries: CompiledStepCache, warn: Callable[[list[str]], None]) -> None:
        self._libraries, self._warn = libraries, warn
        self._recipe: CompiledStepSpec | None = None
        self._next_look = 0.0
        self._begun = False

    @property
    def seeking(self) -> bool:
        return self._recipe is not None

    def seek(self, trainer: Trainer, *, changed: bool = False) -> None:
        """What the trainer's configuration asks for, where it has not got it: to be had at once, soon or never.

        changed: this trainer has been here before, and a setting of it has changed since.
        """
        self._recipe = None
        if not trainer.config.compiled:
            trainer.give_up_library()
            return
        recipe, lacking = trainer.recipe(), missing_compiler(trainer.device)
        if recipe is None:
            self._do_without(trainer, lacking, changed)
        elif lacking and self._libraries.ready(recipe) is None:
            if trainer.library_key or not trainer.shape.is_points:
                self._warn([lacking])
            trainer.give_up_library()
        elif trainer.wants_library or not trainer.library_key:
            self._recipe, self._next_look, self._begun = recipe, 0.0, False
            if trainer.wants_library:
                self._begin(recipe)

    def _do_without(self, trainer: Trainer, lacking: str, changed: bool) -> None:
        """Where no library serves: pictures' networks one by one. Points' are too small to gain from that."""
        if trainer.shape.is_points:
            return
        if lacking:
            self._warn([lacking])
        elif not changed and not trainer.compile():
            self._warn([NEVER])

    def is_due(self, trainer: Trainer) -> bool:
        """Whether a run without a library has to have it before its next step."""
        if trainer.instance_noise_sigma() > 0:  # which no library knows
            return False
        if self._recipe is not None and trainer.step_count >= BEGIN_STEPS:
            self._begin(self._recipe)
        return trainer.step_count > 0 and trainer.step_count % SWAP_EVERY_STEPS == 0

    def found(self, trainer: Trainer) -> tuple[CompiledStep, str] | None:
        """The library and its key, once it is there; looks only now and then."""
        recipe, now = self._recipe, time.monotonic()
        if recipe is None or now < self._next_look:
            return None
        self._next_look = now + LOOK_SECONDS
        if (path := self._libraries.ready(recipe)) is None:
            self._begin(recipe)
            if problem := self._libraries.problem(recipe):
                self._give_up(trainer, problem)
            return None
        try:
            return CompiledStep(path, recipe), recipe.key
        except OSError:
            path.unlink(missing_ok=True)
            self._give_up(trainer, "The compiled step could not be loaded, so the run stays uncompiled.")
            return None

    def _begin(self, recipe: CompiledStepSpec) -> None:
        if not self._begun:
            self._begun = True
            self._libraries.begin(recipe)

    def done(self) -> None:
        self._recipe = None

    def _give_up(self, trainer: Trainer, words: str) -> None:
        self._recipe = None
        trainer.give_up_library()
        self._warn([words])

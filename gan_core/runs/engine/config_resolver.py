"""What a configuration becomes on this machine: whether it can start, what "auto" stands for, what it will cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from gan_core.runs.engine.context import RunContext
from gan_core.runs.engine.elsewhere.together_runs import TogetherRuns
from gan_core.runs.engine.estimate import EarlierRun, Estimate, estimate, resolve_precision
from gan_core.training import Cost, RunConfig, problems, step_cost
from gan_core.training.backends import choose
from gan_core.training.backends.compiled import spec_of
from gan_core.training.build import sample_shape
from gan_core.training.configuration.cost import useful_threads


class ConfigResolver:
    """Of one process. threads: of a run on a processor, at most; fewer where its steps are small."""

    def __init__(self, context: RunContext, together: TogetherRuns, data_dir: Path, threads: int) -> None:
        self._context, self._together, self._data_dir, self._threads = context, together, data_dir, threads

    def problems(self, config: RunConfig, processes: int = 1) -> list[str]:
        """Why this configuration cannot start, a sentence each; empty where it can. processes: started for it."""
        info = config.data.info(self._data_dir)
        found = problems(config, info, processes=max(processes, self._context.processes))
        return [*filter(None, [self._together.why_not(processes)]), *found]

    def resolved(self, config: RunConfig, *, soon: bool = False) -> RunConfig:
        """The configuration as a run of it records it: "auto" replaced by what suits this machine.

        A backend that a run would have to wait for is replaced too, and begins to be made for the next one.
        soon: as it will be in a few seconds.
        """
        return self.resolved_why(config, soon=soon)[0]

    def resolved_why(self, config: RunConfig, *, soon: bool = False, processes: int = 1) -> tuple[RunConfig, str]:
        """As `resolved`, with the reason why it has not the backend that it asks for, if it has not."""
        context = self._context
        config = resolve_precision(config, context.device.type, self._data_dir / "machine.json")
        shape = sample_shape(config, config.data.info(self._data_dir))
        why_not = partial(context.compiled_steps.why_not, soon=soon)
        processes = max(processes, context.processes)
        backend, reason = choose(config, shape, context.device, why_not, processes=processes)
        return replace(config, backend=backend), reason

    def prepare(self, config: RunConfig) -> None:
        """Wait until what the backend of this configuration needs is made: some seconds, the first time."""
        if self.problems(config):
            return
        resolved = self.resolved(config, soon=True)
        if resolved.backend == "compiled":
            shape = sample_shape(resolved, resolved.data.info(self._data_dir))
            self._context.compiled_steps.obtain(spec_of(resolved, shape))

    def cost(self, config: RunConfig) -> Cost:
        """Of one step."""
        info = config.data.info(self._data_dir)
        class_count = len(info.classes) if config.conditional else 0
        with self._context.build_lock:
            return step_cost(config, sample_shape(config, info), class_count)

    def estimate(self, config: RunConfig, earlier: Callable[[], list[EarlierRun]]) -> Estimate:
        """What the run will cost on this machine; what its backend needs begins to be made."""
        return self._estimate(self.resolved(config, soon=True), self.cost(config), earlier)

    def rough_seconds(self, config: RunConfig) -> float:
        """About what a whole run takes here, by arithmetic alone: nothing that it needs begins to be made."""
        return self._estimate(replace(config, backend="dense"), self.cost(config), list).seconds_total

    def _estimate(self, config: RunConfig, cost: Cost, earlier: Callable[[], list[EarlierRun]]) -> Estimate:
        threads = useful_threads(cost.step_flops, self._threads)
        return estimate(config, cost, self._context.device, threads, earlier)

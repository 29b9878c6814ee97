"""The step, what a run holds between steps, and the configuration that describes it."""

from gan_core.training.configuration.cost import Cost, step_cost
from gan_core.training.configuration.presets import PRESETS, Preset, preset
from gan_core.training.configuration.problems import cautions, problems
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.digest import state_digest
from gan_core.training.observe.sample_grid import SampleGrid
from gan_core.training.precision import bfloat16_is_native, resolve_device
from gan_core.training.trainer import Trainer

__all__ = [
    "PRESETS",
    "Cost",
    "Preset",
    "RunConfig",
    "SampleGrid",
    "Trainer",
    "bfloat16_is_native",
    "cautions",
    "preset",
    "problems",
    "resolve_device",
    "state_digest",
    "step_cost",
]

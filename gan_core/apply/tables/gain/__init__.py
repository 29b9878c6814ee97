"""GAIN: a table's holes filled by a generator that is told by a discriminator which cells look filled."""

from gan_core.apply.tables.gain.imputer import FittedGain, Gain

__all__ = ["FittedGain", "Gain"]

"""Augmentation: does a classifier get better by images of a GAN, and by how much, beside simpler ways?

`task` holds the task; `split` sets images aside, `gan` trains and samples, `filters` chooses among what it made,
`classifier` and `classic` train on each of the `ways`, `intervals` and `verdict` say what came of it, and `files` and
`report` give it away.
"""

from gan_core.apply.augmentation.task import Augment

__all__ = ["Augment"]

"""What usually helps when a run ends badly, in words."""

from __future__ import annotations

import errno

import torch

from gan_core.data import DataUnavailable
from gan_core.training import RunConfig
from gan_core.training.guard import Trouble


def after_divergence(config: RunConfig, trouble: Trouble) -> tuple[str, ...]:
    """What to try once a number became infinite, most likely first; each names the field."""
    optimizer = "d_optimizer" if trouble.player == "discriminator" else "g_optimizer"
    lr = getattr(config, optimizer).lr
    tips = [f"Lower the {trouble.player}'s learning rate ({optimizer}.lr is {lr:g}; try {lr / 5:.2g})."]
    if not config.penalty.active:
        tips.append("Add a penalty, R1 for example: it keeps the discriminator's gradients small.")
    if config.precision != "float32":
        tips.append("Set precision to float32.")
    tips.append("Branch from an earlier checkpoint with that change, so that the training before is not lost.")
    return tuple(tips)


def failure_words(error: BaseException, step: int, kept_step: int | None) -> tuple[str, tuple[str, ...]]:
    """One sentence for an error that ended a run at a step, and what helps; kept_step: of its newest checkpoint."""
    kept = _kept_words(step, kept_step)
    if isinstance(error, torch.OutOfMemoryError):
        return (
            f"The device ran out of memory; {kept}.",
            ("Lower batch_size, or the width of the networks, or the image size.",),
        )
    if isinstance(error, MemoryError):
        return f"The machine ran out of memory; {kept}.", ("Lower batch_size or the width of the networks.",)
    if is_full_disk(error):
        return f"The disk is full; {kept}.", ("Free some space, then press Resume.",)
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return f"The run's folder cannot be written ({reason}); {kept}.", ("Mend that, then press Resume.",)
    if isinstance(error, ValueError | DataUnavailable):
        return str(error), ()
    return f"An unexpected {type(error).__name__} ended the run; {kept}.", ("The log has the details.",)


def _kept_words(step: int, kept_step: int | None) -> str:
    if not step or step == kept_step:
        return "nothing was lost"
    if kept_step is None:
        return f"its {step:,} step{'s' * (step != 1)} came before the first checkpoint, so it would begin again"
    return f"what was trained up to step {kept_step:,} is kept"


def is_full_disk(error: BaseException) -> bool:
    """Whether the error says that no space is left, or that no file may grow any more."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

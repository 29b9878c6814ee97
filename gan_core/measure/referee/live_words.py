"""What the referee says of a change that was made while the run trained, and of how to take it back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gan_core.config.codec import ConfigError, spec_at
from gan_core.measure.referee.evidence import Evidence
from gan_core.measure.referee.live_changes import Suspect
from gan_core.measure.referee.numbers import number_words
from gan_core.training.configuration.run_config import RunConfig

_OWNERS = {
    "g_optimizer": "G's ", "d_optimizer": "D's ", "penalty": "the penalty's ", "augmentation": "the augmentation's ",
    "instance_noise": "the instance noise's ", "ema": "the moving average's ", "loss": "the loss's ",
}  # fmt: skip
_NAMES = {
    "penalty.interval": "the number of steps between two penalties",
    "augmentation.images_to_full": "the images in which the augmentation reaches its full strength",
}
"""Fields whose labels are no nouns."""
_SEEN = {
    "d_loss": "D's loss has gone from {} to {}",
    "g_loss": "G's loss has gone from {} to {}",
    "d_grad_norm": "D's gradient norm has gone from {} to {}",
    "g_grad_norm": "G's gradient norm has gone from {} to {}",
    "distance": "the samples have moved away from the real ones, from a distance of {} to {}",
    "even_modes": "the share of the modes over which the samples are spread has gone from {} to {}",
    "spread": "the spread of the samples, that of real ones being 1, has gone from {} to {}",
    "radius": "the samples lie {1} times as far out as real ones, and were {0} times as far",
    "way_left": "of the way to real samples the share that is left has gone, as measured, from {} to {}",
    "modes_lost": "the share of the modes that the samples miss has gone, as measured, from {} to {}",
}


@dataclass(frozen=True)
class Told:
    """A finding's title, what is seen, and what helps."""

    title: str
    words: str
    helps: str


def told(suspect: Suspect, evidence: Evidence, numbers: dict[str, float]) -> Told:
    """numbers: those of the finding; "NAME_before" and "NAME_now" of what has become worse, if that is known."""
    since = f"Since you {_listed(evidence, suspect)}"
    name = next((key.removesuffix("_now") for key in numbers if key.endswith("_now")), "")
    seen = "the run has got into trouble that it was not in before"
    if name:
        seen = _SEEN[name].format(*(number_words(numbers[f"{name}_{when}"]) for when in ("before", "now")))
    if suspect.undone:
        helps = f"It is taken back. If the samples do not recover, branch from step {suspect.step:,}, just before it."
    else:
        listed = ", ".join(_text(value) for value in suspect.undoing().values())
        helps = f"Undo it (back to {listed}). If that is not enough, branch from step {suspect.step:,}, just before."
    return Told(f"{since}, training has gone wrong", f"{seen[0].upper()}{seen[1:]}.", helps)


def _listed(evidence: Evidence, suspect: Suspect) -> str:
    """What was done, each as it was first done, and when: "raised G's learning rate at step 763"."""
    by_step: dict[int, list[str]] = {}
    for change in sorted(suspect.done.values(), key=lambda change: change.step):
        words = change_words(evidence.config, change.path, change.before, change.after)
        by_step.setdefault(change.step, []).append(words)
    return ", and ".join(f"{' and '.join(words)} at step {step:,}" for step, words in by_step.items())


def change_words(config: RunConfig, path: str, before: Any, after: Any) -> str:
    """A change as people say it: "raised G's learning rate"."""
    name = field_words(config, path)
    if isinstance(before, int | float) and isinstance(after, int | float) and not isinstance(after, bool):
        if after == 0:
            return f"set {name} to 0"
        return f"{'raised' if after > before else 'lowered' if after < before else 'changed'} {name}"
    return f"changed {name}"


def field_words(config: RunConfig, path: str) -> str:
    """A field inside of a sentence: "G's learning rate", "the discriminator updates per step"."""
    if path in _NAMES:
        return _NAMES[path]
    owner, _, name = path.rpartition(".")
    try:
        label = spec_at(config, path).label or name
    except ConfigError:  # of a member that is not in force any more
        label = name
    label = re.sub(r"^[A-Z](?=[a-z ])", lambda first: first[0].lower(), label.replace("_", " "))
    return f"{_OWNERS.get(owner.partition('.')[0], 'the ')}{label}"


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)

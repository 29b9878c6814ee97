"""What the referee says of each kind of finding, and the one change that it suggests."""

from __future__ import annotations

import math
from typing import Any

from gan_core.config.codec import ConfigError, get_at, replace_at
from gan_core.data.sets.points import PointDataset
from gan_core.measure.referee.basis import recent
from gan_core.measure.referee.evidence import Evidence
from gan_core.measure.referee.measured import last_known, missing_variety
from gan_core.measure.referee.numbers import number_words, share_words
from gan_core.objectives import Minimax, NoPenalty, Wasserstein
from gan_core.training.configuration.run_config import RunConfig

__all__ = ["CAUSES", "EVIDENCE_LABELS", "STILL_FAR", "TITLES", "number_words", "suggestion", "title", "words"]

TITLES = {
    "live change": "What was changed last",
    "diverging": "The run is diverging",
    "exploding gradient": "Gradients are exploding",
    "vanishing gradient": "The generator's gradient has vanished",
    "D wins": "The discriminator wins",
    "G wins": "The generator fools a blind discriminator",
    "mode collapse": "Mode collapse",
    "memorising": "The training set is being memorised",
    "oscillation": "The two networks chase each other",
    "plateau": "A plateau: it may be time to stop",
    "healthy": "No trouble found",
}

CAUSES = {
    "live change": "What was changed last is suspected first: before it, nothing looked wrong.",
    "diverging": "Updates are too large for the slopes they follow, and each answers the last with a larger one.",
    "exploding gradient": "Nothing limits the discriminator's slope, and larger scores alone lower its loss.",
    "vanishing gradient": "The discriminator is so sure that its answer hardly depends on the sample any more.",
    "D wins": "The discriminator learns faster than the generator can answer, and what it says no longer helps.",
    "G wins": "The discriminator learns too slowly to tell the generator where real samples are.",
    "mode collapse": "The generator moves faster than the discriminator, so one sample that fools it now is enough.",
    "memorising": "There are too few training images for a discriminator of this size: it knows each by heart.",
    "oscillation": "Each network answers where the other one was; momentum and large steps make both overshoot.",
    "plateau": "At these learning rates the two networks have found all they will find.",
    "healthy": "Neither network has run ahead of the other, and the samples vary.",
}

FAR_OFF = 0.5
"""Of the way from real samples to the untrained generator's: nobody calls samples good that have more of it to go."""
FEW = 0.75  # of the modes that real samples cover, or of those of high quality: nobody calls fewer good either
EARLY = 0.5  # of a run's length
AHEAD = 0.85  # of the real and generated samples: a discriminator that is right about more of them is ahead
STILL_FAR = "Nothing wrong yet, but it is early"
NOT_GOOD = "No trouble seen, but the samples are not good"

_WATCHED = {
    "d_loss": "D's loss", "g_loss": "G's loss", "d_grad_norm": "D's gradient norm",
    "g_grad_norm": "G's gradient norm", "distance": "Distance to real samples", "even_modes": "Share of the modes",
    "spread": "Spread of the samples", "radius": "How far out the samples lie",
    "way_left": "Share of the way to real samples that is left, as measured",
    "modes_lost": "Share of the modes that the samples miss, as measured",
}  # fmt: skip
EVIDENCE_LABELS = {
    "sample_radius": "How far out the samples lie, real ones being 1",
    "absolute_loss": "Size of the larger loss",
    "stopped": "The run stopped itself",
    "gradient_norm": "Larger gradient norm, now",
    "gradient_norm_earlier": "Larger gradient norm, earlier",
    "g_grad_norm": "Generator's gradient norm",
    "distance_left": "Distance to real samples, the untrained generator's being 1",
    "distance_gained": "Share of that distance gained lately",
    "d_accuracy_real": "Share of real samples that D is right about",
    "d_accuracy_fake": "Share of generated samples that D is right about",
    "effective_share_of_modes": "Share of the modes over which the samples are spread",
    "modes_covered": "Modes with a good sample",
    "nearest_sample_ratio": "Distance to the most similar sample, among real ones being 1",
    "sample_spread_ratio": "Spread of the samples, that of real ones being 1",
    "class_entropy": "Entropy of the samples' classes in nats, as last measured",
    "data_copying_z": "Data-copying Z in standard deviations, as last measured; below -3 is copying",
    "movement_per_look": "Movement from look to look, in mean distances of two real samples",
    "d_real": "D's score of training images",
    "d_held_out": "D's score of real images that it was not trained on",
    "d_fake": "D's score of generated images",
    "overfit_gap": "How far unseen images are scored like generated ones, 1 being alike",
    "fid": "Fréchet distance, as last measured",
    "recall": "Recall, as last measured",
    "coverage": "Coverage, as last measured",
    "sliced_wasserstein": "Sliced Wasserstein distance, as last measured",
    "high_quality_share": "Share of the samples that are near a mode, as last measured",
    "changed_at": "Changed after step",
    **{
        f"{name}_{when}": f"{label}, {words}"
        for name, label in _WATCHED.items()
        for when, words in (("before", "before the change"), ("now", "now"))
    },
    "copy_distance_ratio": "Distance to the nearest training image, held-out images being 1",
}
"""What the numbers of a finding's evidence are called."""

_LR = ("g_optimizer.lr", "d_optimizer.lr")
_LEAST_LR = 1e-6


def title(kind: str, numbers: dict[str, float], evidence: Evidence) -> str:
    """What a finding is called; of a run in which nothing is wrong so far, that its samples are not good either."""
    early = evidence.images < EARLY * evidence.config.total_images
    if kind == "healthy" and (numbers.get("distance_left", 0.0) > FAR_OFF or _few(evidence)):
        return STILL_FAR if early else NOT_GOOD
    unknown = kind == "healthy" and not evidence.is_plane and last_known(evidence) is None
    return STILL_FAR if unknown and early else TITLES[kind]


def cause(kind: str, named: str, evidence: Evidence) -> str:
    """The likeliest, of a finding called `named`; of a run in which nothing is wrong only what is so."""
    if kind != "healthy":
        return CAUSES[kind]
    if named == STILL_FAR:
        return "It has had little time yet."
    if named == NOT_GOOD:
        return "None of the troubles that can be seen is there."
    right = (recent(evidence, "d_accuracy_real") + recent(evidence, "d_accuracy_fake")) / 2
    return "The discriminator is ahead, and the generator follows." if right > AHEAD else CAUSES[kind]


def _few(evidence: Evidence) -> bool:
    """Whether the newest evaluation finds modes missing, or many points beside them, or pictures of no variety."""
    one = last_known(evidence)
    if one is None:
        return False
    known = [name for name in ("modes_covered", "high_quality_share") if name in one.values and name in one.floor]
    return any(one.values[name] < FEW * one.floor[name] for name in known) or missing_variety(one) == 1.0


def words(kind: str, numbers: dict[str, float], evidence: Evidence) -> str:
    """What is seen, in one sentence or two, with its numbers."""

    def n(name: str) -> str:
        return number_words(numbers.get(name, math.nan))

    def share(name: str) -> str:
        return f"{100 * numbers.get(name, math.nan):.0f}%"

    away = share_words(numbers.get("distance_left", math.nan))
    if kind == "diverging":
        if numbers.get("stopped"):
            return "A number in the networks became infinite or undefined, and the run stopped itself."
        return _diverging(numbers)
    if kind == "exploding gradient":
        return f"The gradient's norm is {n('gradient_norm')}; earlier in the run it was {n('gradient_norm_earlier')}."
    if kind == "vanishing gradient":
        return f"The norm of the generator's gradient is {n('g_grad_norm')}. {away}."
    if kind == "D wins":
        return (
            f"The discriminator is right about {share('d_accuracy_real')} of the real and {share('d_accuracy_fake')} "
            f"of the generated samples. {away}."
        )
    if kind == "G wins":
        return f"The discriminator sees through only {share('d_accuracy_fake')} of the generated samples. {away}."
    if kind == "mode collapse":
        if "effective_share_of_modes" in numbers:
            return f"The samples are spread as if over {share('effective_share_of_modes')} of the modes."
        return (
            f"The distance from a sample to the one most like it is {share('nearest_sample_ratio')} of that among "
            f"real samples, and their spread is {share('sample_spread_ratio')} of the real one."
        )
    if kind == "memorising":
        return _memorising(numbers)
    if kind == "oscillation":
        gained = numbers.get("distance_gained", math.nan)
        whither = "nearer" if gained >= 0 else "further away"
        return (
            f"From one look to the next a sample moves {n('movement_per_look')} times the mean distance of two real "
            f"samples, and all in all they have moved {whither if abs(gained) > 0.05 else 'no nearer'}."
        )
    if kind == "plateau":
        return (
            "For half of the run the samples have come no nearer to real ones, and from one look to the next they "
            "hardly move."
        )
    well = f"nothing that is measured looks like trouble at step {evidence.step:,}"
    near = f"{away}, and {well}." if "distance_left" in numbers else _sentence(well)
    return f"{near}{_evaluated(evidence)}"


_MEASURES = {
    "fid": "Fréchet distance", "recall": "recall", "coverage": "coverage",
    "sliced_wasserstein": "sliced Wasserstein distance", "modes_covered": "modes covered",
}  # fmt: skip


def _evaluated(evidence: Evidence) -> str:
    """The newest evaluation, if there is one."""
    one = last_known(evidence)
    if one is None:
        return ""
    parts = [
        f"{words} {number_words(one.values[name])} (real samples: {number_words(one.floor[name])})"
        for name, words in _MEASURES.items()
        if all(math.isfinite(table.get(name, math.nan)) for table in (one.values, one.floor))
    ]
    return f" Measured at step {one.step:,}: {', '.join(parts)}." if parts else ""


def _diverging(numbers: dict[str, float]) -> str:
    parts = []
    if "absolute_loss" in numbers:
        parts.append(f"the losses are around {number_words(numbers['absolute_loss'])}")
    if "sample_radius" in numbers:
        parts.append(f"the samples lie {number_words(numbers['sample_radius'])} times as far out as real ones")
    return _sentence(", and ".join(parts))


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _memorising(numbers: dict[str, float]) -> str:
    parts = []
    if "overfit_gap" in numbers:
        seen, unseen, fake = (number_words(numbers[name]) for name in ("d_real", "d_held_out", "d_fake"))
        parts.append(
            f"The discriminator gives training images {seen} on average, generated ones {fake}, and real ones that "
            f"it was not trained on {unseen}."
        )
    if "copy_distance_ratio" in numbers:
        ratio = f"{100 * numbers['copy_distance_ratio']:.0f}%"
        parts.append(f"Samples are {ratio} as far from their nearest training image as held-out real images are.")
    return " ".join(parts)


def suggestion(kind: str, config: RunConfig) -> tuple[dict[str, Any], str]:
    """One change, as dotted path -> value, of fields that a branch may change, and what it does in words."""
    makers = {
        "diverging": _calm, "exploding gradient": _limit_slope, "vanishing gradient": _wake_generator,
        "D wins": _hold_discriminator, "G wins": _help_discriminator, "mode collapse": _slow_generator,
        "memorising": _see_more, "oscillation": _take_momentum, "plateau": _settle,
    }  # fmt: skip
    if kind not in makers:
        return {}, "Let it go on."
    change, text = makers[kind](config)
    return {path: value for path, value in change.items() if _fits(config, path, value)}, text


def _fits(config: RunConfig, path: str, value: Any) -> bool:
    try:
        return bool(get_at(replace_at(config, path, value), path) != get_at(config, path))
    except ConfigError:
        return False


def _calm(config: RunConfig) -> tuple[dict[str, Any], str]:
    if isinstance(config.loss, Wasserstein) and isinstance(config.penalty, NoPenalty):
        return _limit_slope(config)
    high = max(config.g_optimizer.lr, config.d_optimizer.lr)
    low = max(_LEAST_LR, float(f"{min(high / 10, 1e-3):.2g}"))
    above = {path: low for path in _LR if get_at(config, path) > low}
    if not above:
        return {}, "Begin anew with other networks or another loss: no learning rate can be lower."
    whose = "both learning rates"
    if len(above) == 1:
        whose = "the generator's learning rate" if _LR[0] in above else "the discriminator's learning rate"
    return above, f"Lower {whose} to {low:g}."


def _limit_slope(config: RunConfig) -> tuple[dict[str, Any], str]:
    if isinstance(config.loss, Wasserstein) and isinstance(config.penalty, NoPenalty):
        return {"penalty": "wgan-gp"}, "Add the gradient penalty, which holds the critic's slope at 1."
    if _may_have_r1(config):
        return {"penalty": "r1"}, "Add the R1 penalty, which keeps the discriminator's gradients small."
    return _rates(config, 0.2, "Lower both learning rates to a fifth.")


def _may_have_r1(config: RunConfig) -> bool:
    """Batch normalisation mixes the images of a batch, which a gradient penalty looks at one by one."""
    return isinstance(config.penalty, NoPenalty) and getattr(config.discriminator, "norm", "none") != "batch"


def _wake_generator(config: RunConfig) -> tuple[dict[str, Any], str]:
    if isinstance(config.loss, Minimax):
        return {"loss": "non-saturating"}, "Use the non-saturating loss: its gradient is large where D is sure."
    return _hold_discriminator(config)


def _hold_discriminator(config: RunConfig) -> tuple[dict[str, Any], str]:
    g, d = config.g_optimizer.lr, config.d_optimizer.lr
    if isinstance(config.loss, Minimax):
        return _wake_generator(config)
    if d > 2 * g:
        return {"d_optimizer.lr": g}, f"Lower the discriminator's learning rate to the generator's, {g:g}."
    if config.k_d > 1 and not isinstance(config.loss, Wasserstein):
        return {"k_d": 1}, "Let the discriminator move once a step."
    if _may_have_r1(config):
        return {"penalty": "r1"}, "Add the R1 penalty, which holds a discriminator back that is too sure."
    return {"d_optimizer.lr": d / 4}, f"Lower the discriminator's learning rate to a quarter, {d / 4:.2g}."


def _help_discriminator(config: RunConfig) -> tuple[dict[str, Any], str]:
    g, d = config.g_optimizer.lr, config.d_optimizer.lr
    if d < g:
        return {"d_optimizer.lr": g}, f"Raise the discriminator's learning rate to the generator's, {g:g}."
    if config.k_d < 3:
        return {"k_d": 3}, "Let the discriminator move three times a step."
    return {"g_optimizer.lr": g / 4}, f"Lower the generator's learning rate to a quarter, {g / 4:.2g}."


def _slow_generator(config: RunConfig) -> tuple[dict[str, Any], str]:
    g, d = config.g_optimizer.lr, config.d_optimizer.lr
    if max(g, d) > 0.02:
        return _calm(config)
    if g > 2 * d:
        return {"g_optimizer.lr": d}, f"Lower the generator's learning rate to the discriminator's, {d:g}."
    if isinstance(config.loss, Minimax):
        return _wake_generator(config)
    if _may_have_r1(config):
        return {"penalty": "r1"}, "Add the R1 penalty: a smoother discriminator points to all the modes."
    return {"g_optimizer.lr": g / 4}, f"Lower the generator's learning rate to a quarter, {g / 4:.2g}."


def _see_more(config: RunConfig) -> tuple[dict[str, Any], str]:
    if not config.augmentation.active and not isinstance(config.data, PointDataset):
        return {"augmentation": "diffaugment"}, "Add DiffAugment, so that no image is seen twice the same."
    if _may_have_r1(config):
        return {"penalty": "r1"}, "Add the R1 penalty, which keeps the discriminator from sharp answers."
    return {"d_optimizer.lr": config.d_optimizer.lr / 4}, "Lower the discriminator's learning rate to a quarter."


def _take_momentum(config: RunConfig) -> tuple[dict[str, Any], str]:
    paths = [f"{who}.beta1" for who in ("g_optimizer", "d_optimizer")]
    held = {path: 0.0 for path in paths if getattr(get_at(config, path.split(".")[0]), "beta1", 0.0) > 0.2}
    if max(config.g_optimizer.lr, config.d_optimizer.lr) > 0.02:
        return _calm(config)
    if held:
        return dict(held), "Take the momentum away (beta 1 = 0)."
    if _may_have_r1(config):
        return {"penalty": "r1"}, "Add the R1 penalty, which damps the turning of the two."
    return _rates(config, 0.25, "Lower both learning rates to a quarter.")


def _settle(config: RunConfig) -> tuple[dict[str, Any], str]:
    return _rates(config, 0.2, "Stop here, or lower both learning rates to a fifth and see whether more comes of it.")


def _rates(config: RunConfig, factor: float, text: str) -> tuple[dict[str, Any], str]:
    rates = {path: get_at(config, path) for path in _LR}
    return {path: max(min(lr, _LEAST_LR), float(f"{lr * factor:.3g}")) for path, lr in rates.items()}, text

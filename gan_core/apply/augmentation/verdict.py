"""One sentence on whether synthetic images helped; it claims no more than the intervals of the differences carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gan_core.apply.augmentation.intervals import Interval

WIDE_POINTS = 4.0
"""An interval across zero that is wider says that too little is known; a narrower one, that they hardly differ."""
FEW_HELD_OUT = 1_000

Finding = Literal["better", "worse", "same", "unclear", "once"]


@dataclass(frozen=True)
class Differences:
    """Paired differences of accuracy in points (100 points are all), each a way less another; None: not measured.

    both: real + synthetic less real. classic: real + classic less real. synthetic: synthetic alone less real.
    both_to_classic: real + synthetic less real + classic. on_top: all three less real + classic. everything: all
    three less real.
    """

    both: Interval | None = None
    classic: Interval | None = None
    synthetic: Interval | None = None
    both_to_classic: Interval | None = None
    on_top: Interval | None = None
    everything: Interval | None = None


@dataclass(frozen=True)
class Setting:
    """Under what the differences were measured. learned_from: images that a run brought from elsewhere had seen."""

    per_class: int
    seeds: int
    held_out: int
    learned_from: int = 0


def finding(difference: Interval) -> Finding:
    """What a difference in points lets one say. As it is read with one decimal, it is judged with one."""
    if difference.low is None or difference.high is None:
        return "once"
    low, high = round(difference.low, 1), round(difference.high, 1)
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "unclear" if high - low > WIDE_POINTS else "same"


def verdict(found: Differences, setting: Setting) -> str:
    """The sentence."""
    where = f"with {setting.per_class:,} images a class"
    clauses = [_main(found, setting, where), _beside_classic(found), _on_top(found)]
    if setting.learned_from:
        clauses.append(f"the generator had learned from {setting.learned_from:,} images")
    if setting.held_out < FEW_HELD_OUT:
        clauses.append(f"only {setting.held_out:,} images are held out, and the intervals leave their chance out")
    return "; ".join(clause for clause in clauses if clause) + "."


def points(value: float) -> str:
    """Signed, with one decimal and a true minus: "+1.2", "−0.4", "0.0"."""
    text = f"{abs(value):.1f}"
    return text if text == "0.0" else f"{'+' if value > 0 else '−'}{text}"


def span_of(low: float | None, high: float | None) -> str:
    """ " (0.4 to 2.0)", with the space before it; "" of one value."""
    return "" if low is None or high is None else f" ({_bare(low)} to {_bare(high)})"


def _bare(value: float) -> str:
    return points(value).removeprefix("+")


def _gain(difference: Interval) -> str:
    return f"{points(difference.mean)} points{span_of(difference.low, difference.high)}"


def _main(found: Differences, setting: Setting, where: str) -> str:
    if found.both is not None:
        return _of_mixture("Synthetic images", found.both, setting, where)
    if found.everything is not None:
        return _of_mixture("Synthetic images and classic augmentation together", found.everything, setting, where)
    if found.synthetic is not None:
        return _alone(found.synthetic, setting, where)
    return f"Synthetic images were not tried {where}"


def _of_mixture(what: str, gain: Interval, setting: Setting, where: str) -> str:
    seeds = f"{setting.seeds} seeds"
    return {
        "better": f"{what} helped: {_gain(gain)} {where}",
        "worse": f"{what} made it worse: {_gain(gain)} {where}",
        "same": f"{what} made no difference that {seeds} can show: {_gain(gain)} {where}",
        "unclear": f"Whether {_lower(what)} helped cannot be told from {seeds}, the interval is too wide: "
        f"{_gain(gain)} {where}",
        "once": f"{what}: {points(gain.mean)} points {where}, from one seed, which may be chance",
    }[finding(gain)]


def _alone(gap: Interval, setting: Setting, where: str) -> str:
    seeds, beside = f"{setting.seeds} seeds", f"{_gain(gap)} beside real ones {where}"
    return {
        "better": f"Synthetic images alone teach more than the real ones: {beside}",
        "worse": f"Synthetic images alone teach less than the real ones: {beside}",
        "same": f"Synthetic images alone and real ones differ by nothing that {seeds} can show: {beside}",
        "unclear": f"How synthetic images alone do cannot be told from {seeds}, the interval is too wide: {beside}",
        "once": f"Synthetic images alone: {beside}, from one seed, which may be chance",
    }[finding(gap)]


def _beside_classic(found: Differences) -> str:
    """What classic augmentation does, and whether that can be told from what synthetic images do."""
    if found.classic is None:
        return ""
    gain = f"{points(found.classic.mean)}{span_of(found.classic.low, found.classic.high)}"
    shown = finding(found.classic) not in ("same", "unclear")
    words = f"classic augmentation alone gives {gain if shown else f'nothing that can be shown, {gain}'}"
    if found.both_to_classic is None:
        return words
    compared = finding(found.both_to_classic)
    return (
        words
        + {
            "better": ", which is less",
            "worse": ", which is more",
            "same": ", and the two cannot be told apart",
            "unclear": ", and the two cannot be told apart",
            "once": "",
        }[compared]
    )


def _on_top(found: Differences) -> str:
    if found.on_top is None:
        return ""
    gain = _gain(found.on_top)
    base = "classic augmentation" if found.classic is None else "it"
    return {
        "better": f"on top of {base} synthetic images add {gain}",
        "worse": f"on top of {base} synthetic images do harm: {gain}",
        "same": f"on top of {base} synthetic images add nothing that can be shown: {gain}",
        "unclear": f"whether synthetic images add to {base} cannot be told: {gain}",
        "once": f"on top of {base} synthetic images change {gain}",
    }[finding(found.on_top)]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]

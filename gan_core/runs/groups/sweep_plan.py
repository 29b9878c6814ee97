"""What a sweep tries: the fields and their values, as a grid or drawn at random, and seeds."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gan_core.config.codec import ConfigError, apply_sets, parse_text, replace_at, spec_at
from gan_core.config.fields import FieldSpec
from gan_core.training import RunConfig
from gan_core.training.backends.batched import unstackable_reason

MOST_MEMBERS = 64
MOST_AXES = 4
_DIGITS = 4  # of a drawn or spaced number: enough for a search, and readable


@dataclass(frozen=True)
class Axis:
    """One field that is swept: the values to try, as people type them, or a range to draw from (`low` to `high`)."""

    path: str
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


def read_axis(base: RunConfig, text: str) -> Axis:
    """ "g_optimizer.lr=1e-4,1e-3" · "k_d=1..4" (a range) · "g_optimizer.lr=1e-4..1e-2:5" (five values of it).

    Values that have commas themselves are divided by ";": "generator.hidden=64,64;128,128". Raises ConfigError.
    """
    path, equals, rest = text.partition("=")
    path = path.strip()
    if not equals or not path or not rest.strip():
        raise ConfigError(f'A swept field is "{text}"; it must be FIELD=VALUE,VALUE or FIELD=LOW..HIGH.')
    spec = spec_at(base, path)
    if spec.kind == "section":
        raise ConfigError(f"{path} is a group of fields; sweep one of them.")
    if path == "seed":
        raise ConfigError("The seed is not swept as a field; give the sweep its seeds.")
    if ".." in rest and spec.kind in ("float", "int"):
        return _range(path, rest, spec)
    parts = rest.split(";") if ";" in rest else rest.split(",")
    values = tuple(dict.fromkeys(part.strip() for part in parts))
    if "" in values and spec.kind != "text":
        raise ConfigError(f"{path} has an empty value; it must be VALUE,VALUE.")
    for value in values:
        apply_sets(base, {path: value})  # says what is wrong
    return Axis(path, values)


def _range(path: str, text: str, spec: FieldSpec) -> Axis:
    bounds, colon, count = text.partition(":")
    low_text, _, high_text = bounds.partition("..")
    low, high = float(parse_text(path, low_text, spec)), float(parse_text(path, high_text, spec))
    if low >= high:
        raise ConfigError(
            f"{path} goes from {low_text.strip()} to {high_text.strip()}; the first must be the smaller."
        )
    if not colon:
        return Axis(path, (), low, high)
    count = count.strip()
    if not (count.isdecimal() and len(count) < 10 and 2 <= int(count) <= MOST_MEMBERS):  # 4,301 digits are no int
        raise ConfigError(f"{path} is to have {count[:20]} values; it must be a number from 2 to {MOST_MEMBERS}.")
    steps = int(count) - 1
    return Axis(path, tuple(dict.fromkeys(_between(spec, low, high, i / steps) for i in range(steps + 1))))


def _between(spec: FieldSpec, low: float, high: float, share: float) -> str:
    """The value at a share of the way from low to high, on the field's own scale."""
    if spec.scale == "log" and low > 0:
        value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    else:
        value = low + share * (high - low)
    if spec.kind == "int":
        return str(round(value))
    return (
        f"{min(high, max(low, float(f'{value:.{_DIGITS}g}'))):g}"
        if 0 < share < 1
        else f"{low if not share else high:g}"
    )


@dataclass(frozen=True)
class Plan:
    """draws: how many points to draw from the axes at random (with `draw_seed`); 0 tries every combination.

    seeds: each is tried with every combination; none leaves the base's. steps: the length of each run, however many
    images a step of it sees; 0 leaves `total_images` as it is.
    """

    base: RunConfig
    axes: tuple[Axis, ...]
    seeds: tuple[int, ...] = ()
    draws: int = 0
    draw_seed: int = 1
    steps: int = 0

    def members(self) -> list[dict[str, str]]:
        """What each member sets, path -> text; every one once. Raises ConfigError."""
        if not self.axes and len(self.seeds) < 2:
            raise ConfigError("A sweep needs a field with several values, or several seeds.")
        if len(self.axes) > MOST_AXES:
            raise ConfigError(f"A sweep goes over at most {MOST_AXES} fields; this one has {len(self.axes)}.")
        if len({axis.path for axis in self.axes}) < len(self.axes):
            raise ConfigError("A field is swept twice; give its values once.")
        found = []
        seeds = [{"seed": str(seed)} for seed in self.seeds] or [{}]
        for values, seed in itertools.product(self._combinations(), seeds):
            if (member := values | seed) not in found:
                found.append(member)
            if len(found) > MOST_MEMBERS:
                raise ConfigError(f"A sweep has at most {MOST_MEMBERS} runs; this one would have more.")
        return found

    def _combinations(self) -> Iterator[dict[str, str]]:
        if self.draws:
            yield from self._drawn()
            return
        for axis in self.axes:
            if not axis.values:
                raise ConfigError(
                    f"{axis.path} is a range; a grid needs its values ({axis.path}={axis.low:g}..{axis.high:g}:5)."
                )
        for values in itertools.product(*(axis.values for axis in self.axes)):
            yield {axis.path: value for axis, value in zip(self.axes, values, strict=True)}

    def _drawn(self) -> Iterator[dict[str, str]]:
        rng = random.Random(self.draw_seed)
        for _ in range(self.draws):
            yield {
                axis.path: rng.choice(axis.values) if axis.values else self._draw(axis, rng.random())
                for axis in self.axes
            }

    def _draw(self, axis: Axis, share: float) -> str:
        assert axis.low is not None
        assert axis.high is not None
        return _between(spec_at(self.base, axis.path), axis.low, axis.high, share)

    def configs(self) -> list[RunConfig]:
        """Each member's configuration. Raises ConfigError."""
        return [self._as_member(self._of_length(apply_sets(self.base, member))) for member in self.members()]

    def _as_member(self, config: RunConfig) -> RunConfig:
        """Who may train in one step with others has no compiled step: that is for one run alone."""
        if config.backend in ("auto", "compiled") and not any(axis.path == "backend" for axis in self.axes):
            plain = dataclasses.replace(config, backend="dense")
            return config if unstackable_reason(plain) else plain
        return config

    def _of_length(self, config: RunConfig) -> RunConfig:
        if not self.steps:
            return config
        least = int(spec_at(config, "total_images").low or 1)
        return replace_at(config, "total_images", max(least, self.steps * config.batch_size * config.k_d))


def axis_json(axis: Axis) -> dict[str, Any]:
    return {"path": axis.path, "values": list(axis.values), "low": axis.low, "high": axis.high}


def axis_from(data: Mapping[str, Any]) -> Axis:
    """Raises ValueError, TypeError or KeyError for anything that `axis_json` did not make."""
    low, high = (None if data[end] is None else float(data[end]) for end in ("low", "high"))
    return Axis(str(data["path"]), tuple(str(value) for value in data["values"]), low, high)

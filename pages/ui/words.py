"""Numbers and settings as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from gan_core.config.codec import ConfigError, get_at, spec_at
from gan_core.runs.names import data_label
from gan_core.training import PRESETS

if TYPE_CHECKING:
    from gan_core.data.base import ImageInfo
    from gan_core.runs.snapshot import RunView
    from gan_core.training import RunConfig

LONGEST_TEXT = 40  # letters of a setting that are shown; a drawing's text has hundreds


def count(number: float) -> str:
    """12,345."""
    return f"{number:,.0f}"


def compact(number: float) -> str:
    """512, 12.3 k, 4.56 M."""
    if number < 10_000:
        return count(number)
    return f"{number / 1e3:.0f} k" if number < 1e6 else f"{number / 1e6:.2f} M"


def set_words(info: ImageInfo) -> str:
    """How much there is of a set, and what it is, in a line."""
    if info.native_size == 1:
        return f"{count(info.count)} points in the plane"
    colour = "grey" if info.channels == 1 else "colour"
    classes = f" · {len(info.classes)} classes" if info.classes else ""
    return f"{count(info.count)} images · {info.native_size} px · {colour}{classes}"


def duration(seconds: float) -> str:
    """About how long, no finer than it can be known: 40 s, 2 min, 1 h 20 min."""
    if seconds < 90:
        return f"{max(1, round(seconds / 5) * 5 if seconds > 20 else round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes < 48 * 60 else f"{minutes // 1440} days"


def moment(utc: str, zone: str | None, now: datetime | None = None) -> str:
    """A run's time ("2026-03-01T13:05:00Z") on the viewer's clock: 14:05, yesterday 14:05, 1 Mar 14:05, 1 Mar 2025.

    zone: its IANA name; None or an unknown one: UTC, which is then said.
    """
    then, clock = _then(utc, zone)
    today = (now or datetime.now(UTC)).astimezone(then.tzinfo).date()
    days = (today - then.date()).days
    if days == 0:
        return clock
    if days == 1:
        return f"yesterday {clock}"
    day = f"{then.day} {then:%b}"
    return f"{day} {clock}" if then.year == today.year else f"{day} {then.year}"


def date_and_clock(utc: str, zone: str | None) -> str:
    """As `moment`, in words that stay true: 1 Mar 2025, 14:05."""
    then, clock = _then(utc, zone)
    return f"{then.day} {then:%b} {then.year}, {clock}"


def _then(utc: str, zone: str | None) -> tuple[datetime, str]:
    """A time on the viewer's clock, and what that clock shows."""
    where: tzinfo = UTC
    try:
        where = ZoneInfo(zone or "")
    except (ValueError, OSError, KeyError):  # what a browser says may be anything
        zone = None
    then = datetime.fromisoformat(utc).astimezone(where)
    return then, f"{then:%H:%M}" + ("" if zone else " UTC")


def plain(value: object) -> str:
    """A setting's value."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def label_of(name: str, label: str) -> str:
    """A field's label, or its name made readable: g_lr -> G lr."""
    return label or name.replace("_", " ").capitalize()


def path_label(config: RunConfig, path: str) -> str:
    """A field in words: "Generator's optimizer: Learning rate"."""
    names = path.split(".")
    try:
        parts = [label_of(n, spec_at(config, ".".join(names[: i + 1])).label) for i, n in enumerate(names)]
    except ConfigError:
        return path
    return ": ".join(parts)


def preset_label(name: str) -> str:
    """A preset as people call it; "own settings" where there was none."""
    return PRESETS[name].label if name in PRESETS else name or "own settings"


def run_label(view: RunView) -> str:
    """A run as people call it: by its title, by its data where they are not its preset's, else by its preset."""
    return str(view.title or data_label(view.config, view.preset) or preset_label(view.preset))


def value_at(config: RunConfig, path: str) -> Any:
    """A field's value as `replace_at` takes it: a family gives its member's name."""
    spec = spec_at(config, path)
    value = get_at(config, path)
    return spec.family.name_of(value) if spec.family is not None else value

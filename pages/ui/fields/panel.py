"""The panel: the ONLY place that turns a typed field into a widget."""

from __future__ import annotations

import dataclasses
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config.codec import ConfigError, get_at, spec_at, walk
from gan_core.config.fields import FieldSpec, spec_of
from gan_core.config.registry import Registry
from pages.server.preview import shows_points
from pages.ui.fields.custom_widgets import CUSTOM_WIDGETS
from pages.ui.fields.terms import glossary_link
from pages.ui.literal import literal
from pages.ui.preset_match import hidden_fields
from pages.ui.words import label_of, path_label, plain

if TYPE_CHECKING:
    from gan_core.training import RunConfig

Changed = Callable[[str, object], None]
"""Called with the dotted path and the new value when a person has moved a widget."""

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Data", ("data", "size", "conditional", "batch_size")),
    ("Networks", ("latent", "generator", "discriminator", "ema")),
    ("Objective", ("loss", "penalty", "augmentation", "instance_noise", "k_d", "pack")),
    ("Optimizers", ("g_optimizer", "d_optimizer", "schedule")),
    ("Length and recording", ("total_images", "seed", "precision", "record")),
)
"""Top-level fields by group; a field named nowhere comes last, so that a new one cannot be forgotten."""

LIVE_SIGN = "⚡ live"
_DRAWN = "ganscope.drawn"  # key of the values that widgets were last drawn with
_FRESH = "ganscope.fresh"  # key of how often something else than its widget set a value of the run
_REPLACED = "ganscope.replaced"  # key of what they showed before something else set them, and when that was
STALE_SECONDS = 2.0  # so long a browser may still send what it showed before
_FLOAT_MANTISSAS = (1, 1.5, 2, 3, 5, 7)
_INT_MANTISSAS = (1, 2, 3, 5)


@dataclass(frozen=True)
class Drawing:
    """How a panel is drawn. `scope` leads the widgets' keys; `only_live`: leave out what cannot change in a run.

    hidden: paths of fields that are left out. points: of a run of points in the plane; only what serves them is
    offered. live_keys: of the widgets drawn whose fields can change in a run.
    """

    scope: str
    changed: Changed
    advanced: bool
    only_live: bool = False
    hidden: frozenset[str] = frozenset()
    points: bool = False
    live_keys: list[str] = field(default_factory=list)

    def shows(self, spec: FieldSpec) -> bool:
        if self.only_live:
            return spec.live
        return self.advanced or not spec.advanced

    def offers(self, family: Registry[Any], chosen: str) -> list[str]:
        """The members to choose from; the one that is chosen is always among them."""
        served = (n for n in family.names() if getattr(family.get(n).cls, "serves_points", True) or n == chosen)
        return list(served) if self.points else list(family.names())


def draw_fields(config: RunConfig, drawing: Drawing) -> None:
    """All groups of a `RunConfig`, folded, each with its present choice in the title."""
    fields = {f.name: f for f in dataclasses.fields(config) if f.name not in drawing.hidden}
    named = {name for _, names in GROUPS for name in names}
    for title, names in GROUPS:
        here = [n for n in names if n in fields]
        if title == GROUPS[-1][0]:
            here += [n for n in fields if n not in named]
        # The key, not the title, says which group this is: the title changes with every choice.
        with st.expander(_summary(title, config, here), key=f"{drawing.scope}:group:{title}"):
            for name in here:
                _draw(spec_of(fields[name]), name, name, getattr(config, name), drawing)
    _draw_live_signs(drawing.live_keys)


def _draw_live_signs(keys: Sequence[str]) -> None:
    """The sign of live fields behind their labels, for the eyes: in a label it would be read out as markup."""
    labels = [f".st-key-{re.sub('[^a-zA-Z0-9_-]', '-', key)} [data-testid='stWidgetLabel'] p::after" for key in keys]
    if labels:
        st.html(f"<style>{', '.join(labels)} {{ content: '{LIVE_SIGN}'; }}</style>")


def draw_options(options: Any, scope: str, changed: Changed) -> None:
    """The fields of a small group of options, such as those of an upload: a dataclass."""
    drawing = Drawing(scope, changed, advanced=True)
    for f in dataclasses.fields(options):
        _draw(spec_of(f), f.name, f.name, getattr(options, f.name), drawing)


def draw_field(config: RunConfig, path: str, scope: str, changed: Changed) -> None:
    """One field of a `RunConfig`, with the fields inside it if it has any."""
    drawing = Drawing(scope, changed, advanced=True, hidden=hidden_fields(config), points=shows_points(config.data))
    _draw(spec_at(config, path), path.rpartition(".")[2], path, get_at(config, path), drawing)


TWO_PACES = (
    ("g_optimizer.lr", "G’s pace", "How far the generator goes at each step: its learning rate."),
    ("d_optimizer.lr", "D’s pace", "How far the discriminator goes at each step: its learning rate."),
)
"""What a newcomer may set: the field, what it is called there, and what it does."""


def draw_paces(
    config: RunConfig,
    scope: str,
    changed: Changed,
    *,
    running: bool,
    shown: Callable[[str], bool] = lambda path: True,
) -> None:
    """Both learning rates, as far as they are `shown`. running: of the run that trains, and others set too."""
    drawing = Drawing(scope, changed, advanced=True, only_live=running)
    for path, label, words in (pace for pace in TWO_PACES if shown(pace[0])):
        spec = dataclasses.replace(spec_at(config, path), label=label, help=words)
        _widget(spec, "lr", path, get_at(config, path), drawing)


def draw_some(config: RunConfig, paths: Sequence[str], scope: str, changed: Changed, *, running: bool) -> None:
    """These fields and no others, each called by its whole name; what is no field of this configuration is left out.

    running: of the run that trains; what cannot change in it is said and not offered.
    """
    points = shows_points(config.data)
    drawing = Drawing(scope, changed, advanced=True, only_live=running, hidden=hidden_fields(config), points=points)
    fixed = []
    for path in paths:
        try:
            spec, value = spec_at(config, path), get_at(config, path)
        except ConfigError:
            continue
        if path.split(".")[0] in drawing.hidden:
            continue
        label, name = path_label(config, path), path.rpartition(".")[2]
        if running and not spec.live:
            shown = spec.family.get(spec.family.name_of(value)).label if spec.family else plain(value)
            if spec.kind != "section":
                fixed.append(f"{literal(label)} :gray[·] **{literal(shown)}**")
            if spec.kind in ("one_of", "section"):
                _inner(literal(label), "", path, value, drawing)
        else:
            _draw(dataclasses.replace(spec, label=label), name, path, value, drawing)
    if fixed:
        st.markdown("  \n".join((":gray[Fixed for this run]", *fixed)))
    _draw_live_signs(drawing.live_keys)


FIRST_LIVE = ("g_optimizer", "d_optimizer", "k_d")
"""What people reach for first while a run trains."""


def draw_live_fields(config: RunConfig, changed: Changed) -> None:
    """The fields that can change while the run trains, unfolded, and the others as a list to read."""
    points = shows_points(config.data)
    drawing = Drawing("steer", changed, advanced=True, only_live=True, hidden=hidden_fields(config), points=points)
    fields = {f.name: f for f in dataclasses.fields(config) if f.name not in drawing.hidden}
    for name in (*FIRST_LIVE, *(n for n in fields if n not in FIRST_LIVE)):
        spec, value = spec_of(fields[name]), getattr(config, name)
        if spec.kind in ("section", "one_of"):
            member = spec.family.get(spec.family.name_of(value)).label if spec.family else ""
            title = label_of(name, spec.label) + (f" :gray[{member}]" if member else "")
            _inner(title, "", name, value, drawing)
        elif spec.live:
            _widget(spec, name, name, value, drawing)
    with st.expander("Fixed for this run", key="steer:fixed"):
        lines = [
            f"{literal(path_label(config, path))} :gray[·] **{literal(plain(value))}**"
            for path, spec, value in walk(config)
            if not spec.live and not spec.advanced and not any(f"{path}.".startswith(f"{h}.") for h in drawing.hidden)
        ]
        st.markdown("  \n".join(lines))


def _summary(title: str, config: RunConfig, names: Sequence[str]) -> str:
    """ "Networks · DCGAN, DCGAN"."""
    labels = []
    for f in dataclasses.fields(config):
        family = spec_of(f).family
        if f.name in names and family is not None:
            labels.append(family.get(family.name_of(getattr(config, f.name))).label)
    labels = [label for label in labels if label != "None"]
    words = ", ".join(dict.fromkeys(labels))
    return f"**{title}**" + (f"  :gray[{words}]" if words else "")


def _draw(spec: FieldSpec, name: str, path: str, value: Any, drawing: Drawing) -> None:
    if spec.kind == "section":
        _inner(label_of(name, spec.label), spec.help, path, value, drawing)
    elif spec.kind == "one_of":
        _family(spec, name, path, value, drawing)
    elif drawing.shows(spec):
        _widget(spec, name, path, value, drawing)


def _inner(heading: str, words: str, path: str, value: Any, drawing: Drawing) -> None:
    """The fields of a section or of a family's member, set a little to the right."""
    shown = [
        f for f in dataclasses.fields(value) if drawing.shows(spec_of(f)) and f"{path}.{f.name}" not in drawing.hidden
    ]
    if not shown:
        return
    if heading:
        st.markdown(f"**{heading}**", help=words + glossary_link(path.rpartition(".")[2]) or None)
    with st.container(key=f"{drawing.scope}-inner-{path.replace('.', '-')}"):
        for f in shown:
            here = f"{path}.{f.name}"
            if made := CUSTOM_WIDGETS.get((type(value).__name__, f.name)):
                made(value, f"{drawing.scope}:{here}", partial(drawing.changed, here))
            else:
                _draw(spec_of(f), f.name, here, getattr(value, f.name), drawing)


def _family(spec: FieldSpec, name: str, path: str, member: object, drawing: Drawing) -> None:
    family = spec.family
    assert family is not None
    entry = family.get(family.name_of(member))
    key = _seed(path, entry.name, drawing)
    st.selectbox(
        label_of(name, spec.label),
        drawing.offers(family, entry.name),
        format_func=lambda n: family.get(n).label,
        key=key,
        help=_help(spec, name),
        on_change=_take,
        args=(key, path, drawing.changed),
    )
    st.caption(entry.help + (f" *{entry.source}*" if entry.source else ""))
    _inner("", "", path, member, drawing)


def _seed(path: str, value: object, drawing: Drawing) -> str:
    """Give a widget the configuration's value before it is drawn; returns its key."""
    key = f"{drawing.scope}:{path}"
    if drawing.only_live:
        key = fresh_key(key, value)
    before = st.session_state.get(key, value)
    if before != value:  # set by a preset, say: this tab's browser still says what was there before
        st.session_state.setdefault(_REPLACED, {})[key] = (before, time.monotonic())
    st.session_state[key] = value
    st.session_state.setdefault(_DRAWN, {})[key] = value
    return key


def fresh_key(name: str, value: object) -> str:
    """The key of a widget for something of a run, which other tabs and the run itself set too.

    Where they have set it, it is another widget from then on. This tab's browser may say what the one before showed
    for as long as it likes, until it hears of that: nobody listens. Taken for a move of the hand it would go to the
    run, the other tab would follow, and the two would undo each other for ever.
    """
    counts = st.session_state.setdefault(_FRESH, {})
    key = f"{name}:{counts[name]}" if name in counts else name
    if st.session_state.get(key, value) != value:
        counts[name] = counts.get(name, 0) + 1
        key = f"{name}:{counts[name]}"
    return key


def is_fresh(name: str, key: str) -> bool:
    """Whether `key` is what `fresh_key` said last."""
    count = st.session_state.get(_FRESH, {}).get(name)
    return key == (name if count is None else f"{name}:{count}")


def _take(key: str, path: str, changed: Changed) -> None:
    """A widget was moved.

    Or it only came back: where a rerun was cut short before the widget was drawn, Streamlit calls this too, and where
    the browser spoke before it heard that the value is another now.
    """
    value, name = st.session_state[key], f"{key.partition(':')[0]}:{path}"
    if is_fresh(name, key) and value not in (None, st.session_state.get(_DRAWN, {}).get(key), _lately(key)):
        changed(path, value)


def _lately(key: str) -> Any:
    """What a widget showed until a moment ago, when something else than it set its value; None where nothing did."""
    value, when = st.session_state.get(_REPLACED, {}).get(key, (None, -math.inf))
    return value if time.monotonic() - when < STALE_SECONDS else None


def _help(spec: FieldSpec, name: str) -> str:
    return spec.help + (" Can change while a run trains." if spec.live else "") + glossary_link(name)


def _widget(spec: FieldSpec, name: str, path: str, value: Any, drawing: Drawing) -> None:
    label = label_of(name, spec.label)
    unit = "points" if drawing.points and spec.unit == "images" else spec.unit
    if unit and unit not in label:
        label += f" ({unit})"
    key = _seed(path, value, drawing)
    if spec.live and not drawing.only_live:
        drawing.live_keys.append(key)
    common: dict[str, Any] = {
        "label": label,  # plain words: a screen reader is told it as it is written here
        "key": key,
        "help": _help(spec, name),
        "on_change": _take,
        "args": (key, path, drawing.changed),
    }
    if spec.kind == "bool":
        st.toggle(**common)
    elif spec.kind == "text":
        st.text_input(**common, max_chars=spec.max_length)
    elif spec.kind == "choice":
        _choice(spec, common)
    else:
        _number(spec, value, common)


def _choice(spec: FieldSpec, common: dict[str, Any]) -> None:
    if sum(len(str(c)) for c in spec.choices) <= 24 and len(spec.choices) <= 5:
        st.segmented_control(options=spec.choices, format_func=str, required=True, **common)
    else:
        st.selectbox(options=spec.choices, format_func=str, **common)


def _number(spec: FieldSpec, value: float, common: dict[str, Any]) -> None:
    low, high = spec.low, spec.high
    assert low is not None
    assert high is not None
    whole = spec.kind == "int"
    if spec.scale == "log":
        st.select_slider(options=_with_late(log_options(spec, value), common["key"]), format_func=plain, **common)
    elif whole and high - low > 64:
        st.number_input(min_value=int(low), max_value=int(high), step=1, **common)
    elif whole:
        st.slider(min_value=int(low), max_value=int(high), step=1, **common)
    elif 0.99 <= high < 1:
        st.select_slider(options=_with_late(share_options(spec, value), common["key"]), format_func=plain, **common)
    else:
        step = _nice((high - low) / 100)
        st.slider(min_value=float(low), max_value=float(high), step=step, format="%.3g", **common)


def _with_late(options: list[float], key: str) -> list[float]:
    """With what the browser may still say: Streamlit takes what is no option for the first one."""
    late = _lately(key)
    return options if late is None or late in options else sorted((*options, late))


def _nice(number: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is at most `number`."""
    power = 10.0 ** math.floor(math.log10(number) + 1e-9)
    return max(m * power for m in (1, 2, 5) if m * power <= number * (1 + 1e-9))


def log_options(spec: FieldSpec, value: float) -> list[float]:
    """Evenly felt steps of a log field: from `low` (or 0, then `smallest`) to `high`, with `value` among them."""
    assert spec.low is not None
    assert spec.high is not None
    whole = spec.kind == "int"
    start = spec.low if spec.low > 0 else (spec.smallest or (1 if whole else spec.high / 1e6))
    options = {float(spec.low), float(spec.high), float(value)}
    for power in range(math.floor(math.log10(start)), math.ceil(math.log10(spec.high)) + 1):
        for m in _INT_MANTISSAS if whole else _FLOAT_MANTISSAS:
            options.add(float(f"{m}e{power}"))
    if whole and spec.high <= 4096:
        options.update(float(2**n) for n in range(13))
    inside = sorted(v for v in options if v in (spec.low, value) or start <= v <= spec.high)
    return [int(v) for v in inside if v.is_integer()] if whole else inside


def share_options(spec: FieldSpec, value: float) -> list[float]:
    """Shares up to just below 1, such as a beta: even steps, then ever closer to 1."""
    assert spec.low is not None
    assert spec.high is not None
    even = [round(0.05 * i, 2) for i in range(20)]
    near = [0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999]
    options = {*even, *near, float(spec.low), float(spec.high), float(value)}
    return sorted(v for v in options if spec.low <= v <= spec.high)

"""The panel: the ONLY place that turns a typed field into a widget."""

from __future__ import annotations

import dataclasses
import re
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
from pages.ui.fields.numbers import draw_number
from pages.ui.fields.terms import glossary_link
from pages.ui.fields.widget_values import Changed, seed, take
from pages.ui.literal import literal
from pages.ui.preset_match import hidden_fields
from pages.ui.words import label_of, path_label, plain

if TYPE_CHECKING:
    from gan_core.training import RunConfig

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Data", ("data", "size", "conditional", "batch_size")),
    ("Networks", ("latent", "generator", "discriminator", "ema")),
    ("Objective", ("loss", "penalty", "augmentation", "instance_noise", "k_d", "pack")),
    ("Optimizers", ("g_optimizer", "d_optimizer", "schedule")),
    ("Length and recording", ("total_images", "seed", "precision", "record")),
)
"""Top-level fields by group; a field named nowhere comes last, so that a new one cannot be forgotten."""

LIVE_SIGN = "⚡ live"


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
    key = seed(drawing.scope, path, entry.name, of_run=drawing.only_live)
    st.selectbox(
        label_of(name, spec.label),
        drawing.offers(family, entry.name),
        format_func=lambda n: family.get(n).label,
        key=key,
        help=_help(spec, name),
        on_change=take,
        args=(key, path, drawing.changed),
    )
    st.caption(entry.help + (f" *{entry.source}*" if entry.source else ""))
    _inner("", "", path, member, drawing)


def _help(spec: FieldSpec, name: str) -> str:
    return spec.help + (" Can change while a run trains." if spec.live else "") + glossary_link(name)


def _widget(spec: FieldSpec, name: str, path: str, value: Any, drawing: Drawing) -> None:
    label = label_of(name, spec.label)
    unit = "points" if drawing.points and spec.unit == "images" else spec.unit
    if unit and unit not in label:
        label += f" ({unit})"
    key = seed(drawing.scope, path, value, of_run=drawing.only_live)
    if spec.live and not drawing.only_live:
        drawing.live_keys.append(key)
    common: dict[str, Any] = {
        "label": label,  # plain words: a screen reader is told it as it is written here
        "key": key,
        "help": _help(spec, name),
        "on_change": take,
        "args": (key, path, drawing.changed),
    }
    if spec.kind == "bool":
        st.toggle(**common)
    elif spec.kind == "text":
        st.text_input(**common, max_chars=spec.max_length)
    elif spec.kind == "choice":
        _choice(spec, common)
    else:
        draw_number(spec, value, common)


def _choice(spec: FieldSpec, common: dict[str, Any]) -> None:
    if sum(len(str(c)) for c in spec.choices) <= 24 and len(spec.choices) <= 5:
        st.segmented_control(options=spec.choices, format_func=str, required=True, **common)
    else:
        st.selectbox(options=spec.choices, format_func=str, **common)

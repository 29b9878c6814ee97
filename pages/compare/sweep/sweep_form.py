"""The form of a new sweep: where it starts from, what it tries, how long each run is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config.codec import ConfigError, spec_at, walk
from gan_core.config.fields import FieldSpec
from gan_core.runs.cluster.making import cluster_problems
from gan_core.runs.groups.sweep_beginning import Beginning
from gan_core.runs.groups.sweep_file import OnCluster
from gan_core.runs.groups.sweep_plan import Plan, read_axis
from gan_core.runs.groups.sweeps import groups
from gan_core.training import PRESETS, RunConfig
from gan_core.training.backends.batched import unstackable_reason
from pages.compare.sweep.cluster_form import draw_where, resources
from pages.server.preview import shows_points
from pages.server.security.public import public
from pages.ui.literal import literal
from pages.ui.preset_match import hidden_fields
from pages.ui.session import Tab, why_not_start
from pages.ui.words import count, duration, path_label, preset_label

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from gan_core.runs.groups.sweeps import Sweeps

BEGUN, AWAITED = "compare_sweep_begun", "compare_sweep_awaited"  # in the session: what was just started
FIRST_MEASURE = {True: "sliced_wasserstein", False: "fid"}  # of points, of images
LAB = ""  # start from the Lab's settings
FIRST_PRESET = "ring"
FIRST_FIELD = "d_optimizer.lr"
MOST_FIELDS = 3
MOST_SEEDS = 8
FIRST_STEPS = 3000  # of a run in the plane: all modes are found by then, or will not be
_FACTORS = (0.25, 1.0, 4.0)  # the values that are offered around a number's own


def draw_form(state: Tab, sweeps: Sweeps) -> None:
    base, preset = _draw_base(state)
    fields = sweepable(base)
    key = f"sweep-fields:{preset or 'lab'}"
    if key not in st.session_state:
        st.session_state[key] = [FIRST_FIELD] if FIRST_FIELD in fields else []
    chosen = st.multiselect(
        "Fields to sweep", list(fields), key=key, max_selections=MOST_FIELDS,
        placeholder="Choose up to three settings", format_func=lambda path: path_label(base, path),
        help="Every combination of their values is tried, or as many as you say are drawn at random.",
    )  # fmt: skip
    texts = [f"{path}={_draw_values(path, fields[path], _value_of(base, path), preset)}" for path in chosen]
    how, seeds, length = st.columns(3, vertical_alignment="bottom")
    draws = _draw_search(how, has_fields=bool(chosen))
    several = seeds.number_input(
        "Seeds", 1, MOST_SEEDS, 2 if chosen else 4, key=f"sweep-seeds:{bool(chosen)}",
        help="Every combination is tried with so many seeds: only what holds for all of them is worth believing.",
    )  # fmt: skip
    base = _draw_length(length, base, preset)
    measure = FIRST_MEASURE[shows_points(base.data)]
    try:
        cluster = draw_where(base.total_images // (base.batch_size * base.k_d), measure)
    except ConfigError as problem:
        st.error(literal(public(problem)), icon=":material/block:")
        return
    _draw_start(state, sweeps, base, preset, texts, int(several), draws, cluster)


def _draw_base(state: Tab) -> tuple[RunConfig, str]:
    """The configuration to start from, and the preset it came from ("" where it is the Lab's own)."""
    names = [LAB, *PRESETS]
    if "sweep-base" not in st.session_state:
        st.session_state["sweep-base"] = LAB if shows_points(state.config.data) else FIRST_PRESET
    picked = st.selectbox(
        "Start from", names, key="sweep-base",
        format_func=lambda name: "The Lab's settings" if name == LAB else PRESETS[name].label,
    )  # fmt: skip
    if picked == LAB:
        st.caption(f"As the Lab's panel stands now, which began as {literal(preset_label(state.preset))}.")
    return (state.config, "") if picked == LAB else (PRESETS[picked].config, picked)


def sweepable(config: RunConfig) -> dict[str, FieldSpec]:
    """The fields that can be swept, in the panel's order."""
    hidden = hidden_fields(config)
    return {
        path: spec
        for path, spec, _ in walk(config)
        if path not in ("seed", "total_images", "precision", "backend")
        and not path.startswith("record.")
        and not any(f"{path}.".startswith(f"{one}.") for one in hidden)
    }


def _value_of(config: RunConfig, path: str) -> Any:
    return next(value for found, _, value in walk(config) if found == path)


def _draw_values(path: str, spec: FieldSpec, value: Any, preset: str) -> str:
    """What `read_axis` reads after the equals sign."""
    key, label = f"sweep-values:{preset}:{path}", f"Values of {spec.label or path}"
    options: list[str] = []
    if spec.kind == "one_of" and spec.family is not None:
        options = list(spec.family.names())
    elif spec.kind == "choice":
        options = [str(one) for one in spec.choices]
    elif spec.kind == "bool":
        options = ["true", "false"]
    if options:
        family = spec.family
        own = str(value).lower() if isinstance(value, bool) else str(value)
        if key not in st.session_state:
            st.session_state[key] = list(dict.fromkeys([own, *options]))[:2]
        picked = st.multiselect(
            label, options, key=key, format_func=lambda name: family.get(name).label if family else name
        )  # fmt: skip
        return ",".join(picked)
    if key not in st.session_state:
        st.session_state[key] = first_values(spec, value)
    text: str = st.text_input(label, key=key, help=_about(spec))
    return text


def first_values(spec: FieldSpec, value: Any) -> str:
    """Values around the one that it has, within what is allowed."""
    if spec.kind == "text":
        return f"{value};"
    low, high = spec.low or 0.0, spec.high if spec.high is not None else float("inf")
    if spec.scale == "log" and value:
        found = [min(high, max(low, value * factor)) for factor in _FACTORS]
    elif spec.kind == "int":
        found = [min(high, max(low, value + more)) for more in (0, 1, 3)]
    else:
        span = min(high, max(1.0, 2 * float(value))) - low
        found = [low, low + span / 4, low + span / 2]
    texts = [str(round(one)) if spec.kind == "int" else f"{one:.4g}" for one in found]
    return ", ".join(dict.fromkeys(texts))


def _about(spec: FieldSpec) -> str:
    words = [spec.help] if spec.help else []
    if spec.kind == "text":
        return " ".join([*words, 'Between two values stands a semicolon: "64,64;128,128".'])
    example = "0.0001..0.01" if spec.kind == "float" else "1..4"
    words.append(f"Values with commas between, or a range with how many: {example}:5; for a random search {example}.")
    return " ".join(words)


def _draw_search(place: DeltaGenerator, *, has_fields: bool) -> int:
    """How many combinations are drawn at random; 0: all of them."""
    if not has_fields:
        place.caption("Without a field, only the seeds differ.")
        return 0
    words = {"grid": "Every combination", "random": "Random"}
    with place:
        how = st.segmented_control(
            "Search", list(words), default="grid", format_func=lambda one: words[one], key="sweep-search",
            required=True,
        )  # fmt: skip
        return int(st.number_input("Combinations", 2, 64, 8, key="sweep-draws")) if how == "random" else 0


def _draw_length(place: DeltaGenerator, base: RunConfig, preset: str) -> RunConfig:
    """The configuration with the length that each run is to have."""
    images, length = base.batch_size * base.k_d, spec_at(base, "total_images")
    least, most = int(length.low or 1), int(length.high or base.total_images)
    own = max(1, base.total_images // images)
    first = min(own, FIRST_STEPS) if shows_points(base.data) else own
    steps = place.number_input(
        "Steps of each run", 1, max(1, most // images), first, step=max(1, first // 10), key=f"sweep-steps:{preset}",
        help=f"The settings it starts from train {count(own)} steps. Schedules are fitted to the length.",
    )  # fmt: skip
    return replace(base, total_images=min(most, max(least, int(steps) * images)))


def _draw_start(
    state: Tab, sweeps: Sweeps, base: RunConfig, preset: str, texts: list[str], seeds: int, draws: int,
    cluster: OnCluster | None,
) -> None:  # fmt: skip
    """What it would be, what stands in its way, and the one button."""
    try:
        plan = plan_of(base, texts, seeds, draws)
        problems = sweeps.problems(plan) or [why for why in (why_not_start(len(plan.configs())),) if why]
        if cluster is not None:
            problems += cluster_problems(plan.configs(), cluster)
        words = "" if problems else _cost(sweeps, plan) if cluster is None else _cost_there(plan, cluster)
    except ConfigError as problem:
        problems, words = [public(problem)], ""
    for sentence in problems:
        st.error(literal(sentence), icon=":material/block:")
    if words:
        st.markdown(words)

    def start() -> None:
        try:
            named = preset or state.preset
            title = f"{preset_label(named)}, " + (
                ", ".join(path_label(base, axis.path) for axis in plan.axes) or "seeds"
            )
            if cluster is None:
                st.session_state[BEGUN] = sweeps.start(plan, preset=named, title=title)
            else:
                st.session_state[AWAITED] = sweeps.start_on_cluster(Beginning(plan, cluster, named, title))
        except (ValueError, OSError) as found:
            st.toast(literal(public(found)), icon=":material/error:")

    st.button(
        "Start the sweep", type="primary", icon=":material/play_arrow:", key="sweep-start", on_click=start,
        disabled=bool(problems) or AWAITED in st.session_state,  # one is on its way
    )  # fmt: skip


def plan_of(base: RunConfig, texts: list[str], seeds: int, draws: int) -> Plan:
    """The plan that a form describes: as many steps for each as the base takes. Raises ConfigError."""
    axes = tuple(read_axis(base, text) for text in texts)
    steps = base.total_images // (base.batch_size * base.k_d)
    return Plan(base, axes, tuple(range(base.seed, base.seed + seeds)), draws, steps=steps)


def _cost(sweeps: Sweeps, plan: Plan) -> str:
    """ "12 runs, trained together in one step · about 2 min"."""
    configs = plan.configs()
    together = sum(len(group) for group in groups(configs) if len(group) > 1)
    if together == len(configs):
        how = "trained together in one step"
    elif together:
        how = f"{together} of them trained together in one step"
    else:
        why = next((sentence for config in configs if (sentence := unstackable_reason(config))), "")
        how = f"trained one after another :gray[({literal(why.rstrip('.'))})]" if why else "trained one after another"
    return f"**{count(len(configs))} runs**, {how} · about {duration(sweeps.seconds(plan))} on this machine"


def _cost_there(plan: Plan, cluster: OnCluster) -> str:
    """ "12 runs, each on 1 processor of the cluster"."""
    early = ", bad ones stopped early" if cluster.reduction else ""
    return f"**{count(len(plan.configs()))} runs**, each on {resources(cluster)} of the Ray cluster{early}"

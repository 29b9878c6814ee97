"""Fill a table: bring one, see what was understood, fill its gaps, or compare all methods on it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gan_core.apply import tasks
from gan_core.apply.tables.encoded import Imputer, imputers
from gan_core.apply.tables.task import MODEL, ImputeTable
from gan_core.config.codec import ConfigError, from_dict, replace_at
from gan_core.config.fields import specs
from pages.apply.job_list import start_job
from pages.apply.kept import kept
from pages.apply.results.filled_table import draw_outcome
from pages.apply.table_upload import HeldTable, draw_understood, held_table, problems_of
from pages.apply.workshop import Workshop
from pages.server.security.public import public
from pages.ui.fields.panel import draw_options
from pages.ui.literal import literal
from pages.ui.session import tab, why_not, why_not_start

COMPARE = "impute-compare"
MOST_SEED = 2**31 - 1
MECHANISMS = {"mcar": "at random", "mar": "by another column", "mnar": "by themselves"}
_MODEL = "ganscope.table-model"  # in the session: a fitted method that was brought, its name and content
_METHOD = "ganscope.table-method"  # in the session: the method with its options


def draw() -> None:
    held = held_table()
    if held is not None and held.table is not None:
        draw_understood(held)
        left, right = st.columns(2, gap="large")
        with left:
            _draw_fill(held)
        with right:
            _draw_compare(held)
    else:
        with st.expander("No table at hand?", key="table-none"):
            st.markdown("See how well each method does on a table that comes along.")
            _draw_compare(None)


def _draw_fill(held: HeldTable) -> None:
    st.subheader("Fill it")
    member: Imputer = st.session_state.setdefault(_METHOD, ImputeTable().method)
    name = imputers.name_of(member)
    names = list(imputers.names())
    usual = imputers.name_of(ImputeTable().method)
    chosen = st.selectbox(
        "Method", names, key=kept("table-method", usual, names, link="method"),
        format_func=lambda one: imputers.get(one).label,
    )  # fmt: skip
    if chosen != name:
        member = imputers.get(chosen).cls()
        st.session_state[_METHOD] = member
    st.caption(literal(imputers.get(chosen).help))

    def changed(path: str, value: object) -> None:
        try:
            st.session_state[_METHOD] = replace_at(st.session_state[_METHOD], path, value)
        except ConfigError as problem:
            tab().notice = public(problem)

    asked: dict[str, Any] = {}
    model = None
    with st.expander("More", key="table-more"):
        draw_options(member, f"table-{chosen}", changed)
        asked["draws"] = st.number_input(
            "Imputed tables", 0, 100, key=kept("table-draws", 0, low=0, high=100, link="draws"),
            help="So many tables that could have been, as a zip: they differ in what is unsure.",
        )  # fmt: skip
        asked["uncertainty"] = st.checkbox(
            "Add columns that say how unsure each filled cell is", key=kept("table-unsure", False, link="unsure")
        )
        asked["seed"] = st.number_input(
            "Seed", 0, MOST_SEED, key=kept("table-seed", 0, low=0, high=MOST_SEED, link="seed")
        )
        model = _fitted_method()
    inputs = {held.file: held.content}
    if model is not None:
        inputs[MODEL] = model
    stopped = bool(problems_of(held)) and model is None
    st.button(
        "Fill", key="table-fill", type="primary", icon=":material/table_edit:",
        disabled=stopped or bool(why_not_start()),
        on_click=_fill, args=(held, inputs, asked),
    )  # fmt: skip


def _fitted_method() -> bytes | None:
    """What was brought, also after another page was looked at."""
    file = st.file_uploader(
        "A fitted method", key="table-model", disabled=bool(why_not("bring", "")),
        help="model.safetensors of an earlier result: nothing is learned then, "
        "and only these rows are filled.",
    )  # fmt: skip
    if file is not None:
        st.session_state[_MODEL] = file.name, file.getvalue()
    elif (brought := st.session_state.get(_MODEL)) is not None:
        with st.container(horizontal=True, vertical_alignment="center", key="table-model-held"):
            st.markdown(f"{literal(brought[0])} is used.")
            st.button("Learn anew", key="table-model-forget", on_click=lambda: st.session_state.pop(_MODEL, None))
    found: tuple[str, bytes] | None = st.session_state.get(_MODEL)
    return None if found is None else found[1]


def _fill(held: HeldTable, inputs: dict[str, bytes], asked: dict[str, Any]) -> None:
    try:
        task = ImputeTable(
            method=st.session_state[_METHOD], kinds=held.kinds_text, missing=held.markers, called=held.name[:120],
            draws=int(asked["draws"]), uncertainty=bool(asked["uncertainty"]), seed=int(asked["seed"]),
        )  # fmt: skip
    except (ConfigError, ValueError) as problem:
        tab().notice = public(problem)
        return
    start_job(task, inputs)


def _draw_compare(held: HeldTable | None) -> None:
    """All methods on cells hidden on purpose, of the table that was brought or of one that comes along."""
    asked: dict[str, Any] = {}
    if held is not None:
        st.subheader("Compare all methods on it")
        st.caption("Known cells are hidden, filled by every method, and scored against what stood there.")
    else:
        names = _on_its_own()
        asked["dataset"] = st.selectbox("Table", names, key=kept("compare-dataset", names[0], names, link="table"))
    share = kept("compare-missing", 20, low=5, high=80, link="hidden")
    asked["missing"] = st.slider("Hidden, %", 5, 80, step=5, key=share) / 100
    mechanism = kept("compare-mechanism", "mcar", list(MECHANISMS), link="mechanism")
    asked["mechanism"] = st.segmented_control(
        "Which are hidden", list(MECHANISMS), key=mechanism, required=True,
        format_func=MECHANISMS.__getitem__,
    )  # fmt: skip
    times = kept("compare-seeds", 3, low=1, high=20, link="times")
    asked["seeds"] = int(st.number_input("Times", 1, 20, key=times, help="Intervals need several."))
    if held is not None and held.table is not None:
        names = ["", *held.table.names]
        target = st.selectbox(
            "A model is to predict", names, key=kept(f"compare-target-{held.digest}", "", names),
            format_func=lambda name: name or "nothing",
            help="A model that is trained on the filled table is scored too.",
        )  # fmt: skip
        asked |= {"target": target, "kinds": held.kinds_text, "markers": held.markers}
    st.button(
        "Compare", key="table-compare", icon=":material/compare:", on_click=_compare, args=(held, asked),
        disabled=(held is not None and bool(problems_of(held))) or bool(why_not_start()),
    )  # fmt: skip


def _on_its_own() -> list[str]:
    """The tables that come along."""
    return [str(name) for name in specs(tasks.get(COMPARE).cls)["dataset"].choices if name]


def _compare(held: HeldTable | None, asked: dict[str, Any]) -> None:
    try:
        task = from_dict(tasks.get(COMPARE).cls, asked)
    except ConfigError as problem:
        tab().notice = public(problem)
        return
    start_job(task, {} if held is None else {held.file: held.content})


WORKSHOP = Workshop(
    "tables", "Fill a table", "table_edit", 30,
    "Missing cells of a table are guessed from all others, by the method you choose; what was there stays as it was.",
    draw, ("impute", COMPARE), draw_outcome,
)  # fmt: skip

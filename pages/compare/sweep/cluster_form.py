"""Where a new sweep trains: on this machine or on a Ray cluster, and what its members take there."""

from __future__ import annotations

import importlib.util

import streamlit as st

from gan_core.config.codec import ConfigError
from gan_core.runs.groups.sweep_file import OnCluster, is_address
from gan_core.runs.groups.sweep_measures import measure_of
from pages.ui.session import why_not

HERE, CLUSTER = "here", "ray"
_WORDS = {HERE: "Here", CLUSTER: "On Ray"}
REDUCTION = 3
FIRST_SHARE = 9  # of a member's length, one in so many steps comes before it is compared with others


def can_use_cluster() -> bool:
    """Whether Ray is there, and who looks at the page may name a cluster: this server would trust it."""
    return importlib.util.find_spec("ray") is not None and not why_not("use a cluster", "")


def draw_where(steps: int, measure: str) -> OnCluster | None:
    """None: here. steps: of a member; measure: by which members are compared on the way.

    Raises ConfigError for an address that is none.
    """
    if not can_use_cluster():
        return None
    where = st.segmented_control(
        "Where", list(_WORDS), default=HERE, format_func=lambda one: _WORDS[one], key="sweep-where", required=True
    )  # fmt: skip
    if where != CLUSTER:
        return None
    address_place, cpus_place, gpus_place = st.columns([2, 1, 1], vertical_alignment="bottom")
    address = address_place.text_input(
        "Address of the cluster", "ray", key="sweep-address",
        help="ray for the cluster that this machine belongs to, or ray://HOST:10001 for the head of another.",
    ).strip()  # fmt: skip
    cpus = int(cpus_place.number_input("Processors of each", 1, 1024, 1, key="sweep-cpus"))
    gpus = float(gpus_place.number_input("GPUs of each", 0.0, 64.0, 0.0, step=1.0, format="%g", key="sweep-gpus"))
    label = measure_of(measure)[0]
    early = st.toggle(
        "Stop bad members early (ASHA)", key="sweep-asha",
        help=f"By their {label}: each member is compared with those that have come as far, first after a ninth of "
        f"its length, and about one in {REDUCTION} goes on each time.",
    )  # fmt: skip
    if not is_address(address):
        raise ConfigError(f'The address of the cluster is "{address[:100]}"; it must be ray or ray://HOST:PORT.')
    if not early:
        return OnCluster(address, cpus, gpus, measure)
    return OnCluster(address, cpus, gpus, measure, REDUCTION, max(1, steps // FIRST_SHARE))


def resources(cluster: OnCluster) -> str:
    """ "2 processors and 1 GPU"."""
    processors = f"{cluster.cpus} processor{'s' * (cluster.cpus != 1)}"
    return f"{processors} and {cluster.gpus:g} GPU{'s' * (cluster.gpus != 1)}" if cluster.gpus else processors

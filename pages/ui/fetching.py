"""Bringing a known dataset onto this machine: the button that starts it, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.server.app_state import app_state
from pages.server.jobs import Job
from pages.server.security.people import here
from pages.ui.literal import literal
from pages.ui.session import manager, stop_work, why_not

if TYPE_CHECKING:
    from gan_core.data.base import Dataset, ImageInfo


def draw_fetch(name: str, label: str, dataset: Dataset, info: ImageInfo) -> None:
    """For a set that is not here yet: its button, or the bar while it comes; what went wrong, in a sentence."""
    job = app_state().jobs.get(name)
    if job is not None and not job.done:
        _draw_job(name)
        return
    if job is not None and job.problem:
        st.warning(literal(job.problem), icon=":material/info:")
    st.button(
        f"Fetch {info.download_megabytes} MB", key=f"fetch-{name}", icon=":material/download:",
        on_click=_fetch, args=(name, label, dataset), width="stretch",
    )  # fmt: skip


def is_coming(name: str) -> bool:
    """Whether somebody fetches it now."""
    job = app_state().jobs.get(name)
    return job is not None and not job.done


def _fetch(name: str, label: str, dataset: Dataset) -> None:
    data_dir = manager().data_dir

    def work(job: Job) -> None:
        if hasattr(dataset, "fetch"):
            dataset.fetch(data_dir, job.progress)
        else:
            dataset.load(dataset.info(data_dir).native_size, data_dir, job.progress)

    app_state().jobs.start(name, label, work, here().id)


@st.fragment(run_every=0.5)
def _draw_job(name: str) -> None:
    """How far a fetch is; the whole page is drawn again when it has ended."""
    job = app_state().jobs.get(name)
    if job is None or job.done:
        st.rerun()
    st.progress(job.fraction, literal(job.words))
    refused = why_not("stop", job.owner)
    st.button(
        "Stop fetching", key=f"stop-{name}", on_click=stop_work, args=(job,), width="stretch",
        disabled=bool(refused), help=literal(refused) or None,
    )  # fmt: skip

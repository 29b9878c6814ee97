"""Jobs on the page: how far each is, a way to stop it and to go on, what came of it, and its files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config.codec import ConfigError
from pages.apply.results.curves import draw_curves, draw_settings
from pages.server.security.people import here, whose
from pages.server.security.public import public
from pages.ui.literal import literal
from pages.ui.session import job_manager, tab, why_not

if TYPE_CHECKING:
    from gan_core.apply import Task
    from gan_core.runs.jobs import JobFolder, JobView

SHOWN, LOOK_SECONDS = 12, 0.7
UNDO = "ganscope.job-undo"
OPENED = "ganscope.job"  # in the session: the job that the address names
MOST_FILES = 24  # that have a button each
MOST_DOWNLOAD_BYTES = 200_000_000
STATES = {
    "queued": "waiting", "working": "at work", "done": "done", "cancelled": "stopped", "failed": "failed",
    "interrupted": "interrupted",
}  # fmt: skip

DrawOutcome = Callable[["JobFolder", dict[str, Any]], None]
DrawWork = Callable[["JobFolder"], None]


def start_job(task: Task, inputs: dict[str, bytes] | None = None) -> str:
    """Begin it; its id, "" where it cannot begin, which the page then says."""
    try:
        job = job_manager().start(task, inputs)
    except (ConfigError, ValueError, OSError) as problem:
        tab().notice = public(problem)
        st.toast(literal(public(problem)), icon=":material/info:")  # the notice is above, perhaps out of sight
        return ""
    st.session_state[OPENED] = job
    st.toast("It is at work; its result comes under Results.", icon=":material/arrow_downward:")
    return job


def draw_jobs(
    task_names: tuple[str, ...], draw_outcome: DrawOutcome, draw_work: DrawWork | None = None
) -> None:  # fmt: skip
    """Those of these kinds, the newest first; the one that the address names, or the newest, lies open."""
    _draw_undo()
    views = job_manager().views(*task_names)[:SHOWN]
    if not views:
        return
    st.subheader("Results")
    asked = st.session_state.get(OPENED, "")
    opened = asked if asked in {view.id for view in views} else views[0].id
    for view in views:
        owner = whose(view.owner, here())
        label = " · ".join(filter(None, (literal(view.title), STATES[view.state], literal(owner))))
        with st.expander(label, expanded=view.id == opened, key=f"job-{view.id}"):
            _draw_job(view, draw_outcome, draw_work)


def _draw_job(view: JobView, draw_outcome: DrawOutcome, draw_work: DrawWork | None) -> None:
    if view.at_work:
        _draw_at_work(view.id, draw_work)
        return
    folder = job_manager().folder(view.id)
    if view.status.problem:
        st.error(literal(view.status.problem))
    outcome = folder.outcome() if view.state == "done" else None
    if outcome is not None:
        draw_outcome(folder, outcome)
        _draw_files(folder)
    elif draw_work is not None:
        draw_work(folder)
    draw_curves(folder, at_rest=True)
    draw_settings(folder)
    with st.container(horizontal=True, key=f"job-row-{view.id}"):
        if view.state in ("cancelled", "interrupted", "failed"):
            refused = why_not("resume", view.owner)
            st.button(
                "Go on", key=f"resume-{view.id}", icon=":material/play_arrow:", on_click=_resume, args=(view.id,),
                disabled=bool(refused), help=literal(refused) or None,
            )  # fmt: skip
        refused = why_not("delete", view.owner)
        st.button(
            "Delete", key=f"delete-{view.id}", icon=":material/delete:", on_click=_delete, args=(view.id,),
            disabled=bool(refused), help=literal(refused) or None,
        )  # fmt: skip


@st.fragment(run_every=LOOK_SECONDS)
def _draw_at_work(job: str, draw_work: DrawWork | None) -> None:
    """Drawn anew by itself until it has ended; then the whole page is."""
    try:
        view = job_manager().view(job)
    except ValueError:  # deleted in another tab
        st.rerun()
    if not view.at_work:
        st.rerun()
    words = view.status.words or "starting"
    if view.state == "queued":
        place = f"place {view.queue_place} in line" if view.queue_place > 0 else ""
        words = ", ".join(filter(None, ("waiting for the device", place, view.queue_words)))
    elif view.slot:
        words = f"{words} (on {view.slot})"
    with st.container(horizontal=True, vertical_alignment="center", key=f"job-at-work-{job}"):
        st.progress(view.status.fraction, literal(words))
        refused = why_not("stop", view.owner)
        st.button(
            "Stop", key=f"cancel-{job}", icon=":material/stop:", on_click=_cancel, args=(job,),
            disabled=bool(refused), help=literal(refused) or None,
        )  # fmt: skip
        folder = job_manager().folder(job)
        if view.state == "working" and (keeps := _keeps(folder)):
            st.button(
                keeps, key=f"finish-{job}", icon=":material/done_all:", on_click=_finish, args=(job,),
                disabled=bool(refused), help=literal(refused) or "It ends early, and what it has is used.",
            )  # fmt: skip
    if draw_work is not None:
        draw_work(folder)
    draw_curves(folder)
    draw_settings(folder)


def _keeps(folder: JobFolder) -> str:
    try:
        return folder.task().keeps()
    except ValueError:  # of another version
        return ""


def _draw_files(folder: JobFolder) -> None:
    files = folder.files()
    if not files:
        return
    with st.container(horizontal=True, key=f"job-files-{folder.id}"):
        for path in files if len(files) <= MOST_FILES else ():  # a job of a thousand pictures has its zip
            name = path.relative_to(folder.result).as_posix()
            st.download_button(
                literal(name), path.read_bytes, file_name=path.name, key=f"file-{folder.id}-{name}",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip
        if len(files) > 1 and sum(path.stat().st_size for path in files) <= MOST_DOWNLOAD_BYTES:
            st.download_button(
                "All as a zip", lambda: _zipped(folder), file_name=f"{folder.id}.zip", key=f"zip-{folder.id}",
                icon=":material/folder_zip:", on_click="ignore",
            )  # fmt: skip


def _zipped(folder: JobFolder) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.files():
            archive.write(path, path.relative_to(folder.result).as_posix())
    return content.getvalue()


def _cancel(job: str) -> None:
    try:
        job_manager().cancel(job)
    except ValueError as problem:
        tab().notice = public(problem)


def _finish(job: str) -> None:
    try:
        job_manager().finish(job)
    except ValueError as problem:
        tab().notice = public(problem)


def _resume(job: str) -> None:
    try:
        job_manager().resume(job)
    except (ValueError, OSError) as problem:
        tab().notice = public(problem)


def _delete(job: str) -> None:
    try:
        st.session_state[UNDO] = job_manager().delete(job)
    except (ValueError, OSError) as problem:
        tab().notice = public(problem)


def _draw_undo() -> None:
    token: str | None = st.session_state.get(UNDO)
    if token is None:
        return

    def undo() -> None:
        st.session_state.pop(UNDO, None)
        try:
            job_manager().undelete(token)
        except (ValueError, OSError) as problem:
            tab().notice = public(problem)

    with st.container(horizontal=True, vertical_alignment="center", key="job-undo"):
        st.markdown("The result is in the trash.")
        st.button("Undo", key="undo-job", icon=":material/undo:", on_click=undo)

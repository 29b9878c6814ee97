"""Which generator, and which picture it is to complete: one that its data set keeps back, or one's own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from gan_core.apply.completion.reading import FITS, Subject, read_subject
from gan_core.apply.completion.task import background_of, held_out_subject
from gan_core.config.places import data_dir
from gan_core.data.base import DataUnavailable
from gan_core.latent.targets import training_images
from gan_core.runs.catalog.entries import ModelEntry
from pages.apply.kept import kept
from pages.server.security.public import public
from pages.ui.literal import literal
from pages.ui.session import job_manager, why_not

SUBJECT, CONTENT = "ganscope.fill-subject", "ganscope.fill-content"  # in the session
SHIPPED_FIRST = "asset:fashion"
MOST_INDEX = 10_000_000
MOST_BYTES = 20_000_000  # of a picture, which the session keeps
SOURCES = {"held-out": "One that was kept back", "upload": "My own"}
FIT_WORDS = {"crop": "its middle square", "border": "all of it, with a border", "stretch": "stretched"}


@dataclass(frozen=True)
class Chosen:
    """A picture, in the generator's size: subject; words: what it is; content: the file where it is one's own."""

    subject: Subject
    words: str
    source: str
    index: int = 0
    content: bytes | None = None
    fit: str = "crop"
    invert: str = "no"


def choose_model(
    widget: str = "fill-model", shipped: str = SHIPPED_FIRST, *, labelled: bool = True
) -> ModelEntry | None:
    """Those that Explore lists and that make pictures; at first the newest run, or `shipped`, which comes along."""
    models = {entry.id: entry for entry in job_manager().catalog.models() if entry.size > 1}
    if not models:
        return None
    runs = [key for key, entry in models.items() if entry.kind == "run"]
    first = next(key for key in [*runs, shipped, *models] if key in models)
    chosen = st.selectbox(
        "Generator", list(models), key=kept(widget, first, list(models), link="model"),
        format_func=lambda key: _model_words(models[key]), label_visibility="visible" if labelled else "collapsed",
    )  # fmt: skip
    return models[chosen]


def _model_words(entry: ModelEntry) -> str:
    kind = {"asset": "comes along", "run": "run", "file": "file"}.get(entry.kind, entry.kind)
    return f"{literal(entry.label)} · {entry.size} × {entry.size} · {kind}"


def choose_picture(model: ModelEntry) -> Chosen | None:
    """None where there is none yet, which the page then says."""
    source = st.segmented_control(
        "Picture", list(SOURCES), key=kept("fill-source", "held-out", list(SOURCES), link="picture"), required=True,
        format_func=SOURCES.__getitem__,
    )  # fmt: skip
    try:
        chosen = _own(model) if source == "upload" else _held_out(model)
    except (ValueError, DataUnavailable, OSError) as problem:
        st.error(literal(public(problem)))
        return None
    if chosen is None:
        return None
    for note in chosen.subject.notes:
        st.caption(literal(note))
    return chosen


def _held_out(model: ModelEntry) -> Chosen:
    key = kept("fill-index", 0, low=0, high=MOST_INDEX, link="number")
    index = int(st.number_input("Number", 0, MOST_INDEX, key=key))

    def read() -> Subject:
        opened = job_manager().catalog.open(model.id)
        return held_out_subject(opened, training_images(opened, data_dir()), index)[0]

    return Chosen(_kept((model.id, index), read), f"Held-out picture {index:,}", "held-out", index)


def _own(model: ModelEntry) -> Chosen | None:
    file = st.file_uploader(
        "Picture", key="fill-upload", label_visibility="collapsed", max_upload_size=MOST_BYTES // 1_000_000,
        disabled=bool(why_not("bring", "")),
        help="PNG, JPEG, HEIC, AVIF, WebP, TIFF, BMP or GIF. It stays on this machine.",
    )  # fmt: skip
    if file is not None:
        if file.size > MOST_BYTES:
            raise ValueError(f"The picture is larger than {MOST_BYTES // 1_000_000} MB; make it smaller.")
        st.session_state[CONTENT] = file.getvalue()
    content: bytes | None = st.session_state.get(CONTENT)
    if content is None:
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", key="fill-own"):
        taken = kept("fill-fit", FITS[0], FITS, link="fit")
        fit = st.selectbox("Take", FITS, key=taken, format_func=FIT_WORDS.__getitem__, width=220)
        swap = st.checkbox("Swap light and dark", key=kept("fill-invert", False, link="invert"))

    def read() -> Subject:
        opened = job_manager().catalog.open(model.id)
        return read_subject(content, opened.shape, background=background_of(opened), fit=fit, invert=swap)

    key = (model.id, hashlib.sha256(content).hexdigest(), fit, swap)
    return Chosen(_kept(key, read), "Your picture", "upload", 0, content, fit, "yes" if swap else "no")


def _kept(key: tuple[object, ...], read: Callable[[], Subject]) -> Subject:
    """Read once for as long as the same is asked for; what cannot be read is tried again."""
    found: tuple[tuple[object, ...], Subject] | None = st.session_state.get(SUBJECT)
    if found is None or found[0] != key:
        found = key, read()
        st.session_state[SUBJECT] = found
    return found[1]

"""Augmentation: whether a GAN's images make a classifier better, beside simpler ways."""

from __future__ import annotations

import streamlit as st

from gan_core.apply.augmentation import Augment
from gan_core.apply.augmentation.ways import NAMES
from gan_core.config.codec import ConfigError, from_dict
from gan_core.data import datasets, list_own
from gan_core.runs.catalog.entries import ModelEntry
from pages.apply.job_list import start_job
from pages.apply.kept import kept
from pages.apply.results.augmented import draw_outcome
from pages.apply.workshop import Workshop
from pages.ui.literal import literal
from pages.ui.session import job_manager, manager, tab, why_not_start
from pages.ui.words import count

TASK = "augment"
TRAINED = "A GAN for each seed"
WAYS = {
    "real": "Real", "synthetic": "Synthetic alone", "both": "Real + synthetic", "classic": "Real + classic",
    "all": "Real + both",
}  # fmt: skip
SHAPES_A_CLASS, SHAPES_LEAST = 12, 6_000  # how many shapes are drawn for each real image a class, and at least


def draw() -> None:
    sets = image_sets()
    names = list(sets)
    with st.container(horizontal=True, vertical_alignment="bottom", key="augment-first"):
        name = st.selectbox(
            "Images", names, key=kept("augment-data", names[0], names, link="images"),
            format_func=lambda key: literal(sets[key][0]),
        )  # fmt: skip
        per_class = st.number_input(
            "Real images a class", 2, 100_000, key=kept("augment-per-class", 100, low=2, high=100_000, link="real"),
            help="Drawn anew for each seed.",
        )  # fmt: skip
        runs = ["", *(model.id for model in models_of(name))]
        run = st.selectbox(
            "Synthetic images from", runs, key=kept(f"augment-run-{name}", "", runs, link="run"),
            format_func=lambda key: _labels(name).get(key, TRAINED),
            help="A run of yours is taken only where it has not seen the held-out images.",
        )  # fmt: skip
        seeds = st.number_input(
            "Seeds", 1, 20, key=kept("augment-seeds", 3, low=1, high=20, link="seeds"),
            help="One has no interval; take three or more.",
        )  # fmt: skip
    ways = st.pills(
        "Ways", list(NAMES), selection_mode="multi", key=kept("augment-ways", list(NAMES), NAMES, link="ways"),
        format_func=lambda key: WAYS[key], help="Real images alone are always one.",
    )  # fmt: skip
    settings = _draw_more()
    asked = {
        "data": _dataset(name, int(per_class)), "per_class": int(per_class), "run": run, "seeds": int(seeds),
        "ways": ",".join(ways) or "real", **settings,
    }  # fmt: skip
    st.caption(literal(f"{sets[name][1]}. A GAN of full length takes minutes, a classifier some ten seconds."))
    if st.button(
        "Measure it", key="augment-start", type="primary", icon=":material/balance:", disabled=bool(why_not_start())
    ):
        _start(asked)  # here, not in a callback, which would get what the form held before the last change
        st.rerun()


def _draw_more() -> dict[str, object]:
    found: dict[str, object] = {}
    with st.expander("More", key="augment-more"):
        left, middle, right = st.columns(3)
        with left:
            found |= _draw_synthetic()
        with middle:
            found |= _draw_gan()
        with right:
            found |= _draw_classifier()
    return found


def _draw_synthetic() -> dict[str, object]:
    """How many synthetic images there are, and which of them are taken."""
    return {
        "ratio": st.text_input(
            "Synthetic for each real one", max_chars=40, key=kept("augment-ratio", "1", link="ratio"),
            help="Several as in 1,2.",
        ),
        "spread": st.slider(
            "Spread of the latents", 0.5, 3.0, key=kept("augment-spread", 1.0, low=0.5, high=3.0, link="spread"),
            help="Above 1 synthetic images are more varied, and some are worse: take a filter with it.",
        ),
        "least_confidence": st.slider(
            "Least confidence", 0.0, 0.99, key=kept("augment-confidence", 0.0, low=0, high=0.99, link="confidence"),
            help="Also try only synthetic images that a classifier of real ones takes for their class; 0 is off.",
        ),
        "keep_nearest": st.slider(
            "Share kept by nearness", 0.1, 1.0, key=kept("augment-nearest", 1.0, low=0.1, high=1, link="nearest"),
            help="Also try only those nearest to a real image of their class; 1 is off.",
        ),
    }  # fmt: skip


def _draw_gan() -> dict[str, object]:
    """How each GAN is trained, where none is named."""
    images = kept("augment-gan-images", Augment.gan_images, low=640, high=100_000_000, link="gan-images")
    seconds = kept("augment-seconds", 0, low=0, high=86_400, link="seconds")
    ways = ["auto", "none", "diffaugment", "ada"]
    way = kept("augment-gan-augmentation", "auto", ways, link="gan-augmentation")
    return {
        "gan_images": st.number_input(
            "Images for a GAN", 640, 100_000_000, step=10_000, key=images,
            help="How many real ones it is shown, repeats counted.",
        ),
        "seconds": float(st.number_input(
            "At most, seconds for a GAN", 0, 86_400, key=seconds, help="0: no limit."
        )),
        "gan_augmentation": st.selectbox(
            "The GAN's augmentation", ways, key=way,
            help="auto: DiffAugment for few images, ADA for some thousands, none for many.",
        ),
    }  # fmt: skip


def _draw_classifier() -> dict[str, object]:
    """How long the classifier trains, and on what it is tried."""
    steps = kept("augment-steps", Augment.classifier_steps, low=10, high=100_000, link="steps")
    flips, places = ["auto", "yes", "no"], ["auto", "set", "drawn"]
    return {
        "classifier_steps": st.number_input("Classifier's steps", 10, 100_000, step=100, key=steps),
        "flips": st.selectbox(
            "Mirror images", flips, key=kept("augment-flips", "auto", flips, link="flips"),
            help="auto: not letters and digits.",
        ),
        "held_out": st.selectbox(
            "Held-out images", places, key=kept("augment-held-out", "auto", places, link="held-out"),
            help="set: those that the set holds out; drawn: a fifth of each class.",
        ),
    }  # fmt: skip


def image_sets() -> dict[str, tuple[str, str]]:
    """Every set of pictures with at least two classes that is here: its key -> its label, and words on it."""
    data_dir, found = manager().data_dir, {}
    for entry in datasets:
        if entry.name != "images":
            info = entry.cls().info(data_dir)
            if info.native_size > 1 and len(info.classes) > 1 and not (info.problem or info.needs_download):
                found[entry.name] = entry.label, _words(entry.label, info.count, len(info.classes))
    for own in list_own(data_dir):
        if len(own.classes) > 1 and not own.problem:
            found[f"images/{own.slug}"] = own.title, _words(own.title, own.count, len(own.classes))
    return found


def _words(label: str, images: int, classes: int) -> str:
    return f"{label}: {count(images)} images of {classes} classes"


def models_of(name: str) -> list[ModelEntry]:
    """The generators that may be asked for classes of this set."""
    known = job_manager().catalog.models()
    of_set = [model for model in known if model.data == name.partition("/")[0]]
    return [model for model in of_set if model.kind != "file" and model.classes]


def _labels(name: str) -> dict[str, str]:
    return {model.id: literal(model.label) for model in models_of(name)}


def _dataset(name: str, per_class: int) -> dict[str, object]:
    name, _, slug = name.partition("/")
    if name == "shapes":  # drawn for this: no more than are of use
        return {"name": name, "count": min(500_000, max(SHAPES_LEAST, SHAPES_A_CLASS * per_class))}
    return {"name": name, "slug": slug} if slug else {"name": name}


def _start(asked: dict[str, object]) -> None:
    try:
        task = from_dict(Augment, asked)
    except ConfigError as problem:
        tab().notice = str(problem)
        return
    start_job(task)


WORKSHOP = Workshop(
    "augmentation", "Augmentation", "balance", 10,
    "Do a GAN's images make a classifier better? Measured on images that neither has seen, beside simple ways.", draw,
    (TASK,), draw_outcome,
)  # fmt: skip

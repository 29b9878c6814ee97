"""Complete a picture: paint what of it is missing, and see it filled in several ways, beside simple ones."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core.apply.completion.filling import MOST_COUNT
from gan_core.apply.completion.masks import MADE, SIDES, Mask, check_mask, made_mask
from gan_core.apply.completion.results import png
from gan_core.apply.completion.task import MASK, PICTURE, FillPicture
from gan_core.config.codec import from_dict
from gan_core.config.fields import specs
from gan_core.runs.catalog.entries import ModelEntry
from pages.apply.job_list import start_job
from pages.apply.kept import kept
from pages.apply.results.completed import draw_outcome
from pages.apply.subjects import Chosen, choose_model, choose_picture
from pages.apply.web.painting import mask_of, mask_text, painting
from pages.apply.workshop import Workshop
from pages.server.security.public import public
from pages.ui.literal import literal
from pages.ui.session import tab, why_not_start

TASK = "fill-picture"
SEARCH = ("iterations", "restarts", "pool", "space", "realism", "prior", "seed")  # fields of FillPicture
HELD = "ganscope.fill-mask"  # in the session: {"size", "text", "turn"}
WAYS = {"half": "Half", "box": "Box", "pixels": "Random pixels", "lines": "Lines"}
MISSING = {"pixels": "Some pixels", "detail": "Detail (low resolution)"}
FACTORS_OF = {28: (2, 4, 7), 32: (2, 4, 8), 64: (2, 4, 8)}
assert set(WAYS) == set(MADE)


def draw() -> None:
    model = choose_model()
    if model is None:
        st.info("There is no generator of pictures yet; train one in the Lab.")
        return
    left, right = st.columns([5, 6], gap="large")
    with right:
        chosen = choose_picture(model)
        detail = st.segmented_control(
            "What is missing", list(MISSING), key=kept("fill-kind", "pixels", list(MISSING), link="missing"),
            required=True, format_func=MISSING.__getitem__,
        ) == "detail"  # fmt: skip
        factor = _choose_factor(model.size) if detail else 4
        if not detail and chosen is not None:
            _draw_ways(model.size, chosen)
        settings = _draw_settings(model, chosen)
    with left:
        if chosen is not None:
            _draw_picture(chosen, factor if detail else 0)
            st.button(
                "Fill it", key="fill", type="primary", icon=":material/brush:",
                disabled=chosen is None or bool(why_not_start()),
                on_click=_start, args=(model, chosen, factor if detail else 0, settings),
            )  # fmt: skip


def _choose_factor(size: int) -> int:
    factors = FACTORS_OF.get(size, (2, 4))
    return int(st.select_slider(
        "Pixels in one", factors, key=kept(f"fill-factor-{size}", factors[1], factors, link="factor"),
        format_func=lambda factor: f"{factor} × {factor}: {size // factor} × {size // factor} are known",
    ))  # fmt: skip


def _draw_ways(size: int, chosen: Chosen) -> None:
    """Masks to begin with; each is a change that the painting's Undo takes back."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="fill-ways"):
        side = st.selectbox("Half", SIDES, key=kept("fill-side", SIDES[1], SIDES), width=110)
        share = st.slider("Share, %", 5, 95, step=5, key=kept("fill-share", 30, low=5, high=95), width=170)
        for kind, words in WAYS.items():
            seed = int(_held(size)["turn"])  # other random pixels at every press
            mask = made_mask(kind, size, side=side, share=share / 100, seed=seed)
            st.button(words, key=f"fill-way-{kind}", on_click=_take, args=(mask,))
        if chosen.subject.transparent.any():
            st.button("Transparent parts", key="fill-way-own", on_click=_take, args=(chosen.subject.transparent,))


def _take(mask: Mask) -> None:
    held = _held(len(mask))
    st.session_state[HELD] = {"size": len(mask), "text": mask_text(mask), "turn": int(held["turn"]) + 1}


def _held(size: int) -> dict[str, int | str]:
    """What is painted; for pictures of another size a box to begin with."""
    held: dict[str, int | str] | None = st.session_state.get(HELD)
    if held is None or held["size"] != size:
        turn = 0 if held is None else int(held["turn"]) + 1
        held = {"size": size, "text": mask_text(made_mask("box", size, share=0.16)), "turn": turn}
        st.session_state[HELD] = held
    return held


def _draw_settings(model: ModelEntry, chosen: Chosen | None) -> dict[str, object]:
    key = kept("fill-count", FillPicture.count, low=1, high=MOST_COUNT, link="count")
    settings: dict[str, object] = {"count": st.slider("Completions", 1, MOST_COUNT, key=key)}
    with st.expander("More", key="fill-more"):
        if chosen is not None and chosen.source == "upload":
            settings["truth"] = st.checkbox(
                "The hidden part of my picture is right: score against it", key=kept("fill-truth", True, link="truth")
            )
        if model.classes:
            labels = range(-1, len(model.classes))
            settings["label"] = st.selectbox(
                "Class", labels, key=kept(f"fill-class-{model.id}", -1, labels, link="class"),
                format_func=lambda label: "any" if label < 0 else literal(model.classes[label]),
            )  # fmt: skip
        settings["blend"] = st.checkbox(
            "Blend, so that there is no seam", key=kept("fill-blend", FillPicture.blend, link="blend")
        )
        settings |= _draw_search()
    return settings


def _draw_search() -> dict[str, object]:
    """How the latent space is searched: fields of the task, in its own words and bounds."""
    found: dict[str, object] = {}
    for name in SEARCH:
        spec, usual = specs(FillPicture)[name], getattr(FillPicture, name)
        if spec.choices:
            key = kept(f"fill-{name}", usual, spec.choices, link=name)
            found[name] = st.selectbox(spec.label, spec.choices, key=key, help=spec.help)
        else:
            low, high = (type(usual)(bound) for bound in (spec.low, spec.high))
            key = kept(f"fill-{name}", usual, low=low, high=high, link=name)
            step = 0.05 if isinstance(usual, float) else 1
            found[name] = st.number_input(spec.label, low, high, step=step, key=key, help=spec.help)
    return found


def _draw_picture(chosen: Chosen, factor: int) -> None:
    """The picture to paint on, or as it is known where only its detail is missing."""
    picture, size = chosen.subject.picture, len(chosen.subject.picture)
    if factor:
        small = picture.reshape(size // factor, factor, size // factor, factor, -1).mean((1, 3)).round()
        st.image(small.astype(np.uint8).repeat(-(-384 // len(small)), 0).repeat(-(-384 // len(small)), 1).squeeze(),
                 caption=f"{chosen.words}, as it is known", width=384)  # fmt: skip
        return
    held = _held(size)

    def painted(text: str) -> None:
        if mask_of(text, size) is not None:
            st.session_state[HELD] = {**_held(size), "text": text}

    painting(
        "fill-painting", picture=np.ascontiguousarray(np.broadcast_to(picture, (size, size, 3))), words=chosen.words,
        mask=str(held["text"]), turn=int(held["turn"]), on_painted=painted,
    )  # fmt: skip


def _start(model: ModelEntry, chosen: Chosen, factor: int, settings: dict[str, object]) -> None:
    asked = {
        "model": model.id, "source": chosen.source, "index": chosen.index, "fit": chosen.fit, "invert": chosen.invert,
        "hiding": "low-resolution" if factor else "mask", **({"factor": factor} if factor else {}), **settings,
    }  # fmt: skip
    inputs = {} if chosen.content is None else {PICTURE: chosen.content}
    try:
        if not factor:
            mask = mask_of(str(_held(model.size)["text"]), model.size)
            assert mask is not None  # nothing else is kept
            check_mask(mask)
            inputs[MASK] = png(np.where(mask, 255, 0).astype(np.uint8)[..., None])
        start_job(from_dict(FillPicture, asked), inputs)
    except ValueError as problem:
        tab().notice = public(problem)


WORKSHOP = Workshop(
    "pictures", "Complete a picture", "brush", 30,
    "Hide a part of a picture and let a trained generator fill it, in several ways: it looks for pictures of its own "
    "that agree with what is left. Beside them stands what needs no generator.", draw, (TASK,), draw_outcome,
)  # fmt: skip

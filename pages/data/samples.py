"""A strip of a dataset's first images, and other pictures of a set as the server hands them out."""

from __future__ import annotations

import hashlib
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from gan_core.data import DataUnavailable
from pages.server.app_state import app_state
from pages.server.atlas import atlas_png
from pages.server.preview import portrait_key, preview_key
from pages.server.security.public import public
from pages.ui.addresses import address
from pages.ui.session import manager

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gan_core.data.base import Dataset, ImageInfo
    from gan_core.data.sets.points import PointDataset

ACROSS, DOWN = 8, 3


def draw_samples(dataset: Dataset, info: ImageInfo) -> None:
    """Sample pictures, or in their room what stands in the way."""
    words, picture = "", ""
    try:
        size = 28 if info.native_size == 28 else 32 if info.native_size < 64 else 64
        key = preview_key(app_state().previews, dataset, size, manager().data_dir, ACROSS, DOWN)
        source = address(f"preview/{key}.png", token=app_state().token)
        picture = f'<img src="{source}" alt="Sample images of this set" loading="lazy">'
    except DataUnavailable as problem:
        words = "Not on this machine yet" if info.needs_download else public(problem)
    st.html(f'<div class="gs-samples">{picture}<span>{escape(words)}</span></div>')


def draw_portrait(dataset: PointDataset) -> None:
    """Points as they lie in the plane."""
    key = portrait_key(app_state().previews, dataset)
    source = address(f"preview/{key}.png", token=app_state().token)
    picture = f'<img src="{source}" alt="Points of this set" loading="lazy">'
    st.html(f'<div class="gs-samples" data-points>{picture}</div>')


def atlas_address(images: NDArray[np.uint8], across: int) -> str:
    """The address of uint8 images [n, 3, s, s], at least one, in one picture, `across` in a row."""
    key = hashlib.sha256(str((across, images.shape)).encode() + images.tobytes()).hexdigest()[:24]
    if key not in app_state().previews:
        app_state().previews.put(key, atlas_png(images, across, -(-len(images) // across)))
    return address(f"preview/{key}.png", token=app_state().token)

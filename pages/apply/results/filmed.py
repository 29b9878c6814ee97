"""What came of a clip or a film: the film itself, what is to be said of it, and every tenth frame."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.ui.literal import literal

if TYPE_CHECKING:
    from gan_core.runs.jobs import JobFolder

MOST_PLAYED = 60_000_000  # bytes; what is more is there to be kept
SHOWN, SHOWN_AT_WORK = 90, 6  # previews: of 900 frames all
_MOST_PREVIEW = 500_000  # bytes of one
_STRIP = "display:flex;flex-wrap:wrap;gap:0.5rem;margin:0"
_IMAGE = "display:block;height:5rem;image-rendering:pixelated;border-radius:0.375rem"


def draw_outcome(folder: JobFolder, outcome: dict[str, Any]) -> None:
    _draw_film(folder, str(outcome["file"]))
    frames, rate = int(outcome["frames"]), float(outcome["rate"])
    size = f", {outcome['width']} × {outcome['height']} pixels" if "width" in outcome else ""
    sound = ", with its sound" if outcome.get("sound") else ""
    st.markdown(
        f"{frames} frames{size}, {rate:.4g} a second{sound}; made in {outcome['seconds']:.0f} s with "
        f"{literal(str(outcome['label']))}."
    )
    for words in outcome.get("words", []):
        st.markdown(literal(words))
    for one in outcome.get("pictures", []):
        st.caption(literal(f"{one['name']}: {' '.join(one['words'])}"))
    if "flicker" in outcome:
        flicker = outcome["flicker"]
        st.caption(
            f"From frame to frame {flicker['edited']:.2f} grey levels change in the box; in the clip it was "
            f"{flicker['source']:.2f}."
        )
    if found := strip(folder, SHOWN):
        with st.expander("Every tenth frame", key=f"previews-{folder.id}"):
            st.html(found)


def draw_work(folder: JobFolder) -> None:
    """The newest frames while it works, and what there is of one that was stopped."""
    if found := strip(folder, SHOWN_AT_WORK):
        st.caption("Every tenth frame: the clip's, the generator's, and the edited one where it is done.")
        st.html(found)


def _draw_film(folder: JobFolder, name: str) -> None:
    path = folder.result / name
    if not path.is_file():
        st.error("The film's file is gone.")
    elif path.stat().st_size > MOST_PLAYED:
        st.info("The film is too large to be played here; download it below.")
    elif path.suffix == ".gif":
        content = base64.b64encode(path.read_bytes()).decode()
        st.html(f'<img style="max-width:100%;max-height:70vh" src="data:image/gif;base64,{content}" alt="The film">')
    else:
        st.video(path.read_bytes(), loop=True)


def strip(folder: JobFolder, most: int) -> str:
    """The newest previews, in order; "" where there are none."""
    found = []
    for path in sorted((folder.root / "parts").glob("preview-*.png"))[-most:]:
        try:
            if path.stat().st_size > _MOST_PREVIEW:
                continue
            content = base64.b64encode(path.read_bytes()).decode()
        except OSError:  # a result that is deleted meanwhile
            continue
        words = escape(f"Frame {int(path.stem.rpartition('-')[2]) + 1}")
        found.append(
            f'<figure style="margin:0"><img style="{_IMAGE}" src="data:image/png;base64,{content}" alt="{words}">'
            f'<figcaption style="font-size:0.8125rem">{words}</figcaption></figure>'
        )
    return f'<div style="{_STRIP}">{"".join(found)}</div>' if found else ""

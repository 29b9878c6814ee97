"""A picture that was completed: the completions beside the truth and what needs no generator, and their scores."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.ui.literal import literal

if TYPE_CHECKING:
    from gan_core.runs.jobs import JobFolder

_STRIP = "display:flex;flex-wrap:wrap;gap:0.75rem;margin:0"
_FIGURE = "margin:0;width:8rem"
_IMAGE = "display:block;width:8rem;height:8rem;image-rendering:pixelated;border-radius:0.375rem"
_MOST_BYTES = 200_000  # of one picture


def draw_outcome(folder: JobFolder, outcome: dict[str, Any]) -> None:
    st.markdown(literal(outcome["verdict"]))
    known = [("What is known", outcome["known"], "")]
    if outcome["truth"]:
        known.append(("The truth", outcome["truth"], ""))
    completions = [(f"Completion {i}", one["file"], _figures(one)) for i, one in enumerate(outcome["completions"], 1)]
    simple = [(_upper(one["words"]), one["file"], _figures(one)) for one in outcome["simple"].values()]
    st.html(strip(folder, known) + "<br>" + strip(folder, completions) + "<br>" + strip(folder, simple))
    st.table([_row(words, one) for words, one in _scored(outcome)])
    st.caption(
        "PSNR and L1 are of the hole alone, SSIM of the whole picture. The first completion fits what is known best; "
        "the others were chosen because they fit it nearly as well and differ, none of them by looking at the truth."
    )
    for note in outcome["notes"]:
        st.caption(literal(note))


def _scored(outcome: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    completions = [(f"Completion {i}", one) for i, one in enumerate(outcome["completions"], 1)]
    return completions + [(_upper(one["words"]), one) for one in outcome["simple"].values()]


def _row(words: str, one: dict[str, Any]) -> dict[str, str]:
    shown = {"Picture": literal(words), "Off on the known part": f"{one['error']:.1f}" if "error" in one else "–"}
    if "psnr" in one:
        shown |= {"PSNR, dB": f"{one['psnr']:.1f}", "L1, levels": f"{one['l1']:.1f}", "SSIM": f"{one['ssim']:.3f}"}
    return shown


def _figures(one: dict[str, Any]) -> str:
    parts = [str(one["class"])] if one.get("class") else []
    parts += [f"off by {one['error']:.1f} on the known part"] if "error" in one else []
    parts += [f"PSNR {one['psnr']:.1f} dB"] if "psnr" in one else []
    return ", ".join(parts)


def strip(folder: JobFolder, pictures: list[tuple[str, str, str]]) -> str:
    """Pictures in a row, each with what it is: (words, file, figures)."""
    return f'<div style="{_STRIP}">' + "".join(_figure(folder, *each) for each in pictures) + "</div>"


def _figure(folder: JobFolder, words: str, file: str, figures: str) -> str:
    try:
        with (folder.result / file).open("rb") as opened:
            content = base64.b64encode(opened.read(_MOST_BYTES)).decode()
    except OSError:
        return f'<figure style="{_FIGURE}">{escape(words)}: its file is gone.</figure>'
    said = escape(f"{words}: {figures}" if figures else words)
    return (
        f'<figure style="{_FIGURE}"><img style="{_IMAGE}" src="data:image/png;base64,{content}" alt="{said}">'
        f'<figcaption style="font-size:0.8125rem"><b>{escape(words)}</b><br>{escape(figures)}</figcaption></figure>'
    )


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]

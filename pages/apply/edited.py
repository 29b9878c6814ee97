"""What was made with each generator: kept in the session, in the address while it fits; and jobs that did it too."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan_core.apply.editing.edits import MOST_BYTES, Stack, Start, stack_from_json, stack_to_json
from gan_core.apply.editing.starting import PICTURE
from pages.apply.kept import link, opened_with
from pages.apply.results.completed import strip
from pages.ui.literal import literal

if TYPE_CHECKING:
    from gan_core.runs.jobs import JobFolder

HELD = "ganscope.edit-held"  # in the session: by model {"text", "turn"}
LINK = "edit"  # in the address
MOST_MODELS = 12
MOST_LINK = 3_000  # characters of an address
SHOWN = 24  # pictures of a job
_MOST_TEXT = 2 * MOST_BYTES
_MASK = re.compile(r"[A-Za-z0-9+/=]{0,12000}")
_POINT = re.compile(r"(seed|z|w|ws):[A-Za-z0-9+/=]{1,20000}")
_PIXELS = re.compile(r"(pixels:[A-Za-z0-9+/=]{0,300000})?")


def held(model: str) -> dict[str, Any]:
    """text: what was made with the model, JSON {"stack", "brought", "mask"} or ""; turn: of what the page gave."""
    found: dict[str, Any] = st.session_state.setdefault(HELD, {}).get(model, {"text": "", "turn": 0})
    return found


def hold(model: str, text: str, *, given: bool = False) -> None:
    """Keep what came from a browser; what is nothing of the kind is left. given: by the page, not by the view."""
    if read_made(text) is None:
        return
    everything: dict[str, Any] = st.session_state.setdefault(HELD, {})
    turn = held(model)["turn"] + given
    everything.pop(model, None)
    everything[model] = {"text": text, "turn": turn}
    while len(everything) > MOST_MODELS:
        everything.pop(next(iter(everything)))


def read_made(text: str) -> tuple[Stack, str] | None:
    """The stack and its JSON; None where the text is not what the view keeps."""
    if not 0 < len(text) <= _MOST_TEXT:
        return None
    try:
        data = json.loads(text)
        stack = json.dumps(data["stack"])
        found = stack_from_json(stack)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    mask, brought = data.get("mask", ""), data.get("brought", "")
    fits = isinstance(mask, str) and _MASK.fullmatch(mask) and isinstance(brought, str) and _PIXELS.fullmatch(brought)
    return (found, stack) if fits else None


def pixels_of(text: str, size: int) -> NDArray[np.uint8] | None:
    """The picture that was brought, uint8 [size, size, 1 or 3]; None where there is none of this size."""
    if read_made(text) is None:
        return None
    try:
        raw = base64.b64decode(json.loads(text).get("brought", "").removeprefix("pixels:"), validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) not in (size * size, 3 * size * size):
        return None
    return np.frombuffer(raw, np.uint8).reshape(size, size, -1)


def link_of(text: str) -> str:
    """For the address; "" where nothing was made, or it is too long, or a picture belongs to it."""
    made = read_made(text)
    if made is None or made[0].start.source == PICTURE:
        return ""
    packed = base64.urlsafe_b64encode(zlib.compress(json.dumps({"stack": json.loads(made[1])}).encode(), 9)).decode()
    return packed if len(packed) <= MOST_LINK else ""


def of_link(packed: str) -> str:
    """What a link holds, "" where it holds nothing that is known."""
    try:
        raw = base64.urlsafe_b64decode(packed.encode()) if len(packed) <= MOST_LINK else b""
        text = zlib.decompressobj().decompress(raw, _MOST_TEXT).decode()
    except (binascii.Error, zlib.error, ValueError):
        return ""
    return "" if read_made(text) is None else text


def open_link(model: str) -> None:
    """Take what an address that has just been opened says: the steps, or the point where they begin."""
    if text := of_link(opened_with(LINK)):
        hold(model, text, given=text != held(model)["text"])
    if source := opened_with("start"):
        hold(model, _begun(held(model)["text"], source, opened_with("class")), given=True)


def keep_link(model: str) -> None:
    """Let the address say what was made."""
    link(LINK, link_of(held(model)["text"]))


def _begun(text: str, source: str, label: str) -> str:
    """The same steps from another point, `Start.source`; "" where that is none."""
    if not _POINT.fullmatch(source):
        return ""
    made = read_made(text)
    try:
        start = Start(source=source, label=int(label) if label else -1)
    except ValueError:  # ConfigError is one
        return ""
    stack = replace(made[0] if made else Stack(), start=start)
    return json.dumps({"stack": json.loads(stack_to_json(stack)), "brought": "", "mask": ""})


def input_names(names: Sequence[str]) -> list[str]:
    """Plain names for a job's files, each with a stem of its own."""
    found, seen = [], set[str]()
    for i, name in enumerate(names):
        stem, _, ending = name.rpartition(".")
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem or ending).strip("-_")[:60] or "picture"
        if plain.lower() in seen or plain == "mask":
            plain = f"{plain[:50]}-{i + 1:04}"
        seen.add(plain.lower())
        found.append(f"{plain}.{re.sub('[^A-Za-z0-9]', '', ending)[:5]}" if stem and ending else plain)
    return found


def draw_outcome(folder: JobFolder, outcome: dict[str, Any]) -> None:
    pictures: Sequence[Mapping[str, Any]] = outcome["pictures"]
    done = [one for one in pictures if not one["problem"]]
    st.markdown(f"{len(done)} of {len(pictures)} pictures were edited with {literal(str(outcome['label']))}.")
    shown = []
    for one in done[:SHOWN]:
        off = "" if one["error"] is None else f"the generator's is off by {one['error']:.1f} of 255"
        shown += [(f"{one['name'] or 'Picture'}, before", one["before"], off)]
        shown += [("after", one["file"], " ".join(one["words"][-1:]))]
    st.html(strip(folder, shown))
    if len(done) > SHOWN:
        st.caption(f"The first {SHOWN} are shown; the zip has all.")
    for one in [one for one in pictures if one["problem"]][:SHOWN]:
        st.caption(literal(f"{one['name']}: {one['problem']}"))

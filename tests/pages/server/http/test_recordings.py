"""The recorded trainings that the Lab opens on: what is in the files, and how they are given out."""

from __future__ import annotations

import gzip
import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gan_core.config.codec import to_dict
from gan_core.training import PRESETS, preset
from gan_core.training.configuration.presets import DEFAULT
from pages.lab.recorded import recording_of
from pages.server.http.recordings import FOLDER, recording_path
from pages.server.live.wire import unpack
from pages.ui.session import Tab, from_url
from tests.pages.server.serving import Client

NAMES = sorted(path.stem for path in FOLDER.glob("*.gz"))
MOST_BYTES = 400_000

Frame = tuple[dict[str, Any], list[bytes]]


def frames(name: str) -> list[Frame]:
    data, at, found = gzip.decompress((FOLDER / f"{name}.gz").read_bytes()), 0, []
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        found.append(unpack(data[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def scenes(told: list[Frame]) -> list[dict[str, np.ndarray]]:
    """What the page makes of the scenes: sums of words, from low and high bytes, times the scales."""
    words, found = np.zeros(0, np.int64), []
    for header, blobs in told:
        if header["type"] != "grid":
            continue
        (length,) = struct.unpack_from("<I", blobs[0])
        listed = json.loads(blobs[0][4 : 4 + length])
        half = (len(blobs[0]) - 4 - length) // 2
        low, high = (np.frombuffer(blobs[0], np.uint8, half, 4 + length + part * half) for part in (0, 1))
        words = (low + 256 * high.astype(np.int64) + (words if len(words) else 0)) % 65536
        signed = words.astype(np.uint16).view(np.int16)
        found.append({
            one["name"]: signed[one["offset"] // 2 :][: one["bytes"] // 2].reshape(one["shape"])
            * listed["scales"][one["name"]]
            for one in listed["arrays"]
        })  # fmt: skip
    return found


def test_the_first_page_and_points_are_recorded() -> None:
    assert {DEFAULT, "ring", "grid"} <= set(NAMES) <= set(PRESETS)


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_is_small_and_tells_a_training_from_its_first_step(name: str) -> None:
    assert (FOLDER / f"{name}.gz").stat().st_size <= MOST_BYTES
    (hello, _), *told = frames(name)
    assert hello["type"] == "hello"
    assert hello["config"] == to_dict(preset(name).config), "make it again: the preset has changed"
    times = [header["at"] for header, _ in told]
    assert times == sorted(times)
    assert times[-1] == hello["view"]["played_seconds"] == 12
    steps = [header["grid"]["step"] for header, _ in told if header["type"] == "grid"]
    assert steps[:4] == [0, 1, 2, 3]
    assert steps == sorted(set(steps))
    assert len(steps) > 40
    captions = [header["grid"]["caption"] for header, _ in told if header["type"] == "grid"]
    assert captions[0].startswith("Both are guessing")
    assert all(captions)
    assert len(set(captions)) > 5
    rows = b"".join(blobs[0] for header, blobs in told if header["type"] == "records")
    table = np.frombuffer(rows, "<f4").reshape(-1, len(hello["columns"]))
    column = dict(zip(hello["columns"], table.T, strict=True))
    assert (np.diff(column["step"]) > 0).all()
    assert column["step"][-1] == steps[-1]
    assert np.isfinite(column["d_real"]).all()
    assert column["elapsed_seconds"][-1] <= 61


@pytest.mark.parametrize("name", [name for name in NAMES if name in ("ring", "ring-fixed")])
def test_points_find_all_eight_places(name: str) -> None:
    told = frames(name)
    centres = np.array(next(h["stage"]["modes"]["centres"] for h, _ in told if h["type"] == "stage"))
    first, *_, last = scenes(told)
    near = [np.linalg.norm(centres[:, None] - scene["fakes"][None], axis=2).min(1) for scene in (first, last)]
    assert (near[0] > 0.1).any()
    assert (near[1] < 0.1).all()
    assert last["heat"].min() >= 0
    assert last["heat"].max() <= 1
    assert last["g0.weight"].shape == (64, 2)


@pytest.mark.parametrize("name", NAMES)
def test_a_strip_has_ten_different_looks(name: str) -> None:
    with Image.open(FOLDER / f"{name}.webp") as strip:
        looks = np.asarray(strip.convert("L"), np.float64).reshape(10, strip.width, strip.width)
    assert strip.height == 10 * strip.width
    assert np.abs(looks[-1] - looks[0]).mean() > 5


def test_pictures_can_be_read() -> None:
    for name in NAMES:
        pictures = [b[0] for h, b in frames(name) if h["type"] == "grid" and h["grid"]["size"] > 1]
        for png in pictures[::30]:
            with Image.open(io.BytesIO(png)) as atlas:
                assert atlas.format == "WEBP"


def test_it_is_given_out_for_ever_packed_and_nothing_else_is(client: Client) -> None:
    answer = client.get(f"/{recording_path('ring')}")
    assert answer.content == (FOLDER / "ring.gz").read_bytes()  # no token, and no engine needed
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    digest = recording_path("ring").split("/")[1]
    for path in (f"0000/{'ring.gz'}", f"{digest}/grid.gz", f"{digest}/..%2f..%2fapp.py", f"{digest}/ring"):
        assert client.get(f"/recording/{path}").status_code == 404


def test_only_a_preset_as_it_is_has_one() -> None:
    def found(**query: str) -> str:
        tab: Tab = from_url({"preset": "ring"} | query)
        return recording_of(tab)

    assert found() == recording_path("ring")
    assert found(seed="7") == found()
    assert found(batch_size="128") == ""
    assert found(data="moons") == ""

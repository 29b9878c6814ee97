"""Densities that people make: the texts they are kept in, what hostile texts do, and what is drawn from them."""

from __future__ import annotations

import base64
import math
import re
import string
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from gan_core.config.codec import differences, from_dict, set_at, to_dict
from gan_core.data import DataUnavailable, Drawn, FromPicture, darkness_text, describe, portrait
from gan_core.data.sets.ink import (
    MOST_PICTURE_SIGNS,
    MOST_STROKE_SIGNS,
    decode_levels,
    decode_strokes,
    encode_levels,
    encode_strokes,
)
from gan_core.data.uploads.limits import Limits
from tests.data.made_files import noise_picture, picture
from tests.data.uploads.hostile_files import png_header

PLACE = st.tuples(st.integers(0, 63), st.integers(0, 63))
STROKES = st.lists(st.lists(PLACE, min_size=1, max_size=40), min_size=1, max_size=12)
LEVELS = st.binary(min_size=48 * 48, max_size=48 * 48).map(
    lambda raw: (np.frombuffer(raw, np.uint8) % 16).reshape(48, 48)
)
BASE64URL = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
QUIET = settings(max_examples=200, deadline=None)


def packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# The texts


@QUIET
@given(STROKES)
def test_strokes_come_back_without_places_that_repeat(strokes: list[list[tuple[int, int]]]) -> None:
    text = encode_strokes(strokes)
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", text)  # nothing that a URL would have to quote
    found = [list(map(tuple, stroke.tolist())) for stroke in decode_strokes(text)]
    assert found == [
        [stroke[0], *(new for old, new in pairwise(stroke) if new != old)] for stroke in strokes
    ]  # fmt: skip
    assert encode_strokes(found) == text


def test_strokes_are_written_as_is_documented() -> None:
    assert encode_strokes([[(0, 63), (26, 52)], [], [(62, 1)]]) == "A_a0.-B"


@QUIET
@given(st.one_of(st.text(max_size=60), st.text("AZaz09-_.", max_size=40)))
@example("A")
@example("AB.")
@example(".AB")
@example("AB..AB")
@example("AB\n")
@example("ÅB")
@example("\ud800A")
def test_any_text_is_a_drawing_or_a_reason(text: str) -> None:
    if problems := Drawn(strokes=text).problems():
        assert re.fullmatch(r"data\.strokes is no drawing: .+; .+\.", *problems)
        assert problems[0].isprintable()
        with pytest.raises(ValueError, match="^(it|one of its|the sign)"):
            decode_strokes(text)
        return
    strokes = decode_strokes(text)
    assert encode_strokes([stroke.tolist() for stroke in strokes]).count(".") == text.count(".")
    assert np.isfinite(Drawn(strokes=text).log_pdf(np.zeros((1, 2)))).all()
    assert Drawn(strokes=text).sample(3, seeded(0)).isfinite().all()


def test_what_does_not_fit_is_refused_when_written_and_when_read() -> None:
    zigzag = [(k % 64, k % 2) for k in range(MOST_STROKE_SIGNS // 2)]
    assert len(encode_strokes([zigzag])) == MOST_STROKE_SIGNS
    with pytest.raises(ValueError, match=r"1,502 signs; at most 1,500"):
        encode_strokes([[*zigzag, (63, 63)]])
    with pytest.raises(ValueError, match="off its grid"):
        encode_strokes([[(0, 64)]])
    with pytest.raises(ValueError, match="more than 1,500"):
        decode_strokes("A" * (MOST_STROKE_SIGNS + 2))


@QUIET
@given(LEVELS)
def test_levels_come_back_and_always_fit(levels: np.ndarray) -> None:
    text = encode_levels(levels)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert len(text) <= MOST_PICTURE_SIGNS
    if levels.any():
        found = decode_levels(text)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, levels)
    else:
        with pytest.raises(ValueError, match="white"):
            decode_levels(text)


def test_levels_that_nothing_shortens_fit_too() -> None:
    levels = np.random.default_rng(0).integers(0, 16, (48, 48), dtype=np.uint8)
    assert 1_500 < len(encode_levels(levels)) <= 1_551 < MOST_PICTURE_SIGNS
    for wrong in (levels[:47], levels + 1, levels.astype(int)):
        with pytest.raises(ValueError, match="levels must be"):
            encode_levels(wrong)


@QUIET
@given(
    st.one_of(
        st.text(max_size=60),
        st.text(BASE64URL, max_size=60),
        st.binary(max_size=200).map(lambda raw: packed(zlib.compress(raw))),
        st.tuples(LEVELS, st.integers(0, 50), st.sampled_from(BASE64URL)).map(
            lambda t: (text := encode_levels(t[0]))[: t[1]] + t[2] + text[t[1] + 1 :]
        ),
    )
)
@example("A")
@example("eJw=")
@example("ÿÿÿÿ")
@example("\ud800")
def test_any_text_is_a_picture_or_a_reason(text: str) -> None:
    if problems := FromPicture(ink=text).problems():
        assert re.fullmatch(r"data\.ink is no picture: .+; .+\.", *problems)
        with pytest.raises(ValueError, match="^(it|all of)"):
            decode_levels(text)
        return
    levels = decode_levels(text)
    assert levels.shape == (48, 48)
    assert levels.max() < 16
    assert FromPicture(ink=text).sample(3, seeded(0)).isfinite().all()


def test_no_text_unpacks_to_more_than_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb of 1.1 MB in 1 500 signs: no more than one byte beyond a picture is ever unpacked."""
    bomb = packed(zlib.compress(bytes(1_100_000), 9))
    assert len(bomb) < MOST_PICTURE_SIGNS
    unpacked = []
    real = zlib.decompressobj

    class Watched:
        def __init__(self) -> None:
            self.inner = real()

        def decompress(self, raw: bytes, most: int = 0) -> bytes:
            out = self.inner.decompress(raw, most)
            unpacked.append(len(out))
            return out

        def __getattr__(self, name: str) -> object:
            return getattr(self.inner, name)

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    with pytest.raises(ValueError, match="damaged"):
        decode_levels(bomb)
    assert unpacked == [48 * 48 // 2 + 1]


def test_a_cut_or_longer_picture_is_damaged() -> None:
    text = FromPicture().ink
    plain = decode_levels(text)
    for damaged in (text[:-4], text[:100], packed(zlib.compress(bytes(1_153))), packed(zlib.compress(bytes(1_151)))):
        with pytest.raises(ValueError, match="damaged"):
            decode_levels(damaged)
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    with pytest.raises(ValueError, match="damaged"):
        decode_levels(packed(raw + b"more"))
    assert not plain.flags.writeable


# In a configuration


@pytest.mark.parametrize(
    "dataset",
    [Drawn(strokes="AAzz.__"), FromPicture(ink=encode_levels(np.eye(48, dtype=np.uint8)))],
    ids=["drawn", "picture"],
)
def test_it_goes_into_json_and_a_url_and_back(dataset: Drawn | FromPicture) -> None:
    assert from_dict(type(dataset), to_dict(dataset)) == dataset
    ((path, text),) = differences(dataset, type(dataset)()).items()
    assert set_at(type(dataset)(), path, text) == dataset


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (Drawn(strokes=""), "data.strokes is no drawing: it is empty;"),
        (Drawn(strokes="AB.C"), "cut short"),
        (Drawn(strokes="A!"), "'!'"),
        (FromPicture(ink=""), "data.ink is no picture: it is empty;"),
        (FromPicture(ink="hello"), "it is damaged"),
        (FromPicture(ink=encode_levels(np.zeros((48, 48), np.uint8))), "all of the picture is white"),
    ],
    ids=repr,
)
def test_what_cannot_be_drawn_from_is_said_in_one_sentence(
    dataset: Drawn | FromPicture, words: str, tmp_path: Path
) -> None:
    (problem,) = dataset.problems()
    assert words in problem
    with pytest.raises(DataUnavailable, match=re.escape(problem)):
        dataset.load(28, tmp_path)
    assert dataset.info(tmp_path).count == 65_536  # a page can still show its card
    assert dataset.extent[0] < -1.5


def test_a_damaged_drawing_leaves_the_data_page_a_sentence(tmp_path: Path) -> None:
    sheet = describe(Drawn(strokes="A"), tmp_path)
    assert sheet.problem == Drawn(strokes="A").problems()[0]
    assert len(sheet.samples) == 0


# Drawing from it


def test_a_drawing_is_a_tube_around_its_strokes_by_their_length() -> None:
    """Against sums over many places along each stroke; a dot is one Gaussian, with the ink of four std's length."""
    std, unit = 0.1, 3 / 63
    dataset = Drawn(strokes=encode_strokes([[(0, 0), (42, 0), (42, 21)], [(63, 63)]]), std=std)
    u = (np.arange(20_000)[:, None] + 0.5) / 20_000
    corner, bend, end, dot = np.array([[0, 0], [42, 0], [42, 21], [63, 63]]) * unit - 1.5
    parts = [(corner + u * (bend - corner), 42 * unit), (bend + u * (end - bend), 21 * unit), (dot[None], 4 * std)]
    points = np.array([[-1.5, -1.5], [0, -1.4], [0.5, -0.5], [0.45, -1.45], [1.5, 1.6], [1.0, 1.0]])
    total = sum(ink for _, ink in parts) * 2 * math.pi * std**2
    oracle = [
        sum(ink * np.exp(-((point - places) ** 2).sum(1) / (2 * std**2)).mean() for places, ink in parts) / total
        for point in points
    ]
    np.testing.assert_allclose(np.exp(dataset.log_pdf(points)), oracle, rtol=1e-6)


def test_the_drawing_stays_where_it_was_drawn() -> None:
    """Places of 0 and 63 are -1.5 and 1.5, x to the right, y upwards."""
    sampled = Drawn(strokes=encode_strokes([[(63, 0)]]), std=0.02).sample(2_000, seeded(1)).double().numpy()
    np.testing.assert_allclose(sampled.mean(0), [1.5, -1.5], atol=0.003)
    np.testing.assert_allclose(sampled.std(0), 0.02, rtol=0.1)


def test_a_portrait_shows_the_points_where_they_are() -> None:
    """x to the right and y upwards, blue on white."""
    shown = portrait(Drawn(strokes=encode_strokes([[(63, 63)]]), std=0.02), 100).astype(int)
    assert shown.shape == (100, 100, 3)
    row, column = np.argwhere((shown != 255).any(2)).mean(0)
    assert row == pytest.approx(10, abs=3)
    assert column == pytest.approx(89, abs=3)
    assert shown[round(row), round(column)] == pytest.approx([0, 114, 178], abs=5)
    assert (shown[50:, :50] == 255).all()


def test_a_picture_is_uniform_in_its_cells_by_their_darkness() -> None:
    levels = np.zeros((48, 48), np.uint8)
    levels[0, 47], levels[47, 0], levels[10, 20] = 1, 4, 15
    dataset = FromPicture(ink=encode_levels(levels))
    points = dataset.sample(20_000, seeded(2)).double().numpy()
    column, row = np.floor((points + 1.5) * 16).astype(int).T
    where = {(47, 47): 1, (0, 0): 4, (20, 37): 15}  # rows from the bottom
    assert set(zip(column.tolist(), row.tolist(), strict=True)) == set(where)
    found = [((column == c) & (row == r)).sum() for c, r in where]
    assert scipy.stats.chisquare(found, 20_000 * np.array([1, 4, 15]) / 20).pvalue > 1e-3
    pdf = np.exp(dataset.log_pdf(points))
    for (c, r), level in where.items():
        np.testing.assert_allclose(pdf[(column == c) & (row == r)], level / 20 * 256)
        inside = points[(column == c) & (row == r)] * 16 % 1
        assert scipy.stats.kstest(inside.ravel(), "uniform").pvalue > 1e-3
    outside = np.array([[0.0, 0.0], [1.5, 1.49], [-1.51, 0], [99.0, 0], [math.nan, 0]])
    assert (dataset.log_pdf(outside) == -math.inf).all()


# A picture that was uploaded


def test_dark_parts_of_a_picture_become_the_density() -> None:
    image = Image.new("L", (96, 96), 250)  # paper that is not quite white
    ImageDraw.Draw(image).rectangle([0, 0, 47, 23], fill=20)  # the upper left
    levels = decode_levels(darkness_text(picture(image)))
    assert levels[:10, :22].min() == 15
    assert levels[14:].max() == 0
    assert levels[:, 26:].max() == 0
    points = FromPicture(ink=darkness_text(picture(image))).sample(1_000, seeded(0))
    assert (points[:, 0] < 0.1).all()
    assert (points[:, 1] > 0.6).all()


def test_a_wide_picture_is_kept_whole_and_what_is_transparent_is_empty() -> None:
    image = Image.new("RGBA", (200, 50), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle([0, 0, 19, 49], fill=(0, 0, 0, 255))
    ImageDraw.Draw(image).rectangle([180, 0, 199, 49], fill=(128, 128, 128, 255))
    levels = decode_levels(darkness_text(picture(image)))
    assert levels[23, 1] == 15
    assert levels[23, 46] == 7  # (255 - 128) / 255 of 15
    assert levels[:16].max() == levels[32:].max() == levels[:, 8:40].max() == 0


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_every_kind_of_picture_is_read(kind: str) -> None:
    assert decode_levels(darkness_text(noise_picture(4, kind))).max() == 15


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"<html>", "it is not a picture"),
        (noise_picture(1)[:200], "cut short"),
        (b"%PDF-1.4", "it is a PDF"),
        (png_header(2**31 - 1, 2**31 - 1), "megapixels"),
        (picture(Image.new("RGB", (4, 4))), "each side must be at least 8"),
        (picture(Image.new("RGB", (40, 40), (9, 9, 9))), "one brightness all over"),
    ],
    ids=["empty", "html", "cut", "pdf", "bomb", "tiny", "flat"],
)
def test_what_is_no_picture_is_refused_in_a_sentence(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        darkness_text(content)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_file_over_the_limit_is_not_decoded() -> None:
    with pytest.raises(ValueError, match="larger than 0 MB"):
        darkness_text(noise_picture(1), Limits(file_bytes=100))


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's remarks on odd files
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_bytes_raise_anything_else(data: st.DataObject) -> None:
    raw = bytearray(noise_picture(3, data.draw(st.sampled_from(["PNG", "JPEG", "GIF"])), (20, 20)))
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        text = darkness_text(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    except ValueError:
        return
    assert decode_levels(text).max() == 15

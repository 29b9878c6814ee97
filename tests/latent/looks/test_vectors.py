"""Latents as text: the same bits back, and nothing but so many finite numbers in."""

from __future__ import annotations

import base64
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_core.latent import decode_vector, encode_vector

Numbers = st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=70)


@given(Numbers)
def test_the_text_is_base64_of_little_endian_float32(values: list[float]) -> None:
    text = encode_vector(values)
    assert struct.unpack(f"<{len(values)}f", base64.b64decode(text)) == tuple(values)
    back = decode_vector(text, len(values))
    assert back.dtype == np.float32
    assert back.tobytes() == np.array(values, np.float32).tobytes()


def test_another_length_is_refused_before_it_is_read() -> None:
    with pytest.raises(ValueError, match="z has 24 characters; base64 of 3 float32 numbers has another length"):
        decode_vector(encode_vector(np.zeros(4)), 3, "z")
    with pytest.raises(ValueError, match="holds 7 bytes; 2 float32 numbers are 8 bytes"):
        decode_vector(base64.b64encode(bytes(7)).decode(), 2)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), 2e4])
def test_numbers_that_no_latent_has_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="z holds a number that is not finite or beyond 10,000"):
        decode_vector(encode_vector([0.0, bad]), 2, "z")


@pytest.mark.parametrize("text", [None, 3, [1.0], b"AAAA", {}, "....", "AA==AA==", "AAAA\n", "ÄAAA", "AAA "])
def test_what_is_no_base64_is_one_sentence(text: object) -> None:
    with pytest.raises(ValueError, match=r"^vector .*\.$"):
        decode_vector(text, 1)


@given(st.text(max_size=12))
def test_any_text_is_a_vector_or_one_sentence(text: str) -> None:
    sentence = ""
    try:
        assert np.isfinite(decode_vector(text, 2)).all()
    except ValueError as error:
        sentence = str(error)
    assert "\n" not in sentence

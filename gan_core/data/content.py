"""What a dataset holds, in short: two sets of one name are told apart, and one set is known again under another."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_MOST_CLASSES, _MOST_LETTERS, _MOST_PICTURES = 1_000, 200, 10_000_000
_DIGEST = r"[0-9a-f]{64}"


@dataclass(frozen=True)
class Content:
    """digest: SHA-256 of what decides a training: the pixels in their order, the labels, the classes' names.

    pictures: of the pixels alone, whatever their order; count: of all pictures, held-out ones too; both, and the
    classes, are known of own images only. title: what people call the set.
    """

    digest: str
    pictures: str = ""
    count: int = 0
    classes: tuple[str, ...] = ()
    title: str = ""


def dataset_digest(images: np.ndarray[Any, Any], labels: Sequence[int], classes: Sequence[str]) -> tuple[str, str]:
    """(digest, pictures) as `Content` has them, of uint8 images [N, ...]; 10,000 take a tenth of a second."""
    each = [hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest() for image in images]
    whole = hashlib.sha256(b"".join(each))
    whole.update(np.asarray(labels, "<i8").tobytes())
    whole.update(json.dumps(list(classes)).encode())
    return whole.hexdigest(), hashlib.sha256(b"".join(sorted(each))).hexdigest()


def published_digest(name: str, origin: str) -> str:
    """Of a set that its name and its source decide: `origin` names the source's bytes, by their checksums."""
    return hashlib.sha256(json.dumps([name, origin]).encode()).hexdigest()


def read_contents(data: Any) -> dict[str, Content]:
    """Place (`identity.place_of`) -> content, as config.json has it. Raises TypeError or ValueError."""
    if not isinstance(data, Mapping) or len(data) > 1_000:
        raise TypeError("what it was trained on")
    return {_text(place): read_content(one) for place, one in data.items()}


def read_content(data: Any) -> Content:
    """As `asdict` gives it to JSON. Raises TypeError or ValueError."""
    if not isinstance(data, Mapping) or not isinstance(data.get("classes", []), list | tuple):
        raise TypeError("a content")
    found = Content(**{**data, "classes": tuple(data.get("classes", ()))})
    if not re.fullmatch(_DIGEST, _text(found.digest)) or not re.fullmatch(f"(?:{_DIGEST})?", _text(found.pictures)):
        raise ValueError("a digest")
    if type(found.count) is not int or not 0 <= found.count <= _MOST_PICTURES or len(found.classes) > _MOST_CLASSES:
        raise ValueError("a count")
    for text in (found.title, *found.classes):
        _text(text)
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MOST_LETTERS:
        raise TypeError("a text")
    return value

"""What a dataset holds, in short: two sets of one name are told apart, and one set is known again under another."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_LETTERS = 200  # of a name
_MOST_CLASSES, _MOST_PICTURES = 1_000, 10_000_000
_DIGEST = r"[0-9a-f]{64}"


@dataclass(frozen=True)
class Content:
    """digest: SHA-256 of what decides a training: pixels in their order, labels, classes' names, which are held out.

    pictures: of the pixels alone, whatever their order; count: of all pictures, held_out of them for no run to train
    on; these, and the classes, are known of own images only. title: what people call the set.
    """

    digest: str
    pictures: str = ""
    count: int = 0
    held_out: int = 0
    classes: tuple[str, ...] = ()
    title: str = ""


def dataset_digest(
    images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any] | None, classes: Sequence[str],
    held_out: np.ndarray[Any, Any],
) -> tuple[str, str]:  # fmt: skip
    """(digest, pictures) as `Content` has them; 10,000 images take a tenth of a second.

    images: uint8 [N, 3, 64, 64]. labels: int64 [N], None where there are no classes. held_out: bool [N].
    """
    each = [hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest() for image in images]
    whole = hashlib.sha256(b"".join(each))
    whole.update(np.asarray(() if labels is None else labels, "<i8").tobytes())
    whole.update(json.dumps(list(classes)).encode())
    whole.update(np.asarray(held_out, bool).tobytes())
    return whole.hexdigest(), hashlib.sha256(b"".join(sorted(each))).hexdigest()


def stored_content(
    about: Mapping[str, Any], images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any] | None,
    classes: Sequence[str], held_out: np.ndarray[Any, Any],
) -> dict[str, Any]:  # fmt: skip
    """A set's content as its about.json keeps it, with what it holds for: `about` as it is but for its names."""
    digest, pictures = dataset_digest(images, labels, classes, held_out)
    counts = {"count": len(images), "held_out": int(held_out.sum())}
    return {"of": fingerprint(about), "digest": digest, "pictures": pictures, **counts}


def fingerprint(about: Mapping[str, Any]) -> str:
    """Of everything in an about.json but the set's title, when it was made, and this."""
    decides = {name: value for name, value in about.items() if name not in ("content", "title", "created")}
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


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
    if type(found.count) is not int or type(found.held_out) is not int or len(found.classes) > _MOST_CLASSES:
        raise ValueError("a count")
    if not 0 <= found.held_out <= found.count <= _MOST_PICTURES:
        raise ValueError("a count")
    for text in (found.title, *found.classes):
        _text(text)
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MOST_LETTERS:
        raise TypeError("a text")
    return value

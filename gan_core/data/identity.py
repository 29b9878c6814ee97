"""Whether the dataset that is here is the one that a run was trained on; and if not, what is different."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gan_core.data.base import Dataset, DataUnavailable, datasets
from gan_core.data.content import Content

_WHAT_TO_DO = "bring the old ones back or start a new run"
_SHOWN_CLASSES = 6


class DataChanged(DataUnavailable, ValueError):
    """The data of a run are gone, or are not what it was trained on: one sentence that says what changed."""


def place_of(dataset: Dataset) -> str:
    """What its content goes by, whatever its options: the dataset's name, of own images also which set."""
    slug = getattr(dataset, "slug", "")
    return f"{datasets.name_of(dataset)}/{slug}" if slug else datasets.name_of(dataset)


def as_trained(dataset: Dataset, known: Content | None, data_dir: Path) -> Dataset:
    """The dataset as it has to be read to be the one that is known; known None: nothing was ever written down.

    Usually the very same; where own images of that name are others, a set of another name that holds the right ones.
    Raises DataChanged where there is none, DataUnavailable where nothing is known and nothing is there.
    """
    try:
        now = dataset.content(data_dir)
    except DataUnavailable:
        if known is None:
            raise
        now = None
    if known is None or (now is not None and now.digest == known.digest):
        return dataset
    if (same := dataset.elsewhere(known.digest, data_dir)) is not None:
        return same
    raise DataChanged(_missing(dataset, known) if now is None else what_changed(dataset, known, now))


def _missing(dataset: Dataset, known: Content) -> str:
    return (
        f'The image set "{known.title or place_of(dataset)}" that this run was trained on is missing; '
        "bring it back or start a new run."
    )


def what_changed(dataset: Dataset, known: Content, now: Content) -> str:
    """One sentence; known: what the run was trained on."""
    if not known.pictures or not now.pictures:
        label = datasets.get(datasets.name_of(dataset)).label
        return f"{label} is not what it was when this run was trained on it: its files are others; {_WHAT_TO_DO}."
    name = f'"{now.title or known.title}"'
    if now.pictures == known.pictures:
        if now.classes != known.classes:
            return f"{name} {other_classes(known.classes, now.classes)}; {_WHAT_TO_DO}."
        if not now.classes:
            found = f"has its {now.count:,} pictures in another order than when this run was trained"
        else:
            found = (
                f"has its {now.count:,} pictures in another order, or in other classes, than this run was trained on"
            )
        return f"{name} {found}; {_WHAT_TO_DO}."
    if now.count != known.count:
        found = f"has {now.count:,} pictures, and this run was trained on {known.count:,} others"
        if abs(now.count - known.count) < min(now.count, known.count):  # it may well be the same set, edited
            found = f"has {now.count:,} pictures now, and had {known.count:,} when this run was trained"
    else:
        found = f"has {now.count:,} other pictures than this run was trained on"
        if now.classes != known.classes:
            found += f", of {_named(now.classes)} in place of {_named(known.classes)}"
    return f"{name} {found}; {_WHAT_TO_DO}."


def other_classes(known: Sequence[str], now: Sequence[str]) -> str:
    """ "has the classes owl and pig, and this run was trained on cat and dog"."""
    return f"has {_named(now)}, and this run was trained on {_named(known)}"


def _named(classes: Sequence[str]) -> str:
    if not classes:
        return "no classes"
    if len(classes) > _SHOWN_CLASSES:
        return f"{len(classes):,} classes ({', '.join(classes[:_SHOWN_CLASSES])}, ...)"
    return "the classes " + (" and ".join([", ".join(classes[:-1]), classes[-1]]) if classes[1:] else classes[0])

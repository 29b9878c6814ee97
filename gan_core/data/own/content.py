"""What a set of one's own images holds, in short; asked often, looked at only where its files have changed."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from gan_core.data.content import MOST_LETTERS, Content, dataset_digest, fingerprint, read_content
from gan_core.data.own.own_set import folder_of, in_use, load_arrays, own_set, read_about

Signature = tuple[tuple[str, int, int, int], ...]

_contents: dict[Path, tuple[Signature, Content]] = {}
_contents_guard = threading.Lock()


def content_of(data_dir: Path, slug: str) -> Content:
    """What a set holds: as it was written down when it was kept; looked at anew where a file has changed.

    Asked again it answers at once. Raises DataUnavailable as `load_own`.
    """
    folder = folder_of(data_dir, slug)
    signature = _signature(folder)  # before anything is read
    about = read_about(folder)
    with _contents_guard:
        known = _contents.get(folder)
    if signature and known is not None and known[0] == signature:
        return known[1]
    try:
        stored = about["content"]
        if known is not None or stored["of"] != fingerprint(about):
            raise ValueError("it is of another state of the set")
        found = read_content({name: value for name, value in stored.items() if name != "of"})
    except (KeyError, TypeError, ValueError):  # an earlier version's set, or one that was edited or replaced
        images, labels, classes, held_out = in_use(*load_arrays(data_dir, slug))
        digests = dataset_digest(images, labels, classes, held_out)
        found = Content(*digests, len(images), int(held_out.sum()))
    now = own_set(data_dir, slug)
    names = tuple(name[:MOST_LETTERS] for name in now.classes)
    found = replace(found, classes=names, title=now.title[:MOST_LETTERS])
    if _signature(folder) == signature:  # else somebody changes it at this moment
        with _contents_guard:
            _contents[folder] = signature, found
    return found


def _signature(folder: Path) -> Signature:
    """Name, identity, size and time of every file of a set; () where it is just going, or not there."""
    try:
        stats = [(path.name, path.stat()) for path in sorted(folder.iterdir())]
    except OSError:
        return ()
    return tuple((name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in stats)

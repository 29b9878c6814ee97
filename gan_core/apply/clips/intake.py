"""What somebody gives for a clip: a film, a moving picture, a zip of frames, or the frames themselves."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath

from gan_core.apply.clips.clip_task import CLIP, FRAME
from gan_core.apply.clips.reading import MOST_BYTES, MOST_FRAMES, Clip, Frame, read_clip
from gan_core.data.uploads.archive import open_members
from gan_core.data.uploads.limits import Budget, Limits, Refused
from gan_core.pictures.clip_child import Told, container_of

FRAME_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_MOST_MEMBERS = 10 * MOST_FRAMES  # of a zip, whatever they are


def clip_inputs(files: Sequence[tuple[str, bytes]]) -> dict[str, bytes]:
    """The inputs of `EditClip`: files as (name, content). What a zip is, its content says.

    Frames follow each other by their names, 2 before 10. Raises ValueError, one sentence.
    """
    if not files:
        raise ValueError("There is no clip; give a film, a moving picture, or frames.")
    if len(files) == 1:
        content = files[0][1]
        if not content.startswith(_ZIP):
            _check(1, len(content))
            return {CLIP: content}
        files = _unpacked(content)
        if len(files) == 1:
            return clip_inputs([("", _plain(files[0][1]))])
    for name, content in files:
        if content.startswith(_ZIP) or container_of(content[:16]):
            raise ValueError(
                f"There are {len(files)} files, and {name[:80]} is no frame; give one clip, or frames alone."
            )
    _check(len(files), sum(len(content) for _, content in files))
    ordered = sorted(files, key=lambda file: natural(file[0]))
    return {f"{FRAME}{i:04}": content for i, (_, content) in enumerate(ordered, 1)}


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key to sort names by, in which "frame 2" comes before "frame 10"."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", name.casefold())
    return [(0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in parts]


def glance(inputs: dict[str, bytes], background: tuple[int, int, int] = (0, 0, 0)) -> tuple[Frame, Told]:
    """The first frame, and what is known by then. Raises ValueError, one sentence, for what no job could take.

    Nothing is left on the disk.
    """
    with tempfile.TemporaryDirectory(prefix="ganscope-clip-") as folder:
        paths = []
        for name in list(inputs)[:2]:  # of frames the second tells that there is more than one
            paths.append(Path(folder) / name)
            paths[-1].write_bytes(inputs[name])
        with closing(read_clip(tuple(paths), background)) as parts:
            first = next(parts)
            assert not isinstance(first, Clip)  # that comes after the frames
            return first[0].copy(), first[1]


def _check(count: int, length: int) -> None:
    if count > MOST_FRAMES:
        raise ValueError(f"There are {count:,} frames; at most {MOST_FRAMES} are edited: take some out.")
    if length > MOST_BYTES:
        raise ValueError(f"The clip has more than {MOST_BYTES // 1_000_000} MB; make it shorter or smaller.")


def _plain(content: bytes) -> bytes:
    if content.startswith(_ZIP):
        raise ValueError("The zip holds another zip; give one with the frames themselves.")
    return content


def _unpacked(content: bytes) -> list[tuple[str, bytes]]:
    limits = Limits(file_bytes=MOST_BYTES, members=_MOST_MEMBERS, total_bytes=MOST_BYTES)
    budget, found = Budget(limits), list[tuple[str, bytes]]()
    try:
        count, members = open_members(io.BytesIO(content), budget)
    except Refused as problem:
        raise ValueError(f"The zip cannot be read: {problem}.") from None
    for member in members:
        if count > 1 and PurePosixPath(member.name).suffix.lower() not in FRAME_ENDINGS:
            continue
        _check(len(found) + 1, budget.bytes_read)
        try:
            found.append((member.name, member.read()))
        except Refused as problem:
            raise ValueError(f"The zip's {member.name[:80]} cannot be read: {problem}.") from None
    if not found:
        raise ValueError(f"The zip has no frames; it looks for {', '.join(FRAME_ENDINGS)}.")
    _check(len(found), budget.bytes_read)
    return found

"""Exported runs, and the same files tampered with."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gan_core.runs.storage.archives.archive import MANIFEST, export_run
from tests.runs.helpers import at_rest, open_manager, quick

Info = Callable[[zipfile.ZipInfo], None]


def exported_run(folder: Path, **options: Any) -> bytes:
    """A short run of images as one file."""
    manager = open_manager(folder)
    try:
        run = manager.start(quick(steps=80), preset="first-gan", title="Short")
        assert at_rest(manager, run).state == "finished"
        out = folder / "run.zip"
        export_run(manager.runs_dir, run, out, **options)
        return out.read_bytes()
    finally:
        manager.close()


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def packed(files: Mapping[str, bytes], *, manifest: Any = None, told: Mapping[str, bytes] | None = None,
           touch: Mapping[str, Info] | None = None, run: str | None = None) -> bytes:  # fmt: skip
    """A zip of these files with a manifest that is true of them, or of `told`, or `manifest` as it is.

    touch: name -> what to do to the member's entry before it is written. run: the name that the manifest gives.
    """
    if manifest is None:
        listed = {
            name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in (told or files).items() if name != MANIFEST
        }  # fmt: skip
        before = json.loads(files[MANIFEST]) if MANIFEST in files else {"format": 1, "run": "20260101-a-run"}
        manifest = {**before, "files": listed} | ({"run": run} if run else {})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {**files, MANIFEST: json.dumps(manifest).encode()}.items():
            info = zipfile.ZipInfo(name)
            if touch and name in touch:
                touch[name](info)
            archive.writestr(info, data)
    return out.getvalue()

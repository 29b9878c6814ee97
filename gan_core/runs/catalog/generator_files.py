"""Generators as files: those that come along, and those that were brought from elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from gan_core.config.files import write_atomically
from gan_core.data.files.assets import ASSETS
from gan_core.data.uploads.limits import shown
from gan_core.runs.catalog.entries import real_file, small_json, stems, verdict
from gan_core.runs.catalog.opening import build_generator
from gan_core.runs.storage.run_folder import ID_PATTERN, now_text
from gan_core.runs.storage.weights.foreign_weights import NotAGenerator, describe, open_weights

GENERATORS = ASSETS.parent / "generators"
MOST_BROUGHT = 60
MOST_AWAY = 5

_ASSET_NAME = r"[a-z0-9][a-z0-9-]{0,60}"
_FILE_NAME = r"[0-9a-f]{64}"


class UnknownModel(ValueError):
    """There is no model of that name."""


class GeneratorFiles:
    """assets: the folder of those that come along, "asset". own: of those that were brought, "file"."""

    def __init__(self, assets: Path, own: Path) -> None:
        self._assets, self._own = assets, own

    def asset_names(self) -> list[str]:
        return [name for name in stems(self._assets, _ASSET_NAME) if not name.endswith("-discriminator")]

    def file_names(self) -> list[str]:
        """Digests, those that were brought last first."""
        return sorted(stems(self._own, _FILE_NAME), key=lambda name: str(self.brought(name)["brought"]), reverse=True)

    def path(self, kind: str, name: str) -> Path:
        """Where its weights are. Raises UnknownModel."""
        found = real_file(self._assets if kind == "asset" else self._own, f"{name}.safetensors")
        if found is None or name.endswith("-discriminator"):
            raise UnknownModel(f'There is no model called "{shown(f"{kind}:{name}")[:80]}".')
        return found

    def discriminator(self, name: str) -> Path | None:
        """The weights of the discriminator that came along with an asset."""
        return real_file(self._assets, f"{name}-discriminator.safetensors")

    def details(self, name: str) -> dict[str, Any]:
        """What an asset's card says beside, and `verdict`."""
        found = small_json(self._assets, f"{name}.json")
        return {**found, "verdict": verdict(found.get("metrics"))}

    def brought(self, name: str) -> dict[str, Any]:
        """The `name` of a brought file, and when it was `brought`."""
        found = small_json(self._own, f"{name}.json")
        texts = {key: found.get(key) for key in ("name", "brought")}
        return {key: text if isinstance(text, str) else "" for key, text in texts.items()}

    def label(self, kind: str, name: str) -> str:
        label = self.details(name).get("label") if kind == "asset" else self.brought(name)["name"]
        return shown(label) if isinstance(label, str) and label else name[:12]

    def bring(self, data: bytes, name: str) -> str:
        """Keep a generator that was exported elsewhere; its digest. Raises NotAGenerator or OSError."""
        said = describe(data, name)
        open_weights(data, name, lambda: build_generator(said))
        digest, known = hashlib.sha256(data).hexdigest(), self.file_names()
        if len(known) >= MOST_BROUGHT and digest not in known:
            raise NotAGenerator(f"{MOST_BROUGHT} files have been brought already; take one of them away first.")
        self._own.mkdir(parents=True, exist_ok=True)
        described = {"name": shown(name), "brought": now_text()}
        write_atomically(self._own / f"{digest}.json", json.dumps(described, ensure_ascii=False).encode())
        write_atomically(self._own / f"{digest}.safetensors", data)
        return digest

    def take_away(self, name: str) -> None:
        """Raises UnknownModel."""
        path = self.path("file", name)
        path.replace(path.with_suffix(".away"))
        gone = sorted(path.parent.glob("*.away"), key=lambda p: p.stat().st_mtime_ns)
        for oldest in gone[:-MOST_AWAY]:
            oldest.unlink(missing_ok=True)

    def bring_back(self, kind: str, name: str) -> None:
        """Undo `take_away`, of the last MOST_AWAY. Raises UnknownModel."""
        away = real_file(self._own, f"{name}.away")
        if kind != "file" or away is None:
            raise UnknownModel("This file cannot be brought back any more; bring it again.")
        away.replace(away.with_suffix(".safetensors"))


def parts(model_id: str) -> tuple[str, str]:
    """("asset", "run" or "file", name). Raises UnknownModel for what could not be one."""
    kind, _, name = model_id.partition(":")
    patterns = {"asset": _ASSET_NAME, "file": _FILE_NAME, "run": ID_PATTERN}
    if kind not in patterns or not re.fullmatch(patterns[kind], name):
        raise UnknownModel(f'There is no model called "{shown(model_id)[:80]}".')
    return kind, name

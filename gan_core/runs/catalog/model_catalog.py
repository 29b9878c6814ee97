"""What there is to explore: generators that come along, runs with a checkpoint, files brought from elsewhere."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gan_core.config.codec import from_dict
from gan_core.data.base import datasets
from gan_core.data.uploads.limits import shown
from gan_core.latent import Explorable
from gan_core.nets.base import ImageShape
from gan_core.runs.catalog.entries import ModelEntry, entry_of, read_file, run_label
from gan_core.runs.catalog.generator_files import GENERATORS, GeneratorFiles, parts
from gan_core.runs.catalog.opening import (
    build_discriminator,
    discriminator_of,
    explorable,
    is_sound,
    weights_of,
)
from gan_core.runs.manager import RunManager
from gan_core.runs.snapshot import RunView
from gan_core.runs.states import LIVE
from gan_core.runs.storage.bookmarks import BookmarkStore
from gan_core.runs.storage.data_identity import content_of_run
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder, UnreadableRun, open_run
from gan_core.runs.storage.tables import CheckpointRow, GeneratorRow
from gan_core.runs.storage.weights.foreign_weights import (
    HEAD_BYTES,
    Description,
    NotAGenerator,
    describe,
    open_weights,
)
from gan_core.training import RunConfig

log = logging.getLogger(__name__)

KEEP_OPEN = 6
MOST_WEIGHTS_BYTES = 600_000_000  # of all that are open, save the one in use
LOOK_AGAIN_SECONDS = 1.0  # so long a run's newest checkpoint is taken for the newest
MOST_ROWS = 256  # remembered checkpoints, so that a drag does not ask the disk for each picture


class ModelCatalog:
    """Every model that the runs and the data of one manager offer. Safe to be used by several threads."""

    def __init__(self, manager: RunManager, assets: Path = GENERATORS) -> None:
        self._manager = manager
        self._own = manager.data_dir / "explore"
        self._files = GeneratorFiles(assets, self._own / "files")
        self._guard = threading.RLock()
        self._open: OrderedDict[tuple[Any, ...], Explorable] = OrderedDict()
        self._rows: OrderedDict[tuple[str, int | None], tuple[float, CheckpointRow | GeneratorRow]] = OrderedDict()
        self._opening: dict[str, threading.Lock] = {}
        self._bookmarks: dict[str, BookmarkStore] = {}
        self._manifests: dict[str, RunManifest] = {}

    # --- what there is

    def models(self) -> list[ModelEntry]:
        """Those that come along first, then runs (the newest first), then files. What cannot be read is left out."""
        assets = [self._quietly(partial(self._described, "asset", name)) for name in self._files.asset_names()]
        runs = [self._quietly(partial(self._of_run, view)) for view in self._manager.views() if view.checkpoints]
        files = [self._quietly(partial(self._described, "file", name)) for name in self._files.file_names()]
        ordered = sorted((one for one in assets if one), key=lambda one: (one.details.get("order", 99), one.id))
        return [*ordered, *(one for one in runs if one), *(one for one in files if one)]

    def _quietly(self, make: Callable[[], ModelEntry | None]) -> ModelEntry | None:
        try:
            return make()
        except (ValueError, OSError) as error:
            log.warning("left out of what can be explored: %s", error)
            return None

    def entry(self, model_id: str, step: int | None = None) -> ModelEntry:
        """Of one model, which is opened for it. Raises ValueError, one sentence, or OSError."""
        model = self.open(model_id, step)
        kind, name = parts(model_id)
        config = model.config
        known: dict[str, Any] = {}
        if kind == "run":
            view = self._manager.view(name)
            known = {"steps": view.checkpoints, "live": view.state in LIVE, "created": view.created}
            known["moments"] = tuple(self.moments(model_id))
        elif kind == "asset":
            known = {"details": self._files.details(name)}
        return ModelEntry(
            id=model_id, label=model.label, kind=kind, data=datasets.name_of(config.data),
            channels=model.shape.channels, size=model.shape.size, dim=model.dim, classes=model.classes,
            probability=config.loss.probability, step=model.step, images=model.images,
            spaces=tuple(model.generator.latent_spaces), style_layers=model.style_layers, style_dim=model.style_dim,
            has_discriminator=model.discriminator is not None, **known,
        )  # fmt: skip

    def steps(self, model_id: str) -> list[int]:
        """Of the checkpoints of a run, oldest first; of anything else the one step. Raises ValueError."""
        kind, name = parts(model_id)
        return list(self._manager.view(name).checkpoints) if kind == "run" else [self.open(model_id).step]

    def moments(self, model_id: str) -> list[int]:
        """The steps at which a generator can be looked at: of a run's checkpoints and small generators, oldest first;
        of anything else the one step. Raises ValueError.
        """
        kind, name = parts(model_id)
        if kind != "run":
            return self.steps(model_id)
        small = open_run(self._manager.runs_dir, name).generators()
        return sorted({*self.steps(model_id), *(row.step for row in small)})

    def bookmark_store(self, model_id: str) -> BookmarkStore:
        """What was kept of a model: with the run, or with one's data. Raises UnknownModel or UnknownRun."""
        kind, name = parts(model_id)
        if kind == "run":
            folder = open_run(self._manager.runs_dir, name).root / "explore"
        else:
            self._files.path(kind, name)
            folder = self._own / f"{kind}-{name}"
        with self._guard:
            return self._bookmarks.setdefault(model_id, BookmarkStore(folder))

    # --- opening

    def open(self, model_id: str, step: int | None = None) -> Explorable:
        """The model with weights of its own, at a run's newest sound checkpoint (not after `step`), or at the small
        generator that was kept at just that step.

        Quick for one that is open already. Raises ValueError, one sentence, or OSError.
        """
        kind, name = parts(model_id)
        if kind == "run":
            return self._open_run(open_run(self._manager.runs_dir, name), step)
        path = self._files.path(kind, name)
        stat = path.stat()
        key = (model_id, stat.st_mtime_ns, stat.st_size)
        return self._kept(key) or self._opened(key, lambda: self._open_file(model_id, kind, name, path))

    def _open_run(self, folder: RunFolder, step: int | None) -> Explorable:
        looked, known = self._rows.get((folder.id, step), (0.0, None))
        if known is not None and (known.step == step or time.monotonic() - looked < LOOK_AGAIN_SECONDS):
            if found := self._kept((folder.id, known.step, weights_of(folder, known)[1])):
                return found
        for row in _candidates(folder, step):
            key, make = (folder.id, row.step, weights_of(folder, row)[1]), partial(self._open_row, folder, row)
            model = self._kept(key) or (self._opened(key, make) if is_sound(folder, row) else None)
            if model is not None:
                with self._guard:
                    self._rows[folder.id, step] = (time.monotonic(), row)
                    while len(self._rows) > MOST_ROWS:
                        self._rows.popitem(last=False)
                return model
        when = "yet" if step is None else f"up to step {step}"
        raise ValueError(f"The run {folder.id} has no checkpoint {when} that can be explored.")

    def _kept(self, key: tuple[Any, ...]) -> Explorable | None:
        with self._guard:
            found = self._open.get(key)
            if found is not None:
                self._open.move_to_end(key)
            return found

    def _opened(self, key: tuple[Any, ...], make: Callable[[], Explorable]) -> Explorable:
        """Made by one thread, while others go on with what is open; those that want the same wait for it."""
        with self._guard:
            opening = self._opening.setdefault(key[0], threading.Lock())
        with opening:
            if found := self._kept(key):
                return found
            model = make()
            with self._guard:
                self._open[key] = model
                while len(self._open) > 1 and (len(self._open) > KEEP_OPEN or self._bytes() > MOST_WEIGHTS_BYTES):
                    self._open.popitem(last=False)
            return model

    def _bytes(self) -> int:
        return sum(model.weights_bytes for model in self._open.values())

    def _open_row(self, folder: RunFolder, row: CheckpointRow | GeneratorRow) -> Explorable:
        data = weights_of(folder, row)[0].read_bytes()
        manifest, view = folder.manifest(), self._manager.view(folder.id)
        if manifest.channels not in (1, 3):
            raise ValueError(f"The run {folder.id} makes points in the plane; only runs of pictures can be explored.")
        config = self._manager.config(folder.id)
        if config.conditional and len(manifest.classes) < 2:
            raise UnreadableRun(f"The run {folder.id} is conditional but does not say what its classes are.")
        shape, content = ImageShape(manifest.channels, config.size), content_of_run(manifest, config)
        said = Description(config, shape, manifest.classes, folder.id, row.step, content)
        name = f"The generator at step {row.step}"
        discriminator = discriminator_of(folder, row, said) if isinstance(row, CheckpointRow) else None
        return explorable(f"run:{folder.id}", run_label(view), said, data, name, discriminator, row.images)

    def _open_file(self, model_id: str, kind: str, name: str, path: Path) -> Explorable:
        data = read_file(path)
        if kind == "file" and hashlib.sha256(data).hexdigest() != name:
            raise NotAGenerator(f"{shown(self._files.brought(name)['name'])} is damaged; bring it again.")
        label = self._files.label(kind, name)
        said = describe(data, label)
        discriminator = None
        if kind == "asset" and (beside := self._files.discriminator(name)):
            discriminator = open_weights(
                read_file(beside), f"{label}'s discriminator", lambda: build_discriminator(said)
            )
        images = self._files.details(name).get("images", 0) if kind == "asset" else 0
        return explorable(model_id, label, said, data, label, discriminator, images if type(images) is int else 0)

    # --- files that were brought

    def bring(self, data: bytes, name: str) -> str:
        """Keep a generator that was exported elsewhere; returns its model id. Raises NotAGenerator or OSError."""
        return f"file:{self._files.bring(data, name)}"

    def take_away(self, model_id: str) -> None:
        """Remove a brought file from the catalog; `bring_back` undoes it. What was kept of it stays."""
        kind, name = parts(model_id)
        if kind != "file":
            raise ValueError("Only a file that was brought can be taken away.")
        self._files.take_away(name)

    def bring_back(self, model_id: str) -> None:
        """Undo `take_away`, of the last MOST_AWAY. Raises UnknownModel."""
        self._files.bring_back(*parts(model_id))

    # --- entries

    def _described(self, kind: str, name: str) -> ModelEntry:
        path, label = self._files.path(kind, name), self._files.label(kind, name)
        said = describe(read_file(path, HEAD_BYTES), label, path.stat().st_size)
        details = self._files.details(name) if kind == "asset" else {}
        created = self._files.brought(name)["brought"] if kind == "file" else ""
        return entry_of(f"{kind}:{name}", label, kind, said, details=details, created=created)

    def _manifest(self, run_id: str) -> RunManifest:
        """What never changes of a run."""
        if run_id not in self._manifests:
            self._manifests[run_id] = open_run(self._manager.runs_dir, run_id).manifest()
        return self._manifests[run_id]

    def _of_run(self, view: RunView) -> ModelEntry | None:
        manifest = self._manifest(view.id)
        if manifest.channels not in (1, 3):
            return None
        config, step = from_dict(RunConfig, view.config), max(view.checkpoints)
        said = Description(config, ImageShape(manifest.channels, config.size), manifest.classes, view.id, step)
        return entry_of(
            f"run:{view.id}", run_label(view), "run", said, steps=view.checkpoints, live=view.state in LIVE,
            created=view.created,
        )  # fmt: skip


def _candidates(folder: RunFolder, step: int | None) -> list[CheckpointRow | GeneratorRow]:
    """What of a run may be opened, the best first: its checkpoints up to a step, the newest first; but what was kept
    at just that step comes before an earlier checkpoint.
    """
    found: list[CheckpointRow | GeneratorRow] = [
        row for row in reversed(folder.checkpoints()) if step is None or row.step <= step
    ]
    small = [row for row in folder.generators() if row.step == step]
    exact = 1 if found and found[0].step == step else 0
    return [*found[:exact], *small, *found[exact:]]

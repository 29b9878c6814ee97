"""Every file that a page or a command offers, opened or run in an empty folder, as its own words say.

The loops go over the registries of what is offered: what is added there is tried here, or fails for want of a way.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import re
import shlex
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import onnxruntime
import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from gan_core.cli import take as cli_take
from gan_core.cli.commands.runs.export import FORMATS
from gan_core.cli.main import main
from gan_core.config.codec import from_dict, replace_at
from gan_core.data import Emoji, FashionMnist
from gan_core.data.sets.points import Ring
from gan_core.export.film import MIME
from gan_core.nets import DcganDiscriminator, DcganGenerator
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.runs.catalog.opening import build_generator
from gan_core.runs.storage.archives.reading import import_run
from gan_core.runs.storage.weights.foreign_weights import describe, open_weights
from gan_core.training import RunConfig
from pages.compare import curves
from pages.explore.ops import OPERATIONS
from pages.explore.ops.take import KINDS
from pages.lab import downloads
from pages.server.live.operations import OperationContext, Reply
from tests.export.forking import Python
from tests.runs.helpers import at_rest

PLAIN, CLASSES, COLOUR, POINTS = "plain", "classes", "colour", "points"
STEPS = 6


def configs() -> dict[str, RunConfig]:
    small = replace(
        RunConfig(generator=DcganGenerator(width=8), discriminator=DcganDiscriminator(width=8)),
        batch_size=20, total_images=20 * STEPS, precision="float32",
    )  # fmt: skip
    small = replace_at(replace_at(small, "record.every_steps", 2), "record.grid_growth", 0.0)
    fashion = replace(small, data=FashionMnist(count=200))
    return {
        PLAIN: fashion,
        CLASSES: replace(fashion, conditional=True, size=32),  # larger than the originals
        COLOUR: replace(small, data=Emoji(only="Activities"), size=32),
        POINTS: replace(from_dict(RunConfig, {}), **_of_points()),
    }


def _of_points() -> dict[str, Any]:
    from gan_core.training import preset

    ring = preset("ring").config
    return {"data": Ring(), "size": ring.size, "generator": ring.generator, "discriminator": ring.discriminator,
            "latent": ring.latent, "batch_size": 20, "total_images": 20 * STEPS, "precision": "float32",
            "record": replace(ring.record, every_steps=2, grid_growth=0.0)}  # fmt: skip


class Trained:
    """A finished run of each kind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manager = RunManager(folder / "runs", folder / "data", device="cpu", threads=1)
        self.runs = {}
        for kind, config in configs().items():
            run = self.runs[kind] = self.manager.start(config, preset="first-gan", title=kind)
            view = at_rest(self.manager, run)
            assert view.state == "finished", view.error
        self.shelf = ModelCatalog(self.manager)

    def view(self, kind: str) -> Any:
        return self.manager.view(self.runs[kind])


python = functools.cache(Python)  # one for all scripts


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    python().close()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    made = Trained(tmp_path_factory.mktemp("trained"))
    yield made
    made.manager.close()


@pytest.fixture
def pages(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> Trained:
    """The pages find this manager."""
    for module in (downloads, curves):
        monkeypatch.setattr(module, "manager", lambda: trained.manager)
    monkeypatch.setenv("GANSCOPE_DATA", str(trained.manager.data_dir))
    return trained


# --- how a file of each kind is opened, by its name's ending; what it must hold is asserted


def picture(path: Path) -> None:
    with Image.open(path) as image:
        image.load()
        assert min(image.size) >= 28
        assert np.asarray(image.convert("RGB")).std() > 0


def film(path: Path) -> None:
    with Image.open(path) as image:
        assert image.n_frames > 1  # type: ignore[attr-defined]
        for frame in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(frame)
            image.load()


def video(path: Path) -> None:
    with av.open(str(path)) as container:
        assert len(list(container.decode(video=0))) > 1


def table(path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [row["step"] for row in rows] == ["2", "4", "6"]
    assert all(float(row["d_loss"]) for row in rows)


def arrays(path: Path) -> None:
    with np.load(path, allow_pickle=False) as found:
        assert set(found) & {"images", "points", "image"}
        assert all(found[name].size for name in found)


def weights(path: Path) -> None:
    """As an image program's user would bring it to the Explore page, where it is a generator of pictures."""
    data = path.read_bytes()
    assert load(data)
    with safe_open(path, "np") as file:
        words = file.metadata() or {}
    if words.get("network") == "generator" and words["channels"] != "2":
        said = describe(data, path.name)
        assert not open_weights(data, path.name, lambda: build_generator(said)).training


def graph(path: Path) -> None:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    words = session.get_modelmeta().custom_metadata_map[
        "how_to_use"
    ]  # in its own words: Feed "latent" float32 [N, D]
    dim = int(re.search(r'Feed "latent" float32 \[N, (\d+)\]', words)[1])  # type: ignore[index]
    feeds: dict[str, Any] = {"latent": np.zeros((3, dim), np.float32)}
    if '"label"' in words:
        feeds["label"] = np.arange(3)
    (image,) = session.run(["image"], feeds)
    assert image.shape[0] == 3
    assert np.isfinite(image).all()


def settings(path: Path) -> None:
    from_dict(RunConfig, json.loads(path.read_text()))


def script(path: Path) -> None:
    """Each command of its docstring, in its own folder, with nothing of this program at hand."""
    text = path.read_text()
    commands = re.findall(r"^    (python .+?)(?:   .*)?$", text.split('"""')[1], re.MULTILINE)
    assert len(commands) >= 2
    for command in commands:
        words = shlex.split(command)
        assert words[:2] == ["python", path.name]
        if "mine.npz" in words:  # latents of one's own: those of the Explore page
            if not (path.parent / "mine.npz").exists():
                continue
        if words[2:4] == ["--steps", "100"]:
            words[3] = "20"  # of 100: enough to see it go
        done = python().run(path.parent, *words[1:])
        assert (done["status"], done["err"]) == (0, ""), command
        assert done["out"]
    assert "gan_core" not in text
    made = [p for p in path.parent.rglob("*") if p.suffix in (".png", ".npz") and p.name != f"{path.stem}.npz"]
    assert made
    for one in made:
        OPENERS[one.suffix](one)


def events(folder: Path) -> None:
    (path,) = folder.rglob("events.out.tfevents.*")
    assert len(list(EventFileLoader(str(path)).Load())) > 3


def packed(path: Path) -> None:
    """Unpacked into an empty folder; all that is in it opens."""
    folder = path.with_name(f"{path.name}-unpacked")
    folder.mkdir()
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    if "ganscope-run.json" in {p.name for p in folder.iterdir()}:
        (path.parent / "runs").mkdir()
        with open(path, "rb") as file:
            assert not import_run(path.parent / "runs", file, path.name).notes
        return
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert files
    for one in files:
        opened(one)


OPENERS: dict[str, Callable[[Path], None]] = {
    ".png": picture, ".gif": film, ".mp4": video, ".csv": table, ".npz": arrays, ".safetensors": weights,
    ".onnx": graph, ".json": settings, ".py": script, ".zip": packed,
}  # fmt: skip


def opened(path: Path) -> None:
    if path.is_dir() or "tfevents" in path.name:
        events(path if path.is_dir() else path.parent)
    else:
        OPENERS[path.suffix](path)


def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


# --- the Lab


IN_COLOUR = pytest.param(COLOUR, marks=pytest.mark.long)  # its scripts are opened below all the same


@pytest.mark.parametrize("kind", [PLAIN, CLASSES, IN_COLOUR, POINTS])
def test_all_that_the_lab_offers_opens(pages: Trained, tmp_path: Path, kind: str) -> None:
    offers = downloads.offered(pages.view(kind))
    assert len({offer.ending for offer in offers}) == len(offers) >= 9
    for offer in offers:
        assert not offer.missing
        folder = tmp_path / offer.ending
        folder.mkdir()
        path = folder / f"{pages.runs[kind]}-{offer.ending}"
        path.write_bytes(offer.make(pages.runs[kind]))
        assert (path.read_bytes()[:2] == b"PK") == (offer.mime == "application/zip") == offer.ending.endswith("zip")
        if path.suffix == ".py":  # under the name that it calls itself by
            path = path.rename(folder / offer.ending)
        opened(path)


def test_curves_of_compared_runs_open(pages: Trained, tmp_path: Path) -> None:
    path = empty(tmp_path) / "ganscope-tensorboard.zip"
    path.write_bytes(curves.tensorboard_zip([pages.runs[PLAIN]]))
    opened(path)


# --- Explore


def ask(trained: Trained, do: str, kind: str, /, **asked: Any) -> Reply:
    asked = {"model": f"run:{trained.runs[kind]}", "look": {"where": {"seed": 3}, "psi": 0.7}, **asked}
    reply: Reply = OPERATIONS[do].run(OperationContext(trained.shelf, asked=asked), asked, [])
    return reply


@pytest.mark.parametrize("kind", [PLAIN, CLASSES, IN_COLOUR])
def test_all_that_explore_offers_opens_and_has_the_size_that_was_said(
    pages: Trained, tmp_path: Path, kind: str
) -> None:
    said = ask(pages, "takeaway", kind).header
    sizes = {**said["sizes"], **ask(pages, "takeaway-scripts", kind).header["sizes"]}
    assert set(sizes) == set(KINDS)
    for what in KINDS:
        folder = tmp_path / what
        folder.mkdir()
        reply = ask(pages, "take", kind, what=what)
        path = folder / reply.header["name"]
        path.write_bytes(reply.blobs[0])
        about = {"onnx": 0.1, "train-script": 0.1}.get(what, 0.01)
        assert sizes[what] == pytest.approx(path.stat().st_size, rel=about), what
        zipped = path.read_bytes()[:2] == b"PK" and path.suffix != ".npz"
        assert zipped == (path.suffix == ".zip")
        if what in said["formats"]:
            assert zipped == (said["formats"][what] == "zip"), what
        if what == "sample-script":  # latents of one's own are those of the present point
            unpacked = folder / "unpacked"
            unpacked.mkdir()
            with zipfile.ZipFile(path) as archive:
                archive.extractall(unpacked)
            (unpacked / "mine.npz").write_bytes(ask(pages, "take", kind, what="latent").blobs[0])
            opened(unpacked / "sample.py")
            picture(unpacked / "mine.png")
        else:
            opened(path)
    settings_file = tmp_path / "config.json"
    settings_file.write_text(json.dumps(said["config"]))
    opened(settings_file)


@pytest.mark.parametrize("kind", sorted(MIME))
@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("size", [128, 512])
def test_a_film_has_the_side_that_was_said(
    pages: Trained, tmp_path: Path, kind: str, smooth: bool, size: int
) -> None:
    keys = [{"where": {"seed": seed}, "seconds": 0.2, "easing": "linear"} for seed in (1, 2)]
    look = {"where": {"path": {"keys": keys, "way": "slerp", "space": "z"}, "at": 0}}
    reply = ask(pages, "film", PLAIN, look=look, kind=kind, size=size, fps=10, seconds=0.4, smooth=smooth)
    path = empty(tmp_path) / f"walk.{kind}"
    path.write_bytes(reply.blobs[0])
    opened(path)
    side = reply.header["side"]
    assert side == (size if smooth else size // 28 * 28)
    if kind == "gif":
        with Image.open(path) as image:
            assert image.size == (side, side)
    else:
        with av.open(str(path)) as container:
            assert (container.streams.video[0].width, container.streams.video[0].height) == (side, side)


# --- the command line


def command(trained: Trained, *words: str) -> None:
    where = ["--runs-dir", str(trained.manager.runs_dir), "--data-dir", str(trained.manager.data_dir)]
    assert main([words[0], *where, *words[1:]]) == 0


@pytest.mark.parametrize("kind", [PLAIN, POINTS])
@pytest.mark.parametrize("to", FORMATS)
def test_all_that_export_writes_opens(trained: Trained, tmp_path: Path, kind: str, to: str) -> None:
    ending = {"onnx": ".onnx", "png": ".png", "gif": ".gif", "csv": ".csv", "tensorboard": ""}
    name = "mine" + (".py" if to in cli_take.SCRIPTS else ending.get(to, ".safetensors"))
    out = empty(tmp_path) / name
    command(trained, "export", trained.runs[kind], "--to", to, "--out", str(out))
    opened(out)


@pytest.mark.parametrize("to", sorted(cli_take.SCRIPTS))
@pytest.mark.parametrize("zipped", [False, True])
def test_scripts_open_from_a_folder_and_from_a_zip(trained: Trained, tmp_path: Path, to: str, zipped: bool) -> None:
    out = empty(tmp_path) / "all.zip" if zipped else empty(tmp_path)
    command(trained, "export", trained.runs[COLOUR], "--to", to, "--out", str(out))
    opened(out if zipped else out / cli_take.SCRIPTS[to][0])


def test_samples_and_a_whole_run_open(trained: Trained, tmp_path: Path) -> None:
    folder = empty(tmp_path)
    command(trained, "sample", trained.runs[CLASSES], "--count", "5", "--out", str(folder / "samples.npz"))
    command(trained, "sample", trained.runs[CLASSES], "--count", "5", "--to", "png", "--out", str(folder / "single"))
    files = [folder / "samples.npz", folder / "samples-sheet.png", *(folder / "single").iterdir()]
    assert len(files) == 7
    for path in files:
        opened(path)
    command(trained, "export-run", trained.runs[PLAIN], "--out", str(folder / "run.zip"))
    opened(folder / "run.zip")

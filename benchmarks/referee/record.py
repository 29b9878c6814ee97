"""Trains a scenario and keeps what the referee would have known of it."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan_core.config.codec import from_dict, to_dict
from gan_core.config.files import write_atomically
from gan_core.data.base import ImageSet
from gan_core.data.sets.points import PointDataset
from gan_core.measure.referee.evidence import Changed, Column, Evidence, Measured
from gan_core.measure.referee.eye import LOOKS, Eye, cut_atlas, flat_features
from gan_core.runs.evaluation.reference import Moment, class_labels, evaluate, references
from gan_core.training import RunConfig, Trainer
from gan_core.training.batches import to_unit
from gan_core.training.observe.sample_grid import SampleGrid
from gan_core.training.observe.scene import POINTS, Scene

DATA = Path("data")
HELD_OUT, HELD_OUT_EVERY = 256, 5
EVALUATED = (0.2, 0.5, 0.75, 1.0)  # shares of a run's length
EVALUATION_SAMPLES = 500

Planned = tuple[tuple[int, str, Any], ...]
"""Live changes: after which step, of what, to what."""


class Recorder:
    """Trains one configuration at a time; datasets and eyes are made once."""

    def __init__(self, data_dir: Path = DATA) -> None:
        self._data_dir = data_dir
        self._eyes: dict[object, Eye] = {}

    def record(self, config: RunConfig, changes: Planned = ()) -> tuple[Evidence, float]:
        """The evidence of a whole run, and the seconds that it took; looks and points fall as in any run."""
        data = config.data.load(config.size, self._data_dir)
        points = isinstance(config.data, PointDataset)
        key = (config.data, config.size, config.record.grid_count)
        if key not in self._eyes:
            modes = config.data.modes() if isinstance(config.data, PointDataset) else None
            self._eyes[key] = Eye.build(data, modes, POINTS if points else config.record.grid_count)
        eye = self._eyes[key]
        start = time.perf_counter()
        trainer = Trainer(config, data, torch.device("cpu"))
        rows: list[dict[str, float]] = []
        looks: list[dict[str, float]] = []
        soon: list[dict[str, float]] = []
        before = None
        held_out = data.held_out[:HELD_OUT] if not points and not config.conditional else data.held_out[:0]

        def look(*, usual: bool = True) -> None:
            nonlocal before
            samples = features(trainer.keep_grid() if usual else trainer.grid())
            row = {"step": trainer.step_count, "images": trainer.images, **eye.look(samples, before)}
            (looks if usual else soon).append(row)
            before = samples if usual else before

        def point() -> None:
            where = {"step": float(trainer.step_count), "images": float(trainer.images)}
            heard = len(rows) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1 and len(held_out)
            score = held_out_score(trainer, held_out) if heard else math.nan
            rows.append(where | trainer.point() | {"d_held_out": score})

        judge = Evaluator(trainer, data)
        made: list[Changed] = []
        look()
        diverged = False
        while not trainer.finished and not diverged:
            for step, path, value in changes:
                if step == trainer.step_count:
                    made.append(Changed(step, path, *trainer.change(path, value)))
            trainer.step()
            diverged = trainer.trouble is not None and trainer.examine() is not None
            if trainer.due.point or diverged:
                point()
                diverged = diverged or trainer.last_examined is not None
                if trainer.due.aftermath:
                    look(usual=False)
                elif diverged or trainer.due.grid:
                    look()
            judge.look()
        if not diverged and looks[-1]["step"] < trainer.step_count:
            look()
        names = ("step", "images", *LOOKS)
        return (
            Evidence(
                {name: column([row[name] for row in rows]) for name in (rows[0] if rows else ("step", "images"))},
                {name: column([row[name] for row in looks]) for name in names},
                trainer.config, eye.floor, tuple(judge.measured), tuple(made),
                diverged=diverged, aftermath={name: column([row[name] for row in soon]) for name in names},
            ),
            time.perf_counter() - start,
        )  # fmt: skip


class Evaluator:
    """Measures a run at the moments of EVALUATED, as a run is measured while it trains."""

    def __init__(self, trainer: Trainer, data: ImageSet) -> None:
        self._trainer = trainer
        self._reference = references().get(trainer.config, data, EVALUATION_SAMPLES)
        samples = self._reference.samples
        self._labels = class_labels(data, samples, trainer.device) if trainer.class_count else None
        self._untrained = self._values()
        self._left = list(EVALUATED)
        self.measured: list[Measured] = []

    def look(self) -> None:
        """After a step."""
        trainer = self._trainer
        if self._left and trainer.images >= self._left[0] * trainer.config.total_images and trainer.trouble is None:
            self._left.pop(0)
            values, floor = self._values(), self._reference.floor
            self.measured.append(Measured(trainer.step_count, trainer.images, values, floor, self._untrained))

    def _values(self) -> dict[str, float]:
        trainer, moment = self._trainer, Moment(0, 0, 0.0)
        net = trainer.sampler()
        found = evaluate(net, self._reference, trainer.config, self._labels, moment, lambda fraction: True)
        assert found is not None
        return found.values


@torch.no_grad()
def held_out_score(trainer: Trainer, held_out: torch.Tensor) -> float:
    """D's mean score of real images that it was not trained on."""
    trainer.discriminator.eval()
    images = to_unit(held_out)
    packed = images[: len(images) // trainer.config.pack * trainer.config.pack]
    logits = trainer.discriminator(packed.reshape(-1, packed.shape[1] * trainer.config.pack, *packed.shape[2:]), None)
    trainer.discriminator.train()
    return float(trainer.config.loss.score(logits.float()).mean())


def features(sample: SampleGrid | Scene) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    if isinstance(sample, Scene):
        return flat_features(sample.fakes[:, :, None, None])
    return flat_features(cut_atlas(sample.pixels, sample.columns, sample.rows))


def column(values: list[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """What is infinite is unknown, as in a run's database."""
    return np.array([v if math.isfinite(v) else math.nan for v in values], dtype=np.float64)


def save(path: Path, evidence: Evidence, seconds: float) -> None:
    about = {
        "config": to_dict(evidence.config), "floor": evidence.floor, "diverged": evidence.diverged,
        "seconds": round(seconds, 2), "measured": [asdict(one) for one in evidence.measured],
        "changes": [asdict(one) for one in evidence.changes],
    }  # fmt: skip
    tables = {f"curves/{k}": v.tolist() for k, v in evidence.curves.items()}
    tables |= {f"looks/{k}": v.tolist() for k, v in evidence.looks.items()}
    tables |= {f"aftermath/{k}": v.tolist() for k, v in evidence.aftermath.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(about | {"tables": tables}).encode())


def load(path: Path) -> tuple[Evidence, float]:
    """What `save` wrote: the evidence, and the seconds."""
    about = json.loads(path.read_bytes())
    tables: dict[str, dict[str, Column]] = {"curves": {}, "looks": {}, "aftermath": {}}
    for name, values in about["tables"].items():
        table, of = name.split("/")
        tables[table][of] = np.array(values, dtype=np.float64)
    config = from_dict(RunConfig, about["config"])
    return (
        Evidence(
            tables["curves"], tables["looks"], config, tuple(about["floor"]),
            tuple(Measured(**one) for one in about["measured"]), tuple(Changed(**one) for one in about["changes"]),
            diverged=about["diverged"], aftermath=tables["aftermath"],
        ),
        float(about["seconds"]),
    )  # fmt: skip

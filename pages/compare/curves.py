"""The curves of many runs laid over one another."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from gan_core.measure.plane import PLANE_MEASURES
from pages.compare.picker import described, pick_runs, signature
from pages.ui.components.compare import compare_curves
from pages.ui.home import home
from pages.ui.session import Tab, manager
from pages.ui.words import count, label_of


def _curve(name: str, label: str, about: str, unit: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, "label": label, "about": about, "unit": unit, **more}


OF_TRAINING = (
    _curve("g_loss", "Generator loss", "What the generator pushes down.", first=True),
    _curve("d_loss", "Discriminator loss", "What the discriminator pushes down.", first=True),
    _curve("d_real", "D's score of real", "The discriminator's mean score of real samples.", first=True),
    _curve("d_fake", "D's score of generated", "The discriminator's mean score of generated samples.", first=True),
    _curve("d_accuracy_real", "D's accuracy on real", "The share of real samples that D takes for real.",
           share=True, guide=0.5),
    _curve("d_accuracy_fake", "D's accuracy on generated", "The share of generated samples that D sees through.",
           share=True, guide=0.5),
    _curve("g_grad_norm", "Generator gradient", "Euclidean norm of the generator's gradient.", "norm", log=True),
    _curve("d_grad_norm", "Discriminator gradient", "Euclidean norm of the discriminator's gradient.", "norm",
           log=True),
    _curve("penalty", "Penalty", "The penalty's part of the discriminator's loss.", quiet=True),
    _curve("augmentation_strength", "Augmentation strength", "How likely each augmentation is, where it adapts.",
           "probability", share=True),
    _curve("d_sign_real", "Overfitting signal", "Mean sign of D's logits of real samples: 1 is full overfitting.",
           "mean sign"),
    _curve("d_held_out", "D's score of held-out real", "Falls away from its score of the training set where D "
           "learns that by heart."),
    _curve("instance_noise", "Instance noise", "Standard deviation of the noise on D's input.", "pixels from -1 to 1",
           quiet=True),
    _curve("g_lr", "Generator learning rate", "In force at each step, with its schedule.", log=True),
    _curve("d_lr", "Discriminator learning rate", "In force at each step, with its schedule.", log=True),
    _curve("images_per_second", "Throughput", "Real samples seen in a second.", "samples a second", zero=True),
)  # fmt: skip
OF_POINTS = tuple(
    _curve(
        m.name, m.label, m.help, m.unit,
        first=m.name in ("modes_covered", "high_quality_share", "sliced_wasserstein"),
        share=m.name == "high_quality_share", zero=m.name == "modes_covered",
    )
    for m in PLANE_MEASURES
)  # fmt: skip
"""The names are columns of a run's points."""


def evaluated(runs: list[str]) -> tuple[list[dict[str, Any]], dict[str, dict[str, list[Any]]]]:
    """The measures that any of the runs was evaluated by, and the columns of each run.

    A column for each measure on the same features and as many samples: others are not comparable.
    """
    measures: dict[str, dict[str, Any]] = {}
    floors: dict[str, set[float]] = defaultdict(set)
    columns: dict[str, dict[str, list[Any]]] = {}
    for run in runs:
        rows = manager().evaluations(run)
        table = {"step": [], "images": [], "elapsed_seconds": []} | columns.setdefault(run, {})
        for row in rows:
            for name, value in row.values.items():
                key = f"{name}|{row.features}|{row.samples}"
                unit = f"{row.features}, {count(row.samples)} samples"
                measures.setdefault(key, _curve(key, label_of(name, ""), "", unit, evaluated=True))
                floors[key].add(float(f"{row.floor.get(name, math.nan):.3g}"))
                table.setdefault(key, [None] * len(table["step"])).append(value if math.isfinite(value) else None)
            for name in ("step", "images", "elapsed_seconds"):
                table[name].append(getattr(row, name))
            for cells in table.values():
                cells.extend([None] * (len(table["step"]) - len(cells)))
        columns[run] = table
    for key, found in floors.items():
        if len(found) == 1 and math.isfinite(floor := found.pop()):  # of one dataset
            measures[key] |= {"guide": floor, "about": f"Dotted: real against real, {floor:g}."}
    return list(measures.values()), columns


def draw(state: Tab) -> None:
    views = pick_runs("curves")
    if not views:
        return
    measures, columns = evaluated([view.id for view in views])
    compare_curves(
        token=home().token,
        runs=described(views),
        signature=signature(views),
        measures=[*measures, *OF_POINTS, *OF_TRAINING],
        evaluations=columns,
        projector=state.projector,
        on_moved=lambda: None,
    )

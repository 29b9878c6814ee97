"""What the measures of a run are called on this page, and in which direction each is better."""

from __future__ import annotations

from typing import Any

from gan_core.measure.image_measures import IMAGE_MEASURES, ImageMeasure
from gan_core.measure.plane import PLANE_MEASURES
from pages.ui.words import count, label_of

_OF_IMAGES = {measure.name: measure for measure in IMAGE_MEASURES}
_OF_POINTS = {measure.name: measure for measure in PLANE_MEASURES}
_SHARES = ("precision", "recall", "coverage", "high_quality_share")


def curve(name: str, label: str, about: str, unit: str = "", **more: Any) -> dict[str, Any]:
    """A measure as the components take it.

    more: first: shown at first; share: from 0 to 1; log, zero: the vertical axis; guide: a dotted line there;
    quiet: not worth showing where it is 0 throughout; higher: which end is better.
    """
    return {"name": name, "label": label, "about": about, "unit": unit, **more}


OF_TRAINING = (
    curve("g_loss", "Generator loss", "What the generator pushes down.", first=True),
    curve("d_loss", "Discriminator loss", "What the discriminator pushes down.", first=True),
    curve("d_real", "D's score of real", "The discriminator's mean score of real samples.", first=True),
    curve("d_fake", "D's score of generated", "The discriminator's mean score of generated samples.", first=True),
    curve("d_accuracy_real", "D's accuracy on real", "The share of real samples that D takes for real.",
          share=True, guide=0.5),
    curve("d_accuracy_fake", "D's accuracy on generated", "The share of generated samples that D sees through.",
          share=True, guide=0.5),
    curve("g_grad_norm", "Generator gradient", "Euclidean norm of the generator's gradient.", "norm", log=True),
    curve("d_grad_norm", "Discriminator gradient", "Euclidean norm of the discriminator's gradient.", "norm",
          log=True),
    curve("penalty", "Penalty", "The penalty's part of the discriminator's loss.", quiet=True),
    curve("augmentation_strength", "Augmentation strength", "How likely each augmentation is, where it adapts.",
          "probability", share=True),
    curve("d_sign_real", "Overfitting signal", "Mean sign of D's logits of real samples; 1: D knows every one.",
          "mean sign"),
    curve("d_held_out", "D's score of held-out real", "It falls away from D's score of the training set where D "
          "learns that by heart."),
    curve("instance_noise", "Instance noise", "Standard deviation of the noise on D's input.", "pixels from -1 to 1",
          quiet=True),
    curve("g_lr", "Generator learning rate", "In force at each step, with its schedule.", log=True),
    curve("d_lr", "Discriminator learning rate", "In force at each step, with its schedule.", log=True),
    curve("images_per_second", "Throughput", "Real samples seen in a second.", "samples a second", zero=True,
          higher=True),
)  # fmt: skip
OF_POINTS = tuple(
    curve(
        m.name, m.label, m.help, m.unit, higher=m.higher_is_better,
        first=m.name in ("modes_covered", "high_quality_share", "sliced_wasserstein"),
        share=m.name in _SHARES, zero=m.name == "modes_covered",
    )
    for m in PLANE_MEASURES
)  # fmt: skip
"""The names are columns of a run's points."""


def of_evaluation(key: str) -> dict[str, Any]:
    """The measure behind a key "measure|features|samples"."""
    name, features, samples = key.split("|")
    known = _OF_IMAGES.get(name) or _OF_POINTS.get(name)
    label, about, higher = label_of(name, ""), "", None
    if known is not None:
        label, about, higher = known.label, known.help, known.higher_is_better
        if isinstance(known, ImageMeasure):
            label = known.name_in(features)
    unit = f"{features}, {count(int(samples))} samples"
    return curve(key, label, about, unit, evaluated=True, higher=higher, first=name == "fid", share=name in _SHARES)

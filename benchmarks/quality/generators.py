"""The trained generators in assets/generators: how each was made, and its card.

    python -m benchmarks.quality.generators               # the commands that made them
    python -m benchmarks.quality.generators fashion ...   # write the cards of files that were exported there

Training one takes five to forty minutes on one processor core. On another kind of processor, or with other threads,
the weights differ in the last bits and the pictures therefore after a while.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from safetensors import safe_open

from gan_core.config.codec import from_dict
from gan_core.config.files import write_atomically
from gan_core.data.files.assets import ASSETS
from gan_core.export import draw_samples, load_generator
from gan_core.measure import Reference, features_for, measure_images
from gan_core.training import RunConfig

FOLDER = ASSETS.parent / "generators"
SAMPLES, SEED = 10_000, 0
FLOOR = "Fréchet distance of real images to others"
RIGHT = "Share of samples that a classifier takes for the class asked for"


@dataclass(frozen=True)
class Plan:
    """How a generator is made. order: its place in the list of models; licence: of the pictures it learned from.

    settings: what differs from the preset, which is made for minutes where these may take an hour.
    """

    label: str
    order: int
    preset: str
    trained_on: str
    licence: str
    settings: tuple[str, ...] = ()
    seed: int = 1

    def commands(self, name: str) -> list[str]:
        run, out = "python -m gan_core export last", f"assets/generators/{name}"
        train = f"python -m gan_core train --preset {self.preset} --seed {self.seed} --set precision=bfloat16"
        train += "".join(f" --set {setting}" for setting in self.settings)
        return [
            f"{train} --device cpu --threads 1",
            f"{run} --to safetensors --out {out}.safetensors",
            f"{run} --to discriminator --out {out}-discriminator.safetensors",
        ]


def _long(images: int, final_factor: float) -> tuple[str, ...]:
    """So many images, learning rates that fall to so much of what they were, and a slower average."""
    return f"total_images={images}", f"schedule.final_factor={final_factor}", "ema.half_life_images=20000"


_FASHION = ("Fashion-MNIST, 60,000 training images", "MIT, Zalando SE")
PLANS = {
    "fashion": Plan(
        "Fashion", 1, "fashion-best", *_FASHION, ("latent.dim=16", "generator.width=64", *_long(900_000, 0.01))
    ),
    "fashion-classes": Plan("Fashion by class", 2, "conditional-fashion", *_FASHION),
    "fashion-style": Plan("Fashion, style-based", 3, "style", *_FASHION, ("latent.dim=16", *_long(600_000, 0.01))),
    "shapes": Plan(
        "Shapes", 4, "shapes", "Shapes, 50,000 drawn images", "Drawn by this program", _long(1_000_000, 0.01)
    ),
    "emoji": Plan(
        "Emoji",
        5,
        "emoji",
        "Noto Color Emoji, 1,440 images",
        "SIL Open Font License 1.1, Google",
        ("generator.width=48", "total_images=1000000"),
    ),
}


def metadata(name: str) -> dict[str, str]:
    with safe_open(FOLDER / f"{name}.safetensors", "pt") as file:
        return dict(file.metadata())


def samples(name: str, count: int = SAMPLES) -> dict[str, NDArray[Any]]:
    """images uint8 [count, size, size, C], and labels of a conditional generator, from seed 0."""
    said = metadata(name)
    config = from_dict(RunConfig, json.loads(said["config"]))
    classes = len(json.loads(said["classes"])) if config.conditional else 0
    path, channels = FOLDER / f"{name}.safetensors", json.loads(said["channels"])
    net = load_generator(path, config, channels=channels, class_count=classes)
    return draw_samples(net, config.latent, class_count=classes, count=count, seed=SEED)


def metrics(name: str, count: int = SAMPLES) -> dict[str, float]:
    """Words that say what is measured, in which features, of how many samples -> its value.

    The Fréchet distance, of generated images and of real ones (the floor), and what share a classifier takes for the
    class that was asked for.
    """
    config, drawn = from_dict(RunConfig, json.loads(metadata(name)["config"])), samples(name, count)
    images = torch.from_numpy(drawn["images"]).permute(0, 3, 1, 2)
    data = config.data.load(config.size, Path())
    space = features_for(config.data, config.size, data.channels)
    reference = Reference.build(space, data.images, data.held_out, count)
    measured = measure_images(images, reference)
    found = {
        f"{what}, {space.name}, {said.samples:,} samples": said.values["fid"]
        for what, said in (("Fréchet distance", measured), (FLOOR, reference.floor))
    }
    if "labels" in drawn:
        classes = space.classify(images)
        assert classes is not None
        found[RIGHT] = float((classes == drawn["labels"]).mean())
    return found


def card(name: str) -> dict[str, Any]:
    """What is said of a generator beside its weights."""
    plan, said = PLANS[name], metadata(name)
    config = from_dict(RunConfig, json.loads(said["config"]))
    day = said["run"][:8]  # a run's id begins with the day it was made
    return {
        "name": name, "label": plan.label, "order": plan.order, "command": "\n".join(plan.commands(name)),
        "seed": plan.seed, "images": int(said["step"]) * config.batch_size * config.k_d,
        "date": f"{day[:4]}-{day[4:6]}-{day[6:]}",
        "metrics": {what: round(float(value), 3) for what, value in metrics(name).items()},
        "trained_on": plan.trained_on, "licence": plan.licence, "weights_sha256": said["weights_sha256"],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(PLANS)}")
    names = parser.parse_args().names
    if unknown := set(names) - set(PLANS):
        parser.error(f"there is no generator {min(unknown)!r}; there are {', '.join(PLANS)}")
    torch.set_num_threads(1)
    for name in names or PLANS:
        if names:
            text = json.dumps(card(name), indent=2, ensure_ascii=False) + "\n"
            write_atomically(FOLDER / f"{name}.json", text.encode())
            print(text)
        else:
            print("\n".join(PLANS[name].commands(name)))


if __name__ == "__main__":
    main()

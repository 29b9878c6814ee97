"""Makes the classifiers in assets/classifiers anew, each with its card.

    python -m gan_core.measure.features.classifier_training fashion-mnist --size 28

One thread from one seed, so that the same machine makes the same weights: one to four minutes of one processor core.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from gan_core.config.files import atomic_path, write_atomically
from gan_core.data import Emoji, FashionMnist, Shapes
from gan_core.data.base import ImageSet
from gan_core.data.pixels import SIZES
from gan_core.measure.features.classifier import DROPOUT, FOLDER, WIDTH, Card, Classifier
from gan_core.training.batches import to_unit

SEED, BATCH = 0, 128


@dataclass(frozen=True)
class Plan:
    """How one dataset's classifiers are trained.

    mirrored: images come as they are and mirrored. shift: they are moved by up to so many pixels of 32. peak_lr: the
    highest learning rate.
    """

    label: str
    native_size: int
    epochs: int
    mirrored: bool = True
    shift: int = 0
    peak_lr: float = 3e-3


PLANS = {
    "fashion-mnist": Plan("Fashion-MNIST", 28, 5),
    "shapes": Plan("Shapes", 32, 3, mirrored=False, peak_lr=1e-3),
    "emoji": Plan("Emoji", 32, 100, shift=3),
}


def training_data(name: str, size: int) -> ImageSet:
    """The whole dataset; of shapes half on black and half on white, as a run may want either."""
    if name == "fashion-mnist":
        return FashionMnist().load(size, Path())
    if name == "emoji":
        return Emoji().load(size, Path())
    on_black, on_white = Shapes(25_000).load(size, Path()), Shapes(25_000, 2, "white").load(size, Path())
    assert on_black.labels is not None
    assert on_white.labels is not None
    assert on_black.held_out_labels is not None
    assert on_white.held_out_labels is not None
    assert on_black.factors is not None
    assert on_white.factors is not None
    return ImageSet(
        torch.cat([on_black.images, on_white.images]),
        torch.cat([on_black.labels, on_white.labels]),
        on_black.classes,
        torch.cat([on_black.held_out, on_white.held_out]),
        torch.cat([on_black.held_out_labels, on_white.held_out_labels]),
        {name: np.concatenate([values, on_white.factors[name]]) for name, values in on_black.factors.items()},
    )


def causes(data: ImageSet) -> Tensor | None:
    """Known causes of the images besides their class, float32 [N, 5]: hue as a point on the circle, size, place."""
    if data.factors is None:
        return None
    turn = 2 * np.pi * data.factors["hue"]
    others = [data.factors[name] for name in ("size", "x", "y")]
    columns = [np.cos(turn), np.sin(turn), *((values - values.mean()) / values.std() for values in others)]
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))


def train_classifier(data: ImageSet, plan: Plan) -> Classifier:
    """Trained from SEED, in eval mode.

    Where the causes of the images are known, its features must also tell them (by a second head, which is dropped):
    otherwise they would be blind to hue, size and place, and so would be the measures.
    """
    torch.manual_seed(SEED)
    assert data.labels is not None
    images, labels, others = data.images, data.labels, causes(data)
    model = Classifier(data.size, data.channels, len(data.classes))
    parameters, second = (
        list(model.parameters()),
        nn.Identity() if others is None else nn.Linear(WIDTH, others.shape[1]),
    )
    optimizer = torch.optim.AdamW([*parameters, *second.parameters()], weight_decay=1e-2, fused=True)
    steps = len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.peak_lr, total_steps=plan.epochs * steps)
    for epoch in range(plan.epochs):
        order = torch.randperm(len(images))
        for rows in order[: steps * BATCH].split(BATCH):  # type: ignore[no-untyped-call]
            x = _varied(to_unit(images[rows]), plan)
            features = functional.dropout(model.features(x), DROPOUT)
            loss = functional.cross_entropy(model.head(features), labels[rows])
            if others is not None:
                loss = loss + functional.mse_loss(second(features), others[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}, {time.process_time():.0f} CPU-seconds", flush=True)
    return model.eval()


def _varied(x: Tensor, plan: Plan) -> Tensor:
    """Half of the batch mirrored; all of it moved by the same few pixels, on the ground that its first corner has."""
    if plan.mirrored:
        flip = torch.rand(len(x), 1, 1, 1) < 0.5
        x = torch.where(flip, x.flip(3), x)
    if not plan.shift:
        return x
    most = plan.shift * x.shape[-1] // 32
    right, down = (int(torch.randint(-most, most + 1, ())) for _ in range(2))
    return functional.pad(x, (right, -right, down, -down), value=float(x[0, 0, 0, 0]))


@torch.inference_mode()
def accuracy(model: Classifier, images: Tensor, labels: Tensor) -> float:
    """The share of `images` uint8 whose class it tells."""
    parts: tuple[Tensor, ...] = images.split(500)  # type: ignore[no-untyped-call]
    found = torch.cat([model(to_unit(part)).argmax(1) for part in parts])
    return float((found == labels).double().mean())


def make(name: str, size: int, folder: Path = FOLDER) -> Card:
    """Train, and write the weights and then the card into `folder`."""
    plan, data = PLANS[name], training_data(name, size)
    model = train_classifier(data, plan)
    weights = folder / f"{name}-{size}.safetensors"
    with atomic_path(weights) as path:
        save_file(model.state_dict(), path)
    assert data.held_out_labels is not None
    at = "" if size == plan.native_size else f" at {size} pixels"
    card = Card(
        name, size, data.channels, data.classes, f"{plan.label} classifier features{at}",
        round(accuracy(model, data.held_out, data.held_out_labels), 4),
        f"python -m gan_core.measure.features.classifier_training {name} --size {size}", SEED, plan.epochs,
        len(data.images), len(data.held_out), hashlib.sha256(weights.read_bytes()).hexdigest(),
    )  # fmt: skip
    text = json.dumps(dataclasses.asdict(card), indent=2, ensure_ascii=False) + "\n"
    write_atomically(folder / f"{name}-{size}.json", text.encode())
    return card


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("dataset", choices=PLANS)
    parser.add_argument("--size", type=int, choices=SIZES, required=True)
    parser.add_argument("--out", type=Path, default=FOLDER)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    card = make(asked.dataset, asked.size, asked.out)
    print(f"{card.features}: accuracy {card.accuracy:.4f} of {card.held_out_images:,} images held out")


if __name__ == "__main__":
    main()
